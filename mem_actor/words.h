/* words.h - why a guest is treated as it is, and how the host stands, for people. Pure.
 * All memory in MiB.  No guest is named: the caller knows whom it speaks of. */
#ifndef MEM_ACTOR_WORDS_H
#define MEM_ACTOR_WORDS_H

#include "mem_actor/movement.h"
#include "mem_actor/policy.h"

struct words_host {
    bool known; /* MemAvailable was given */
    bool pressed;
    uint64_t available_kib, reserve_kib;
    struct mem_opt psi_permille;
    bool is_short; /* not every need can be met */
};

/* Writes into buf[MEM_REASON_MAX] why guest <m> moves, or does not. */
void words_guest(char *buf, const struct mem_guest *g, const struct mem_guest_view *v,
                 const struct movement_guest *m, const struct words_host *h);

/* Writes the plan's reason into buf[MEM_REASON_MAX]; all other fields of <plan> and its
 * views are set.  n: guests. */
void words_plan(char *buf, const struct mem_plan *plan, size_t n,
                const struct words_host *h);

#endif
