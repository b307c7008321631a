/* irqbalance.h - irqbalance's two passes, with vCPUs in the place of interrupts.  Pure.
 *
 *     node --- cache domain --- CPU      the load of each is the sum of its children's;
 *          \                \-- CPU      items rest on CPUs
 *           \- cache domain --- CPU
 *
 * irqbalance_order, _sum -> irqbalance_select (who leaves) -> irqbalance_place (where to) */
#ifndef SIM_POLICIES_IRQBALANCE_H
#define SIM_POLICIES_IRQBALANCE_H

#include "common/cpuset.h"

#include <stddef.h>
#include <stdint.h>

#define IRQBALANCE_NONE UINT32_MAX

struct irqbalance_object {
    uint32_t level;  /* 0 = top */
    uint32_t parent; /* index of one above it in the list; IRQBALANCE_NONE at the top */
    double load;     /* in for those without children */
    uint32_t items;  /* resting here, and while placing: come by */
    struct cpuset cpus; /* below it */
};

struct irqbalance_item {
    double load;          /* >= 0; in any unit far below a CPU's load: ns of run time */
    uint32_t at;          /* object that it rests on; IRQBALANCE_NONE = to be placed */
    struct cpuset lawful; /* where it may go */
};

/* What a pass works on; the lists are the caller's. */
struct irqbalance_tree {
    struct irqbalance_object *objects; /* parents before their children */
    size_t nobjects;
    struct irqbalance_item *items;
    uint32_t *order; /* indices of the items, as irqbalance_order() leaves them */
    size_t nitems;
};

/* Fills in order: largest load first, ties by index.  Returns 0 or -ENOMEM. */
int irqbalance_order(struct irqbalance_tree *t);

/* Adds every object's load to its parent's. */
void irqbalance_sum(struct irqbalance_tree *t);

/* Donor pass over the objects of one level: items that shall leave get at = NONE and are
 * taken off the object's count, not off its load.  e: --migrateval; 0 moves an item only
 * when it leaves its donor above the least loaded one.  Returns how many leave. */
size_t irqbalance_select(struct irqbalance_tree *t, uint32_t level, double e);

/* Puts every item with at == NONE on the least loaded object, level by level, in that
 * order; one that may go nowhere stays NONE. */
void irqbalance_place(struct irqbalance_tree *t);

#endif
