/* event.c - see event.h.  The list is kept ordered by time; a recurring event moves back
 * to its next time as soon as it has happened. */
#include "sim/model/event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int sim_model_add_event(struct sim_model *m, const struct sim_event *e)
{
    if (m->nevents >= SIM_EVENTS_MAX)
        return -E2BIG;
    bool of_host = e->kind >= SIM_EVENT_LOAD;
    if (!of_host && e->vm >= m->nvms &&
        !(e->kind == SIM_EVENT_FAIL && e->vm == SIZE_MAX))
        return -EINVAL;
    if (m->nevents == m->events_room) {
        size_t room = m->events_room == 0 ? 64 : 2 * m->events_room;
        struct sim_event *list = realloc(m->events, room * sizeof(*list));
        if (list == NULL)
            return -ENOMEM;
        m->events = list;
        m->events_room = room;
    }
    m->events[m->nevents] = *e;
    m->events[m->nevents].order = (uint32_t)m->nevents;
    m->nevents++;
    return 0;
}

static bool later(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_ns > b->at_ns || (a->at_ns == b->at_ns && a->order > b->order);
}

/* ---- of a VM's vCPUs ---- */

static void each_vcpu(struct sim_vm *vm, const struct sim_event *e)
{
    for (uint32_t k = 0; k < vm->spec.vcpus_max; k++) {
        struct sim_vcpu *v = &vm->vcpus[k];
        if (e->vcpu != SIM_ALL_VCPUS && e->vcpu != k)
            continue;
        if (e->kind == SIM_EVENT_DEMAND)
            v->demand = v->wanted = e->number;
        else
            v->mask = e->cpus;
        if (e->kind == SIM_EVENT_MASK && e->number != 0.0)
            v->lawful = e->cpus;
    }
}

static void set_vcpus(struct sim_vm *vm, uint32_t n)
{
    n = n < 1 ? 1 : n;
    n = n > vm->spec.vcpus_max ? vm->spec.vcpus_max : n;
    for (uint32_t k = vm->nvcpus; k < n; k++) { /* hot-plugged: counters from 0 */
        vm->vcpus[k].ran_ns = vm->vcpus[k].delay_ns = 0.0;
        vm->vcpus[k].mask = vm->vcpus[k].lawful;
        vm->vcpus[k].seen = CPUSET_MAX;
    }
    vm->nvcpus = n;
}

static void set_paused(struct sim_vm *vm, bool paused)
{
    if (vm->state != SIM_OFF)
        vm->state = paused ? SIM_PAUSED : SIM_RUNNING;
}

/* True when it was one that changes what the CPUs have to do. */
static bool apply_to_cpu(struct sim_model *m, const struct sim_event *e)
{
    struct sim_vm *vm = &m->vms[e->vm];
    switch (e->kind) {
    case SIM_EVENT_DEMAND:
    case SIM_EVENT_MASK:
        each_vcpu(vm, e);
        return true;
    case SIM_EVENT_NOISE:
        vm->spec.noise = e->number;
        return true;
    case SIM_EVENT_WEIGHT:
        vm->spec.weight = e->number;
        return true;
    case SIM_EVENT_VCPUS:
        set_vcpus(vm, (uint32_t)e->number);
        return true;
    case SIM_EVENT_START:
        sim_model_start_vm(m, e->vm);
        return true;
    case SIM_EVENT_STOP:
        sim_model_stop_vm(m, e->vm);
        return true;
    case SIM_EVENT_PAUSE:
    case SIM_EVENT_RESUME:
        set_paused(vm, e->kind == SIM_EVENT_PAUSE);
        return true;
    default:
        return false;
    }
}

/* ---- of a guest's memory ---- */

static void apply_to_guest(struct sim_model *m, const struct sim_event *e)
{
    struct sim_vm *vm = &m->vms[e->vm];
    struct sim_guest *g = &vm->guest;
    switch (e->kind) {
    case SIM_EVENT_GROW:
    case SIM_EVENT_GROW_FULL:
    case SIM_EVENT_RELEASE:
        g->program_goal_kib = e->kib;
        g->program_rate_kib_s = e->kib_s;
        g->program_full = e->kind == SIM_EVENT_GROW_FULL;
        break;
    case SIM_EVENT_CACHE:
        g->cache_goal_kib = e->kib;
        g->cache_rate_kib_s = e->kib_s;
        if (g->cache_kib > e->kib)
            g->cache_kib = e->kib;
        break;
    case SIM_EVENT_TARGET:
        (void)sim_model_set_memory(m, e->vm, e->kib);
        break;
    case SIM_EVENT_BALLOON:
        vm->spec.guest.balloon = g->spec.balloon = (enum sim_balloon)(int)e->number;
        break;
    case SIM_EVENT_STATS:
        g->mute = e->number == 0.0;
        break;
    case SIM_EVENT_PERIOD:
        sim_guest_set_period(g, (uint32_t)e->number, m->now_ns);
        break;
    case SIM_EVENT_PARTIAL:
        vm->partial = e->number != 0.0;
        break;
    case SIM_EVENT_HUNG:
        vm->hung = e->number != 0.0;
        break;
    default:
        break;
    }
}

/* ---- of the host ---- */

static void each_pcpu(struct sim_model *m, const struct sim_event *e)
{
    for (uint32_t p = 0; p < m->spec.pcpus; p++) {
        if (!cpuset_has(&e->cpus, p))
            continue;
        if (e->kind == SIM_EVENT_LOAD)
            m->pcpus[p].host_load = e->number;
        else
            m->pcpus[p].online = e->number != 0.0;
    }
    sim_model_recount(m);
    sim_model_changed(m);
}

static bool apply_to_host(struct sim_model *m, const struct sim_event *e)
{
    switch (e->kind) {
    case SIM_EVENT_LOAD:
    case SIM_EVENT_ONLINE:
        each_pcpu(m, e);
        return true;
    case SIM_EVENT_USED:
        m->used_kib = e->kib;
        return true;
    case SIM_EVENT_OUTAGE:
        m->outage = e->number != 0.0;
        return true;
    case SIM_EVENT_FAIL:
        if (e->vm == SIZE_MAX)
            m->failing = (unsigned)e->number;
        else
            m->vms[e->vm].failing = (unsigned)e->number;
        return true;
    default:
        return false;
    }
}

void sim_event_apply(struct sim_model *m, const struct sim_event *e)
{
    if (apply_to_host(m, e))
        return;
    if (!apply_to_cpu(m, e)) {
        apply_to_guest(m, e);
        return;
    }
    sim_model_changed(m);
}

/* Puts the event at that place, which has got a later time, where it belongs. */
static void put_back(struct sim_model *m, size_t at)
{
    struct sim_event e = m->events[at];
    for (; at + 1 < m->nevents && later(&e, &m->events[at + 1]); at++)
        m->events[at] = m->events[at + 1];
    m->events[at] = e;
}

void sim_events_run(struct sim_model *m)
{
    while (m->events_done < m->nevents &&
           m->events[m->events_done].at_ns <= m->now_ns) {
        struct sim_event *e = &m->events[m->events_done];
        sim_event_apply(m, e);
        if (e->every_ns > 0) {
            e->at_ns += e->every_ns;
            put_back(m, m->events_done);
        } else {
            m->events_done++;
        }
    }
}

int64_t sim_events_next_ns(const struct sim_model *m)
{
    return m->events_done < m->nevents ? m->events[m->events_done].at_ns : INT64_MAX;
}
