/* share.h - who gets how much CPU: weighted max-min fair sharing of pCPUs among vCPUs that
 * may each run on some of them.  Pure: no I/O, clock, log or global.
 *
 * How it works.  Each vCPU i asks for min(d_i, w_i t) at level t.  The pCPUs that hang
 * together through masks are solved at a time:
 *
 *     level 1   the greatest t at which everybody's wish can flow through the masks
 *               into the pCPUs; the cut that forbids more is a set S of full pCPUs
 *     freeze    the vCPUs that have nowhere but S get min(d_i, w_i t) and S is closed
 *     level 2   the same with what is left, at a greater t, and so on
 *
 * which is the one allocation in which nobody can get more without someone with less, by
 * weight, getting less still. */
#ifndef SIM_MODEL_SHARE_H
#define SIM_MODEL_SHARE_H

#include "common/cpuset.h"

#include <stddef.h>
#include <stdint.h>

struct share_item {
    double demand; /* of one pCPU's time, 0..1 (more is allowed) */
    double weight; /* > 0 */
    uint32_t mask; /* index into the problem's masks */
};

struct share_problem {
    const struct share_item *items;
    size_t nitems;
    const struct cpuset *masks; /* distinct ones; pCPU numbers >= npcpus are ignored */
    size_t nmasks;
    const double *capacity; /* per pCPU, 0 = none */
    size_t npcpus;
};

/* Memory that is used again from one call to the next. */
struct share;

/* Returns NULL when memory is out. */
struct share *share_create(void);
void share_destroy(struct share *s);

/* Solves the problem: ret_rate[nitems] gets each item's time per time, <= its demand.  An
 * item whose mask has no capacity gets 0.  Returns 0, or -ENOMEM with ret_rate untouched. */
int share_solve(struct share *s, const struct share_problem *p, double *ret_rate);

/* Where the time is spent when each mask's items run amount[mask] in all: spreads it over
 * the mask's pCPUs so that relative loads (load / capacity) are as even as they can be,
 * the greatest first.  ret_flow[nmasks * npcpus] gets the time per mask and pCPU,
 * ret_load[npcpus] their sums.  Amounts above the capacity are spread all the same.
 * Exact where masks have one pCPU, to about 1e-6 elsewhere. */
void share_spread(const struct share_problem *p, const double *amount, double *ret_flow,
                  double *ret_load);

/* The level t at which the items listed in index[n] together ask for capacity:
 * sum of min(d_i, w_i t) = capacity.  Infinity when they ask for less whatever t is. */
double share_level(const struct share_item *items, const size_t *index, size_t n,
                   double capacity);

#endif
