/* lxd.h - LXD's CPU placement: the CPUs that the fewest are pinned to, load or not.
 * Pure. */
#ifndef SIM_POLICIES_LXD_H
#define SIM_POLICIES_LXD_H

#include "common/cpuset.h"

#include <stddef.h>
#include <stdint.h>

/* Counts one more user on every CPU of an explicit pin.  users[CPUSET_MAX]. */
void lxd_count(uint32_t *users, const struct cpuset *pinned);

/* Takes the n CPUs of <among> with the fewest users, the lowest number first, all of
 * them when there are no more than n, and counts one more user on each. */
struct cpuset lxd_take(uint32_t *users, const struct cpuset *among, size_t n);

#endif
