/* model.c - building a model, and its clock: a grid for memory, rates for CPU, events. */
#include "sim/model/model.h"

#include "sim/model/cpu.h"
#include "sim/model/event.h"
#include "sim/model/host_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_MS INT64_C(1000000)
#define GRID_NS (50 * NS_PER_MS)    /* memory moves in such steps */
#define KERNEL_NS (250 * NS_PER_MS) /* the kernel thinks again */
#define NOISE_NS (1000 * NS_PER_MS) /* demands vary */
#define SOLVE_NS (10 * NS_PER_MS)   /* rates follow a change within that time */

static void lay_out(struct sim_model *m)
{
    const struct sim_host_spec *s = &m->spec;
    uint32_t cores = s->pcpus / s->threads, groups = s->cells * s->llcs;
    for (uint32_t p = 0; p < s->pcpus; p++) {
        uint32_t core = p / s->threads;
        uint32_t llc = (uint32_t)((uint64_t)core * groups / (cores > 0 ? cores : 1));
        m->pcpus[p] = (struct sim_pcpu){
            .core = core,
            .llc = llc,
            .cell = llc / s->llcs,
            .online = true,
            .isolated = cpuset_has(&s->isolated, p),
            .efficiency = 1.0,
        };
    }
}

struct sim_model *sim_model_create(const struct sim_host_spec *spec, uint64_t seed)
{
    if (spec->pcpus == 0 || spec->pcpus > CPUSET_MAX || spec->threads == 0 ||
        spec->cells == 0 || spec->llcs == 0)
        return NULL;
    struct sim_model *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return NULL;
    m->spec = *spec;
    m->world.state = seed;
    m->random.state = ~seed;
    m->used_kib = spec->used_kib;
    m->lowest_available_kib = INT64_MAX;
    m->pcpus = calloc(spec->pcpus, sizeof(*m->pcpus));
    m->share = share_create();
    m->sharing = sharing_create();
    if (m->pcpus == NULL || m->share == NULL || m->sharing == NULL) {
        sim_model_destroy(m);
        return NULL;
    }
    lay_out(m);
    return m;
}

void sim_model_destroy(struct sim_model *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->nvms; i++)
        free(m->vms[i].vcpus);
    free(m->vms);
    free(m->pcpus);
    free(m->events);
    share_destroy(m->share);
    sharing_destroy(m->sharing);
    free(m);
}

static struct cpuset every_pcpu(const struct sim_model *m)
{
    struct cpuset all;
    cpuset_clear(&all);
    for (uint32_t p = 0; p < m->spec.pcpus; p++)
        cpuset_add(&all, p);
    return all;
}

int sim_model_add_vm(struct sim_model *m, const struct sim_vm_spec *spec,
                     const struct cpuset *mask, double demand)
{
    if (m->nvms >= SIM_VMS_MAX || spec->vcpus_max > SIM_VCPUS_MAX ||
        spec->vcpus > spec->vcpus_max || spec->vcpus == 0)
        return -E2BIG;
    if (m->nvms == m->vms_room) {
        size_t room = m->vms_room == 0 ? 16 : 2 * m->vms_room;
        struct sim_vm *list = realloc(m->vms, room * sizeof(*list));
        if (list == NULL)
            return -ENOMEM;
        m->vms = list;
        m->vms_room = room;
    }
    struct sim_vm *vm = &m->vms[m->nvms];
    *vm = (struct sim_vm){.spec = *spec, .nvcpus = spec->vcpus};
    vm->vcpus = calloc(spec->vcpus_max, sizeof(*vm->vcpus));
    if (vm->vcpus == NULL)
        return -ENOMEM;
    struct cpuset all = every_pcpu(m);
    for (uint32_t k = 0; k < spec->vcpus_max; k++) {
        struct sim_vcpu *v = &vm->vcpus[k];
        v->demand = v->wanted = demand;
        v->lawful = cpuset_empty(&spec->cpuset) ? all : spec->cpuset;
        v->mask = cpuset_empty(mask) ? v->lawful : *mask;
        v->seen = CPUSET_MAX;
    }
    return (int)m->nvms++;
}

bool sim_vm_runs(const struct sim_vm *vm)
{
    return vm->state == SIM_RUNNING && vm->guest.alive;
}

struct cpuset sim_model_pcpus(const struct sim_model *m)
{
    return m->kernel_pcpus;
}

void sim_model_recount(struct sim_model *m)
{
    cpuset_clear(&m->kernel_pcpus);
    for (uint32_t p = 0; p < m->spec.pcpus; p++)
        if (m->pcpus[p].online && !m->pcpus[p].isolated)
            cpuset_add(&m->kernel_pcpus, p);
    m->dirty = m->ideal_dirty = true;
}

void sim_model_changed(struct sim_model *m)
{
    m->dirty = m->ideal_dirty = m->homeless = true;
    m->workload_changes++;
    m->changed_ns = m->now_ns;
}

/* ---- lifecycle ---- */

void sim_model_start_vm(struct sim_model *m, size_t at)
{
    struct sim_vm *vm = &m->vms[at];
    if (vm->state != SIM_OFF)
        return;
    vm->state = SIM_RUNNING;
    vm->id = ++m->next_id;
    vm->nvcpus = vm->spec.vcpus;
    for (uint32_t k = 0; k < vm->spec.vcpus_max; k++) {
        vm->vcpus[k].ran_ns = vm->vcpus[k].delay_ns = vm->vcpus[k].debt_ns = 0.0;
        vm->vcpus[k].seen = CPUSET_MAX;
        if (vm->runs > 0) /* a live pin dies with the domain */
            vm->vcpus[k].mask = vm->vcpus[k].lawful;
    }
    vm->runs++;
    struct sim_guest before = vm->guest;
    sim_guest_boot(&vm->guest, &vm->spec.guest, m->now_ns, &m->world);
    vm->guest.failed_allocations = before.failed_allocations;
    vm->guest.reached_max = before.reached_max;
    vm->guest.goals_reached = before.goals_reached;
    vm->guest.deaths = before.deaths;
    sim_model_changed(m);
}

void sim_model_stop_vm(struct sim_model *m, size_t at)
{
    if (m->vms[at].state == SIM_OFF)
        return;
    m->vms[at].state = SIM_OFF;
    sim_model_changed(m);
}

static int by_time(const void *a, const void *b)
{
    const struct sim_event *x = a, *y = b;
    if (x->at_ns != y->at_ns)
        return x->at_ns < y->at_ns ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

int sim_model_start(struct sim_model *m)
{
    if (m->nevents > 1)
        qsort(m->events, m->nevents, sizeof(*m->events), by_time);
    sim_model_recount(m);
    for (size_t i = 0; i < m->nvms; i++)
        if (m->vms[i].spec.started)
            sim_model_start_vm(m, i);
    m->kernel_due_ns = KERNEL_NS;
    m->noise_due_ns = 0;
    sim_events_run(m);
    sim_kernel_run(m, KERNEL_NS);
    return sim_cpu_solve(m);
}

/* ---- time ---- */

static int64_t next_stop(const struct sim_model *m, int64_t to_ns)
{
    int64_t stop = (m->now_ns / GRID_NS + 1) * GRID_NS;
    int64_t event = sim_events_next_ns(m);
    stop = event < stop ? event : stop;
    return to_ns < stop ? to_ns : stop;
}

static void run_memory(struct sim_model *m, int64_t dt_ns)
{
    for (size_t i = 0; i < m->nvms; i++) {
        struct sim_vm *vm = &m->vms[i];
        if (vm->state != SIM_RUNNING)
            continue;
        bool alive = vm->guest.alive;
        sim_guest_run(&vm->guest, m->now_ns, dt_ns);
        if (alive && !vm->guest.alive)
            sim_model_changed(m);
    }
    sim_host_memory_run(m, dt_ns);
}

/* What has to be thought over before time may go by. */
static int settle(struct sim_model *m)
{
    if (m->now_ns >= m->noise_due_ns) {
        sim_cpu_noise(m);
        m->noise_due_ns += NOISE_NS;
    }
    if (m->now_ns >= m->kernel_due_ns) {
        sim_kernel_run(m, KERNEL_NS);
        m->kernel_due_ns += KERNEL_NS;
    }
    if (!m->dirty || m->now_ns < m->solved_ns + SOLVE_NS)
        return 0;
    if (m->homeless)
        sim_kernel_run(m, 0);
    m->homeless = false;
    return sim_cpu_solve(m);
}

int sim_model_advance(struct sim_model *m, int64_t to_ns)
{
    while (m->now_ns < to_ns) {
        int r = settle(m);
        if (r < 0)
            return r;
        int64_t stop = next_stop(m, to_ns), dt_ns = stop - m->now_ns;
        if (m->dirty && m->solved_ns + SOLVE_NS < stop)
            dt_ns = m->solved_ns + SOLVE_NS - m->now_ns;
        sim_cpu_run(m, dt_ns);
        m->now_ns += dt_ns;
        run_memory(m, dt_ns);
        sim_events_run(m);
    }
    return 0;
}

/* ---- calls ---- */

static int refuse(const struct sim_model *m, size_t at, enum sim_call call)
{
    if (m->outage)
        return -ENOTCONN;
    if (at >= m->nvms || m->vms[at].state == SIM_OFF)
        return -ENOENT;
    if (m->vms[at].hung)
        return -EBUSY;
    if (((m->failing | m->vms[at].failing) & call) != 0)
        return -EIO;
    return 0;
}

int sim_model_pin(struct sim_model *m, size_t at, uint32_t vcpu,
                  const struct cpuset *mask)
{
    int r = refuse(m, at, SIM_CALL_PIN);
    if (r < 0)
        return r;
    struct cpuset all = every_pcpu(m), set = cpuset_and(mask, &all);
    if (vcpu >= m->vms[at].nvcpus || cpuset_empty(&set))
        return -EINVAL;
    struct sim_vcpu *v = &m->vms[at].vcpus[vcpu];
    if (cpuset_equal(&v->mask, &set))
        return 0;
    v->mask = set;
    m->dirty = m->homeless = true;
    return 0;
}

int sim_model_set_memory(struct sim_model *m, size_t at, int64_t target_kib)
{
    int r = refuse(m, at, SIM_CALL_MEMORY);
    if (r < 0)
        return r;
    if (target_kib <= 0 || target_kib > m->vms[at].spec.guest.maximum_kib ||
        m->vms[at].spec.guest.balloon == SIM_BALLOON_NONE)
        return -EINVAL;
    sim_guest_set_target(&m->vms[at].guest, target_kib);
    return 0;
}

int sim_model_set_period(struct sim_model *m, size_t at, uint32_t period_s)
{
    int r = refuse(m, at, SIM_CALL_PERIOD);
    if (r < 0)
        return r;
    sim_guest_set_period(&m->vms[at].guest, period_s, m->now_ns);
    return 0;
}
