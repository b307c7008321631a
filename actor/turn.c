/* turn.c - what may be acted on, and lists of actions. */
#include "actor/turn.h"

#include "common/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void actor_hold(struct report *r, const char *verdict, const char *reason)
{
    snprintf(r->verdict, sizeof(r->verdict), "%s", verdict);
    snprintf(r->reason, sizeof(r->reason), "%s", reason);
}

bool actor_refuses(const struct actor_turn *turn, struct report *r)
{
    int64_t age_ns = turn->now_ns - turn->snapshot->mono_ns;
    char text[REPORT_TEXT_MAX];
    if (r->mode == SETTINGS_MODE_OFF) {
        actor_hold(r, "off", "switched off by its mode setting");
    } else if (!turn->snapshot->host.connected) {
        actor_hold(r, "blind", "the monitor has no connection to libvirt");
    } else if (r->mode == SETTINGS_MODE_ACT && !r->connected) {
        actor_hold(r, "blind", "no connection of its own to libvirt");
    } else if (age_ns > ACTOR_STALE_INTERVALS * turn->interval_ns) {
        snprintf(text, sizeof(text),
                 "the snapshot is %.1f s old, more than %d intervals",
                 (double)age_ns / (double)CLOCK_NS_PER_S, ACTOR_STALE_INTERVALS);
        actor_hold(r, "stale", text);
    } else {
        return false;
    }
    return true;
}

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

/* Calls can block, each for 2 s: a plan grows old while it is carried out. */
static bool is_stale(const struct actor_turn *turn)
{
    int64_t age_ns = turn->hands->clock(turn->context) - turn->snapshot->mono_ns;
    return age_ns > ACTOR_STALE_INTERVALS * turn->interval_ns;
}

int actor_perform(const struct actor_turn *turn, struct report *r,
                  struct report_action *a)
{
    struct err e = {""};
    a->dry_run = !turn->act;
    if (a->dry_run)
        return 0;
    if (is_stale(turn)) {
        a->error = -ESTALE;
        snprintf(a->error_text, sizeof(a->error_text),
                 "earlier calls took so long that the snapshot has become stale");
        r->calls_failed++;
        return a->error;
    }
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
