/* placement.h - which pCPU each vCPU should be on: builds the problem that partition.h
 * solves, shares what cannot be divided, and measures both today and the plan.
 * Pure: no I/O, clock, log or global.  Loads are permille of a pCPU at full capacity,
 * levels permille of a pCPU's own capacity. */
#ifndef CPU_ACTOR_PLACEMENT_H
#define CPU_ACTOR_PLACEMENT_H

#include "cpu_actor/partition.h"
#include "cpu_actor/policy.h"

#define PLACEMENT_WIDE UINT32_MAX /* on no single pCPU */

/* One vCPU as placement sees it. */
struct placement_vcpu {
    double demand; /* permille */
    double weight; /* > 0 */
    const struct cpuset *allowed;
    struct cpuset home; /* allowed pCPUs it is to be kept on if that costs little, as
                           somebody put it there; has its pCPU; empty = all alike */
    struct cpuset mask; /* usable pCPUs it may run on now; empty = not known */
    uint32_t pcpu;      /* index of the only one in mask, or PLACEMENT_WIDE */
    bool movable; /* may be given another pCPU; takes part when it is on a single one */
    bool adopt;   /* movable and wide, and wanted on a single pCPU */

    /* out: */
    struct cpuset target; /* = mask when it stays */
    uint32_t target_pcpu; /* index, or PLACEMENT_WIDE */
    bool moves;           /* target is not mask */
};

struct placement_quality {
    double max_level, mean_level, deviation; /* of the pCPUs' levels, demand counted */
    double unfair; /* greatest level when each vCPU brings only its fair share: above
                      1000, some vCPU gets less than that */
    uint32_t hottest, idlest; /* pCPU indices */
};

/* Input, output and room of one placement.  All zero is a good start. */
struct placement {
    /* set by the caller after placement_reserve(): */
    const struct cpu_pcpu *pcpus;
    size_t npcpus, nvcpus;
    struct placement_vcpu *vcpus;
    double tolerance; /* 0.05 = 5 % */

    /* out: */
    double *load_now, *load_planned; /* demand per pCPU */
    struct placement_quality now, planned;
    double lower_bound;      /* no placement has a smaller greatest level */
    double integral_unfair;  /* unfair of the plan before anything is shared */
    bool at_home;            /* the plan keeps every vCPU where it has its home */
    uint32_t moves, sharers; /* of the plan; vCPUs that it leaves or makes wide */
    uint64_t work;

    /* scratch */
    double *share, *want, *weight, *size;
    double *trial;
    uint32_t *item_vcpu;
    struct placement_pool *pools;
    double *poured;
    struct cpuset usable;
    struct partition partition;
    size_t room_vcpus, room_pcpus;
};

/* Makes room for nvcpus and npcpus; the caller then fills vcpus[].  Returns 0 or
 * -ENOMEM. */
int placement_reserve(struct placement *pl, size_t nvcpus, size_t npcpus);
void placement_fini(struct placement *pl);

/* Measures today's placement: now, load_now, lower_bound.  Needed before
 * placement_plan. There must be at least one pCPU. */
void placement_measure_now(struct placement *pl);

/* Makes a plan: target of every vCPU, planned, load_planned, integral_unfair, moves and
 * sharers.  Never leaves a vCPU's allowed set; never touches one that is not movable;
 * leaves homes only where staying would make the greatest level clearly worse. */
void placement_plan(struct placement *pl);

/* Spreads a number per vCPU (size[nvcpus]) over the pCPUs as things stand today
 * (planned = false) or in the plan: onto its pCPU, or poured over its mask. */
void placement_spread(struct placement *pl, const double *size, bool planned,
                      double *ret_load);

/* ---- between placement*.c ---- */

/* The quality of demand load[] and of fair-share load fair_load[], both per pCPU. */
struct placement_quality placement_quality_of(struct placement *pl, const double *load,
                                              const double *fair_load);

/* Where the plan may put a vCPU. */
static inline const struct cpuset *placement_within(const struct placement *pl,
                                                    const struct placement_vcpu *v)
{
    return pl->at_home && !cpuset_empty(&v->home) ? &v->home : v->allowed;
}

/* Shares what cannot be divided: sets integral_unfair and sharers, and widens targets
 * of an otherwise finished plan.  load_planned must be that plan's. */
void placement_share(struct placement *pl);

#endif
