/* share.c - see share.h. */
#include "cpu_actor/share.h"

#include "cpu_actor/num.h"

void share_fair(const double *want, const double *weight, size_t n, double total,
                double *ret_share)
{
    double level = 0.0;
    bool settled = false;

    /* The level only rises: whoever is content at a level stays content at a higher
     * one, so each round settles at least one, and a few rounds settle all. */
    for (size_t round = 0; !settled && round <= n; round++) {
        double left = total, hungry = 0.0;
        for (size_t i = 0; i < n; i++) {
            if (want[i] <= weight[i] * level)
                left -= want[i];
            else
                hungry += weight[i];
        }
        double next = hungry > 0.0 ? num_max(left, 0.0) / hungry : level;
        settled = !(next > level * (1.0 + 1e-12));
        level = num_max(level, next);
    }
    for (size_t i = 0; i < n; i++)
        ret_share[i] = num_min(want[i], weight[i] * level);
}

static bool poured_on(const struct share_pcpus *on, const struct cpuset *mask, size_t p)
{
    return mask == NULL || cpuset_has(mask, on->pcpus[p].id);
}

/* The relative level that the pour reaches: start with all pCPUs under water; those
 * that stick out fall away, until none does.  -1 when mask names no pCPU. */
static double water_level(const struct share_pcpus *on, const struct cpuset *mask,
                          double amount, const double *load)
{
    double water = -1.0;
    bool settled = false;

    for (size_t round = 0; !settled && round <= on->count; round++) {
        double volume = amount, width = 0.0;
        for (size_t p = 0; p < on->count; p++) {
            if (!poured_on(on, mask, p) ||
                (round > 0 && load[p] >= water * on->capacity[p]))
                continue;
            volume += load[p];
            width += on->capacity[p];
        }
        if (width <= 0.0)
            break;
        settled = round > 0 && volume / width >= water * (1.0 - 1e-12);
        water = volume / width;
    }
    return water;
}

void share_pour(const struct share_pcpus *on, const struct cpuset *mask, double amount,
                double *load, double *added)
{
    double water = water_level(on, mask, amount, load);

    for (size_t p = 0; p < on->count; p++) {
        double rise = water * on->capacity[p] - load[p];
        if (!poured_on(on, mask, p) || rise < 0.0)
            rise = 0.0;
        load[p] += rise;
        if (added != NULL)
            added[p] = rise;
    }
}
