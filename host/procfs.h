/* procfs.h - what libvirt does not tell about its host: /proc and /sys, local host
 * only.
 *
 * procfs and sysfs are the roots ("/proc", "/sys"): another one in a container or a
 * test. */
#ifndef HOST_PROCFS_H
#define HOST_PROCFS_H

#include "common/cpuset.h"
#include "common/snapshot.h"

#include <stddef.h>

/* MemTotal and MemAvailable of meminfo; what is not there stays absent. */
void procfs_memory(const char *procfs, struct opt_u64 *ret_total_kib,
                   struct opt_u64 *ret_available_kib);

/* pressure/<resource> ("memory", "cpu"): "some avg10", in permille of the time; absent
 * on a kernel without PSI. */
void procfs_pressure(const char *procfs, const char *resource,
                     struct opt_u64 *ret_permille);

/* Sets busy_ns and steal_ns of the pCPUs (ascending by id) that stat has; of the others
 * they become absent.  Busy is user, nice, system, irq and softirq; user includes
 * guests. */
void procfs_cpu_times(const char *procfs, struct snapshot_pcpu *pcpus, size_t n);

/* The kernel's boot id.  Returns buf, "" when there is none. */
char *procfs_boot_id(const char *procfs, char buf[SNAPSHOT_UUID_MAX]);

/* A CPU list of /sys/devices/system/cpu ("online", "isolated", "nohz_full").
 * Returns 0; -errno, and *ret_set is then untouched. */
int sysfs_cpus(const char *sysfs, const char *name, struct cpuset *ret_set);

/* The first line of a file, newline cut off.  Returns 0; -errno. */
int procfs_line(const char *path, char *buf, size_t size);

#endif
