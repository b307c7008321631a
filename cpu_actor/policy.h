/* policy.h - the CPU policy as one step: samples in, plan out, results back in.  Pure:
 * no I/O, clock, log or global; the same inputs give the same plan.
 *
 * It ties together demand.h (what each vCPU wants), placement.h (where each should be)
 * and stability.h (whether a change is due now).  Times are ns on one monotonic clock,
 * loads permille of one pCPU at full capacity. */
#ifndef CPU_ACTOR_POLICY_H
#define CPU_ACTOR_POLICY_H

#include "common/cpuset.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPU_UUID_MAX 37
#define CPU_REASON_MAX 192

/* Who a vCPU is.  A domain that restarts has a new domain_id: its counters start anew. */
struct cpu_vcpu_key {
    char uuid[CPU_UUID_MAX];
    int32_t domain_id;
    uint32_t vcpu;
};

struct cpu_vcpu {
    struct cpu_vcpu_key key;
    uint32_t domain;    /* index of its domain in this input, 0 .. ndomains - 1 */
    bool has_time;      /* time_ns is given */
    bool has_delay;     /* delay_ns is given */
    uint64_t time_ns;   /* cumulative run time, 10 ms steps */
    uint64_t delay_ns;  /* cumulative run delay */
    int64_t sampled_ns; /* when these counters were read */
    uint32_t weight;    /* share of this vCPU when CPU is short, 1024 = normal; taken as
                             it is, not divided among the vCPUs of a domain */
    struct cpuset affinity; /* where it may run now; empty = not known */
    struct cpuset allowed;  /* law; the plan never leaves it */
    bool
        fixed; /* never moved: unmanaged, operator-pinned, stale; its load still counts */
};

struct cpu_pcpu {
    uint32_t id;
    uint32_t cell, llc, core;
    uint32_t capacity_permille; /* guests may have, 1000 = all of it; less what the
                                   host is seen to use */
};

/* A pCPU's counter. */
struct cpu_busy {
    bool has;
    uint64_t busy_ns; /* cumulative time not idle, guests included, or taken by a
                         hypervisor below */
};

struct cpu_input {
    int64_t now_ns;
    int64_t interval_ns; /* the monitor's present interval */
    const struct cpu_vcpu *vcpus;
    size_t nvcpus;
    uint32_t ndomains;
    const struct cpu_pcpu *pcpus; /* usable ones only, ascending by id */
    size_t npcpus;
    const struct cpu_busy
        *busy;               /* one per pCPU; NULL = not known, as on a remote host */
    int64_t busy_sampled_ns; /* when they were read */
    bool adopt;              /* setting cpu.adopt */
    uint32_t tolerance_permille; /* setting cpu.tolerance */
    uint32_t min_load_permille;  /* setting cpu.min_load */
};

struct cpu_move {
    size_t vcpu;        /* index in the input */
    struct cpuset from; /* its affinity before */
    struct cpuset to;
    uint32_t demand_permille;
    char reason[CPU_REASON_MAX]; /* for people, with the numbers */
};

enum cpu_verdict {
    CPU_VERDICT_WAITING = 0,  /* no two samples yet */
    CPU_VERDICT_BALANCED = 1, /* nothing to do: within tolerance, all adopted */
    CPU_VERDICT_IDLE = 2, /* nothing worth balancing: mean under min_load, and no pCPU
                                   over half full */
    CPU_VERDICT_CONFIRMING = 3, /* a change is due if the next sample agrees */
    CPU_VERDICT_HOLDING = 4, /* cooldown or back-off, or no newer sample to judge by */
    CPU_VERDICT_NO_GAIN = 5, /* uneven, but no plan is worth its moves */
    CPU_VERDICT_MOVE = 6,    /* the plan has moves */
};

/* What was reached, what could be, at what price. */
struct cpu_certificate {
    uint32_t max_now_permille;     /* greatest relative pCPU load today */
    uint32_t max_planned_permille; /* after the plan */
    uint32_t lower_bound_permille; /* no placement can be below this */
    uint32_t mean_permille;
    uint32_t deviation_now_permille; /* standard deviation of pCPU load, of one pCPU */
    uint32_t deviation_planned_permille;
    uint32_t moves;
};

struct cpu_plan {
    enum cpu_verdict verdict;
    char reason[CPU_REASON_MAX];
    struct cpu_certificate certificate;
    struct cpu_move *moves; /* owned by the policy, valid until its next step */
    size_t nmoves;
    const uint32_t *demand_permille;    /* per vCPU of the input; owned by the policy */
    const uint32_t *ran_permille;       /* share of the interval it ran */
    const uint32_t *waited_permille;    /* share of the interval it waited */
    const uint32_t *pcpu_load_permille; /* per pCPU of the input, demand placed on it */
    const uint32_t
        *pcpu_ran_permille; /* per pCPU: run time of the vCPUs placed on it */
};

struct cpu_policy;

/* Returns NULL when memory is out. */
struct cpu_policy *cpu_policy_create(void);
void cpu_policy_destroy(struct cpu_policy *p);

/* Takes one sample in and decides.  The plan's arrays stay the policy's.
 * An input with no vCPUs or no pCPUs is fine (verdict IDLE).
 * Returns 0; -ENOMEM; -EINVAL when an index or pCPU id is out of range (the state is then
 * as before). */
int cpu_policy_step(struct cpu_policy *p, const struct cpu_input *in,
                    struct cpu_plan *ret_plan);

/* Tells the policy what became of a move it planned: error 0 = done, else -errno (it is
 * then tried again later, with back-off).  now_ns is when the call returned. */
void cpu_policy_result(struct cpu_policy *p, const struct cpu_vcpu_key *key, int error,
                       int64_t now_ns);

/* "balanced", "confirming", ... */
const char *cpu_verdict_name(enum cpu_verdict v);

#endif
