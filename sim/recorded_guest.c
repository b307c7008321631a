/* recorded_guest.c - a recorded guest: what its vCPUs wanted, what its programs held. */
#include "sim/recorded_state.h"

#include "sim/scenario/sections.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAR 0.03             /* a segment's demands differ less from their mean */
#define MEMORY_STEP (4 * MIB) /* what a program takes or gives at least */
#define WAIT_MAX 0.99         /* who waits longer tells nothing about itself */

/* ---- a guest's CPU ---- */

int recorded_end_segment(struct recorded *r, size_t vm, uint32_t k)
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
    return recorded_event(r, &ev);
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
        rc = recorded_end_segment(r, vm, v->number);
    if (to->length_ns <= 0.0)
        to->begin_ns = r->last_ns;
    to->wanted_ns += demand * dt_ns;
    to->length_ns += dt_ns;
    return rc;
}

int recorded_take_vcpus(struct recorded *r, size_t vm, const struct snapshot_domain *d,
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
        rc = recorded_simple(r, vm, SIM_EVENT_VCPUS, n);
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
    return recorded_event(r, &ev);
}

/* Until recorded_finish() "program" is all that is in use but the page cache. */
int recorded_take_memory(struct recorded *r, size_t vm, const struct snapshot_memory *m)
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
