/* mom.c - shrink every guest while the host is short of memory, else grow every guest.
 * No budget is shared out: the guests' growths may add up to more than is free. */
#include "sim/policies/mom.h"

#include <math.h>

#define HOST_SHORT 0.20    /* of the host free: below, guests shrink */
#define HOST_CRITICAL 0.05 /* below, guests are made to swap */
#define GUEST_SPARE 0.20   /* of a guest, kept free in it */
#define STEP 0.05          /* of a guest, per round */
#define LEAST_STEP 0.0025  /* of a guest: less is not worth a call */

static double target_when_short(double host_free, const struct mom_guest *g,
                                double used_kib)
{
    double spare = host_free <= HOST_CRITICAL ? host_free - HOST_CRITICAL
                                              : GUEST_SPARE * (host_free / HOST_SHORT);
    double want_kib = fmax(g->min_kib, used_kib + spare * g->current_kib);
    return fmax((1 - STEP) * g->current_kib, want_kib);
}

static double target_when_plenty(const struct mom_guest *g, double used_kib)
{
    double want_kib = fmax(g->min_kib, used_kib + GUEST_SPARE * g->current_kib);
    return fmin(g->max_kib, fmax((1 + STEP) * g->current_kib, want_kib));
}

bool mom_target(double host_free, const struct mom_guest *g, double *ret_kib)
{
    double used_kib = g->avg_current_kib - g->avg_unused_kib, t;
    if (host_free < HOST_SHORT) {
        t = target_when_short(host_free, g, used_kib);
        if (t > g->current_kib)
            return false;
    } else {
        if (g->current_kib >= g->max_kib)
            return false;
        t = target_when_plenty(g, used_kib);
    }
    if (fabs(t - g->current_kib) <= LEAST_STEP * g->current_kib)
        return false;
    *ret_kib = t;
    return true;
}
