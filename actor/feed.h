/* feed.h - where an actor's snapshots come from: the bus, or the actor's own samples.
 */
#ifndef ACTOR_FEED_H
#define ACTOR_FEED_H

#include "actor/options.h"
#include "common/bus.h"
#include "common/err.h"
#include "common/report.h"
#include "common/snapshot.h"
#include "host/host.h"

#include <stdint.h>

struct feed;

/* h is used for sampling with --standalone.  Returns 0 and *ret_feed, or -errno. */
int feed_open(const struct actor_options *o, struct host *h, struct feed **ret_feed,
              struct err *e);
void feed_close(struct feed *f);

/* Waits for the next snapshot, at most until timeout_ms is over or signal_fd is
 * readable. Returns 0 and *ret (snapshot_fini() it); -EAGAIN when there is none yet;
 * -errno. Undecodable messages are counted and dropped. */
int feed_next(struct feed *f, int signal_fd, int timeout_ms, struct snapshot *ret);

/* Sends the report to the monitor, if there is one; a lost report is no error. */
void feed_report(struct feed *f, const struct report *r);

/* Messages dropped, and snapshots missed by their numbers, so far. */
uint64_t feed_bad_messages(const struct feed *f);
uint64_t feed_gaps(const struct feed *f);

#endif
