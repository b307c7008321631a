/* report.h - a step's outcome as the caller sees it: states, verdict, list of moves.
 * Pure. */
#ifndef MEM_ACTOR_REPORT_H
#define MEM_ACTOR_REPORT_H

#include "mem_actor/ledger.h"
#include "mem_actor/movement.h"
#include "mem_actor/policy.h"

/* One guest of the present input. */
struct report_row {
    struct mem_guest guest; /* its numbers bounded */
    size_t history;
    bool movable; /* has all that it takes */
    uint64_t floor_kib;
    struct need need;
};

/* To sort moves by. */
struct report_rank {
    size_t guest;
    bool grant;
    uint64_t idle_kib;
};

/* What a step came to.  All arrays have <n> entries. */
struct report {
    const struct mem_input *in;
    const struct ledger *ledger;
    bool is_short; /* not every need can be met */
    size_t n;
    const struct report_row *rows;
    const struct movement_guest *movements;
    struct report_rank *ranks; /* scratch */
    struct mem_guest_view *views;
    struct mem_move *moves;
};

/* Fills views and moves and sets the plan. */
void report_plan(const struct report *r, struct mem_plan *ret_plan);

#endif
