/* snapshot.c - snapshots packed and unpacked. */
#include "common/wire/field.h"
#include "common/wire/parts.h"

#include <errno.h>

static void pack_memory(const struct snapshot_memory *from, Vmb__Memory *m)
{
    FIELD_PUT_OPT(m, maximum_kib, from->maximum_kib, FIELD_KIB_MAX);
    FIELD_PUT_OPT(m, current_kib, from->current_kib, FIELD_KIB_MAX);
    FIELD_PUT_OPT(m, available_kib, from->available_kib, FIELD_KIB_MAX);
    FIELD_PUT_OPT(m, unused_kib, from->unused_kib, FIELD_KIB_MAX);
    FIELD_PUT_OPT(m, usable_kib, from->usable_kib, FIELD_KIB_MAX);
    FIELD_PUT_OPT(m, disk_caches_kib, from->disk_caches_kib, FIELD_KIB_MAX);
    FIELD_PUT_OPT(m, swap_in_kib, from->swap_in_kib, FIELD_COUNT_MAX);
    FIELD_PUT_OPT(m, swap_out_kib, from->swap_out_kib, FIELD_COUNT_MAX);
    FIELD_PUT_OPT(m, major_faults, from->major_faults, FIELD_COUNT_MAX);
    FIELD_PUT_OPT(m, rss_kib, from->rss_kib, FIELD_KIB_MAX);
    FIELD_PUT_OPT(m, last_update_s, from->last_update_s, FIELD_COUNT_MAX);
    FIELD_PUT_OPT(m, period_s, from->period_s, FIELD_COUNT_MAX);
    FIELD_PUT(m, balloon, (Vmb__BalloonModel)from->balloon);
    FIELD_PUT(m, hostdev, from->hostdev);
    FIELD_PUT(m, hugepages, from->hugepages);
    FIELD_PUT(m, locked, from->locked);
}

static int pack_vcpu(struct arena *a, const struct snapshot_vcpu *from, Vmb__Vcpu *m)
{
    FIELD_PUT(m, number, from->number);
    FIELD_PUT_OPT(m, time_ns, from->time_ns, FIELD_NS_MAX);
    FIELD_PUT_OPT(m, delay_ns, from->delay_ns, FIELD_NS_MAX);
    FIELD_PUT(m, operator_pinned, from->operator_pinned);
    if (field_put_cpuset(a, &from->affinity, &m->has_affinity, &m->affinity) < 0)
        return -ENOMEM;
    return field_put_cpuset(a, &from->allowed, &m->has_allowed, &m->allowed);
}

static int pack_domain(struct arena *a, const struct snapshot_domain *from,
                       Vmb__Domain *m)
{
    m->uuid = field_put_text(a, from->uuid);
    m->name = field_put_text(a, from->name);
    m->memory = arena_alloc(a, sizeof(*m->memory));
    m->n_vcpus = from->nvcpus;
    m->vcpus = PACK_LIST(a, from->nvcpus, Vmb__Vcpu, vmb__vcpu__init);
    if (m->uuid == NULL || m->name == NULL || m->memory == NULL || m->vcpus == NULL)
        return -ENOMEM;
    FIELD_PUT(m, id, from->id);
    FIELD_PUT(m, state, (Vmb__DomainState)from->state);
    FIELD_PUT(m, managed, from->managed);
    FIELD_PUT(m, partial, from->partial);
    FIELD_PUT(m, quarantined, from->quarantined);
    FIELD_PUT(m, sampled_ns, from->sampled_ns);
    FIELD_PUT_OPT(m, cpu_shares, from->cpu_shares, FIELD_COUNT_MAX);
    for (size_t i = 0; i < from->nvcpus; i++)
        if (pack_vcpu(a, &from->vcpus[i], m->vcpus[i]) < 0)
            return -ENOMEM;
    vmb__memory__init(m->memory);
    pack_memory(&from->memory, m->memory);
    return 0;
}

static void pack_pcpu(const struct snapshot_pcpu *from, Vmb__Pcpu *m)
{
    FIELD_PUT(m, id, from->id);
    FIELD_PUT(m, cell, from->cell);
    FIELD_PUT(m, llc, from->llc);
    FIELD_PUT(m, core, from->core);
    FIELD_PUT(m, online, from->online);
    FIELD_PUT(m, isolated, from->isolated);
    FIELD_PUT_OPT(m, busy_ns, from->busy_ns, FIELD_NS_MAX);
    FIELD_PUT_OPT(m, steal_ns, from->steal_ns, FIELD_NS_MAX);
}

static Vmb__Host *pack_host(struct arena *a, const struct snapshot_host *from)
{
    Vmb__Host *m = arena_alloc(a, sizeof(*m));
    if (m == NULL)
        return NULL;
    vmb__host__init(m);
    m->uri = field_put_text(a, from->uri);
    m->trouble = field_put_text(a, from->trouble);
    m->n_pcpus = from->npcpus;
    m->pcpus = PACK_LIST(a, from->npcpus, Vmb__Pcpu, vmb__pcpu__init);
    if (m->uri == NULL || m->trouble == NULL || m->pcpus == NULL)
        return NULL;
    FIELD_PUT(m, connected, from->connected);
    FIELD_PUT_OPT(m, memory_total_kib, from->memory_total_kib, FIELD_KIB_MAX);
    FIELD_PUT_OPT(m, memory_available_kib, from->memory_available_kib, FIELD_KIB_MAX);
    if (from->memory_psi_permille.has)
        FIELD_PUT(m, memory_psi_permille, (uint32_t)from->memory_psi_permille.value);
    if (from->cpu_psi_permille.has)
        FIELD_PUT(m, cpu_psi_permille, (uint32_t)from->cpu_psi_permille.value);
    for (size_t i = 0; i < from->npcpus; i++)
        pack_pcpu(&from->pcpus[i], m->pcpus[i]);
    return m;
}

Vmb__Snapshot *pack_snapshot(struct arena *a, const struct snapshot *s)
{
    Vmb__Snapshot *m = arena_alloc(a, sizeof(*m));
    if (m == NULL)
        return NULL;
    vmb__snapshot__init(m);
    FIELD_PUT(m, sequence, s->sequence);
    FIELD_PUT(m, mono_ns, s->mono_ns);
    FIELD_PUT(m, wall_ns, s->wall_ns);
    FIELD_PUT(m, took_ns, s->took_ns);
    FIELD_PUT(m, settings_version, s->settings_version);
    m->host = pack_host(a, &s->host);
    m->n_domains = s->ndomains;
    m->domains = PACK_LIST(a, s->ndomains, Vmb__Domain, vmb__domain__init);
    if (m->host == NULL || m->domains == NULL ||
        pack_settings(a, &s->settings, &m->n_settings, &m->settings) < 0)
        return NULL;
    for (size_t i = 0; i < s->ndomains; i++)
        if (pack_domain(a, &s->domains[i], m->domains[i]) < 0)
            return NULL;
    return m;
}

/* ---- unpacking ---- */

static int unpack_memory(const Vmb__Memory *m, struct snapshot_memory *to,
                         struct err *e)
{
    if (m == NULL)
        return 0;
    int r = FIELD_OPT(m, to, maximum_kib, FIELD_KIB_MAX, e);
    r = r < 0 ? r : FIELD_OPT(m, to, current_kib, FIELD_KIB_MAX, e);
    r = r < 0 ? r : FIELD_OPT(m, to, available_kib, FIELD_KIB_MAX, e);
    r = r < 0 ? r : FIELD_OPT(m, to, unused_kib, FIELD_KIB_MAX, e);
    r = r < 0 ? r : FIELD_OPT(m, to, usable_kib, FIELD_KIB_MAX, e);
    r = r < 0 ? r : FIELD_OPT(m, to, disk_caches_kib, FIELD_KIB_MAX, e);
    r = r < 0 ? r : FIELD_OPT(m, to, swap_in_kib, FIELD_COUNT_MAX, e);
    r = r < 0 ? r : FIELD_OPT(m, to, swap_out_kib, FIELD_COUNT_MAX, e);
    r = r < 0 ? r : FIELD_OPT(m, to, major_faults, FIELD_COUNT_MAX, e);
    r = r < 0 ? r : FIELD_OPT(m, to, rss_kib, FIELD_KIB_MAX, e);
    r = r < 0 ? r : FIELD_OPT(m, to, last_update_s, FIELD_COUNT_MAX, e);
    r = r < 0 ? r : FIELD_OPT(m, to, period_s, FIELD_COUNT_MAX, e);
    to->balloon = m->balloon == VMB__BALLOON_MODEL__BALLOON_MODEL_VIRTIO
                      ? SNAPSHOT_BALLOON_VIRTIO
                      : SNAPSHOT_BALLOON_NONE;
    to->hostdev = m->hostdev != 0;
    to->hugepages = m->hugepages != 0;
    to->locked = m->locked != 0;
    return r;
}

static int unpack_vcpu(const Vmb__Vcpu *m, struct snapshot_vcpu *to, struct err *e)
{
    int r = FIELD_U32(m, to, number, SNAPSHOT_VCPUS_MAX - 1, e);
    r = r < 0 ? r : FIELD_OPT(m, to, time_ns, FIELD_NS_MAX, e);
    r = r < 0 ? r : FIELD_OPT(m, to, delay_ns, FIELD_NS_MAX, e);
    r = r < 0
            ? r
            : field_cpuset(m->has_affinity, &m->affinity, &to->affinity, "affinity", e);
    r = r < 0 ? r
              : field_cpuset(m->has_allowed, &m->allowed, &to->allowed, "allowed", e);
    to->operator_pinned = m->operator_pinned != 0;
    return r;
}

static enum snapshot_state state_of(Vmb__DomainState state)
{
    switch (state) {
    case VMB__DOMAIN_STATE__DOMAIN_STATE_RUNNING:
        return SNAPSHOT_STATE_RUNNING;
    case VMB__DOMAIN_STATE__DOMAIN_STATE_PAUSED:
        return SNAPSHOT_STATE_PAUSED;
    default: /* also one that a newer sender knows */
        return SNAPSHOT_STATE_OTHER;
    }
}

static int unpack_vcpus(const Vmb__Domain *m, struct snapshot_domain *to, struct err *e)
{
    int r = field_count(m->n_vcpus, SNAPSHOT_VCPUS_MAX, "vcpus", e);
    for (size_t i = 0; i < m->n_vcpus && r == 0; i++) {
        struct snapshot_vcpu *v = snapshot_add_vcpu(to);
        r = v == NULL ? -ENOMEM : unpack_vcpu(m->vcpus[i], v, e);
        if (r == 0 && i > 0 && to->vcpus[i - 1].number >= to->vcpus[i].number)
            r = err_set(e, -EINVAL, "vcpus are not ascending");
    }
    return r;
}

static int unpack_domain(const Vmb__Domain *m, struct snapshot_domain *to,
                         struct err *e)
{
    int r = field_name(m->name, to->name, sizeof(to->name), "domain name", e);
    r = r < 0 ? r : field_uuid(m->uuid, to->uuid, "domain uuid", e);
    if (r == 0 && to->uuid[0] == '\0')
        r = err_set(e, -EINVAL, "domain uuid is missing");
    r = r < 0 ? r : FIELD_I64(m, to, sampled_ns, e);
    r = r < 0 ? r : FIELD_OPT(m, to, cpu_shares, FIELD_COUNT_MAX, e);
    r = r < 0 ? r : unpack_memory(m->memory, &to->memory, e);
    r = r < 0 ? r : unpack_vcpus(m, to, e);
    to->id = m->has_id ? m->id : -1;
    to->state = m->has_state ? state_of(m->state) : SNAPSHOT_STATE_OTHER;
    to->managed = m->managed != 0;
    to->partial = m->partial != 0;
    to->quarantined = m->quarantined != 0;
    return r;
}

static int unpack_pcpu(const Vmb__Pcpu *m, struct snapshot_pcpu *to, struct err *e)
{
    int r = FIELD_U32(m, to, id, CPUSET_MAX - 1, e);
    r = r < 0 ? r : FIELD_U32(m, to, cell, UINT32_MAX, e);
    r = r < 0 ? r : FIELD_U32(m, to, llc, UINT32_MAX, e);
    r = r < 0 ? r : FIELD_U32(m, to, core, UINT32_MAX, e);
    r = r < 0 ? r : FIELD_OPT(m, to, busy_ns, FIELD_NS_MAX, e);
    r = r < 0 ? r : FIELD_OPT(m, to, steal_ns, FIELD_NS_MAX, e);
    to->online = m->online != 0;
    to->isolated = m->isolated != 0;
    return r;
}

static int unpack_pcpus(const Vmb__Host *m, struct snapshot *s, struct err *e)
{
    int r = field_count(m->n_pcpus, CPUSET_MAX, "pcpus", e);
    for (size_t i = 0; i < m->n_pcpus && r == 0; i++) {
        struct snapshot_pcpu *p = snapshot_add_pcpu(s);
        r = p == NULL ? -ENOMEM : unpack_pcpu(m->pcpus[i], p, e);
        if (r == 0 && i > 0 && s->host.pcpus[i - 1].id >= s->host.pcpus[i].id)
            r = err_set(e, -EINVAL, "pcpus are not ascending");
    }
    return r;
}

static int unpack_host(const Vmb__Host *m, struct snapshot *s, struct err *e)
{
    struct snapshot_host *to = &s->host;
    if (m == NULL)
        return err_set(e, -EINVAL, "host is missing");
    int r = field_text(m->uri, to->uri, sizeof(to->uri), "uri", e);
    r = r < 0 ? r
              : field_text(m->trouble, to->trouble, sizeof(to->trouble), "trouble", e);
    r = r < 0 ? r : FIELD_OPT(m, to, memory_total_kib, FIELD_KIB_MAX, e);
    r = r < 0 ? r : FIELD_OPT(m, to, memory_available_kib, FIELD_KIB_MAX, e);
    r = r < 0 ? r : FIELD_OPT(m, to, memory_psi_permille, 1000, e);
    r = r < 0 ? r : FIELD_OPT(m, to, cpu_psi_permille, 1000, e);
    to->connected = m->connected != 0;
    return r < 0 ? r : unpack_pcpus(m, s, e);
}

int unpack_snapshot(const Vmb__Snapshot *m, struct snapshot *s, struct err *e)
{
    int r = unpack_settings(m->n_settings, m->settings, &s->settings, e);
    r = r < 0 ? r : FIELD_U64(m, s, sequence, FIELD_COUNT_MAX, e);
    r = r < 0 ? r : FIELD_U64(m, s, settings_version, FIELD_COUNT_MAX, e);
    r = r < 0 ? r : FIELD_I64(m, s, mono_ns, e);
    r = r < 0 ? r : FIELD_I64(m, s, wall_ns, e);
    r = r < 0 ? r : FIELD_I64(m, s, took_ns, e);
    r = r < 0 ? r : unpack_host(m->host, s, e);
    r = r < 0 ? r : field_count(m->n_domains, SNAPSHOT_DOMAINS_MAX, "domains", e);
    for (size_t i = 0; i < m->n_domains && r == 0; i++) {
        struct snapshot_domain *d = snapshot_add_domain(s);
        r = d == NULL ? -ENOMEM : unpack_domain(m->domains[i], d, e);
        if (r == 0 && i > 0 && strcmp(s->domains[i - 1].uuid, s->domains[i].uuid) >= 0)
            r = err_set(e, -EINVAL, "domains are not ascending by uuid");
    }
    return r;
}
