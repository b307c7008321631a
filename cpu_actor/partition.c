/* partition.c - see partition.h.
 *
 * How it works: two candidates are made and the better kept.
 *   repair  today's assignment; items that are nowhere go, largest first, to the idlest
 *           bin; then best single moves and swaps from the fullest bin
 *   fresh   every item, largest first, to the bin that it fills least (LPT); moves and
 *           swaps; then the parts are renamed so that most items stay where they are
 * From both, moves that are not needed are undone.  Few items are then searched
 * through. */
#include "cpu_actor/partition.h"

#include "cpu_actor/num.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SAME_PERMILLE 1.0 /* levels this close are a tie */

static double level_with(const struct partition *p, uint32_t b, double more)
{
    return 1000.0 * (p->load[b] + more) / p->capacity[b];
}

/* How far bin b is from bin a: 0 the same, 1 same core, 2 same LLC, 3 same cell, 4
 * else. */
static unsigned distance(const struct partition *p, uint32_t a, uint32_t b)
{
    if (a == PARTITION_NOWHERE || a == b)
        return 0;
    const struct cpu_pcpu *x = &p->pcpus[a], *y = &p->pcpus[b];
    if (x->cell != y->cell)
        return 4;
    if (x->llc != y->llc)
        return 3;
    return x->core == y->core ? 1 : 2;
}

static void place(struct partition *p, uint32_t i, uint32_t b)
{
    p->at[i] = b;
    p->load[b] += p->items[i].size;
    p->core_load[p->core[b]] += p->items[i].size;
}

/* Of two bins that item i fills to about the same level: stay; else the core with less
 * on its other threads; else the nearer one. */
static bool better_tie(const struct partition *p, uint32_t i, uint32_t b, uint32_t than)
{
    uint32_t now = p->items[i].now;
    if ((b == now) != (than == now))
        return b == now;
    double core_b = p->core_load[p->core[b]], core_t = p->core_load[p->core[than]];
    if (num_abs(core_b - core_t) > SAME_PERMILLE)
        return core_b < core_t;
    return distance(p, now, b) < distance(p, now, than);
}

static uint32_t idlest_for(struct partition *p, uint32_t i)
{
    uint32_t best = PARTITION_NOWHERE;
    double best_level = 0.0;
    for (uint32_t b = 0; b < p->nbins; b++) {
        if (!partition_allowed(p, i, b))
            continue;
        double level = level_with(p, b, p->items[i].size);
        if (best == PARTITION_NOWHERE || level < best_level - SAME_PERMILLE ||
            (level < best_level + SAME_PERMILLE && better_tie(p, i, b, best))) {
            best = b;
            best_level = level;
        }
    }
    p->work += p->nbins;
    return best;
}

static void clear_loads(struct partition *p)
{
    memcpy(p->load, p->base, p->nbins * sizeof(*p->load));
    memset(p->core_load, 0, p->nbins * sizeof(*p->core_load));
    for (size_t b = 0; b < p->nbins; b++)
        p->core_load[p->core[b]] += p->base[b];
}

static int by_size(const void *a, const void *b)
{
    const struct partition_sized *x = a, *y = b;
    if (x->size > y->size || x->size < y->size)
        return x->size > y->size ? -1 : 1;
    return x->item < y->item ? -1 : (x->item > y->item);
}

/* Fills p->order and the constants of the problem. */
static void prepare(struct partition *p)
{
    struct partition_sized *s = p->sorted;
    double total = 0.0;
    p->total_capacity = 0.0;
    for (uint32_t i = 0; i < p->nitems; i++) {
        s[i] = (struct partition_sized){p->items[i].size, i};
        total += p->items[i].size;
    }
    qsort(s, p->nitems, sizeof(*s), by_size);
    for (size_t i = 0; i < p->nitems; i++)
        p->order[i] = s[i].item;
    for (uint32_t b = 0; b < p->nbins; b++) {
        total += p->base[b];
        p->total_capacity += p->capacity[b];
        p->core[b] = b;
        for (uint32_t a = 0; a < b; a++) {
            if (distance(p, a, b) == 1) {
                p->core[b] = a;
                break;
            }
        }
    }
    p->mean = 1000.0 * total / p->total_capacity;
}

static void start_repair(struct partition *p)
{
    clear_loads(p);
    for (uint32_t i = 0; i < p->nitems; i++) {
        if (p->items[i].now != PARTITION_NOWHERE)
            place(p, i, p->items[i].now);
    }
    for (size_t k = 0; k < p->nitems; k++) {
        uint32_t i = p->order[k];
        if (p->items[i].now == PARTITION_NOWHERE)
            place(p, i, idlest_for(p, i));
    }
}

static void start_fresh(struct partition *p)
{
    clear_loads(p);
    for (size_t k = 0; k < p->nitems; k++)
        place(p, p->order[k], idlest_for(p, p->order[k]));
}

struct partition_quality partition_bar(const struct partition *p,
                                       struct partition_quality best)
{
    double near = 1.0 + p->tolerance / 5.0;
    struct partition_quality bar = {
        .max_level =
            num_max(best.max_level * near, p->mean * (near + p->tolerance / 5.0)),
        /* what cannot be evened out, and half of the tolerance on top of that */
        .deviation =
            0.1 + num_root(best.deviation * best.deviation +
                           p->mean * p->mean * p->tolerance * p->tolerance / 4.0),
        .moves = 0,
    };
    bar.max_level += 0.1; /* rounding */
    return bar;
}

static bool better(struct partition_quality a, struct partition_quality b,
                   struct partition_quality bar)
{
    if (partition_within(a, bar) != partition_within(b, bar))
        return partition_within(a, bar);
    if (partition_within(a, bar))
        return a.moves < b.moves ||
               (a.moves == b.moves && a.deviation < b.deviation - 0.1);
    if (num_abs(a.max_level - b.max_level) > SAME_PERMILLE)
        return a.max_level < b.max_level;
    return a.deviation < b.deviation;
}

static struct partition_quality best_of(struct partition_quality a,
                                        struct partition_quality b)
{
    double slack = 1.0 + 1e-9;
    if (a.max_level <= b.max_level * slack && b.max_level <= a.max_level * slack)
        return a.deviation < b.deviation ? a : b;
    return a.max_level < b.max_level ? a : b;
}

/* Lets every item that moves anyway go to the best of the bins that would do as well:
 * one that the item fills just as it fills the bin found. */
static void settle_near(struct partition *p)
{
    (void)partition_measure(p);
    memset(p->core_load, 0, p->nbins * sizeof(*p->core_load));
    for (uint32_t b = 0; b < p->nbins; b++)
        p->core_load[p->core[b]] += p->load[b];
    for (size_t k = 0; k < p->nitems; k++) {
        uint32_t i = p->order[k], from = p->at[i], best = from;
        if (from == p->items[i].now)
            continue;
        double s = p->items[i].size, rest = p->load[from] - s;
        p->core_load[p->core[from]] -= s;
        for (uint32_t b = 0; b < p->nbins; b++) {
            if (b != from && num_abs(p->load[b] - rest) <= SAME_PERMILLE &&
                num_abs(p->capacity[b] - p->capacity[from]) <= SAME_PERMILLE &&
                partition_allowed(p, i, b) && better_tie(p, i, b, best))
                best = b;
        }
        p->load[from] = rest;
        place(p, i, best);
        p->work += p->nbins;
    }
}

void partition_solve(struct partition *p, struct partition_quality *ret_quality)
{
    size_t bytes = p->nitems * sizeof(*p->at);

    p->work = 0;
    prepare(p);
    start_repair(p);
    partition_improve(p);
    struct partition_quality repair = partition_measure(p);
    memcpy(p->other, p->at, bytes);

    start_fresh(p);
    partition_improve(p);
    partition_match(p);
    struct partition_quality fresh = partition_measure(p);
    struct partition_quality bar = partition_bar(p, best_of(repair, fresh));

    partition_trim(p, bar);
    fresh = partition_measure(p);
    memcpy(p->best, p->at, bytes);
    memcpy(p->at, p->other, bytes);
    partition_trim(p, bar);
    repair = partition_measure(p);
    if (better(fresh, repair, bar))
        memcpy(p->at, p->best, bytes);

    partition_exact(p);
    settle_near(p);
    *ret_quality = partition_measure(p);
}

static void *grow(void *old, size_t count, size_t size, int *error)
{
    void *grown = realloc(old, (count > 0 ? count : 1) * size);
    if (grown == NULL)
        *error = 1;
    return grown != NULL ? grown : old;
}

#define GROW(field, count)                                                             \
    (p->field = grow(p->field, (count), sizeof(*p->field), &error))

static int reserve_items(struct partition *p, size_t n)
{
    int error = 0;
    n += n / 2 + 16;
    GROW(items, n);
    GROW(at, n);
    GROW(sorted, n);
    GROW(next, n);
    GROW(prev, n);
    GROW(order, n);
    GROW(best, n);
    GROW(other, n);
    if (error == 0)
        p->room_items = n;
    return error;
}

static int reserve_bins(struct partition *p, size_t m)
{
    int error = 0;
    GROW(capacity, m);
    GROW(base, m);
    GROW(load, m);
    GROW(core_load, m);
    GROW(core, m);
    GROW(cold, m);
    GROW(head, m);
    GROW(overlap, m * m);
    if (error == 0)
        p->room_bins = m;
    return error;
}

int partition_reserve(struct partition *p, size_t nbins, size_t nitems)
{
    if (nitems > p->room_items && reserve_items(p, nitems) != 0)
        return -ENOMEM;
    if (nbins > p->room_bins && reserve_bins(p, nbins) != 0)
        return -ENOMEM;
    return 0;
}

void partition_fini(struct partition *p)
{
    void *all[] = {p->items, p->at,      p->next,     p->prev,      p->order, p->best,
                   p->other, p->base,    p->load,     p->core_load, p->core,  p->cold,
                   p->head,  p->overlap, p->capacity, p->sorted};
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        free(all[i]);
    memset(p, 0, sizeof(*p));
}
