/* policies.h - what other systems would do, to be run by simrun in place of our actors. */
#ifndef SIM_POLICIES_POLICIES_H
#define SIM_POLICIES_POLICIES_H

#include "actor/turn.h"
#include "common/report.h"

#include <stddef.h>

/* A policy that simrun can run in place of ours. */
struct sim_policy {
    const char *name; /* of --policy */
    const char *help; /* one line */
    /* Returns its state, averages and timers at their beginning; NULL without memory. */
    void *(*create)(void);
    void (*destroy)(void *self); /* NULL is fine */
    /* Judges one snapshot: adds its actions to the report with actor_add_action() and
     * performs them with actor_perform(); what fails stands in the action.  To be called
     * with every snapshot: it keeps its own time.  Returns 0 or -errno. */
    int (*decide)(void *self, const struct actor_turn *turn, struct report *report);
};

/* All of them, in the order in which a table shows them; *ret_n policies. */
const struct sim_policy *sim_policies(size_t *ret_n);

#endif
