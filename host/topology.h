/* topology.h - the host's pCPUs and how they hang together, as a plain value. */
#ifndef HOST_TOPOLOGY_H
#define HOST_TOPOLOGY_H

#include "common/cpuset.h"
#include "common/err.h"
#include "common/snapshot.h"

#include <stddef.h>
#include <stdint.h>

struct topology {
    char uuid[SNAPSHOT_UUID_MAX]; /* the host's, or "" */
    struct snapshot_pcpu *pcpus;  /* ascending by id; id, cell, llc and core are set */
    size_t npcpus;                /* 0 = not known */
    uint32_t ignored;             /* pCPUs left out: their number is >= CPUSET_MAX */
};

/* Frees what it owns and zeroes it; a zeroed one is fine. */
void topology_fini(struct topology *t);

/* Reads libvirt's capabilities XML.  pCPUs without socket and core (offline ones) are
 * listed all the same; a number seen twice counts once.  The last-level cache is the
 * highest level with banks; pCPUs in no bank share one per socket and die.
 * Returns 0, with npcpus == 0 when the XML has no topology (topology_fini() ret);
 * -EINVAL, -E2BIG or -ENOMEM with e, and ret zeroed.  Pure. */
int topology_from_capabilities(const char *text, struct topology *ret, struct err *e);

/* The same from /sys, for hosts whose capabilities have none; online pCPUs only.  What
 * /sys does not tell is flat: cell 0, LLC 0, every pCPU its own core.
 * sysfs: root of /sys.  Returns 0 or -ENOMEM. */
int topology_from_sysfs(const char *sysfs, const struct cpuset *online,
                        struct topology *ret);

#endif
