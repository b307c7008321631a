/* partition.h - divides items (vCPUs) among bins (pCPUs) so that the fullest bin is as
 * empty as can be, then all are even, then few items move.  Pure; knows nothing of
 * time.
 *
 * All sizes and loads are permille of a pCPU at full capacity; a bin's level is its
 * load relative to its capacity, in permille. */
#ifndef CPU_ACTOR_PARTITION_H
#define CPU_ACTOR_PARTITION_H

#include "cpu_actor/policy.h"

#define PARTITION_NOWHERE UINT32_MAX

struct partition_item {
    double size;
    uint32_t now;                 /* its bin today, or PARTITION_NOWHERE: any costs 1 */
    const struct cpuset *allowed; /* pCPU ids; NULL = every bin */
};

/* How good an assignment is. */
struct partition_quality {
    double max_level;
    double deviation; /* standard deviation of the bins' levels */
    uint32_t moves;   /* items that are not in their bin of today; nowhere counts too */
};

struct partition_sized {
    double size;
    uint32_t item;
};

/* A problem, and room for solving it; grows, and is used again. */
struct partition {
    /* set by the caller after partition_reserve(): */
    size_t nbins, nitems;
    double *capacity; /* per bin, > 0 */
    double *base;     /* load that cannot be moved */
    struct partition_item *items;
    const struct cpu_pcpu *pcpus; /* ids and topology of the bins */
    double tolerance; /* share of the mean that deviation may be, e.g. 0.05 */
    /* out: */
    uint32_t *at;  /* bin per item */
    uint64_t work; /* evaluations done, for benchmarks */

    /* scratch */
    double *load, *core_load;
    uint32_t *core;               /* per bin: the first bin of its core */
    uint32_t *cold;               /* bins by level, idlest first */
    uint32_t *head, *next, *prev; /* items per bin, doubly linked */
    uint32_t *order;              /* items, largest first */
    struct partition_sized *sorted;
    uint32_t *best, *other;
    uint16_t *overlap;
    double mean, total_capacity;
    size_t room_bins, room_items, room_overlap;
};

/* Makes room.  Returns 0 or -ENOMEM (what was there stays usable). */
int partition_reserve(struct partition *p, size_t nbins, size_t nitems);
void partition_fini(struct partition *p);

/* Finds an assignment (p->at) and its quality.  Every item must be allowed in at least
 * one bin; an item whose bin of today is not allowed must have now = PARTITION_NOWHERE.
 * Among assignments that are good enough (near the best found or within tolerance) the
 * one with fewest moves wins.  The same input gives the same answer. */
void partition_solve(struct partition *p, struct partition_quality *ret_quality);

/* Whether item i may be in bin b. */
static inline bool partition_allowed(const struct partition *p, uint32_t i, uint32_t b)
{
    const struct cpuset *a = p->items[i].allowed;
    return a == NULL || cpuset_has(a, p->pcpus[b].id);
}

/* ---- between partition*.c ---- */

/* Measures p->at; leaves p->load and the items' lists set up for it. */
struct partition_quality partition_measure(struct partition *p);

/* Improves p->at by best single moves and swaps until none helps or the work is up. */
void partition_improve(struct partition *p);

/* What is good enough, given the best that is known. */
struct partition_quality partition_bar(const struct partition *p,
                                       struct partition_quality best);

static inline bool partition_within(struct partition_quality q,
                                    struct partition_quality bar)
{
    return q.max_level <= bar.max_level && q.deviation <= bar.deviation;
}

/* Undoes moves of p->at that are not needed to stay within the bar. */
void partition_trim(struct partition *p, struct partition_quality bar);

/* Renames the parts of p->at so that more items stay where they are. */
void partition_match(struct partition *p);

/* Branch and bound for few items: betters p->at (which must be a full assignment) to
 * the least greatest level, then fewest moves within the bar.  Does nothing when there
 * are too many items; gives up quietly when the search grows too large. */
void partition_exact(struct partition *p);

#endif
