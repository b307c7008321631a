/* guest.c - booting a guest, its books, and one step of its time. */
#include "sim/model/guest.h"

#include <string.h>

#define NS_PER_S INT64_C(1000000000)
#define MIB INT64_C(1024)
#define PROCESS_EVERY_NS (10 * NS_PER_S) /* somebody starts a process in the guest */
#define PROCESS_KIB (2 * MIB)
#define VICTIM_KIB (32 * MIB) /* the least program that the guest's OOM killer takes */

void sim_guest_boot(struct sim_guest *g, const struct sim_guest_spec *spec,
                    int64_t now_ns, struct sim_random *random)
{
    *g = (struct sim_guest){
        .spec = *spec,
        .alive = true,
        .actual_kib = spec->boot_kib,
        .target_kib = spec->boot_kib,
        .period_s = spec->period_s,
        .touched_kib = spec->kernel_kib + spec->os_kib,
        .reported_kib = spec->boot_kib,
        .reported_ns = now_ns,
        .stats_due_ns = now_ns + (int64_t)(sim_random_unit(random) * (double)NS_PER_S),
        .process_due_ns =
            now_ns + (int64_t)(sim_random_unit(random) * (double)PROCESS_EVERY_NS),
        .lowest_actual_kib = spec->boot_kib,
    };
    g->lowest_usable_kib = sim_guest_usable_kib(g);
}

int64_t sim_guest_resident_kib(const struct sim_guest *g)
{
    return g->spec.kernel_kib + g->spec.os_kib + g->program_kib - g->swapped_kib +
           g->cache_kib;
}

int64_t sim_guest_free_kib(const struct sim_guest *g)
{
    int64_t free_kib = g->actual_kib - sim_guest_resident_kib(g);
    return free_kib > 0 ? free_kib : 0;
}

int64_t sim_guest_usable_kib(const struct sim_guest *g)
{
    int64_t usable = sim_guest_free_kib(g) + g->cache_kib - g->spec.watermark_kib;
    return usable > 0 ? usable : 0;
}

int64_t sim_guest_rss_kib(const struct sim_guest *g)
{
    return g->touched_kib + g->spec.qemu_kib;
}

int64_t sim_guest_make_room(struct sim_guest *g, int64_t want_kib, int64_t keep_kib)
{
    int64_t room = sim_guest_free_kib(g) - keep_kib;
    if (room < want_kib && g->cache_kib > 0) {
        int64_t drop = want_kib - room < g->cache_kib ? want_kib - room : g->cache_kib;
        g->cache_kib -= drop;
        room += drop;
    }
    int64_t resident = g->program_kib - g->swapped_kib;
    int64_t swap_room = g->spec.swap_kib - g->swapped_kib;
    if (room < want_kib && swap_room > 0 && resident > 0) {
        int64_t out = want_kib - room;
        out = out < swap_room ? out : swap_room;
        out = out < resident ? out : resident;
        g->swapped_kib += out;
        g->swap_out_kib += out;
        room += out;
    }
    if (room <= 0)
        return 0;
    return room < want_kib ? room : want_kib;
}

/* A process starts: with too little left the guest's OOM killer takes the program, and
 * where there is none, the guest is "deadlocked on memory" and panics. */
static void start_process(struct sim_guest *g, int64_t now_ns)
{
    if (now_ns < g->process_due_ns)
        return;
    g->process_due_ns += PROCESS_EVERY_NS;
    if (sim_guest_make_room(g, PROCESS_KIB, g->spec.least_free_kib) >= PROCESS_KIB)
        return;
    if (g->program_kib >= VICTIM_KIB) {
        if (g->actual_kib < g->spec.maximum_kib)
            g->failed_allocations++;
        g->program_kib = g->program_goal_kib = g->swapped_kib = 0;
        return;
    }
    g->alive = false;
    g->deaths++;
}

static void keep_books(struct sim_guest *g, int64_t dt_ns)
{
    int64_t resident = sim_guest_resident_kib(g), usable = sim_guest_usable_kib(g);
    if (g->touched_kib < resident)
        g->touched_kib = resident;
    if (g->touched_kib > g->actual_kib)
        g->touched_kib = g->actual_kib;
    if (g->spec.reporting && g->touched_kib > resident) {
        int64_t step = 1024 * MIB * dt_ns / NS_PER_S, idle = g->touched_kib - resident;
        g->touched_kib -= step < idle ? step : idle;
    }
    if (usable < g->lowest_usable_kib)
        g->lowest_usable_kib = usable;
    if (g->actual_kib < g->lowest_actual_kib)
        g->lowest_actual_kib = g->actual_kib;
}

/* Nothing to do but answering: true for most guests most of the time. */
static bool at_rest(const struct sim_guest *g)
{
    return g->program_kib == g->program_goal_kib && !g->program_full &&
           g->swapped_kib == 0 && g->cache_kib >= g->cache_goal_kib &&
           g->actual_kib == g->target_kib && g->reported_kib == g->actual_kib &&
           !g->spec.reporting && g->lowest_usable_kib <= sim_guest_usable_kib(g);
}

void sim_guest_run(struct sim_guest *g, int64_t now_ns, int64_t dt_ns)
{
    if (!g->alive)
        return;
    if (!at_rest(g)) {
        sim_balloon_run(g, now_ns, dt_ns);
        sim_program_run(g, dt_ns);
        keep_books(g, dt_ns);
    }
    start_process(g, now_ns);
    sim_guest_stats_run(g, now_ns);
}

void sim_guest_set_target(struct sim_guest *g, int64_t target_kib)
{
    g->target_kib = target_kib;
}
