/* recorded.c - see recorded.h. */
#include "sim/recorded.h"

#include "common/recording.h"
#include "common/wire/wire.h"
#include "sim/scenario/sections.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB INT64_C(1024)
#define MS INT64_C(1000000)
#define NEAR 0.03             /* a segment's demands differ less from their mean */
#define MEMORY_STEP (4 * MIB) /* what a program takes or gives at least */
#define USED_STEP (64 * MIB)  /* the same of the host's own */
#define WAIT_MAX 0.99         /* who waits longer tells nothing about itself */

struct recorded_vcpu {
    bool known;
    uint64_t time_ns, delay_ns; /* of the last snapshot */
    int64_t begin_ns;           /* of the segment */
    double wanted_ns, length_ns;
};

struct recorded_vm {
    char uuid[SNAPSHOT_UUID_MAX];
    int32_t id;
    bool here, seen, paused, has_used;
    int64_t sampled_ns;
    uint32_t nvcpus;
    int64_t program_kib, cache_kib,
        least_kib; /* least: in use by all but the program */
    int64_t least_unused_kib;
    struct recorded_vcpu vcpus[SIM_VCPUS_MAX];
};

struct recorded {
    struct scenario *scenario; /* in the making */
    struct recorded_vm **vms;
    size_t room;
    int64_t base_ns, now_ns, last_ns; /* now_ns, last_ns: of the scenario */
    int64_t used_kib;                 /* the host's own, as it is now */
    char boot_id[SNAPSHOT_UUID_MAX];
    uint64_t snapshots;
};

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

static int add_event(struct recorded *r, const struct sim_event *ev)
{
    return scenario_add_event(r->scenario, ev);
}

static int add_simple(struct recorded *r, size_t vm, enum sim_event_kind kind,
                      double number)
{
    struct sim_event ev = {.at_ns = r->now_ns,
                           .kind = kind,
                           .vm = vm,
                           .vcpu = SIM_ALL_VCPUS,
                           .number = number};
    return add_event(r, &ev);
}

/* ---- the host ---- */

static uint32_t count_cells(const struct snapshot *s)
{
    uint32_t most = 0;
    for (size_t i = 0; i < s->host.npcpus; i++)
        most = s->host.pcpus[i].cell > most ? s->host.pcpus[i].cell : most;
    return most + 1;
}

static uint32_t count_llcs(const struct snapshot *s)
{
    uint32_t most = 0;
    for (size_t i = 0; i < s->host.npcpus; i++)
        most = s->host.pcpus[i].llc > most ? s->host.pcpus[i].llc : most;
    return most + 1;
}

static bool has_siblings(const struct snapshot *s)
{
    for (size_t i = 1; i < s->host.npcpus; i++)
        for (size_t k = 0; k < i; k++)
            if (s->host.pcpus[i].core == s->host.pcpus[k].core)
                return true;
    return false;
}

/* The model lays cells, caches and siblings out in order; a host that numbers its pCPUs
 * otherwise becomes a flat one. */
static bool shape_fits(const struct sim_host_spec *spec, const struct snapshot *s)
{
    if (spec->pcpus % (spec->cells * spec->llcs * spec->threads) != 0)
        return false;
    struct sim_model *m = sim_model_create(spec, 1);
    bool fits = m != NULL;
    for (size_t i = 1; fits && i < s->host.npcpus; i++) {
        const struct snapshot_pcpu *a = &s->host.pcpus[i - 1], *b = a + 1;
        const struct sim_pcpu *x = &m->pcpus[a->id], *y = &m->pcpus[b->id];
        fits = (a->cell == b->cell) == (x->cell == y->cell) &&
               (a->llc == b->llc) == (x->llc == y->llc) &&
               (a->core == b->core) == (x->core == y->core);
    }
    sim_model_destroy(m);
    return fits;
}

static int64_t used_by_host(const struct snapshot *s)
{
    uint64_t used = s->host.memory_total_kib.value;
    uint64_t others = s->host.memory_available_kib.value;
    for (size_t i = 0; i < s->ndomains; i++)
        others += s->domains[i].memory.rss_kib.value;
    return used > others ? (int64_t)(used - others) : 0;
}

static int add_offline(struct recorded *r, const struct snapshot *s)
{
    struct sim_event ev = {.kind = SIM_EVENT_ONLINE, .vm = SIZE_MAX};
    for (uint32_t p = 0; p < r->scenario->host.pcpus; p++)
        cpuset_add(&ev.cpus, p);
    for (size_t i = 0; i < s->host.npcpus; i++)
        if (s->host.pcpus[i].online)
            cpuset_remove(&ev.cpus, s->host.pcpus[i].id);
    return cpuset_empty(&ev.cpus) ? 0 : add_event(r, &ev);
}

static int take_host(struct recorded *r, const struct snapshot *s)
{
    struct sim_host_spec *h = &r->scenario->host;
    r->scenario->settings = s->settings;
    h->pcpus = 1;
    for (size_t i = 0; i < s->host.npcpus; i++) {
        const struct snapshot_pcpu *p = &s->host.pcpus[i];
        h->pcpus = p->id >= h->pcpus ? p->id + 1 : h->pcpus;
        if (p->isolated)
            cpuset_add(&h->isolated, p->id);
    }
    uint32_t llcs = count_llcs(s);
    h->cells = count_cells(s);
    h->llcs = llcs % h->cells == 0 ? llcs / h->cells : 1;
    h->threads = has_siblings(s) ? 2 : 1;
    if (!shape_fits(h, s))
        h->cells = h->llcs = h->threads = 1;
    if (s->host.memory_total_kib.has)
        h->memory_kib = (int64_t)s->host.memory_total_kib.value;
    if (s->host.memory_available_kib.has)
        h->used_kib = used_by_host(s);
    return add_offline(r, s);
}

static int take_host_use(struct recorded *r, const struct snapshot *s, int64_t *last)
{
    int64_t used = used_by_host(s);
    if (!s->host.memory_available_kib.has || llabs(used - *last) < USED_STEP)
        return 0;
    *last = used;
    struct sim_event ev = {
        .at_ns = r->now_ns, .kind = SIM_EVENT_USED, .vm = SIZE_MAX, .kib = used};
    return add_event(r, &ev);
}

/* ---- a guest's CPU ---- */

static int end_segment(struct recorded *r, size_t vm, uint32_t k)
{
    struct recorded_vcpu *v = &r->vms[vm]->vcpus[k];
    struct sim_event ev = {.at_ns = v->begin_ns,
                           .kind = SIM_EVENT_DEMAND,
                           .vm = vm,
                           .vcpu = k,
                           .number = v->wanted_ns / v->length_ns};
    if (v->length_ns <= 0.0)
        return 0;
    ev.number = ev.number > 1.0 ? 1.0 : ev.number;
    v->wanted_ns = v->length_ns = 0.0;
    return add_event(r, &ev);
}

static int take_vcpu(struct recorded *r, size_t vm, const struct snapshot_vcpu *v,
                     double dt_ns, bool again)
{
    struct recorded_vcpu *to = &r->vms[vm]->vcpus[v->number];
    uint64_t ran = v->time_ns.value - to->time_ns,
             waited = v->delay_ns.has ? v->delay_ns.value - to->delay_ns : 0;
    bool goes_on = to->known && !again && v->time_ns.value >= to->time_ns &&
                   v->delay_ns.value >= to->delay_ns && dt_ns > 0.0;
    to->known = v->time_ns.has;
    to->time_ns = v->time_ns.value;
    to->delay_ns = v->delay_ns.value;
    if (!goes_on || (double)waited > WAIT_MAX * dt_ns)
        return 0;
    double demand = (double)ran / (dt_ns - (double)waited);
    int rc = 0;
    if (to->length_ns > 0.0 && fabs(demand - to->wanted_ns / to->length_ns) > NEAR)
        rc = end_segment(r, vm, v->number);
    if (to->length_ns <= 0.0)
        to->begin_ns = r->last_ns;
    to->wanted_ns += demand * dt_ns;
    to->length_ns += dt_ns;
    return rc;
}

static int take_vcpus(struct recorded *r, size_t vm, const struct snapshot_domain *d,
                      bool again)
{
    struct recorded_vm *to = r->vms[vm];
    struct sim_vm_spec *spec = &r->scenario->vms[vm].spec;
    double dt_ns = (double)(d->sampled_ns - to->sampled_ns);
    uint32_t n = 0;
    int rc = 0;
    for (size_t k = 0; k < d->nvcpus && rc == 0; k++) {
        if (d->vcpus[k].number >= SIM_VCPUS_MAX)
            continue;
        n = d->vcpus[k].number + 1;
        rc = take_vcpu(r, vm, &d->vcpus[k], dt_ns, again);
    }
    if (rc == 0 && n > 0 && n != to->nvcpus && to->seen)
        rc = add_simple(r, vm, SIM_EVENT_VCPUS, n);
    to->nvcpus = n > 0 ? n : to->nvcpus;
    spec->vcpus_max = n > spec->vcpus_max ? n : spec->vcpus_max;
    to->sampled_ns = d->sampled_ns;
    return rc;
}

/* ---- a guest's memory ---- */

static int change_memory(struct recorded *r, size_t vm, enum sim_event_kind kind,
                         int64_t from_kib, int64_t to_kib)
{
    int64_t ms = (r->now_ns - r->last_ns) / MS;
    struct sim_event ev = {.at_ns = from_kib > 0 ? r->last_ns : r->now_ns,
                           .kind = kind,
                           .vm = vm,
                           .vcpu = SIM_ALL_VCPUS,
                           .kib = to_kib,
                           .kib_s =
                               llabs(to_kib - from_kib) * 1000 / (ms > 0 ? ms : 1)};
    if (from_kib == 0) /* it was there before anybody looked */
        ev.kib_s = to_kib * 1000;
    ev.kib_s = ev.kib_s > 0 ? ev.kib_s : 1;
    return add_event(r, &ev);
}

/* Until recorded_finish() "program" is all that is in use but the page cache. */
static int take_memory(struct recorded *r, size_t vm, const struct snapshot_memory *m)
{
    struct recorded_vm *to = r->vms[vm];
    if (!m->available_kib.has || !m->unused_kib.has)
        return 0;
    int64_t cache = (int64_t)m->disk_caches_kib.value,
            unused = (int64_t)m->unused_kib.value;
    int64_t used = (int64_t)m->available_kib.value - unused - cache;
    int rc = 0;
    used = used > 0 ? used : 0;
    if (!to->has_used) {
        struct sim_guest_spec *g = &r->scenario->vms[vm].spec.guest;
        int64_t outside = (int64_t)(m->current_kib.value - m->available_kib.value);
        if (m->current_kib.value > m->available_kib.value)
            g->kernel_kib = outside;
        if (m->usable_kib.has && unused + cache >= (int64_t)m->usable_kib.value)
            g->watermark_kib = unused + cache - (int64_t)m->usable_kib.value;
        to->has_used = true;
        to->least_kib = used;
        to->least_unused_kib = unused;
        to->program_kib = INT64_MIN;
    }
    to->least_kib = used < to->least_kib ? used : to->least_kib;
    to->least_unused_kib =
        unused < to->least_unused_kib ? unused : to->least_unused_kib;
    if (to->program_kib == INT64_MIN || llabs(used - to->program_kib) >= MEMORY_STEP) {
        bool first = to->program_kib == INT64_MIN;
        rc = change_memory(r, vm,
                           !first && used < to->program_kib ? SIM_EVENT_RELEASE
                                                            : SIM_EVENT_GROW,
                           first ? 0 : to->program_kib, used);
        to->program_kib = used;
    }
    if (rc == 0 && llabs(cache - to->cache_kib) >= MEMORY_STEP) {
        rc = change_memory(r, vm, SIM_EVENT_CACHE, to->cache_kib, cache);
        to->cache_kib = cache;
    }
    return rc;
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
            rc = add_event(r, &ev);
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
        rc = add_simple(r, vm, SIM_EVENT_STOP, 0);
    if (rc == 0 && (starts || again))
        rc = add_simple(r, vm, SIM_EVENT_START, 0);
    if (starts || again) { /* its memory begins anew */
        to->program_kib = INT64_MIN;
        to->cache_kib = 0;
    }
    if (rc == 0 && (starts || again || !to->seen))
        rc = add_masks(r, vm, d);
    rc = rc < 0 ? rc : take_vcpus(r, vm, d, starts || again);
    if (!to->seen)
        r->scenario->vms[vm].spec.vcpus = to->nvcpus > 0 ? to->nvcpus : 1;
    rc = rc < 0 ? rc : take_memory(r, vm, &d->memory);
    if (rc == 0 && paused != to->paused)
        rc = add_simple(r, vm, paused ? SIM_EVENT_PAUSE : SIM_EVENT_RESUME, 0);
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
        rc = add_simple(r, i, SIM_EVENT_STOP, 0);
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
        rc = take_host(r, s);
    else
        rc = take_host_use(r, s, &r->used_kib);
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
            rc = end_segment(r, i, k);
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
