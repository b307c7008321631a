/* movement.h - how far each guest moves towards its share in this interval.  Pure.
 *
 * Give at once, take slowly, and free first, then give: a grant is paid from memory
 * that the host has now and has promised to nobody; what guests return pays in later
 * intervals. A change inside the dead band is not made, nor is a target told again that
 * is in force. */
#ifndef MEM_ACTOR_MOVEMENT_H
#define MEM_ACTOR_MOVEMENT_H

#include "mem_actor/allocation.h"
#include "mem_actor/balloon.h"
#include "mem_actor/caution.h"
#include "mem_actor/need.h"

enum movement_kind {
    MOVEMENT_NONE = 0,
    MOVEMENT_GRANT = 1,
    MOVEMENT_TAKE = 2,
    MOVEMENT_STOP = 3, /* a squeeze is called off: no memory changes hands */
};

/* Why a change that is due is not made now. */
enum movement_block {
    MOVEMENT_FREE = 0,
    MOVEMENT_CONFIRMING = 1, /* one more sample has to agree */
    MOVEMENT_TROUBLE = 2,    /* swapping or faulting */
    MOVEMENT_REGRET = 3,     /* grew again soon after the last squeeze */
    MOVEMENT_DRIFT = 4,      /* moved by itself or by somebody else */
    MOVEMENT_SAMPLE = 5,     /* no statistics since the last step down */
    MOVEMENT_RETRY = 6,      /* the last call failed */
    MOVEMENT_UNPAID = 7,     /* the host has not the memory now */
    MOVEMENT_FORBIDDEN = 8,  /* reclaim_percent is 0 */
    MOVEMENT_SMALL = 9,      /* reclaim_percent has not added up to a dead band yet */
};

/* What outlives an interval, per guest; all zero is a guest never moved. */
struct movement_state {
    uint32_t excess_seen; /* samples in a row above its share */
    int64_t excess_sampled_ns;
    int64_t taken_sampled_ns; /* newest statistics at the last step down */
    int64_t taken_ns;         /* when that was told */
    uint64_t credit_kib;      /* may be taken; grows by reclaim_percent per interval */
};

struct movement_guest {
    bool fixed;
    struct movement_state *state;
    const struct balloon *balloon;
    const struct caution *caution;
    const struct need *need;
    int64_t sampled_ns;
    uint32_t weight;
    uint64_t need_kib; /* floors and returns included */
    uint64_t share_kib;
    uint64_t least_kib; /* never squeezed below: floor, need, all of a stuck guest */
    /* out */
    enum movement_kind kind;
    enum movement_block block; /* of a change that is due, when kind is NONE */
    uint64_t to_kib;           /* when kind is not NONE */
    uint64_t unpaid_kib;       /* due, but not covered */
};

struct movement_host {
    int64_t now_ns;
    bool may_grant;     /* host memory is known */
    bool pressed;       /* only needs are granted, takes wait for nothing but trouble */
    uint64_t spare_kib; /* free beyond the reserve and promised to nobody */
    uint64_t urgent_kib; /* the same for needs: at least spare_kib */
    uint32_t reclaim_percent;
};

/* Sets the outputs of every guest.  parts[n]: scratch. */
void movement_plan(struct movement_guest *guests, struct allocation_part *parts,
                   size_t n, const struct movement_host *host);

/* A take planned here was told to the guest. */
void movement_taken(struct movement_state *s, int64_t sampled_ns, int64_t now_ns);

#endif
