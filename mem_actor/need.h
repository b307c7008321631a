/* need.h - what one guest needs and wants, from its own statistics.  Pure.
 *
 *     0      used            need            want                    maximum
 *     |=======|---------------|---------------|-------------------------|
 *      in use   kept usable     comfortable: headroom, growth until the
 *               at all times    next grant lands, a share of page cache
 *
 * used = current - usable.  The guest's statistics are up to a period old while current
 * is not, so while the balloon moves used is taken from the guest's own MemTotal -
 * MemAvailable plus what its kernel keeps outside MemTotal, learned while the balloon
 * was at rest. */
#ifndef MEM_ACTOR_NEED_H
#define MEM_ACTOR_NEED_H

#include "mem_actor/balloon.h"
#include "mem_actor/policy.h"

enum need_trouble {
    NEED_TROUBLE_NONE = 0,
    NEED_TROUBLE_SWAP_IN = 1,  /* rate in KiB/s */
    NEED_TROUBLE_SWAP_OUT = 2, /* rate in KiB/s */
    NEED_TROUBLE_FAULTS = 3,   /* rate per second */
};

/* What is remembered of a guest between samples; all zero is a guest never seen. */
struct need_state {
    bool primed;
    int64_t sampled_ns; /* of the newest statistics taken in */
    uint64_t used_kib;
    uint64_t usable_kib;
    uint64_t cache_kib;
    bool has_kernel;
    uint64_t kernel_kib; /* current - MemTotal, the balloon at rest */
    uint64_t total_kib;  /* MemTotal that came with used_kib, 0 = none */
    uint64_t parked_kib; /* given, but not counted as free by the guest's kernel */
    int64_t growth_kib_s;
    int64_t burst_kib_s; /* greatest growth seen lately */
    int64_t burst_ns;    /* when it was last seen or halved */
    int64_t cache_growth_kib_s;
    struct mem_opt rss_kib;
    int64_t rss_ns;
    int64_t touch_kib_s; /* growth that RSS announced, not yet seen in statistics */
    int64_t touch_ns;    /* when */
    int64_t distrust_ns; /* RSS is not believed before this */
    struct mem_opt swap_in_kib, swap_out_kib, major_faults;
    enum need_trouble trouble;
    uint64_t trouble_rate;
};

/* What the guest needs now.  known false: no statistics to go by; the rest is then 0.
 */
struct need {
    bool known;
    uint64_t used_kib, usable_kib;
    int64_t growth_kib_s; /* the greater of the smoothed rise and what RSS announces */
    enum need_trouble trouble;
    uint64_t trouble_rate;
    uint64_t need_kib, want_kib;
    uint64_t soon_kib; /* what it may have in use before the next grant can land */
};

/* How one guest stands, as the caller has worked it out. */
struct need_context {
    enum balloon_motion motion;
    uint64_t floor_kib; /* at most the maximum */
};

/* Takes one sample of <g> in (its numbers already bounded) and says what it needs.
 * A guest that is not fresh, or has no current size or no usable memory, is not known;
 * its state is then left as it was. */
struct need need_step(struct need_state *s, const struct mem_guest *g,
                      const struct mem_input *in, const struct need_context *c);

#endif
