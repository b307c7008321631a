/* bounds.h - the input with its numbers made safe to add up.  Pure. */
#ifndef MEM_ACTOR_BOUNDS_H
#define MEM_ACTOR_BOUNDS_H

#include "mem_actor/policy.h"

/* A copy of <g> without sizes above MEM_KIB_MAX (absent, the maximum 0), with a weight
 * of 1 .. 2^20 and a sample that is not from the future.  Counters stay: they are
 * compared with themselves only. */
struct mem_guest bounds_guest(const struct mem_guest *g, int64_t now_ns);

/* A copy of <in> without measured sizes above MEM_KIB_MAX, settings of at most that,
 * available of at most the total, and an interval of 100 ms .. 1 h.  Its guests are
 * still the original ones. */
struct mem_input bounds_input(const struct mem_input *in);

#endif
