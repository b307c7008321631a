/* input.h - a snapshot as the memory policy's input. */
#ifndef MEM_ACTOR_INPUT_H
#define MEM_ACTOR_INPUT_H

#include "actor/turn.h"
#include "mem_actor/policy.h"

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialise; reused from turn to turn, freed with mem_input_fini(). */
struct mem_input_buffer {
    struct mem_input input;
    struct mem_guest *guests; /* guest i is domain i of the snapshot */
    size_t room;
};

/* Fills b->input from the turn's snapshot.  Returns 0 or -ENOMEM. */
int mem_input_fill(struct mem_input_buffer *b, const struct actor_turn *turn);

void mem_input_fini(struct mem_input_buffer *b);

/* True when the guest's balloon statistics are young enough to act on: the sample is
 * fresh and the guest answered within 3 of its periods (facts: the period is whole
 * seconds, and libvirt keeps the last numbers for ever). */
bool mem_input_is_fresh(const struct actor_turn *turn, const struct snapshot_domain *d);

/* True when it answers as often as the setting mem.stats_period asks for; somebody else
 * may have set a longer one, whose statistics are fresh but come too seldom. */
bool mem_input_is_on_time(const struct actor_turn *turn,
                          const struct snapshot_domain *d);

#endif
