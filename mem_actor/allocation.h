/* allocation.h - what each guest is given of the host's memory.  Pure.
 *
 *   host total = reserve | host's own use | overhead of the QEMUs | budget of the
 * guests budget     = fixed guests, at full size | needs | wants | left with the host
 *
 * Needs come first; when they do not all fit, by weighted max-min: every guest is
 * filled to the same level per weight, unless its need is met below it.  Memory in use
 * is not taken from a guest to level it with others.  Then wants the same way, where a
 * guest that leaves much of its memory idle counts for less (idle-memory tax). */
#ifndef MEM_ACTOR_ALLOCATION_H
#define MEM_ACTOR_ALLOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One amount to be filled, between low and high. */
struct allocation_part {
    uint64_t low_kib, high_kib; /* low <= high */
    double weight;              /* > 0 */
    uint64_t filled_kib;        /* out */
};

struct allocation_guest {
    bool fixed; /* cannot be changed: its share is what it holds */
    uint64_t
        held_kib; /* what it may touch at any time: current, or a target above it */
    uint64_t
        lower_kib; /* least that its share may be: floor, or need where it is held */
    uint64_t need_kib, want_kib; /* lower <= need <= want */
    uint64_t used_kib;
    uint32_t weight;    /* > 0 */
    uint64_t share_kib; /* out */
};

struct allocation_host {
    uint64_t total_kib;
    uint64_t reserve_kib;
    uint64_t own_kib;      /* used by the host itself */
    uint64_t overhead_kib; /* of all QEMUs, beyond their guests' memory */
    uint64_t cap_kib;      /* 0 = none */
};

/* What all guests may hold; 0 when nothing is left. */
uint64_t allocation_budget(const struct allocation_host *h);

/* Sets share_kib of every guest.  The shares fit the budget unless what cannot be taken
 * (fixed guests and lower bounds) is more than that by itself.
 * parts[n]: scratch.  Returns true when some guest's share is below its need. */
bool allocation_share(struct allocation_guest *guests, struct allocation_part *parts,
                      size_t n, uint64_t budget_kib);

/* Fills every part to weight * level, within its bounds, at the highest level that the
 * total pays for.  All low bounds are filled even when they exceed it. */
void allocation_fill(struct allocation_part *parts, size_t n, uint64_t total_kib);

#endif
