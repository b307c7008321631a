/* caution.h - what was learned from squeezing a guest: when to leave it alone, what to
 * give back, and how far down not to go again.  Pure.
 *
 * trouble (swap, major faults) within a minute of a squeeze: all of it is given back,
 * no squeeze for 10 s, 20 s, .. 10 min; a little above that size is a floor for 1 min,
 *   2 min, .. 64 min.
 * regret (the guest uses more than 64 MiB more within a minute of a squeeze): the next
 *   squeeze waits 4 intervals, 8, .. 128, unless others lack what it holds.  A guest
 *   that swings is left at its crest. */
#ifndef MEM_ACTOR_CAUTION_H
#define MEM_ACTOR_CAUTION_H

#include "mem_actor/need.h"

/* All zero is a guest never squeezed. */
struct caution {
    bool squeezed;              /* a squeeze is recent */
    int64_t squeezed_ns;        /* its last step */
    uint64_t squeezed_from_kib; /* size before its first step */
    uint64_t squeezed_used_kib; /* in use at its last step */
    bool regretted;
    uint32_t regrets;
    int64_t regret_ns;
    int64_t hold_ns; /* no squeeze before this */
    bool hurt;       /* hold_ns is because of trouble, not of regret */
    uint32_t troubles;
    uint64_t learned_kib; /* floor, 0 = none */
    int64_t learned_ns;   /* until when */
    uint64_t return_kib;  /* to be given back, 0 = nothing */
    int64_t return_ns;    /* until when */
};

/* Forgets what is over, and learns from trouble after a squeeze.  Returns true when the
 * guest has just been hurt by one. */
bool caution_learn(struct caution *c, const struct need *n, uint64_t current_kib,
                   int64_t now_ns);

/* The greater of the setting and what was learned, at most the maximum. */
uint64_t caution_floor(const struct caution *c, uint64_t floor_kib,
                       uint64_t maximum_kib);

/* A step down from <from_kib> was taken while <used_kib> were in use. */
void caution_squeezed(struct caution *c, uint64_t from_kib, uint64_t used_kib,
                      int64_t now_ns);

/* A step up was taken while <used_kib> were in use.  interval_ns: the present one. */
void caution_granted(struct caution *c, uint64_t used_kib, int64_t interval_ns,
                     int64_t now_ns);

#endif
