/* turn.c - what is young enough to act on, and lists of actions. */
#include "actor/turn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct report_action *actor_add_action(struct report *r, enum report_action_kind kind,
                                       const struct snapshot_domain *d)
{
    if (r->nactions >= REPORT_ACTIONS_MAX)
        return NULL;
    struct report_action *list =
        realloc(r->actions, (r->nactions + 1) * sizeof(*r->actions));
    if (list == NULL)
        return NULL;
    r->actions = list;
    struct report_action *a = &list[r->nactions++];
    memset(a, 0, sizeof(*a));
    a->kind = kind;
    memcpy(a->uuid, d->uuid, sizeof(a->uuid));
    memcpy(a->name, d->name, sizeof(a->name));
    return a;
}

int actor_perform(const struct actor_turn *turn, struct report *r,
                  struct report_action *a)
{
    struct err e = {""};
    a->dry_run = !turn->act;
    if (a->dry_run)
        return 0;
    a->error = turn->hands->perform(turn->context, a, &e);
    snprintf(a->error_text, sizeof(a->error_text), "%.*s",
             (int)sizeof(a->error_text) - 1, e.text);
    r->calls_ok += a->error == 0;
    r->calls_failed += a->error != 0;
    return a->error;
}

bool actor_is_fresh(const struct actor_turn *turn, const struct snapshot_domain *d)
{
    return !d->quarantined &&
           turn->now_ns - d->sampled_ns <= ACTOR_STALE_INTERVALS * turn->interval_ns;
}
