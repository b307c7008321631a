/* guest_stats.c - the guest answers for its memory, once per period. */
#include "sim/model/guest.h"

#define NS_PER_S INT64_C(1000000000)

void sim_guest_stats_run(struct sim_guest *g, int64_t now_ns)
{
    uint32_t every_s = g->spec.age_s > g->period_s ? g->spec.age_s : g->period_s;
    bool driven =
        g->spec.balloon == SIM_BALLOON_OK || g->spec.balloon == SIM_BALLOON_STUCK;
    if (now_ns < g->stats_due_ns || g->period_s == 0)
        return;
    while (g->stats_due_ns <= now_ns)
        g->stats_due_ns += every_s * NS_PER_S;
    if (g->mute || !driven)
        return;
    g->stats = (struct sim_guest_stats){
        .any = true,
        .taken_ns = now_ns,
        .available_kib = g->actual_kib - g->spec.kernel_kib,
        .unused_kib = sim_guest_free_kib(g),
        .usable_kib = sim_guest_usable_kib(g),
        .cache_kib = g->cache_kib,
        .swap_in_kib = g->swap_in_kib,
        .swap_out_kib = g->swap_out_kib,
        .major_faults = g->major_faults,
    };
}

void sim_guest_set_period(struct sim_guest *g, uint32_t period_s, int64_t now_ns)
{
    if (g->period_s == 0 && period_s > 0 && g->stats_due_ns < now_ns)
        g->stats_due_ns = now_ns + NS_PER_S / 10;
    g->period_s = period_s;
}
