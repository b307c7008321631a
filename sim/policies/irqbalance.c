/* irqbalance.c - donors give what would leave them above the least loaded; the least
 * loaded branch takes it. */
#include "sim/policies/irqbalance.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

struct keyed {
    double load;
    uint32_t index;
};

void irqbalance_sum(struct irqbalance_tree *t)
{
    for (size_t i = t->nobjects; i-- > 0;)
        if (t->objects[i].parent != IRQBALANCE_NONE)
            t->objects[t->objects[i].parent].load += t->objects[i].load;
}

static int largest_first(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    if (x->load > y->load || x->load < y->load)
        return x->load > y->load ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

int irqbalance_order(struct irqbalance_tree *t)
{
    struct keyed *keys = calloc(t->nitems + 1, sizeof(*keys));
    if (keys == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < t->nitems; i++)
        keys[i] = (struct keyed){t->items[i].load, (uint32_t)i};
    qsort(keys, t->nitems, sizeof(*keys), largest_first);
    for (size_t i = 0; i < t->nitems; i++)
        t->order[i] = keys[i].index;
    free(keys);
    return 0;
}

/* One donor; *least is the level's least load, raised by what is promised to it. */
static size_t give(struct irqbalance_tree *t, uint32_t from, double e, double *least)
{
    struct irqbalance_object *donor = &t->objects[from];
    double left = donor->load;
    size_t leaving = 0;
    for (size_t i = 0; i < t->nitems && donor->items > 1; i++) {
        struct irqbalance_item *item = &t->items[t->order[i]];
        if (item->at != from || item->load <= 1)
            continue;
        double slack = e > 0 ? (left - *least) / e : 0;
        if (*least + item->load >= slack + (left - item->load))
            continue;
        left -= item->load;
        *least = fmin(*least + item->load, left);
        item->at = IRQBALANCE_NONE;
        donor->items--;
        leaving++;
    }
    return leaving;
}

size_t irqbalance_select(struct irqbalance_tree *t, uint32_t level, double e)
{
    double least = INFINITY;
    size_t leaving = 0;
    for (size_t i = 0; i < t->nobjects; i++)
        if (t->objects[i].level == level)
            least = fmin(least, t->objects[i].load);
    for (size_t i = 0; i < t->nobjects; i++)
        if (t->objects[i].level == level && t->objects[i].load > least)
            leaving += give(t, (uint32_t)i, e, &least);
    return leaving;
}

static bool meets(const struct cpuset *a, const struct cpuset *b)
{
    for (size_t i = 0; i < CPUSET_WORDS; i++)
        if ((a->word[i] & b->word[i]) != 0)
            return true;
    return false;
}

/* The least loaded child that the item may go to; ties go to the one with fewer items. */
static uint32_t best_child(const struct irqbalance_tree *t, uint32_t parent,
                           const struct cpuset *lawful)
{
    uint32_t best = IRQBALANCE_NONE;
    for (uint32_t i = 0; i < t->nobjects; i++) {
        const struct irqbalance_object *o = &t->objects[i];
        if (o->parent != parent || !meets(&o->cpus, lawful))
            continue;
        if (best == IRQBALANCE_NONE || o->load < t->objects[best].load ||
            (o->load <= t->objects[best].load && o->items < t->objects[best].items))
            best = i;
    }
    return best;
}

void irqbalance_place(struct irqbalance_tree *t)
{
    for (size_t i = 0; i < t->nitems; i++) {
        struct irqbalance_item *item = &t->items[t->order[i]];
        uint32_t next = IRQBALANCE_NONE;
        if (item->at != IRQBALANCE_NONE)
            continue;
        while ((next = best_child(t, item->at, &item->lawful)) != IRQBALANCE_NONE) {
            t->objects[next].load += item->load + 1;
            t->objects[next].items++;
            item->at = next;
        }
    }
}
