/* health.h - is the stack well?  Decided from one reply of the monitor.  Pure. */
#ifndef CTL_HEALTH_H
#define CTL_HEALTH_H

#include "common/control.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEALTH_LINES_MAX 8
#define HEALTH_TEXT_MAX 320

enum health_actor {
    HEALTH_ACTOR_OK,       /* reports, and may act */
    HEALTH_ACTOR_STARTING, /* has not reported, and the monitor is young, too */
    HEALTH_ACTOR_SILENT,   /* has not reported for 3 intervals + 1 s */
    HEALTH_ACTOR_LOST,     /* reports that its own libvirt connection is gone */
    HEALTH_ACTOR_PAUSED,   /* holds still because it was told to */
    HEALTH_ACTOR_OBSERVE,  /* only says what it would do */
    HEALTH_ACTOR_OFF,      /* told to do nothing; need not even run */
};

struct health_line {
    bool bad; /* a reason for degraded; else only worth knowing */
    char text[HEALTH_TEXT_MAX];
};

struct health {
    bool degraded;
    enum health_actor actors[REPORT_ACTORS];    /* by enum report_actor */
    struct health_line lines[HEALTH_LINES_MAX]; /* bad ones first */
    size_t nlines;
};

/* Looks at a reply to CONTROL_STATE.  Degraded are: no snapshot, or one older than 3
 * intervals; libvirt not connected (the monitor's connection or an actor's); an actor
 * that is not off and silent for more than 3 intervals + 1 s.  Worth knowing are: VMs
 * in quarantine, actors starting, paused, observing or off. Names in the texts are as
 * they came: print them through text_safe(). */
void health_check(const struct control_reply *r, struct health *ret);

/* What that actor said last; NULL when it has said nothing, or is silent: what it said
 * then is no news any more. */
const struct report *health_report(const struct control_reply *r,
                                   const struct health *h, enum report_actor actor);

/* "ok", "silent", ... */
const char *health_actor_word(enum health_actor state);

/* Age of the snapshot, or of an actor's last report, at the time of the reply; ns, >=
 * 0. */
int64_t health_snapshot_age_ns(const struct control_reply *r);
int64_t health_report_age_ns(const struct control_reply *r, enum report_actor actor);

#endif
