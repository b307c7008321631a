/* policy_state.h - the CPU policy's state, shared by policy*.c and nobody else. */
#ifndef CPU_ACTOR_POLICY_STATE_H
#define CPU_ACTOR_POLICY_STATE_H

#include "cpu_actor/capacity.h"
#include "cpu_actor/placement.h"
#include "cpu_actor/policy.h"
#include "cpu_actor/records.h"
#include "cpu_actor/stability.h"
#include "cpu_actor/words.h"

#define POLICY_ADOPT_PERMILLE                                                          \
    30.0                      /* a vCPU with less is idle: the kernel may have it */
#define POLICY_SATURATED 0.95 /* of a pCPU: its vCPUs may want more than they got */
#define POLICY_STANDS_INTERVALS                                                        \
    16 /* a move that stood so long clears earlier failures */

/* What the last plan promised. */
struct trial {
    bool open;
    bool disturbed; /* the host's own load changed meanwhile */
    struct placement_quality before, promised;
};

struct cpu_policy {
    struct records records;
    struct placement placement;
    struct trial trial;
    int64_t interval_ns;
    uint32_t pending; /* samples in a row that asked for a change that pays */
    uint32_t pcpu_index[CPUSET_MAX];
    struct capacity capacity;
    struct cpu_pcpu *pcpus; /* the input's, less what the host takes of them */
    struct capacity_guest *guests;

    /* handed out in the plan */
    struct cpu_move *moves;
    uint32_t *demand, *ran, *waited, *pcpu_load, *pcpu_ran;
    double *numbers; /* per vCPU, scratch */
    double *pcpu_numbers;
    bool threads; /* pCPUs share cores, and something is uneven: the rest is set */
    double *lean; /* per vCPU: what it would want with a core to itself */
    double *lean_load;
    struct placement_quality lean_now;
    size_t room_vcpus, room_pcpus;
};

/* Counts of one step. */
struct tally {
    size_t fresh, valid; /* vCPUs with a new interval; with a known demand */
    bool changing; /* a vCPU on the hottest pCPU, or to be adopted, just changed */
    struct stability_measure measure;
    struct words_step words;
};

/* Makes room for an input.  Returns 0 or -ENOMEM. */
int policy_reserve(struct cpu_policy *p, const struct cpu_input *in);

/* Takes the input's samples into the records, which must follow it already. */
void policy_measure_demand(struct cpu_policy *p, const struct cpu_input *in,
                           struct tally *t);

/* Fills in the placement's view and measures today: where vCPUs are, who may be moved,
 * how pCPUs are loaded, what is wanted.  There must be a pCPU. */
void policy_observe(struct cpu_policy *p, const struct cpu_input *in, struct tally *t);

/* Whether pCPUs that are uneven as measured are so as well by what vCPUs would want with
 * a core to themselves; true where no pCPUs share a core. */
bool policy_threads_uneven(struct cpu_policy *p, const struct stability_measure *m);

/* Whether a plan that pays as measured does so by that reading as well. */
bool policy_threads_pay(struct cpu_policy *p, const struct stability_measure *m);

#endif
