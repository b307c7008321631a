/* sysfs_topology.c - cells, cores and caches from /sys, where libvirt tells none. */
#include "host/cpulist.h"
#include "host/procfs.h"
#include "host/topology.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The least member of a CPU list file of one pCPU; otherwise when there is none. */
static uint32_t least_of(const char *sysfs, uint32_t id, const char *name,
                         uint32_t otherwise)
{
    char path[PATH_MAX];
    struct cpuset set;
    snprintf(path, sizeof(path), "cpu%u/%s", id, name);
    if (sysfs_cpus(sysfs, path, &set) < 0 || !cpuset_has(&set, id))
        return otherwise;
    return cpuset_first(&set);
}

static void read_cells(const char *sysfs, struct topology *t)
{
    struct cpuset nodes, cpus;
    if (sysfs_cpus(sysfs, "../node/online", &nodes) < 0)
        return;
    for (uint32_t node = cpuset_first(&nodes); node < CPUSET_MAX;
         node = cpuset_next(&nodes, node + 1)) {
        char path[64];
        snprintf(path, sizeof(path), "../node/node%u/cpulist", node);
        if (sysfs_cpus(sysfs, path, &cpus) < 0)
            continue;
        for (size_t i = 0; i < t->npcpus; i++)
            if (cpuset_has(&cpus, t->pcpus[i].id))
                t->pcpus[i].cell = node;
    }
}

int topology_from_sysfs(const char *sysfs, const struct cpuset *online,
                        struct topology *ret)
{
    memset(ret, 0, sizeof(*ret));
    size_t n = cpuset_count(online);
    ret->pcpus = calloc(n > 0 ? n : 1, sizeof(*ret->pcpus));
    if (ret->pcpus == NULL)
        return -ENOMEM;
    for (uint32_t id = cpuset_first(online); id < CPUSET_MAX;
         id = cpuset_next(online, id + 1)) {
        struct snapshot_pcpu *p = &ret->pcpus[ret->npcpus++];
        p->id = id;
        p->core = least_of(sysfs, id, "topology/thread_siblings_list", id);
        p->llc = least_of(sysfs, id, "cache/index3/shared_cpu_list", 0);
    }
    read_cells(sysfs, ret);
    return 0;
}
