/* actor.h - what both actors do the same way: receive a snapshot, judge it, act,
 * report.
 *
 * An actor brings a name and one function, judge(); this brings the options, the feed
 * (the bus, or its own samples with --standalone), staleness, gaps, signals, the lock
 * that keeps a second one away, and the report. */
#ifndef ACTOR_ACTOR_H
#define ACTOR_ACTOR_H

#include "actor/turn.h"
#include "common/report.h"
#include "common/settings.h"

#include <stdbool.h>

struct actor_ops {
    enum report_actor who;
    const char *name; /* "cpu_actor" */
    const char
        *alias; /* "vcpu_scheduler": the name under which INTERVAL is the argument */
    const char *help; /* one sentence */
    void *(*create)(void);
    void (*destroy)(void *self);
    enum settings_mode (*mode)(const struct settings *s);
    bool (*paused)(const struct settings *s);
    /* Decides over the snapshot, acts when turn->act, and fills in report: verdict,
     * reason, actions and the actor's own part (lists are freed by report_fini()).
     * Returns 0, or -errno when no decision could be made (the report is sent all the
     * same, reason says why). */
    int (*judge)(void *self, const struct actor_turn *turn, struct report *report);
};

/* The whole of an actor's main(): returns the exit status. */
int actor_main(const struct actor_ops *ops, int argc, char **argv);

#endif
