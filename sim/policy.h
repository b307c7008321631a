/* policy.h - what simrun lets loose on a model: one table of functions per policy.
 * Those of others are in sim/policies/. */
#ifndef SIM_POLICY_H
#define SIM_POLICY_H

#include "actor/turn.h"
#include "common/report.h"

#include <stddef.h>

#ifdef SIM_HAVE_POLICIES
#include "sim/policies/policies.h"
#else
struct sim_policy {
    const char *name;
    const char *help; /* one line */
    void *(*create)(void);
    void (*destroy)(void *self);
    /* Decides over turn->snapshot and acts with actor_add_action() and actor_perform().
     * Returns 0, or -errno. */
    int (*decide)(void *self, const struct actor_turn *turn, struct report *report);
};
#endif

extern const struct sim_policy sim_policy_vmbalance; /* both of our actors */
extern const struct sim_policy sim_policy_none;      /* touches nothing */
extern const struct sim_policy sim_policy_kernel;    /* takes every live pin away */

/* Every policy that is linked in: ours first.  *ret_n of them. */
const struct sim_policy *const *sim_policy_all(size_t *ret_n);

/* The policy of that name, or NULL. */
const struct sim_policy *sim_policy_find(const char *name);

#endif
