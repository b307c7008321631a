/* recorded.h - a recording's load as a scenario: what guests wanted, grew and held, and
 * when they came and went, so that any policy can be tried on it.  What the recorded
 * policy did (pins, balloon targets) is not in it: that is for the next one to decide.
 *
 *     recorded_create -> add a snapshot, again and again -> recorded_finish
 *
 * The demand of a vCPU is r / (1 - w) of each interval, in segments within which it stays
 * near its mean. */
#ifndef SIM_RECORDED_H
#define SIM_RECORDED_H

#include "common/err.h"
#include "common/snapshot.h"
#include "sim/scenario/scenario.h"

struct recorded;

/* Returns NULL when memory is out; destroy(NULL) is fine. */
struct recorded *recorded_create(void);
void recorded_destroy(struct recorded *r);

/* The next snapshot; the caller keeps it.  One without libvirt is passed over.
 * Returns 0; -ENOMEM; -E2BIG with e for too many VMs or events. */
int recorded_add(struct recorded *r, const struct snapshot *s, struct err *e);

/* Makes the scenario out of all of them; the pins are those of each VM's first snapshot.
 * Returns 0 and *ret (scenario_destroy() it); -ENODATA when there were less than two
 * snapshots, or no VM; -ENOMEM; -E2BIG. */
int recorded_finish(struct recorded *r, struct scenario **ret, struct err *e);

/* All of that for a file that `vmctl record` wrote.  A torn end is passed over.
 * Returns as the above, and as recording_open() and recording_next() do; e has the path. */
int recorded_read(const char *path, struct scenario **ret, struct err *e);

#endif
