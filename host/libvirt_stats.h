/* libvirt_stats.h - a bulk record's typed parameters as a snapshot's domain. */
#ifndef HOST_LIBVIRT_STATS_H
#define HOST_LIBVIRT_STATS_H

#include "common/snapshot.h"

#include <libvirt/libvirt.h>

/* Fills state, vcpus and memory of ret (zeroed before) from params[n]; what is not
 * among them stays absent, unknown names are passed over, numbers below 0 are absent.
 * partial is set when a field that a running domain always has is missing.
 * Returns 0; -ENOMEM.  Calls nothing of libvirt. */
int libvirt_stats_parse(const virTypedParameter *params, int n,
                        struct snapshot_domain *ret);

#endif
