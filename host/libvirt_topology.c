/* libvirt_topology.c - the host's part of a sample: pCPUs, memory, pressure. */
#include "host/libvirt_backend.h"
#include "host/procfs.h"
#include "host/text.h"

#include <stdlib.h>
#include <string.h>

/* Which CPUs are online costs one small file on this machine, and a call to another. */
#define REMOTE_LOOK_NS (10000 * LIBVIRT_MS_NS)

/* The online CPUs by libvirt's map of the host; false when unknown. */
static bool fetch_online(struct session *s, struct cpuset *ret)
{
    unsigned char *map = NULL;
    unsigned online;
    if (!session_call_begin(s, LIBVIRT_CALL_LIMIT_NS))
        return false;
    int n = virNodeGetCPUMap(s->conn, &map, &online, 0);
    bool good = session_call_end(s) && n > 0;
    cpuset_clear(ret);
    for (int cpu = 0; good && cpu < n && cpu < (int)CPUSET_MAX; cpu++)
        if (VIR_CPU_USED(map, cpu))
            cpuset_add(ret, (uint32_t)cpu);
    free(map);
    return good;
}

static bool fetch_capabilities(struct session *s, struct topology *ret)
{
    if (!session_call_begin(s,
                            LIBVIRT_OPEN_LIMIT_NS)) /* libvirtd may probe emulators */
        return false;
    char *text = virConnectGetCapabilities(s->conn);
    bool good = session_call_end(s) && text != NULL &&
                topology_from_capabilities(text, ret, NULL) == 0;
    free(text);
    return good;
}

/* Fetches the topology anew, for the CPUs online now. */
static void fetch_topology(struct session *s, const struct cpuset *online)
{
    struct topology t = {0}, flat;
    if (!fetch_capabilities(s, &t) && s->topology_known)
        return; /* the old one is better than none */
    if (t.npcpus == 0 &&
        topology_from_sysfs(s->backend->local ? s->backend->sysfs : "/nowhere", online,
                            &flat) == 0) {
        memcpy(flat.uuid, t.uuid, sizeof(flat.uuid));
        topology_fini(&t);
        t = flat;
    }
    topology_fini(&s->topology);
    s->topology = t;
    s->topology_known = true;
}

/* All cells together, as one cell (or virNodeGetInfo) may show a part only. */
static void fetch_memory_total(struct session *s)
{
    virNodeMemoryStats stats[16];
    int n = (int)(sizeof(stats) / sizeof(stats[0]));
    if (!session_call_begin(s, LIBVIRT_CALL_LIMIT_NS))
        return;
    int r =
        virNodeGetMemoryStats(s->conn, VIR_NODE_MEMORY_STATS_ALL_CELLS, stats, &n, 0);
    if (!session_call_end(s) || r < 0)
        return;
    for (int i = 0; i < n; i++)
        if (strcmp(stats[i].field, VIR_NODE_MEMORY_STATS_TOTAL) == 0)
            s->memory_total_kib = (struct opt_u64){stats[i].value, true};
}

void session_topology_refresh(struct session *s)
{
    const struct backend *b = s->backend;
    int64_t now = libvirt_now_ns();
    if (s->topology_known && !b->local && now - s->topology_ns < REMOTE_LOOK_NS)
        return;
    s->topology_ns = now;
    struct cpuset online, map;
    bool seen = b->local && sysfs_cpus(b->sysfs, "online", &online) == 0;
    if (s->topology_known && seen && cpuset_equal(&online, &s->online))
        return;
    bool mapped = fetch_online(s, &map);
    if (!b->local && !s->memory_total_kib.has)
        fetch_memory_total(s);
    if (!seen && !mapped)
        return;
    online = seen ? online : map;
    if (s->topology_known && cpuset_equal(&online, &s->online))
        return;
    fetch_topology(s, &online);
    s->online = online;
}

static void mark_isolated(const struct backend *b, struct snapshot *ret)
{
    struct cpuset isolated, nohz_full;
    cpuset_clear(&isolated);
    cpuset_clear(&nohz_full);
    sysfs_cpus(b->sysfs, "isolated", &isolated);
    sysfs_cpus(b->sysfs, "nohz_full", &nohz_full);
    for (size_t i = 0; i < ret->host.npcpus; i++) {
        struct snapshot_pcpu *p = &ret->host.pcpus[i];
        p->isolated = cpuset_has(&isolated, p->id) || cpuset_has(&nohz_full, p->id);
    }
}

void session_host_fill(struct session *s, struct snapshot *ret)
{
    memcpy(ret->host.uuid, s->topology.uuid, sizeof(ret->host.uuid));
    ret->host.memory_total_kib = s->memory_total_kib;
    for (size_t i = 0; i < s->topology.npcpus; i++) {
        struct snapshot_pcpu *p = snapshot_add_pcpu(ret);
        if (p == NULL)
            break;
        *p = s->topology.pcpus[i];
        p->online = cpuset_has(&s->online, p->id);
    }
    if (s->backend->local)
        mark_isolated(s->backend, ret);
}

/* What moves: from /proc on this machine; of another one nothing. */
void libvirt_host_times(struct backend *b, struct snapshot *ret)
{
    text_copy(ret->host.uri, sizeof(ret->host.uri), b->uri);
    procfs_boot_id(b->procfs,
                   ret->boot_id); /* of the clock that stamps, so always ours */
    if (!b->local)
        return;
    procfs_memory(b->procfs, &ret->host.memory_total_kib,
                  &ret->host.memory_available_kib);
    procfs_pressure(b->procfs, "memory", &ret->host.memory_psi_permille);
    procfs_pressure(b->procfs, "cpu", &ret->host.cpu_psi_permille);
    procfs_cpu_times(b->procfs, ret->host.pcpus, ret->host.npcpus);
}
