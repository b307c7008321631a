/* test_ctl_fixture.c - replies of a monitor, made up for the tests of ctl/. */
#undef NDEBUG
#include "tests/unit/test_ctl_fixture.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct opt_u64 some(uint64_t value)
{
    return (struct opt_u64){.value = value, .has = true};
}

static void add_pcpus(struct snapshot *s, size_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct snapshot_pcpu *p = snapshot_add_pcpu(s);
        assert(p != NULL);
        p->id = i;
        p->core = i;
        p->online = true;
    }
}

static void add_vm(struct snapshot *s, size_t i, size_t npcpus)
{
    struct snapshot_domain *d = snapshot_add_domain(s);
    assert(d != NULL);
    snprintf(d->name, sizeof(d->name), "vm%zu", i + 1);
    snprintf(d->uuid, sizeof(d->uuid), "00000000-0000-4000-8000-%012x",
             (unsigned)(i + 1) % 0xffffff);
    d->id = (int32_t)(i + 1);
    d->state = SNAPSHOT_STATE_RUNNING;
    d->managed = true;
    d->sampled_ns = s->mono_ns;
    d->memory.maximum_kib = some(2048 * FIXTURE_MIB);
    d->memory.current_kib = some(512 * FIXTURE_MIB);
    d->memory.usable_kib = some(212 * FIXTURE_MIB);
    d->memory.unused_kib = some(250 * FIXTURE_MIB);
    d->memory.period_s = some(1);
    d->memory.last_update_s = some(1700000000);
    d->memory.balloon = SNAPSHOT_BALLOON_VIRTIO;
    for (uint32_t k = 0; k < 2; k++) {
        struct snapshot_vcpu *v = snapshot_add_vcpu(d);
        assert(v != NULL);
        v->number = k;
        v->time_ns = some(28530000000);
        v->delay_ns = some(1200000000);
        v->affinity = cpuset_of((uint32_t)((2 * i + k) % npcpus));
        for (uint32_t p = 0; p < npcpus; p++)
            cpuset_add(&v->allowed, p);
    }
}

static void add_cpu_report(struct control_reply *r, size_t npcpus, size_t nvms)
{
    struct control_report *slot = &r->reports[REPORT_ACTOR_CPU];
    struct report_cpu *cpu = &slot->report.cpu;
    cpu->pcpus = calloc(npcpus + 1, sizeof(*cpu->pcpus));
    cpu->vcpus = calloc(2 * nvms + 1, sizeof(*cpu->vcpus));
    assert(cpu->pcpus != NULL && cpu->vcpus != NULL);
    cpu->npcpus = npcpus;
    cpu->nvcpus = 2 * nvms;
    for (uint32_t p = 0; p < npcpus; p++)
        cpu->pcpus[p] = (struct report_pcpu){p, 500 + 10 * p, 480 + 5 * p};
    for (size_t i = 0; i < 2 * nvms; i++) {
        struct report_vcpu *v = &cpu->vcpus[i];
        memcpy(v->uuid, r->snapshot.domains[i / 2].uuid, sizeof(v->uuid));
        v->vcpu = i % 2;
        v->demand_permille = 250;
        v->ran_permille = 240;
        v->waited_permille = 10;
    }
    strcpy(slot->report.verdict, "balanced");
    strcpy(slot->report.reason,
           "pCPU loads deviate by 1.2 % of their mean, 5 % is allowed");
}

static void add_mem_report(struct control_reply *r, size_t nvms)
{
    struct control_report *slot = &r->reports[REPORT_ACTOR_MEM];
    struct report_mem *mem = &slot->report.mem;
    mem->guests = calloc(nvms + 1, sizeof(*mem->guests));
    assert(mem->guests != NULL);
    mem->nguests = nvms;
    mem->budget_kib = 12000 * FIXTURE_MIB;
    mem->held_kib = 512 * FIXTURE_MIB * nvms;
    mem->spare_kib = 900 * FIXTURE_MIB;
    mem->reserve_kib = 819 * FIXTURE_MIB;
    for (size_t i = 0; i < nvms; i++) {
        struct report_guest *g = &mem->guests[i];
        memcpy(g->uuid, r->snapshot.domains[i].uuid, sizeof(g->uuid));
        strcpy(g->state, "ok");
        strcpy(g->why, "has what it wants");
        g->used_kib = 300 * FIXTURE_MIB;
        g->need_kib = 332 * FIXTURE_MIB;
        g->want_kib = 400 * FIXTURE_MIB;
        g->share_kib = 512 * FIXTURE_MIB;
        g->target_kib = 512 * FIXTURE_MIB;
        g->floor_kib = 200 * FIXTURE_MIB;
        g->growth_kib_s = -2048;
    }
    strcpy(slot->report.verdict, "steady");
    strcpy(slot->report.reason, "every guest has its share");
}

static void add_report(struct control_reply *r, enum report_actor actor)
{
    struct control_report *slot = &r->reports[actor];
    slot->has = true;
    slot->received_ns = r->mono_ns - FIXTURE_S / 2;
    slot->report.actor = actor;
    slot->report.pid = 4242 + (int32_t)actor;
    strcpy(slot->report.version, "0.1.0");
    slot->report.settings_version = r->settings_version;
    slot->report.interval_ms = 2000;
    slot->report.connected = true;
    slot->report.snapshots = 1234;
    slot->report.calls_ok = 6;
}

void fixture_reply(struct control_reply *ret, size_t npcpus, size_t nvms)
{
    memset(ret, 0, sizeof(*ret));
    strcpy(ret->id, "1");
    strcpy(ret->version, "0.1.0");
    ret->pid = 4242;
    ret->mono_ns = FIXTURE_NOW_NS;
    ret->started_ns = FIXTURE_NOW_NS - 3723 * FIXTURE_S;
    ret->settings_version = 7;
    settings_init(&ret->settings);
    struct snapshot *s = &ret->snapshot;
    ret->has_snapshot = true;
    snapshot_init(s);
    s->sequence = 1235;
    s->mono_ns = FIXTURE_NOW_NS - FIXTURE_S * 8 / 10;
    s->wall_ns = INT64_C(1700000001) * FIXTURE_S;
    s->took_ns = 3100000;
    s->settings = ret->settings;
    strcpy(s->host.uri, "qemu:///system");
    s->host.connected = true;
    s->host.memory_total_kib = some(16384 * FIXTURE_MIB);
    s->host.memory_available_kib = some(9000 * FIXTURE_MIB);
    add_pcpus(s, npcpus);
    for (size_t i = 0; i < nvms; i++)
        add_vm(s, i, npcpus);
    add_report(ret, REPORT_ACTOR_CPU);
    add_report(ret, REPORT_ACTOR_MEM);
    add_cpu_report(ret, npcpus, nvms);
    add_mem_report(ret, nvms);
}

struct snapshot_domain *fixture_vm(struct control_reply *r, const char *name)
{
    for (size_t i = 0; i < r->snapshot.ndomains; i++)
        if (strcmp(r->snapshot.domains[i].name, name) == 0)
            return &r->snapshot.domains[i];
    assert(!"no such VM in the fixture");
    return NULL;
}

char *fixture_text(void (*render)(FILE *to, void *arg), void *arg)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    assert(to != NULL);
    render(to, arg);
    assert(fclose(to) == 0);
    return text;
}
