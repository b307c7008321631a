/* cpulist.h - the kernel's CPU lists, on machines that may have more CPUs than we
 * count. Pure. */
#ifndef HOST_CPULIST_H
#define HOST_CPULIST_H

#include "common/cpuset.h"

/* Reads "0-3,8" as /sys and libvirt's capabilities write it.  Unlike cpuset_parse() it
 * leaves CPUs >= CPUSET_MAX out instead of failing, and knows no '^'.
 * Blanks and a final newline are allowed; "" is the empty set.
 * Returns 0; -EINVAL for anything else ("(null)", as old kernels say for an unset
 * nohz_full, included).  On failure *ret_set is untouched. */
int cpulist_parse(const char *text, struct cpuset *ret_set);

#endif
