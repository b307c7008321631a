/* recorded.c - see recorded.h. */
#include "sim/recorded_state.h"

#include "common/recording.h"
#include "common/wire/wire.h"
#include "sim/scenario/sections.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct recorded *recorded_create(void)
{
    struct recorded *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return NULL;
    r->scenario = calloc(1, sizeof(*r->scenario));
    if (r->scenario == NULL || (r->vms = calloc(SIM_VMS_MAX, sizeof(void *))) == NULL) {
        recorded_destroy(r);
        return NULL;
    }
    scenario_defaults(r->scenario);
    return r;
}

void recorded_destroy(struct recorded *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; r->vms != NULL && i < SIM_VMS_MAX; i++)
        free(r->vms[i]);
    free(r->vms);
    scenario_destroy(r->scenario);
    free(r);
}

int recorded_event(struct recorded *r, const struct sim_event *ev)
{
    return scenario_add_event(r->scenario, ev);
}

int recorded_simple(struct recorded *r, size_t vm, enum sim_event_kind kind,
                    double number)
{
    struct sim_event ev = {.at_ns = r->now_ns,
                           .kind = kind,
                           .vm = vm,
                           .vcpu = SIM_ALL_VCPUS,
                           .number = number};
    return recorded_event(r, &ev);
}

/* ---- VMs ---- */

static int add_masks(struct recorded *r, size_t vm, const struct snapshot_domain *d)
{
    struct scenario_vm *to = &r->scenario->vms[vm];
    int rc = 0;
    for (size_t k = 0; k < d->nvcpus && rc == 0; k++) {
        const struct snapshot_vcpu *v = &d->vcpus[k];
        struct sim_event ev = {.at_ns = r->now_ns,
                               .kind = SIM_EVENT_MASK,
                               .vm = vm,
                               .vcpu = v->number,
                               .number = v->operator_pinned,
                               .cpus = v->operator_pinned ? v->allowed : v->affinity};
        to->spec.operator_pin |= v->operator_pinned;
        if (v->number < SIM_VCPUS_MAX && !cpuset_empty(&ev.cpus))
            rc = recorded_event(r, &ev);
    }
    return rc;
}

static void describe(struct scenario_vm *to, const struct snapshot_domain *d)
{
    const struct snapshot_memory *m = &d->memory;
    struct sim_guest_spec *g = &to->spec.guest;
    section_vm_defaults(&to->spec);
    snprintf(to->spec.name, sizeof(to->spec.name), "%.*s", SIM_NAME_MAX - 1, d->name);
    to->spec.cell = SIM_NO_CELL;
    if (d->cpu_shares.has)
        to->spec.weight = (double)d->cpu_shares.value;
    if (d->nvcpus > 0 && !d->vcpus[0].operator_pinned)
        to->spec.cpuset = d->vcpus[0].allowed;
    if (m->current_kib.has)
        g->boot_kib = (int64_t)m->current_kib.value;
    g->maximum_kib = m->maximum_kib.has ? (int64_t)m->maximum_kib.value : g->boot_kib;
    g->maximum_kib = g->maximum_kib < g->boot_kib ? g->boot_kib : g->maximum_kib;
    g->kernel_kib = 40 * MIB + g->maximum_kib / 64;
    g->period_s = (uint32_t)m->period_s.value;
    if (m->balloon == SNAPSHOT_BALLOON_NONE)
        g->balloon = SIM_BALLOON_NONE;
}

static int find_vm(struct recorded *r, const struct snapshot_domain *d, size_t *ret,
                   struct err *e)
{
    struct scenario *s = r->scenario;
    for (*ret = 0; *ret < s->nvms; ++*ret)
        if (strcmp(r->vms[*ret]->uuid, d->uuid) == 0)
            return 0;
    if (s->nvms == SIM_VMS_MAX)
        return err_set(e, -E2BIG, "more than %d VMs", SIM_VMS_MAX);
    if (s->nvms == r->room) {
        size_t room = r->room == 0 ? 16 : 2 * r->room;
        struct scenario_vm *list = realloc(s->vms, room * sizeof(*list));
        if (list == NULL)
            return -ENOMEM;
        s->vms = list;
        r->room = room;
    }
    if ((r->vms[s->nvms] = calloc(1, sizeof(struct recorded_vm))) == NULL)
        return -ENOMEM;
    memcpy(r->vms[s->nvms]->uuid, d->uuid, sizeof(d->uuid));
    s->vms[s->nvms] = (struct scenario_vm){.spec = {.started = r->snapshots == 0}};
    describe(&s->vms[s->nvms], d);
    s->nvms++;
    return 0;
}

static int take_domain(struct recorded *r, const struct snapshot_domain *d,
                       struct err *e)
{
    size_t vm;
    int rc = find_vm(r, d, &vm, e);
    if (rc < 0 || d->quarantined)
        return rc;
    struct recorded_vm *to = r->vms[vm];
    bool starts = !to->here && r->snapshots > 0, again = to->seen && to->id != d->id;
    bool paused = d->state == SNAPSHOT_STATE_PAUSED;
    if (again && to->here)
        rc = recorded_simple(r, vm, SIM_EVENT_STOP, 0);
    if (rc == 0 && (starts || again))
        rc = recorded_simple(r, vm, SIM_EVENT_START, 0);
    if (starts || again) { /* its memory begins anew */
        to->program_kib = INT64_MIN;
        to->cache_kib = 0;
    }
    if (rc == 0 && (starts || again || !to->seen))
        rc = add_masks(r, vm, d);
    rc = rc < 0 ? rc : recorded_take_vcpus(r, vm, d, starts || again);
    if (!to->seen)
        r->scenario->vms[vm].spec.vcpus = to->nvcpus > 0 ? to->nvcpus : 1;
    rc = rc < 0 ? rc : recorded_take_memory(r, vm, &d->memory);
    if (rc == 0 && paused != to->paused)
        rc = recorded_simple(r, vm, paused ? SIM_EVENT_PAUSE : SIM_EVENT_RESUME, 0);
    to->paused = paused;
    to->here = to->seen = true;
    to->id = d->id;
    return rc;
}

static int take_absence(struct recorded *r, const struct snapshot *s)
{
    int rc = 0;
    for (size_t i = 0; i < r->scenario->nvms && rc == 0; i++) {
        if (!r->vms[i]->here || snapshot_find(s, r->vms[i]->uuid) != NULL)
            continue;
        r->vms[i]->here = r->vms[i]->paused = false;
        rc = recorded_simple(r, i, SIM_EVENT_STOP, 0);
    }
    return rc;
}

/* The scenario's time of a snapshot; after a boot of the host it goes on. */
static void take_time(struct recorded *r, const struct snapshot *s)
{
    r->last_ns = r->now_ns;
    bool same = strcmp(r->boot_id, s->boot_id) == 0;
    if (r->snapshots == 0)
        r->base_ns = s->mono_ns;
    else if (!same || s->mono_ns - r->base_ns <= r->last_ns)
        r->base_ns = s->mono_ns - r->last_ns - s->settings.interval_ms * MS;
    memcpy(r->boot_id, s->boot_id, sizeof(r->boot_id));
    r->now_ns = s->mono_ns - r->base_ns;
}

int recorded_add(struct recorded *r, const struct snapshot *s, struct err *e)
{
    int rc = 0;
    if (!s->host.connected || s->host.npcpus == 0)
        return 0;
    take_time(r, s);
    if (r->snapshots == 0)
        rc = recorded_take_host(r, s);
    else
        rc = recorded_take_use(r, s, &r->used_kib);
    if (r->snapshots == 0)
        r->used_kib = r->scenario->host.used_kib;
    rc = rc < 0 ? rc : take_absence(r, s);
    for (size_t i = 0; i < s->ndomains && rc == 0; i++)
        rc = take_domain(r, &s->domains[i], e);
    r->snapshots++;
    if (rc == -E2BIG && e->text[0] == '\0')
        err_set(e, rc, "too much happened for one run (%d events); record less",
                SIM_EVENTS_MAX);
    return rc;
}

/* ---- the end ---- */

/* What was always in use is the system's, the rest the program's. */
static void split_memory(struct recorded *r)
{
    struct scenario *s = r->scenario;
    for (size_t i = 0; i < s->nvms; i++) {
        struct sim_guest_spec *g = &s->vms[i].spec.guest;
        int64_t least = r->vms[i]->least_unused_kib;
        if (!r->vms[i]->has_used)
            continue;
        g->os_kib = r->vms[i]->least_kib;
        g->least_free_kib = least < g->least_free_kib ? least : g->least_free_kib;
    }
    for (size_t i = 0; i < s->nevents; i++) {
        struct sim_event *ev = &s->events[i];
        if (ev->kind == SIM_EVENT_GROW || ev->kind == SIM_EVENT_RELEASE)
            ev->kib -= r->vms[ev->vm]->least_kib;
    }
}

int recorded_finish(struct recorded *r, struct scenario **ret, struct err *e)
{
    struct scenario *s = r->scenario;
    int rc = 0;
    if (r->snapshots < 2 || s->nvms == 0)
        return err_set(e, -ENODATA, "%llu snapshots and %zu VMs make no load",
                       (unsigned long long)r->snapshots, s->nvms);
    for (size_t i = 0; i < s->nvms && rc == 0; i++)
        for (uint32_t k = 0; k < s->vms[i].spec.vcpus_max && rc == 0; k++)
            rc = recorded_end_segment(r, i, k);
    if (rc < 0)
        return rc;
    split_memory(r);
    s->duration_ns = r->now_ns;
    snprintf(s->title, sizeof(s->title), "%llu recorded snapshots of %zu VMs",
             (unsigned long long)r->snapshots, s->nvms);
    *ret = s;
    r->scenario = NULL;
    return 0;
}

static int add_frame(struct recorded *r, const struct recording_frame *f, struct err *e)
{
    struct wire_message m;
    if (f->len < WIRE_PREFIX_LEN ||
        memcmp(f->data, wire_prefix(WIRE_SNAPSHOT), WIRE_PREFIX_LEN) != 0)
        return 0; /* what was decided is of no interest */
    int rc = wire_decode(WIRE_SNAPSHOT, f->data, f->len, &m, e);
    if (rc < 0)
        return rc;
    if (m.kind == WIRE_KIND_SNAPSHOT)
        rc = recorded_add(r, &m.u.snapshot, e);
    wire_message_fini(&m);
    return rc;
}

int recorded_read(const char *path, struct scenario **ret, struct err *e)
{
    struct recording *file;
    struct recording_frame frame;
    struct err why = {""};
    int rc = recording_open(path, &file, e);
    if (rc < 0)
        return rc;
    struct recorded *r = recorded_create();
    rc = r == NULL ? -ENOMEM : 0;
    while (rc == 0 && (rc = recording_next(file, &frame, &why)) > 0)
        rc = add_frame(r, &frame, &why);
    rc = rc < 0 ? rc : recorded_finish(r, ret, &why);
    if (rc < 0)
        err_set(e, rc, "%.200s: %.280s", path,
                why.text[0] != '\0' ? why.text : strerror(-rc));
    recorded_destroy(r);
    recording_close(file);
    return rc;
}
