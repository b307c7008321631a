/* capacity.h - how much of each pCPU is left for guests: what the pCPU was busy beyond
 * its guests is the host's own load.  Pure: no I/O, clock, log or global. */
#ifndef CPU_ACTOR_CAPACITY_H
#define CPU_ACTOR_CAPACITY_H

#include "cpu_actor/policy.h"

#define CAPACITY_RAN_UNKNOWN 1000.0  /* what is not known may have been all of a pCPU */
#define CAPACITY_LEAST_PERMILLE 100U /* guests always get something */

/* What a vCPU did since the last step. */
struct capacity_guest {
    double ran;          /* permille of the interval; or CAPACITY_RAN_UNKNOWN */
    struct cpuset where; /* pCPUs that it may have run on; empty = any */
};

/* What is known of one pCPU. */
struct capacity_pcpu {
    bool seen;
    uint64_t busy_ns;
    int64_t sampled_ns;
    double host;     /* the host's load that is believed, permille; 0 = none */
    double near;     /* the least change that the latest intervals agree on */
    uint32_t agreed; /* so many of them */
    uint32_t wait;   /* so many are asked for beyond two; doubles when it is restless */
    uint32_t stood;  /* intervals since the belief changed */
};

/* All zero = nothing known yet. */
struct capacity {
    struct capacity_pcpu of[CPUSET_MAX]; /* by id */
    double left[CPUSET_MAX];             /* scratch, per pCPU of the input */
    double pinned[CPUSET_MAX];           /* scratch, by id */
};

/* Takes one sample in.  guests: one per vCPU of the input.  A pCPU with no busy time, or
 * whose counter went backwards, or whose last sample is too recent, is believed to be as
 * before.  Returns whether any belief changed. */
bool capacity_observe(struct capacity *c, const struct cpu_input *in,
                      const struct capacity_guest *guests);

/* What is left of that pCPU, permille; at least CAPACITY_LEAST_PERMILLE, unless it has
 * less to begin with. */
uint32_t capacity_left(const struct capacity *c, const struct cpu_pcpu *pcpu);

/* Takes what guests ran (permille, on any of mask; NULL = all) from what the pCPUs were
 * busy beyond known guests, the most of all first: as much as it can explain. */
void capacity_explain(const struct cpu_input *in, const struct cpuset *mask,
                      double amount, double *left);

/* Takes one interval's host load in; in_ns: its length.  Returns whether the belief
 * changed. */
bool capacity_believe(struct capacity_pcpu *c, double host, int64_t in_ns);

#endif
