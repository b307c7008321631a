/* share.h - what cannot be divided is shared: fair shares when there is not enough CPU
 * for all, where vCPUs with wide masks run, and which few vCPUs get a wider mask so
 * that everybody gets his share.  Pure. */
#ifndef CPU_ACTOR_SHARE_H
#define CPU_ACTOR_SHARE_H

#include "cpu_actor/policy.h"

/* Weighted max-min: share[i] = min(want[i], weight[i] * level), with the level such
 * that they add up to total, or all = want when that is enough.  weight > 0. */
void share_fair(const double *want, const double *weight, size_t n, double total,
                double *ret_share);

/* The pCPUs that load is poured over. */
struct share_pcpus {
    const struct cpu_pcpu *pcpus;
    const double *capacity; /* > 0 */
    size_t count;
};

/* Pours amount over the pCPUs of mask (ids; NULL = all) so that the greatest relative
 * load stays least: load[] is raised, lowest level first.  Does nothing when mask names
 * none of the pCPUs.  added (may be NULL) gets what each pCPU took. */
void share_pour(const struct share_pcpus *on, const struct cpuset *mask, double amount,
                double *load, double *added);

#endif
