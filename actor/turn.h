/* turn.h - one snapshot to be judged, and the actions that come of it.  No I/O. */
#ifndef ACTOR_TURN_H
#define ACTOR_TURN_H

#include "common/err.h"
#include "common/report.h"
#include "common/snapshot.h"

#include <stdbool.h>
#include <stdint.h>

/* Numbers older than that many intervals are reported, never acted on. */
#define ACTOR_STALE_INTERVALS 3

/* What acts for a turn: the host through libvirt, or a simulated one. */
struct actor_hands {
    /* Does it.  Returns 0, or -errno with the reason in e. */
    int (*perform)(void *context, const struct report_action *a, struct err *e);
    /* CLOCK_MONOTONIC there, ns. */
    int64_t (*clock)(void *context);
};

/* One snapshot to be judged. */
struct actor_turn {
    const struct snapshot *snapshot;
    int64_t now_ns;      /* mono */
    int64_t interval_ns; /* the snapshot's setting */
    bool act; /* false: fill the report's actions in, with dry_run, touch nothing */
    const struct actor_hands *hands;
    void *context; /* of the hands */
};

/* Why this snapshot must not be acted on (switched off, no connection to libvirt, too
 * old), as the report's verdict and reason; the report's mode and connected are filled in
 * before.  False when it may be judged. */
bool actor_refuses(const struct actor_turn *turn, struct report *r);

/* Fills in verdict and reason. */
void actor_hold(struct report *r, const char *verdict, const char *reason);

/* Appends an action to the report; NULL when memory or the limit is out. */
struct report_action *actor_add_action(struct report *r, enum report_action_kind kind,
                                       const struct snapshot_domain *d);

/* Performs one action with the turn's hands, unless turn->act is false; fills in error,
 * error_text and dry_run, and counts it in the report.  A plan whose snapshot has become
 * stale by now (earlier calls blocked) is not carried out further: -ESTALE.
 * Returns a->error. */
int actor_perform(const struct actor_turn *turn, struct report *r,
                  struct report_action *a);

/* True when the domain's numbers are young enough to act on: not quarantined, and read
 * at most 3 intervals before the turn. */
bool actor_is_fresh(const struct actor_turn *turn, const struct snapshot_domain *d);

#endif
