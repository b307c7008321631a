/* watch.c - edges worth telling: libvirt, domains and actors that come and go. */
#include "monitor/monitor.h"

#include "common/clock.h"

#include <string.h>

#define SILENT_INTERVALS 3
#define SILENT_EXTRA_NS CLOCK_NS_PER_S

static void watch_libvirt(struct monitor *m, const struct snapshot *before)
{
    const struct snapshot_host *now = &m->last.host;
    if (before->host.connected == now->connected && before->sequence != 0)
        return;
    if (now->connected)
        publisher_event(m, "libvirt-connected", NULL, "%s", now->uri);
    else if (before->sequence != 0 || now->trouble[0] != '\0')
        publisher_event(m, "libvirt-lost", NULL, "%s", now->trouble);
}

static void watch_domain(struct monitor *m, const struct snapshot_domain *was,
                         const struct snapshot_domain *is)
{
    if (was == NULL)
        publisher_event(m, "vm-appeared", is->name, "%zu vCPUs%s", is->nvcpus,
                        is->managed ? "" : ", not managed");
    else if (was->quarantined != is->quarantined)
        publisher_event(
            m, is->quarantined ? "vm-quarantined" : "vm-released", is->name, "%s",
            is->quarantined ? "its QEMU does not answer" : "its QEMU answers again");
}

void watch_snapshot(struct monitor *m, const struct snapshot *before)
{
    watch_libvirt(m, before);
    size_t i = 0, k = 0; /* both lists ascend by uuid: walk them side by side */
    while (i < before->ndomains || k < m->last.ndomains) {
        const struct snapshot_domain *was =
            i < before->ndomains ? &before->domains[i] : NULL;
        const struct snapshot_domain *is =
            k < m->last.ndomains ? &m->last.domains[k] : NULL;
        int order = was == NULL ? 1 : is == NULL ? -1 : strcmp(was->uuid, is->uuid);
        if (order < 0 && was != NULL && m->last.host.connected)
            publisher_event(m, "vm-gone", was->name, "no longer active");
        if (order >= 0 && is != NULL)
            watch_domain(m, order == 0 ? was : NULL, is);
        i += order <= 0;
        k += order >= 0;
    }
}

void watch_actors(struct monitor *m)
{
    int64_t limit_ns =
        SILENT_INTERVALS * CLOCK_NS_PER_MS * m->settings.interval_ms + SILENT_EXTRA_NS;
    int64_t now_ns = clock_mono_ns();
    for (int a = REPORT_ACTOR_CPU; a < REPORT_ACTORS; a++) {
        const struct control_report *r = &m->reports[a];
        bool silent = r->has && now_ns - r->received_ns > limit_ns;
        if (silent == m->silent[a])
            continue;
        m->silent[a] = silent;
        publisher_event(m, silent ? "actor-silent" : "actor-back", NULL, "%s",
                        report_actor_name((enum report_actor)a));
    }
}
