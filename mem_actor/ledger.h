/* ledger.h - the host's side: what the guests cost it, may hold, and may be granted
 * now. Pure.
 *
 *   cost of a guest = what it may touch (its size, or a target above it) + QEMU's
 * overhead promised        = that cost less its RSS: the host still has to find it some
 * day spare           = available - reserve - promised, = budget - what all guests hold
 */
#ifndef MEM_ACTOR_LEDGER_H
#define MEM_ACTOR_LEDGER_H

#include "mem_actor/allocation.h"
#include "mem_actor/policy.h"

/* One guest's entry. */
struct ledger_guest {
    uint64_t held_kib; /* what it may touch */
    uint64_t rss_kib;
    uint64_t overhead_kib;
    bool known;
    uint64_t
        soon_kib; /* what it may have touched before a grant can land; when known */
};

struct ledger {
    bool known;   /* the host's free memory is */
    bool pressed; /* it is short: under its reserve, or stalling on memory */
    uint64_t available_kib;
    uint64_t budget_kib;
    uint64_t spare_kib;
    /* For needs only.  Where guests hold more than the budget already (somebody else
     * overcommitted, or the host's own use jumped), a guest in need still gets what is
     * free now and not likely to be touched by another before the squeeze pays. */
    uint64_t urgent_kib;
};

/* QEMU's own memory: what RSS shows above the guest's size while that is at rest, else
 * a usual amount; <learned> keeps the greatest seen. */
uint64_t ledger_overhead(uint64_t *learned_kib, uint64_t rss_kib, uint64_t held_kib,
                         bool at_rest);

struct ledger ledger_close(const struct mem_input *in,
                           const struct ledger_guest *guests, size_t n);

#endif
