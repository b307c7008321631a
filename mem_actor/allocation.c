/* allocation.c - the budget, and its division by filling to a common level. */
#include "mem_actor/allocation.h"

#include "mem_actor/units.h"

/* ESX's tax: idle memory costs 1 / (1 - 0.75) = 4 times what used memory does. */
#define IDLE_COST 4.0

/* The level is found by halving; 64 halvings bring any KiB amount down to less than 1.
 */
#define HALVINGS 64

uint64_t allocation_budget(const struct allocation_host *h)
{
    uint64_t budget = mem_sub(h->total_kib, h->reserve_kib);

    budget = mem_sub(budget, h->own_kib);
    budget = mem_sub(budget, h->overhead_kib);
    return h->cap_kib > 0 ? mem_min(budget, h->cap_kib) : budget;
}

static uint64_t filled(const struct allocation_part *p, double level)
{
    double v = p->weight * level;

    if (v >= (double)p->high_kib)
        return p->high_kib;
    return mem_max((uint64_t)v, p->low_kib);
}

static uint64_t fill_at(struct allocation_part *parts, size_t n, double level)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        parts[i].filled_kib = filled(&parts[i], level);
        sum += parts[i].filled_kib;
    }
    return sum;
}

void allocation_fill(struct allocation_part *parts, size_t n, uint64_t total_kib)
{
    double low = 0, high = 1;

    for (size_t i = 0; i < n; i++) {
        double full = (double)parts[i].high_kib / parts[i].weight;
        high = full > high ? full : high;
    }
    if (fill_at(parts, n, high * 2) <= total_kib)
        return;
    for (int i = 0; i < HALVINGS; i++) {
        double mid = (low + high) / 2;

        if (fill_at(parts, n, mid) <= total_kib)
            low = mid;
        else
            high = mid;
    }
    fill_at(parts, n, low);
}

/* Needs: every guest from its lower bound up to its need. */
static bool share_needs(struct allocation_guest *guests, struct allocation_part *parts,
                        size_t n, uint64_t budget_kib)
{
    bool is_short = false;

    for (size_t i = 0; i < n; i++) {
        const struct allocation_guest *g = &guests[i];

        parts[i].weight = g->weight;
        parts[i].low_kib = g->fixed ? g->held_kib : g->lower_kib;
        parts[i].high_kib = g->fixed ? g->held_kib : g->need_kib;
    }
    allocation_fill(parts, n, budget_kib);
    for (size_t i = 0; i < n; i++) {
        guests[i].share_kib = parts[i].filled_kib;
        is_short |= parts[i].filled_kib < parts[i].high_kib;
    }
    return is_short;
}

/* The fewer of its pages a guest uses, the less its wish for more counts. */
static double taxed_weight(const struct allocation_guest *g)
{
    double used = (double)mem_min(g->used_kib, g->held_kib);
    double part = g->held_kib > 0 ? used / (double)g->held_kib : 1;

    return g->weight / (part + IDLE_COST * (1 - part));
}

static void share_wants(struct allocation_guest *guests, struct allocation_part *parts,
                        size_t n, uint64_t left_kib)
{
    for (size_t i = 0; i < n; i++) {
        const struct allocation_guest *g = &guests[i];

        parts[i].weight = taxed_weight(g);
        parts[i].low_kib = 0;
        parts[i].high_kib = g->fixed ? 0 : mem_sub(g->want_kib, g->need_kib);
    }
    allocation_fill(parts, n, left_kib);
    for (size_t i = 0; i < n; i++)
        guests[i].share_kib += parts[i].filled_kib;
}

bool allocation_share(struct allocation_guest *guests, struct allocation_part *parts,
                      size_t n, uint64_t budget_kib)
{
    bool is_short = share_needs(guests, parts, n, budget_kib);
    uint64_t given = 0;

    for (size_t i = 0; i < n; i++)
        given += guests[i].share_kib;
    share_wants(guests, parts, n, mem_sub(budget_kib, given));
    return is_short;
}
