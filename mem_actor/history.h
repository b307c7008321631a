/* history.h - what is remembered of each guest between steps, found by its key.  Pure.
 */
#ifndef MEM_ACTOR_HISTORY_H
#define MEM_ACTOR_HISTORY_H

#include "mem_actor/movement.h"

struct history {
    struct mem_guest_key key;
    uint64_t step; /* the last one it was in */
    int64_t seen_ns;
    int64_t interval_ns; /* in that step */
    int64_t sampled_ns;
    uint64_t overhead_kib; /* learned, of its QEMU */
    struct balloon balloon;
    struct need_state need;
    struct caution caution;
    struct movement_state movement;
};

struct history_table {
    uint64_t step; /* counted up by the caller before the guests of a step are found */
    struct history *items;
    size_t n, room;
};

/* Makes room for <n> guests more.  Returns 0; -ENOMEM (nothing is changed). */
int history_reserve(struct history_table *t, size_t n);

/* Drops guests not seen for a minute: one missing from a few samples keeps its history.
 */
void history_forget(struct history_table *t, int64_t now_ns);

/* The index of the guest with <key> that was not found in this step yet; a new one, for
 * which there must be room, if there is none.  hint: where it probably is. */
size_t history_find(struct history_table *t, const struct mem_guest_key *key,
                    size_t hint);

/* The guest with <key>, or NULL. */
struct history *history_get(struct history_table *t, const struct mem_guest_key *key);

void history_fini(struct history_table *t);

#endif
