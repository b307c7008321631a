/* host_memory.h - the host's memory: what is available, pressure, and the OOM killer.
 * Pure; KiB. */
#ifndef SIM_MODEL_HOST_MEMORY_H
#define SIM_MODEL_HOST_MEMORY_H

#include "sim/model/model.h"

/* total - the host's own use - what all QEMUs hold; below 0 is out of memory. */
int64_t sim_host_available_kib(const struct sim_model *m);

/* Notes the lowest, follows pressure, kills the greatest VM when nothing is left. */
void sim_host_memory_run(struct sim_model *m, int64_t dt_ns);

#endif
