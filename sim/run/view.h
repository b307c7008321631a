/* view.h - the model as the monitor would show it: a snapshot. */
#ifndef SIM_RUN_VIEW_H
#define SIM_RUN_VIEW_H

#include "common/snapshot.h"
#include "sim/model/model.h"

/* CLOCK_MONOTONIC and CLOCK_REALTIME at the model's time 0, ns. */
#define VIEW_MONO_NS INT64_C(1000000000000)
#define VIEW_WALL_NS INT64_C(1700000000000000000)

/* Overwrites ret with a snapshot of now; sequence counts on from what ret held, and what
 * a hung domain showed last is taken from there.  Returns 0 or -ENOMEM (ret is then
 * empty). */
int view_take(const struct sim_model *m, const struct settings *settings,
              uint64_t settings_version, struct snapshot *ret);

/* The index of the VM with that uuid, or nvms. */
size_t view_vm(const struct sim_model *m, const char *uuid);

#endif
