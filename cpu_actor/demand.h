/* demand.h - how much CPU a vCPU wants, from what it got and how long it waited.
 * Pure: no I/O, clock, log or global. */
#ifndef CPU_ACTOR_DEMAND_H
#define CPU_ACTOR_DEMAND_H

#include <stdbool.h>
#include <stdint.h>

/* One reading of a vCPU's counters. */
struct demand_sample {
    bool has_time, has_delay;
    uint64_t time_ns;   /* cumulative run time, 10 ms steps */
    uint64_t delay_ns;  /* cumulative run delay */
    int64_t sampled_ns; /* when they were read */
};

/* What is known of one vCPU.  All zero = nothing yet.  Read the first block, leave the
 * second alone. */
struct demand {
    uint32_t valid;     /* intervals measured since it started; 0 = no demand known */
    double permille;    /* what it wants, 1000 = a whole pCPU */
    double ran, waited; /* of the last measured interval, permille */
    double variance;    /* of one interval's demand around the mean, permille^2 */
    bool changing;      /* the last interval differed by more than its noise */
    bool at_least;  /* no run delay: it may want more (set by demand_mark_at_least) */
    bool has_delay; /* the last interval had a run delay */

    bool seen;
    struct demand_sample last;
    double fast_ran, fast_room; /* EWMA over about three intervals */
    double slow_ran, slow_room; /* mean since the last change, at most 16 intervals */
    double slow_count;
    double jumps; /* how often it jumped lately; a jumpy vCPU is noise, not news */
};

/* Takes one sample in.  A sample that is not newer than the last one, that has no run
 * time, or that comes so soon that 10 ms steps drown it, changes nothing.  Counters
 * that went backwards or run faster than a clock start anew: valid = 0 until the next
 * sample. interval_ns: the monitor's present interval; <= 0 counts as "the time since
 * the last". Returns true when a new interval was measured. */
bool demand_update(struct demand *d, const struct demand_sample *s,
                   int64_t interval_ns);

/* The variance of d->permille itself (it is a mean over several intervals), permille^2.
 */
double demand_mean_variance(const struct demand *d);

/* One interval's demand: closed loop d = r/(1-w), clamped to [r, 1000].
 * ran, waited: permille of the interval; step: how far ran may be off (10 ms /
 * interval), permille.  *ret_room gets the 1-w that was used, in permille. */
double demand_of_interval(double ran, double waited, double step, double *ret_room);

#endif
