/* placement_share.c - gives a wider mask to the few vCPUs that pins cannot divide.
 *
 * What is shared: give each vCPU its fair share x (weighted max-min over all pCPUs).  A
 * pCPU whose x add up to more than it has short-changes somebody.  One of its vCPUs
 * then gets a mask that also has pCPUs with room:
 *
 *     3 hogs, 2 pCPUs, x = 2/3:   p0: a b = 4/3   p1: c = 2/3   ->  b on {0,1}
 *
 * This is McNaughton's rule with the wrap-around taken from a good integral placement,
 * so that as few vCPUs as there are overfull pCPUs (at most npcpus - 1) are shared. */
#include "cpu_actor/placement.h"

#define ROOM_PERMILLE 5.0 /* a pCPU with less to spare takes no part in sharing */

/* The pCPU that is asked for most beyond what it has, by fair shares; load = those. */
static size_t most_overfull(const struct placement *pl, const double *load)
{
    size_t worst = 0;
    const double *c = pl->partition.capacity;
    for (size_t p = 1; p < pl->npcpus; p++)
        worst = load[p] / c[p] > load[worst] / c[worst] ? p : worst;
    return worst;
}

/* The vCPU on pCPU p to be shared: one whose share covers the excess; of those one that
 * is wide already; of those the largest.  Returns an index into item_vcpu, or nitems.
 */
static size_t sharer_on(const struct placement *pl, size_t p, double excess)
{
    const struct partition *pt = &pl->partition;
    size_t best = pt->nitems;
    bool best_covers = false, best_wide = false;
    for (size_t k = 0; k < pt->nitems; k++) {
        const struct placement_vcpu *v = &pl->vcpus[pl->item_vcpu[k]];
        if (v->target_pcpu != p)
            continue;
        double share = pl->share[pl->item_vcpu[k]];
        bool covers = share >= excess * 0.999, wide = v->pcpu == PLACEMENT_WIDE;
        bool first = best == pt->nitems;
        if (!first && (covers != best_covers ? !covers
                       : wide != best_wide   ? !wide
                                             : share <= pl->share[pl->item_vcpu[best]]))
            continue;
        best = k;
        best_covers = covers;
        best_wide = wide;
    }
    return best;
}

/* The mask for a vCPU that is shared: pCPU p and as many of the emptiest that it may
 * use as it takes to hold the excess. */
static struct cpuset sharing_mask(const struct placement *pl, const double *load,
                                  size_t p, const struct cpuset *allowed, double excess)
{
    const double *c = pl->partition.capacity;
    struct cpuset mask = cpuset_of(pl->pcpus[p].id);
    for (size_t n = 1; n < pl->npcpus && excess > 0.0; n++) {
        size_t best = pl->npcpus;
        for (size_t q = 0; q < pl->npcpus; q++) {
            if (cpuset_has(&mask, pl->pcpus[q].id) || c[q] - load[q] < ROOM_PERMILLE ||
                !cpuset_has(allowed, pl->pcpus[q].id))
                continue;
            if (best == pl->npcpus || c[q] - load[q] > c[best] - load[best] + 1.0)
                best = q;
        }
        if (best == pl->npcpus)
            break;
        cpuset_add(&mask, pl->pcpus[best].id);
        excess -= c[best] - load[best] + ROOM_PERMILLE;
    }
    return mask;
}

/* Widens one vCPU on the most overfull pCPU.  Returns false when nobody is short of his
 * share any more or nothing can be done about it. */
static bool share_one(struct placement *pl, double *load)
{
    const struct partition *pt = &pl->partition;
    size_t p = most_overfull(pl, load);
    double c = pt->capacity[p], excess = load[p] - c;
    if (excess <= c * pl->tolerance / 2.0)
        return false;
    size_t k = sharer_on(pl, p, excess);
    if (k == pt->nitems)
        return false;
    struct placement_vcpu *v = &pl->vcpus[pl->item_vcpu[k]];
    struct cpuset mask = sharing_mask(pl, load, p, placement_within(pl, v), excess);
    if (cpuset_count(&mask) < 2)
        return false;
    v->target_pcpu = PLACEMENT_WIDE;
    v->target = v->pcpu == PLACEMENT_WIDE && cpuset_subset(&mask, &v->mask) &&
                        cpuset_subset(&v->mask, v->allowed)
                    ? v->mask
                    : mask;
    pl->sharers++;
    return true;
}

void placement_share(struct placement *pl)
{
    pl->sharers = 0;
    placement_spread(pl, pl->share, true, pl->trial);
    pl->integral_unfair = placement_quality_of(pl, pl->load_planned, pl->trial).unfair;
    if (pl->integral_unfair <= 1000.0 * (1.0 + pl->tolerance))
        return;
    while (pl->sharers + 1 < pl->npcpus && share_one(pl, pl->trial))
        placement_spread(pl, pl->share, true, pl->trial);
}
