/* spread.c - where shared time is spent: each mask in turn pours its amount over its pCPUs
 * like water over a floor of the others' load, until nothing moves any more.  This is
 * descent on the sum of load^2 / capacity, which is convex, so it ends at the most even
 * spread there is. */
#include "sim/model/share.h"

#include <stdbool.h>
#include <string.h>

#define ROUNDS_MAX 200
#define STILL 1e-7

static bool usable(const struct share_problem *p, size_t mask, uint32_t pcpu)
{
    return pcpu < p->npcpus && p->capacity[pcpu] > 0.0 &&
           cpuset_has(&p->masks[mask], pcpu);
}

/* The water level: sum over the mask's pCPUs of max(0, level * c - load) = amount. */
static double water_level(const struct share_problem *p, size_t mask, double amount,
                          const double *load)
{
    double level = 1e300;
    for (;;) {
        double sum = amount, capacity = 0.0;
        for (uint32_t c = cpuset_first(&p->masks[mask]); c < p->npcpus;
             c = cpuset_next(&p->masks[mask], c + 1)) {
            if (!usable(p, mask, c) || load[c] >= level * p->capacity[c])
                continue;
            sum += load[c];
            capacity += p->capacity[c];
        }
        if (capacity <= 0.0)
            return 0.0;
        double next = sum / capacity;
        if (next >= level)
            return level;
        level = next;
    }
}

/* Pours one mask anew; returns the greatest change of a flow. */
static double pour(const struct share_problem *p, size_t mask, double amount,
                   double *flow, double *load)
{
    double moved = 0.0;
    for (size_t c = 0; c < p->npcpus; c++)
        load[c] -= flow[c];
    double level = amount > 0.0 ? water_level(p, mask, amount, load) : 0.0;
    for (uint32_t c = 0; c < p->npcpus; c++) {
        double x = usable(p, mask, c) ? level * p->capacity[c] - load[c] : 0.0;
        x = amount > 0.0 && x > 0.0 ? x : 0.0;
        double change = x > flow[c] ? x - flow[c] : flow[c] - x;
        moved = change > moved ? change : moved;
        flow[c] = x;
        load[c] += x;
    }
    return moved;
}

void share_spread(const struct share_problem *p, const double *amount, double *ret_flow,
                  double *ret_load)
{
    size_t wide = 0;
    memset(ret_flow, 0, p->nmasks * p->npcpus * sizeof(*ret_flow));
    memset(ret_load, 0, p->npcpus * sizeof(*ret_load));
    for (size_t g = 0; g < p->nmasks; g++) { /* what has one pCPU never moves */
        uint32_t first = cpuset_first(&p->masks[g]);
        bool single =
            first < CPUSET_MAX && cpuset_next(&p->masks[g], first + 1) == CPUSET_MAX;
        if (single && usable(p, g, first)) {
            ret_flow[g * p->npcpus + first] = amount[g];
            ret_load[first] += amount[g];
        }
        wide += !single;
    }
    for (int round = 0; round < ROUNDS_MAX && wide > 0; round++) {
        double moved = 0.0;
        for (size_t g = 0; g < p->nmasks; g++) {
            uint32_t first = cpuset_first(&p->masks[g]);
            if (first == CPUSET_MAX ||
                cpuset_next(&p->masks[g], first + 1) == CPUSET_MAX)
                continue;
            double change = pour(p, g, amount[g], ret_flow + g * p->npcpus, ret_load);
            moved = change > moved ? change : moved;
        }
        if (moved < STILL || wide == 1)
            return;
    }
}
