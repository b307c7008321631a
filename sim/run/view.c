/* view.c - counters in steps of 10 ms, statistics of the guest's last answer, fields that
 * vanish: facts, section 2.1. */
#include "sim/run/view.h"

#include "sim/model/host_memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_NS 10000000.0
#define NS_PER_S INT64_C(1000000000)
#define DEFAULT_SHARES 1024
#define UUID_HEAD "00000000-0000-4000-8000-"

static struct opt_u64 some(double x)
{
    return (struct opt_u64){.value = x > 0.0 ? (uint64_t)x : 0, .has = true};
}

static struct opt_u64 in_ticks(double ns)
{
    return some((double)(uint64_t)(ns / TICK_NS) * TICK_NS);
}

static struct opt_u64 whole(int64_t x)
{
    return (struct opt_u64){.value = x > 0 ? (uint64_t)x : 0, .has = true};
}

size_t view_vm(const struct sim_model *m, const char *uuid)
{
    size_t head = sizeof(UUID_HEAD) - 1;
    if (strncmp(uuid, UUID_HEAD, head) != 0)
        return m->nvms;
    unsigned long i = strtoul(uuid + head, NULL, 16);
    return i < m->nvms ? i : m->nvms;
}

static int add_pcpus(const struct sim_model *m, struct snapshot *s)
{
    for (uint32_t p = 0; p < m->spec.pcpus; p++) {
        struct snapshot_pcpu *to = snapshot_add_pcpu(s);
        if (to == NULL)
            return -ENOMEM;
        *to = (struct snapshot_pcpu){
            .id = p,
            .cell = m->pcpus[p].cell,
            .llc = m->pcpus[p].llc,
            .core = m->pcpus[p].core,
            .online = m->pcpus[p].online,
            .isolated = m->pcpus[p].isolated,
            .busy_ns = in_ticks(m->pcpus[p].busy_ns),
            .steal_ns = some(0.0),
        };
    }
    return 0;
}

static int add_vcpus(const struct sim_model *m, const struct sim_vm *vm,
                     struct snapshot_domain *d)
{
    for (uint32_t k = 0; k < vm->nvcpus; k++) {
        const struct sim_vcpu *v = &vm->vcpus[k];
        struct snapshot_vcpu *to = snapshot_add_vcpu(d);
        if (to == NULL)
            return -ENOMEM;
        *to = (struct snapshot_vcpu){
            .number = k,
            .time_ns = in_ticks(v->ran_ns),
            .delay_ns = some(v->delay_ns),
            .affinity = v->mask,
            .allowed = v->lawful,
            .operator_pinned = vm->spec.operator_pin,
        };
    }
    (void)m;
    return 0;
}

static void fill_stats(const struct sim_guest *g, struct snapshot_memory *to)
{
    const struct sim_guest_stats *s = &g->stats;
    to->last_update_s = some(0.0);
    if (!s->any)
        return;
    to->last_update_s = whole((VIEW_WALL_NS + s->taken_ns) / NS_PER_S);
    to->available_kib = whole(s->available_kib);
    to->unused_kib = whole(s->unused_kib);
    to->usable_kib = whole(s->usable_kib);
    to->disk_caches_kib = whole(s->cache_kib);
    to->swap_in_kib = whole(s->swap_in_kib);
    to->swap_out_kib = whole(s->swap_out_kib);
    to->major_faults = whole(s->major_faults);
}

static void fill_memory(const struct sim_vm *vm, struct snapshot_memory *to)
{
    const struct sim_guest *g = &vm->guest;
    *to = (struct snapshot_memory){
        .maximum_kib = whole(g->spec.maximum_kib),
        .current_kib = whole(g->reported_kib),
        .balloon = g->spec.balloon == SIM_BALLOON_NONE ? SNAPSHOT_BALLOON_NONE
                                                       : SNAPSHOT_BALLOON_VIRTIO,
    };
    if (vm->partial)
        return;
    to->rss_kib = whole(sim_guest_rss_kib(g));
    if (to->balloon == SNAPSHOT_BALLOON_VIRTIO)
        to->period_s = some(g->period_s);
    if (to->balloon == SNAPSHOT_BALLOON_VIRTIO)
        fill_stats(g, to);
}

static int add_domain(const struct sim_model *m, size_t at,
                      const struct settings *settings, struct snapshot *s)
{
    const struct sim_vm *vm = &m->vms[at];
    struct snapshot_domain *d = snapshot_add_domain(s);
    if (d == NULL)
        return -ENOMEM;
    snprintf(d->name, sizeof(d->name), "%s", vm->spec.name);
    snprintf(d->uuid, sizeof(d->uuid), UUID_HEAD "%012x", (unsigned)at);
    d->id = vm->id;
    d->state = vm->state == SIM_PAUSED ? SNAPSHOT_STATE_PAUSED : SNAPSHOT_STATE_RUNNING;
    d->managed = settings_selects(settings, d->name);
    d->partial = vm->partial;
    d->sampled_ns = s->mono_ns;
    if ((uint32_t)vm->spec.weight != DEFAULT_SHARES)
        d->cpu_shares = some(vm->spec.weight);
    fill_memory(vm, &d->memory);
    return add_vcpus(m, vm, d);
}

/* A domain whose QEMU does not answer: as it was when it last did. */
static int add_hung(const struct snapshot *before, const char *name, struct snapshot *s)
{
    const struct snapshot_domain *old = snapshot_find(before, name);
    if (old == NULL)
        return 0;
    struct snapshot_domain *d = snapshot_add_domain(s);
    if (d == NULL)
        return -ENOMEM;
    *d = *old;
    d->vcpus = NULL;
    d->nvcpus = 0;
    d->quarantined = true;
    for (size_t k = 0; k < old->nvcpus; k++) {
        struct snapshot_vcpu *v = snapshot_add_vcpu(d);
        if (v == NULL)
            return -ENOMEM;
        *v = old->vcpus[k];
    }
    return 0;
}

static void fill_head(const struct sim_model *m, const struct settings *settings,
                      uint64_t version, struct snapshot *s)
{
    s->mono_ns = VIEW_MONO_NS + m->now_ns;
    s->wall_ns = VIEW_WALL_NS + m->now_ns;
    s->took_ns = 1000000;
    s->settings = *settings;
    s->settings_version = version;
    snprintf(s->boot_id, sizeof(s->boot_id), "%s", UUID_HEAD "000000000b00");
    snprintf(s->host.uuid, sizeof(s->host.uuid), "%s", UUID_HEAD "000000000001");
    snprintf(s->host.uri, sizeof(s->host.uri), "sim:");
    s->host.connected = !m->outage;
    if (m->outage)
        snprintf(s->host.trouble, sizeof(s->host.trouble),
                 "the simulated daemon is away");
    s->host.memory_total_kib = whole(m->spec.memory_kib);
    s->host.memory_available_kib = whole(sim_host_available_kib(m));
    s->host.memory_psi_permille = some(1000.0 * m->pressure);
}

int view_take(const struct sim_model *m, const struct settings *settings,
              uint64_t version, struct snapshot *ret)
{
    struct snapshot s;
    snapshot_init(&s);
    s.sequence = ret->sequence + 1;
    fill_head(m, settings, version, &s);
    int r = add_pcpus(m, &s);
    for (size_t i = 0; i < m->nvms && r == 0 && !m->outage; i++) {
        if (m->vms[i].state == SIM_OFF)
            continue;
        r = m->vms[i].hung ? add_hung(ret, m->vms[i].spec.name, &s)
                           : add_domain(m, i, settings, &s);
    }
    snapshot_fini(ret);
    if (r < 0)
        snapshot_fini(&s);
    else
        *ret = s;
    return r;
}
