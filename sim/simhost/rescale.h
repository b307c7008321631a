/* rescale.h - a model's snapshot on the clocks of the real world.  Pure.
 *
 * At speed X the script of a scenario goes by X times as fast.  Guests grow and balloons
 * move X times as fast, too, but a pCPU is still one pCPU: the counters of run time and
 * run delay are divided by X, so that loads stay what they are. */
#ifndef SIM_SIMHOST_RESCALE_H
#define SIM_SIMHOST_RESCALE_H

#include "common/snapshot.h"

#include <stdint.h>

struct rescale {
    int64_t mono_ns, wall_ns; /* the real clocks at the model's time 0 */
    double speed;             /* > 0 */
};

/* The model's time, ns, at that CLOCK_MONOTONIC. */
int64_t rescale_to_model_ns(const struct rescale *r, int64_t mono_ns);

/* Changes every time stamp and counter of a snapshot that view_take() made. */
void rescale_snapshot(const struct rescale *r, struct snapshot *s);

#endif
