/* placement.c - see placement.h.
 *
 * Today and plan are measured the same way: a vCPU on one pCPU loads that one; a wide
 * one is poured over its mask, as the kernel would, so that the greatest level stays
 * least. */
#include "cpu_actor/placement.h"

#include "cpu_actor/num.h"
#include "cpu_actor/share.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define POOLS_MAX 32  /* different wide masks that are poured against each other */
#define POUR_ROUNDS 4 /* each evens the pools out further; convex, so it converges */
#define ITEM_PERMILLE 2.0 /* a vCPU with less is not worth a pin call */

struct placement_pool {
    const struct cpuset *mask; /* NULL = every pCPU */
    double amount;
};

static double capacity_of(const struct cpu_pcpu *p)
{
    return p->capacity_permille > 0 ? (double)p->capacity_permille : 1.0;
}

static void pour(struct placement *pl, const struct cpuset *mask, double amount,
                 double *load, double *added)
{
    const struct share_pcpus on = {pl->pcpus, pl->partition.capacity, pl->npcpus};
    share_pour(&on, mask, amount, load, added);
}

/* Adds to the pool of the same mask; false when there is no room for another pool. */
static bool pool_up(struct placement *pl, size_t *npools, const struct cpuset *mask,
                    double amount)
{
    for (size_t k = 0; k < *npools; k++) {
        const struct cpuset *m = pl->pools[k].mask;
        if (m == mask || (m != NULL && mask != NULL && cpuset_equal(m, mask))) {
            pl->pools[k].amount += amount;
            return true;
        }
    }
    if (*npools == POOLS_MAX)
        return false;
    pl->pools[(*npools)++] = (struct placement_pool){mask, amount};
    return true;
}

static void pour_pools(struct placement *pl, size_t npools, double *load)
{
    size_t m = pl->npcpus;
    for (size_t k = 0; k < npools; k++)
        pour(pl, pl->pools[k].mask, pl->pools[k].amount, load, &pl->poured[k * m]);
    for (int round = 1; npools > 1 && round < POUR_ROUNDS; round++) {
        for (size_t k = 0; k < npools; k++) {
            double *added = &pl->poured[k * m];
            for (size_t p = 0; p < m; p++)
                load[p] -= added[p];
            pour(pl, pl->pools[k].mask, pl->pools[k].amount, load, added);
        }
    }
}

/* NULL when the mask is unknown or has every pCPU. */
static const struct cpuset *wide_mask(const struct placement *pl,
                                      const struct cpuset *mask)
{
    return cpuset_empty(mask) || cpuset_equal(mask, &pl->usable) ? NULL : mask;
}

void placement_spread(struct placement *pl, const double *size, bool planned,
                      double *ret_load)
{
    size_t npools = 0;
    memset(ret_load, 0, pl->npcpus * sizeof(*ret_load));
    for (size_t i = 0; i < pl->nvcpus; i++) {
        uint32_t p = planned ? pl->vcpus[i].target_pcpu : pl->vcpus[i].pcpu;
        if (p != PLACEMENT_WIDE)
            ret_load[p] += size[i];
    }
    for (size_t i = 0; i < pl->nvcpus; i++) {
        const struct placement_vcpu *v = &pl->vcpus[i];
        if ((planned ? v->target_pcpu : v->pcpu) != PLACEMENT_WIDE || size[i] <= 0.0)
            continue;
        const struct cpuset *mask = wide_mask(pl, planned ? &v->target : &v->mask);
        if (!pool_up(pl, &npools, mask, size[i]))
            pour(pl, mask, size[i], ret_load, NULL);
    }
    pour_pools(pl, npools, ret_load);
}

struct placement_quality placement_quality_of(struct placement *pl, const double *load,
                                              const double *fair_load)
{
    struct placement_quality q = {0};
    const double *capacity = pl->partition.capacity;
    double total = 0.0, width = 0.0, squares = 0.0;

    for (size_t p = 0; p < pl->npcpus; p++) {
        total += load[p];
        width += capacity[p];
        q.unfair = num_max(q.unfair, 1000.0 * fair_load[p] / capacity[p]);
        if (load[p] / capacity[p] > load[q.hottest] / capacity[q.hottest])
            q.hottest = (uint32_t)p;
        if (load[p] / capacity[p] < load[q.idlest] / capacity[q.idlest])
            q.idlest = (uint32_t)p;
    }
    q.mean_level = 1000.0 * total / width;
    q.max_level = 1000.0 * load[q.hottest] / capacity[q.hottest];
    for (size_t p = 0; p < pl->npcpus; p++) {
        double off = 1000.0 * load[p] / capacity[p] - q.mean_level;
        squares += off * off;
    }
    q.deviation = num_root(squares / (double)pl->npcpus);
    return q;
}

/* Fair shares, and the sizes that are balanced: demand; but when there is not enough
 * for all and weights differ, then shares, scaled so that they add up to the demand. */
static void set_sizes(struct placement *pl, double total, double width)
{
    double fair = 0.0;
    bool weighted = false;
    share_fair(pl->want, pl->weight, pl->nvcpus, width, pl->share);
    for (size_t i = 0; i < pl->nvcpus; i++) {
        fair += pl->share[i];
        weighted |= num_abs(pl->weight[i] - pl->weight[0]) > 0.001 * pl->weight[0];
    }
    bool by_share = weighted && total > width && fair > 0.0;
    for (size_t i = 0; i < pl->nvcpus; i++)
        pl->size[i] = by_share ? pl->share[i] * total / fair : pl->want[i];
}

void placement_measure_now(struct placement *pl)
{
    double total = 0.0, width = 0.0, greatest = 0.0, widest = 0.0;

    cpuset_clear(&pl->usable);
    for (size_t p = 0; p < pl->npcpus; p++) {
        pl->partition.capacity[p] = capacity_of(&pl->pcpus[p]);
        width += pl->partition.capacity[p];
        widest = num_max(widest, pl->partition.capacity[p]);
        cpuset_add(&pl->usable, pl->pcpus[p].id);
    }
    for (size_t i = 0; i < pl->nvcpus; i++) {
        pl->want[i] = pl->vcpus[i].demand;
        pl->weight[i] = pl->vcpus[i].weight;
        total += pl->want[i];
        greatest = num_max(greatest, pl->want[i]);
    }
    set_sizes(pl, total, width);
    pl->lower_bound = num_max(1000.0 * greatest / widest, 1000.0 * total / width);
    placement_spread(pl, pl->share, false, pl->trial);
    placement_spread(pl, pl->want, false, pl->load_now);
    pl->now = placement_quality_of(pl, pl->load_now, pl->trial);
}

/* Whether a vCPU is to be placed; the others are load. */
static bool is_item(const struct placement *pl, const struct placement_vcpu *v)
{
    if (!v->movable || (v->pcpu == PLACEMENT_WIDE && !v->adopt) ||
        (v->pcpu != PLACEMENT_WIDE && v->demand < ITEM_PERMILLE))
        return false;
    struct cpuset can = cpuset_and(v->allowed, &pl->usable);
    return !cpuset_empty(&can);
}

static void build_items(struct placement *pl)
{
    struct partition *pt = &pl->partition;
    pt->nitems = 0;
    for (size_t i = 0; i < pl->nvcpus; i++) {
        struct placement_vcpu *v = &pl->vcpus[i];
        v->target = v->mask;
        v->target_pcpu = v->pcpu;
        v->moves = false;
        if (!is_item(pl, v))
            continue;
        const struct cpuset *within = placement_within(pl, v);
        bool here =
            v->pcpu != PLACEMENT_WIDE && cpuset_has(within, pl->pcpus[v->pcpu].id);
        pl->item_vcpu[pt->nitems] = (uint32_t)i;
        pt->items[pt->nitems++] = (struct partition_item){
            .size = pl->size[i],
            .now = here ? v->pcpu : PARTITION_NOWHERE,
            .allowed = cpuset_subset(&pl->usable, within) ? NULL : within,
        };
    }
}

/* The load that stays where it is: everything, less the items.  Adopted ones are taken
 * out before wide ones are poured, pinned items after. */
static void build_base(struct placement *pl)
{
    struct partition *pt = &pl->partition;
    double *size = pl->trial;
    memcpy(size, pl->size, pl->nvcpus * sizeof(*size));
    for (size_t k = 0; k < pt->nitems; k++) {
        if (pl->vcpus[pl->item_vcpu[k]].pcpu == PLACEMENT_WIDE)
            size[pl->item_vcpu[k]] = 0.0;
    }
    placement_spread(pl, size, false, pt->base);
    for (size_t k = 0; k < pt->nitems; k++) {
        const struct placement_vcpu *v = &pl->vcpus[pl->item_vcpu[k]];
        if (v->pcpu != PLACEMENT_WIDE)
            pt->base[v->pcpu] = num_max(0.0, pt->base[v->pcpu] - pt->items[k].size);
    }
}

static void solve(struct placement *pl)
{
    struct partition *pt = &pl->partition;
    struct partition_quality ignored;

    build_items(pl);
    build_base(pl);
    partition_solve(pt, &ignored);
    for (size_t k = 0; k < pt->nitems; k++) {
        struct placement_vcpu *v = &pl->vcpus[pl->item_vcpu[k]];
        v->target_pcpu = pt->at[k];
        v->target = cpuset_of(pl->pcpus[pt->at[k]].id);
    }
    placement_spread(pl, pl->want, true, pl->load_planned);
    placement_share(pl);
    placement_spread(pl, pl->share, true, pl->trial);
    placement_spread(pl, pl->want, true, pl->load_planned);
    pl->planned = placement_quality_of(pl, pl->load_planned, pl->trial);
    pl->work += pt->work;
}

/* Whether some item has a home, so that there is a choice. */
static bool has_homes(const struct placement *pl)
{
    for (size_t i = 0; i < pl->nvcpus; i++)
        if (!cpuset_empty(&pl->vcpus[i].home) && is_item(pl, &pl->vcpus[i]))
            return true;
    return false;
}

/* Locality comes after balance: homes are kept when the bound is met there, or when
 * leaving them would be little better. */
static void solve_at_home(struct placement *pl)
{
    double clearly = 1.0 + 2.0 * pl->tolerance;
    pl->at_home = true;
    solve(pl);
    struct placement_quality home = pl->planned;
    if (home.max_level <= pl->lower_bound * clearly && home.unfair <= 1000.0 * clearly)
        return;
    pl->at_home = false;
    solve(pl);
    if (home.max_level > pl->planned.max_level * clearly ||
        home.unfair > num_max(1000.0, pl->planned.unfair) * clearly)
        return;
    pl->at_home = true;
    solve(pl);
}

void placement_plan(struct placement *pl)
{
    pl->partition.nbins = pl->npcpus;
    pl->partition.pcpus = pl->pcpus;
    pl->partition.tolerance = pl->tolerance;
    pl->at_home = false;
    if (has_homes(pl))
        solve_at_home(pl);
    else
        solve(pl);
    pl->moves = 0;
    for (size_t i = 0; i < pl->nvcpus; i++) {
        struct placement_vcpu *v = &pl->vcpus[i];
        v->moves = !cpuset_equal(&v->target, &v->mask);
        pl->moves += v->moves;
    }
}

static double *more(double *old, size_t count, int *error)
{
    double *grown = realloc(old, (count > 0 ? count : 1) * sizeof(*old));
    if (grown == NULL)
        *error = 1;
    return grown != NULL ? grown : old;
}

static void *more_of(void *old, size_t bytes, int *error)
{
    void *grown = realloc(old, bytes > 0 ? bytes : 1);
    if (grown == NULL)
        *error = 1;
    return grown != NULL ? grown : old;
}

static int grow(struct placement *pl, size_t n, size_t m)
{
    int error = 0;
    size_t most = n > m ? n : m;
    pl->share = more(pl->share, n, &error);
    pl->want = more(pl->want, n, &error);
    pl->weight = more(pl->weight, n, &error);
    pl->size = more(pl->size, n, &error);
    pl->trial = more(pl->trial, most, &error);
    pl->load_now = more(pl->load_now, m, &error);
    pl->load_planned = more(pl->load_planned, m, &error);
    pl->poured = more(pl->poured, POOLS_MAX * m, &error);
    pl->vcpus = more_of(pl->vcpus, n * sizeof(*pl->vcpus), &error);
    pl->item_vcpu = more_of(pl->item_vcpu, n * sizeof(*pl->item_vcpu), &error);
    pl->pools = more_of(pl->pools, POOLS_MAX * sizeof(*pl->pools), &error);
    return error;
}

int placement_reserve(struct placement *pl, size_t nvcpus, size_t npcpus)
{
    if (partition_reserve(&pl->partition, npcpus, nvcpus) != 0)
        return -ENOMEM;
    if (nvcpus <= pl->room_vcpus && npcpus <= pl->room_pcpus)
        return 0;
    size_t n = nvcpus > pl->room_vcpus ? nvcpus + nvcpus / 2 + 16 : pl->room_vcpus;
    size_t m = npcpus > pl->room_pcpus ? npcpus : pl->room_pcpus;
    if (grow(pl, n, m) != 0)
        return -ENOMEM;
    pl->room_vcpus = n;
    pl->room_pcpus = m;
    return 0;
}

void placement_fini(struct placement *pl)
{
    void *all[] = {pl->share,        pl->want,   pl->weight,   pl->size,
                   pl->trial,        pl->vcpus,  pl->pools,    pl->load_now,
                   pl->load_planned, pl->poured, pl->item_vcpu};
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        free(all[i]);
    partition_fini(&pl->partition);
    memset(pl, 0, sizeof(*pl));
}
