/* stability.h - whether a change is due now: dead band, confirmation by a second
 * sample, cooldown, back-off, and whether a move pays.  Pure. */
#ifndef CPU_ACTOR_STABILITY_H
#define CPU_ACTOR_STABILITY_H

#include <stdbool.h>
#include <stdint.h>

struct placement_quality;

/* What one vCPU's past moves forbid.  All zero = nothing. */
struct stability_vcpu {
    int64_t until_ns; /* not touched before */
    int64_t moved_ns; /* when it was last moved */
    bool moved;
    unsigned level; /* how often it was moved again soon; doubles its rest */
    unsigned fails; /* moves that failed, did not pay or were undone, in a row */
};

/* Why something should change. */
struct stability_want {
    bool uneven, unfair; /* pCPUs differ; somebody gets less than his share */
    bool adopt;          /* a busy vCPU has no pCPU of its own */
    bool homeless;       /* a busy vCPU's pCPU is gone */
};

/* What the decisions are measured by. */
struct stability_measure {
    double tolerance;   /* 0.05 = 5 % */
    double noise;       /* standard deviation of a pCPU's load from noise, permille */
    double lower_bound; /* of the greatest level, permille */
};

static inline bool stability_wants(struct stability_want w)
{
    return w.uneven || w.unfair || w.adopt || w.homeless;
}

/* Sets uneven and unfair when a quality lies outside the dead band: the deviation over
 * tolerance of the mean, or one pCPU far over the bound, beyond what noise explains. */
struct stability_want stability_judge(const struct placement_quality *now,
                                      const struct stability_measure *m);

/* Whether going from now to planned gains more than noise and cost. */
bool stability_pays(const struct placement_quality *now,
                    const struct placement_quality *planned,
                    const struct stability_measure *m);

/* Whether planned keeps or betters now, about; adoption need not gain, but must not
 * harm. */
bool stability_harmless(const struct placement_quality *now,
                        const struct placement_quality *planned,
                        const struct stability_measure *m);

/* Whether the placement is so uneven that one sample is enough. */
bool stability_gross(const struct placement_quality *now,
                     const struct placement_quality *planned,
                     const struct stability_measure *m);

/* Whether at least a quarter of what a plan promised was achieved.  True when it had
 * promised nothing. */
bool stability_paid(const struct placement_quality *before,
                    const struct placement_quality *promised,
                    const struct placement_quality *after);

/* Whether a vCPU is to be left alone at now_ns. */
bool stability_held(const struct stability_vcpu *s, int64_t now_ns);

/* A move landed: rest for three intervals, longer if it had just been moved before. */
void stability_moved(struct stability_vcpu *s, int64_t now_ns, int64_t interval_ns);

/* A move failed, did not pay, or was undone by somebody: 2, 4, 8, .. 128 intervals. */
void stability_failed(struct stability_vcpu *s, int64_t now_ns, int64_t interval_ns);

#endif
