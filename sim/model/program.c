/* program.c - what runs in the guest: a program that grows or shrinks to a goal, files that
 * are read, and pages that come back from swap. */
#include "sim/model/guest.h"

#define NS_PER_S INT64_C(1000000000)
#define MIB INT64_C(1024)
#define PAGE_KIB 4
#define SPARE_KIB (8 * MIB) /* allocations are refused a little before processes die */
#define SWAP_IN_KIB_S (20 * MIB)

static int64_t of_rate(int64_t kib_s, int64_t dt_ns)
{
    return (int64_t)((double)kib_s * (double)dt_ns / (double)NS_PER_S);
}

/* The program gives up: that it could not grow at the guest's maximum is no failure of
 * anybody's. */
static void give_up(struct sim_guest *g)
{
    if (g->actual_kib >= g->spec.maximum_kib)
        g->reached_max++;
    else
        g->failed_allocations++;
    g->program_goal_kib = g->program_kib;
    g->program_full = false;
}

static void grow(struct sim_guest *g, int64_t step_kib)
{
    int64_t got = sim_guest_make_room(g, step_kib, g->spec.least_free_kib + SPARE_KIB);
    g->program_kib += got;
    if (got < step_kib)
        give_up(g);
    else if (g->program_kib == g->program_goal_kib && !g->program_full)
        g->goals_reached++;
}

static void shrink(struct sim_guest *g, int64_t step_kib)
{
    g->program_kib -= step_kib;
    if (g->swapped_kib > g->program_kib)
        g->swapped_kib = g->program_kib;
}

static void run_program(struct sim_guest *g, int64_t dt_ns)
{
    int64_t gap = g->program_goal_kib - g->program_kib;
    int64_t step = of_rate(g->program_rate_kib_s, dt_ns);
    if (g->program_full) {
        grow(g, step);
        return;
    }
    int64_t size = gap < 0 ? -gap : gap;
    step = g->program_rate_kib_s == 0 || step > size ? size : step;
    if (gap > 0)
        grow(g, step);
    else if (gap < 0)
        shrink(g, step);
}

/* What is swapped out is used again: it comes back where there is room, else it is
 * exchanged for other pages. */
static void swap_in(struct sim_guest *g, int64_t dt_ns)
{
    int64_t back = of_rate(SWAP_IN_KIB_S, dt_ns);
    back = back < g->swapped_kib ? back : g->swapped_kib;
    if (back <= 0)
        return;
    g->swap_in_kib += back;
    g->major_faults += back / PAGE_KIB;
    if (sim_guest_free_kib(g) > g->spec.watermark_kib + back)
        g->swapped_kib -= back;
    else
        g->swap_out_kib += back;
}

static void read_files(struct sim_guest *g, int64_t dt_ns)
{
    int64_t step = of_rate(g->cache_rate_kib_s, dt_ns);
    int64_t gap = g->cache_goal_kib - g->cache_kib;
    int64_t room = sim_guest_free_kib(g) - g->spec.watermark_kib;
    step = step < gap ? step : gap;
    step = step < room ? step : room;
    if (step > 0)
        g->cache_kib += step;
}

void sim_program_run(struct sim_guest *g, int64_t dt_ns)
{
    run_program(g, dt_ns);
    swap_in(g, dt_ns);
    read_files(g, dt_ns);
}
