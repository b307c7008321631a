/* balloon.c - the balloon moves towards its target at its own speed, and libvirt hears of
 * it at most once a second. */
#include "sim/model/guest.h"

#define NS_PER_S INT64_C(1000000000)

/* Inflating takes free pages; of those that the guest had touched, its share goes back to
 * the host. */
static void inflate(struct sim_guest *g, int64_t step_kib)
{
    int64_t take = sim_guest_make_room(g, step_kib, g->spec.least_free_kib);
    int64_t free_kib = sim_guest_free_kib(g);
    int64_t idle = g->touched_kib - sim_guest_resident_kib(g);
    if (take <= 0 || free_kib <= 0)
        return;
    if (idle > 0)
        g->touched_kib -= (int64_t)((double)idle * (double)take / (double)free_kib);
    g->actual_kib -= take;
}

static void move(struct sim_guest *g, int64_t dt_ns)
{
    int64_t gap = g->target_kib - g->actual_kib;
    if (g->spec.balloon != SIM_BALLOON_OK || gap == 0)
        return;
    int64_t speed = gap > 0 ? g->spec.deflate_kib_s : g->spec.inflate_kib_s;
    int64_t step = (int64_t)((double)speed * (double)dt_ns / (double)NS_PER_S);
    step = step > 0 ? step : 1;
    if (gap > 0)
        g->actual_kib += step < gap ? step : gap;
    else
        inflate(g, step < -gap ? step : -gap);
}

void sim_balloon_run(struct sim_guest *g, int64_t now_ns, int64_t dt_ns)
{
    move(g, dt_ns);
    if (g->reported_kib != g->actual_kib && now_ns - g->reported_ns >= NS_PER_S) {
        g->reported_kib = g->actual_kib;
        g->reported_ns = now_ns;
    }
}
