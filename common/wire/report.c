/* report.c - reports packed and unpacked. */
#include "common/wire/field.h"
#include "common/wire/parts.h"

#include <errno.h>
#include <stdlib.h>

#define PERMILLE_MAX 100000000U /* thousands of pCPUs' worth of load on one */

int pack_action(struct arena *a, const struct report_action *from, Vmb__Action *m)
{
    m->uuid = field_put_text(a, from->uuid);
    m->name = field_put_text(a, from->name);
    m->reason = field_put_text(a, from->reason);
    if (m->uuid == NULL || m->name == NULL || m->reason == NULL)
        return -ENOMEM;
    if (from->error != 0) {
        m->error_text = field_put_text(a, from->error_text);
        if (m->error_text == NULL)
            return -ENOMEM;
    }
    FIELD_PUT(m, kind, (Vmb__ActionKind)from->kind);
    FIELD_PUT(m, vcpu, from->vcpu);
    FIELD_PUT(m, from_value, from->from_value);
    FIELD_PUT(m, to_value, from->to_value);
    FIELD_PUT(m, error, from->error);
    FIELD_PUT(m, dry_run, from->dry_run);
    if (field_put_cpuset(a, &from->from_pcpus, &m->has_from_pcpus, &m->from_pcpus) < 0)
        return -ENOMEM;
    return field_put_cpuset(a, &from->to_pcpus, &m->has_to_pcpus, &m->to_pcpus);
}

static Vmb__CpuReport *pack_cpu(struct arena *a, const struct report_cpu *from)
{
    Vmb__CpuReport *m = arena_alloc(a, sizeof(*m));
    if (m == NULL)
        return NULL;
    vmb__cpu_report__init(m);
    FIELD_PUT(m, max_now_permille, from->max_now_permille);
    FIELD_PUT(m, max_planned_permille, from->max_planned_permille);
    FIELD_PUT(m, lower_bound_permille, from->lower_bound_permille);
    FIELD_PUT(m, mean_permille, from->mean_permille);
    FIELD_PUT(m, deviation_now_permille, from->deviation_now_permille);
    FIELD_PUT(m, deviation_planned_permille, from->deviation_planned_permille);
    m->n_pcpus = from->npcpus;
    m->pcpus = PACK_LIST(a, from->npcpus, Vmb__PcpuLoad, vmb__pcpu_load__init);
    m->n_vcpus = from->nvcpus;
    m->vcpus = PACK_LIST(a, from->nvcpus, Vmb__VcpuLoad, vmb__vcpu_load__init);
    if (m->pcpus == NULL || m->vcpus == NULL)
        return NULL;
    for (size_t i = 0; i < from->npcpus; i++) {
        FIELD_PUT(m->pcpus[i], id, from->pcpus[i].id);
        FIELD_PUT(m->pcpus[i], load_permille, from->pcpus[i].load_permille);
        FIELD_PUT(m->pcpus[i], ran_permille, from->pcpus[i].ran_permille);
    }
    for (size_t i = 0; i < from->nvcpus; i++) {
        m->vcpus[i]->uuid = field_put_text(a, from->vcpus[i].uuid);
        if (m->vcpus[i]->uuid == NULL)
            return NULL;
        FIELD_PUT(m->vcpus[i], vcpu, from->vcpus[i].vcpu);
        FIELD_PUT(m->vcpus[i], demand_permille, from->vcpus[i].demand_permille);
        FIELD_PUT(m->vcpus[i], ran_permille, from->vcpus[i].ran_permille);
        FIELD_PUT(m->vcpus[i], waited_permille, from->vcpus[i].waited_permille);
    }
    return m;
}

static int pack_guest(struct arena *a, const struct report_guest *from, Vmb__Guest *m)
{
    m->uuid = field_put_text(a, from->uuid);
    m->state = field_put_text(a, from->state);
    m->why = field_put_text(a, from->why);
    if (m->uuid == NULL || m->state == NULL || m->why == NULL)
        return -ENOMEM;
    FIELD_PUT(m, used_kib, from->used_kib);
    FIELD_PUT(m, need_kib, from->need_kib);
    FIELD_PUT(m, want_kib, from->want_kib);
    FIELD_PUT(m, share_kib, from->share_kib);
    FIELD_PUT(m, target_kib, from->target_kib);
    FIELD_PUT(m, floor_kib, from->floor_kib);
    FIELD_PUT(m, growth_kib_s, from->growth_kib_s);
    return 0;
}

static Vmb__MemReport *pack_mem(struct arena *a, const struct report_mem *from)
{
    Vmb__MemReport *m = arena_alloc(a, sizeof(*m));
    if (m == NULL)
        return NULL;
    vmb__mem_report__init(m);
    FIELD_PUT(m, budget_kib, from->budget_kib);
    FIELD_PUT(m, held_kib, from->held_kib);
    FIELD_PUT(m, spare_kib, from->spare_kib);
    FIELD_PUT(m, reserve_kib, from->reserve_kib);
    m->n_guests = from->nguests;
    m->guests = PACK_LIST(a, from->nguests, Vmb__Guest, vmb__guest__init);
    if (m->guests == NULL)
        return NULL;
    for (size_t i = 0; i < from->nguests; i++)
        if (pack_guest(a, &from->guests[i], m->guests[i]) < 0)
            return NULL;
    return m;
}

static int pack_texts_and_lists(struct arena *a, const struct report *r, Vmb__Report *m)
{
    m->version = field_put_text(a, r->version);
    m->verdict = field_put_text(a, r->verdict);
    m->reason = field_put_text(a, r->reason);
    m->n_actions = r->nactions;
    m->actions = PACK_LIST(a, r->nactions, Vmb__Action, vmb__action__init);
    if (m->version == NULL || m->verdict == NULL || m->reason == NULL ||
        m->actions == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < r->nactions; i++)
        if (pack_action(a, &r->actions[i], m->actions[i]) < 0)
            return -ENOMEM;
    if (r->actor == REPORT_ACTOR_CPU && (m->cpu = pack_cpu(a, &r->cpu)) == NULL)
        return -ENOMEM;
    if (r->actor == REPORT_ACTOR_MEM && (m->mem = pack_mem(a, &r->mem)) == NULL)
        return -ENOMEM;
    return 0;
}

Vmb__Report *pack_report(struct arena *a, const struct report *r)
{
    Vmb__Report *m = arena_alloc(a, sizeof(*m));
    if (m == NULL)
        return NULL;
    vmb__report__init(m);
    FIELD_PUT(m, actor, (Vmb__Actor)r->actor);
    FIELD_PUT(m, pid, r->pid);
    FIELD_PUT(m, started_ns, r->started_ns);
    FIELD_PUT(m, snapshot_sequence, r->snapshot_sequence);
    FIELD_PUT(m, settings_version, r->settings_version);
    FIELD_PUT(m, interval_ms, r->interval_ms);
    FIELD_PUT(m, mode, r->mode);
    FIELD_PUT(m, paused, r->paused);
    FIELD_PUT(m, connected, r->connected);
    FIELD_PUT(m, snapshots, r->snapshots);
    FIELD_PUT(m, gaps, r->gaps);
    FIELD_PUT(m, bad_messages, r->bad_messages);
    FIELD_PUT(m, calls_ok, r->calls_ok);
    FIELD_PUT(m, calls_failed, r->calls_failed);
    return pack_texts_and_lists(a, r, m) < 0 ? NULL : m;
}

/* ---- unpacking ---- */

int unpack_action(const Vmb__Action *m, struct report_action *to, struct err *e)
{
    int r = field_uuid(m->uuid, to->uuid, "action uuid", e);
    r = r < 0 ? r : field_name(m->name, to->name, sizeof(to->name), "action name", e);
    r = r < 0 ? r : field_text(m->reason, to->reason, sizeof(to->reason), "reason", e);
    r = r < 0 ? r
              : field_text(m->error_text, to->error_text, sizeof(to->error_text),
                           "error_text", e);
    r = r < 0 ? r : FIELD_U32(m, to, vcpu, SNAPSHOT_VCPUS_MAX - 1, e);
    r = r < 0 ? r : FIELD_U64(m, to, from_value, FIELD_KIB_MAX, e);
    r = r < 0 ? r : FIELD_U64(m, to, to_value, FIELD_KIB_MAX, e);
    r = r < 0 ? r
              : field_cpuset(m->has_from_pcpus, &m->from_pcpus, &to->from_pcpus,
                             "from_pcpus", e);
    r = r < 0
            ? r
            : field_cpuset(m->has_to_pcpus, &m->to_pcpus, &to->to_pcpus, "to_pcpus", e);
    if (r == 0 && (m->kind < (Vmb__ActionKind)REPORT_PIN ||
                   m->kind > (Vmb__ActionKind)REPORT_STATS_PERIOD))
        r = err_set(e, -EINVAL, "action kind %d is not known", (int)m->kind);
    to->kind = (enum report_action_kind)m->kind;
    to->error = m->error;
    to->dry_run = m->dry_run != 0;
    return r;
}

static int unpack_pcpu_load(const Vmb__PcpuLoad *m, struct report_pcpu *to,
                            struct err *e)
{
    int r = FIELD_U32(m, to, id, CPUSET_MAX - 1, e);
    r = r < 0 ? r : FIELD_U32(m, to, load_permille, PERMILLE_MAX, e);
    return r < 0 ? r : FIELD_U32(m, to, ran_permille, PERMILLE_MAX, e);
}

static int unpack_vcpu_load(const Vmb__VcpuLoad *m, struct report_vcpu *to,
                            struct err *e)
{
    int r = field_uuid(m->uuid, to->uuid, "vcpu uuid", e);
    r = r < 0 ? r : FIELD_U32(m, to, vcpu, SNAPSHOT_VCPUS_MAX - 1, e);
    r = r < 0 ? r : FIELD_U32(m, to, demand_permille, 1000, e);
    r = r < 0 ? r : FIELD_U32(m, to, ran_permille, PERMILLE_MAX, e);
    return r < 0 ? r : FIELD_U32(m, to, waited_permille, PERMILLE_MAX, e);
}

static int unpack_cpu(const Vmb__CpuReport *m, struct report_cpu *to, struct err *e)
{
    int r = FIELD_U32(m, to, max_now_permille, PERMILLE_MAX, e);
    r = r < 0 ? r : FIELD_U32(m, to, max_planned_permille, PERMILLE_MAX, e);
    r = r < 0 ? r : FIELD_U32(m, to, lower_bound_permille, PERMILLE_MAX, e);
    r = r < 0 ? r : FIELD_U32(m, to, mean_permille, PERMILLE_MAX, e);
    r = r < 0 ? r : FIELD_U32(m, to, deviation_now_permille, PERMILLE_MAX, e);
    r = r < 0 ? r : FIELD_U32(m, to, deviation_planned_permille, PERMILLE_MAX, e);
    r = r < 0 ? r : field_count(m->n_pcpus, CPUSET_MAX, "pcpu loads", e);
    r = r < 0 ? r : field_count(m->n_vcpus, REPORT_VCPUS_MAX, "vcpu loads", e);
    if (r < 0)
        return r;
    to->pcpus = calloc(m->n_pcpus + 1, sizeof(*to->pcpus));
    to->vcpus = calloc(m->n_vcpus + 1, sizeof(*to->vcpus));
    if (to->pcpus == NULL || to->vcpus == NULL)
        return -ENOMEM;
    to->npcpus = m->n_pcpus;
    to->nvcpus = m->n_vcpus;
    for (size_t i = 0; i < m->n_pcpus && r == 0; i++)
        r = unpack_pcpu_load(m->pcpus[i], &to->pcpus[i], e);
    for (size_t i = 0; i < m->n_vcpus && r == 0; i++)
        r = unpack_vcpu_load(m->vcpus[i], &to->vcpus[i], e);
    return r;
}

static int unpack_guest(const Vmb__Guest *m, struct report_guest *to, struct err *e)
{
    int r = field_uuid(m->uuid, to->uuid, "guest uuid", e);
    r = r < 0 ? r
              : field_text(m->state, to->state, sizeof(to->state), "guest state", e);
    r = r < 0 ? r : field_text(m->why, to->why, sizeof(to->why), "why", e);
    r = r < 0 ? r : FIELD_U64(m, to, used_kib, FIELD_KIB_MAX, e);
    r = r < 0 ? r : FIELD_U64(m, to, need_kib, FIELD_KIB_MAX, e);
    r = r < 0 ? r : FIELD_U64(m, to, want_kib, FIELD_KIB_MAX, e);
    r = r < 0 ? r : FIELD_U64(m, to, share_kib, FIELD_KIB_MAX, e);
    r = r < 0 ? r : FIELD_U64(m, to, target_kib, FIELD_KIB_MAX, e);
    r = r < 0 ? r : FIELD_U64(m, to, floor_kib, FIELD_KIB_MAX, e);
    return r < 0 ? r : FIELD_I64(m, to, growth_kib_s, e);
}

static int unpack_mem(const Vmb__MemReport *m, struct report_mem *to, struct err *e)
{
    int r = FIELD_U64(m, to, budget_kib, FIELD_KIB_MAX, e);
    r = r < 0 ? r : FIELD_U64(m, to, held_kib, FIELD_KIB_MAX, e);
    r = r < 0 ? r : FIELD_U64(m, to, spare_kib, FIELD_KIB_MAX, e);
    r = r < 0 ? r : FIELD_U64(m, to, reserve_kib, FIELD_KIB_MAX, e);
    r = r < 0 ? r : field_count(m->n_guests, SNAPSHOT_DOMAINS_MAX, "guests", e);
    if (r < 0)
        return r;
    to->guests = calloc(m->n_guests + 1, sizeof(*to->guests));
    if (to->guests == NULL)
        return -ENOMEM;
    to->nguests = m->n_guests;
    for (size_t i = 0; i < m->n_guests && r == 0; i++)
        r = unpack_guest(m->guests[i], &to->guests[i], e);
    return r;
}

static int unpack_counters(const Vmb__Report *m, struct report *to, struct err *e)
{
    int r = FIELD_I64(m, to, started_ns, e);
    r = r < 0 ? r : FIELD_U64(m, to, snapshot_sequence, FIELD_COUNT_MAX, e);
    r = r < 0 ? r : FIELD_U64(m, to, settings_version, FIELD_COUNT_MAX, e);
    r = r < 0 ? r : FIELD_U32(m, to, interval_ms, 3600000, e);
    r = r < 0 ? r : FIELD_U32(m, to, mode, SETTINGS_MODE_OFF, e);
    r = r < 0 ? r : FIELD_U64(m, to, snapshots, FIELD_COUNT_MAX, e);
    r = r < 0 ? r : FIELD_U64(m, to, gaps, FIELD_COUNT_MAX, e);
    r = r < 0 ? r : FIELD_U64(m, to, bad_messages, FIELD_COUNT_MAX, e);
    r = r < 0 ? r : FIELD_U64(m, to, calls_ok, FIELD_COUNT_MAX, e);
    return r < 0 ? r : FIELD_U64(m, to, calls_failed, FIELD_COUNT_MAX, e);
}

static int unpack_actions(const Vmb__Report *m, struct report *to, struct err *e)
{
    int r = field_count(m->n_actions, REPORT_ACTIONS_MAX, "actions", e);
    if (r < 0)
        return r;
    to->actions = calloc(m->n_actions + 1, sizeof(*to->actions));
    if (to->actions == NULL)
        return -ENOMEM;
    to->nactions = m->n_actions;
    for (size_t i = 0; i < m->n_actions && r == 0; i++)
        r = unpack_action(m->actions[i], &to->actions[i], e);
    return r;
}

int unpack_report(const Vmb__Report *m, struct report *to, struct err *e)
{
    if (m->actor != VMB__ACTOR__ACTOR_CPU && m->actor != VMB__ACTOR__ACTOR_MEM)
        return err_set(e, -EINVAL, "report of an unknown actor %d", (int)m->actor);
    to->actor = (enum report_actor)m->actor;
    to->pid = m->pid;
    to->paused = m->paused != 0;
    to->connected = m->connected != 0;
    int r = unpack_counters(m, to, e);
    r = r < 0 ? r
              : field_text(m->version, to->version, sizeof(to->version), "version", e);
    r = r < 0 ? r
              : field_text(m->verdict, to->verdict, sizeof(to->verdict), "verdict", e);
    r = r < 0 ? r : field_text(m->reason, to->reason, sizeof(to->reason), "reason", e);
    r = r < 0 ? r : unpack_actions(m, to, e);
    if (r == 0 && m->cpu != NULL)
        r = unpack_cpu(m->cpu, &to->cpu, e);
    if (r == 0 && m->mem != NULL)
        r = unpack_mem(m->mem, &to->mem, e);
    return r;
}
