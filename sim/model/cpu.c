/* cpu.c - time goes by at the rates that sharing.c found; moves between pCPUs. */
#include "sim/model/cpu.h"

#include <math.h>

#define LOOKS 0.4       /* of the kernel's moves go to the emptiest pCPU */
#define FULLY_AWAKE 0.1 /* a vCPU that wants less wakes up, and so moves, less often */

double sim_cpu_stretched(double d, double efficiency)
{
    double e = efficiency > 0.01 ? efficiency : 0.01;
    return d > 0.0 ? d / (d + e * (1.0 - d)) : 0.0;
}

double sim_cpu_wait(double d, double r)
{
    if (d <= 0.0)
        return 0.0;
    double w = 1.0 - r - r * (1.0 - d) / d;
    return w > 1e-12 ? w : 0.0;
}

struct cpuset sim_cpu_effective(const struct sim_model *m, const struct cpuset *mask)
{
    struct cpuset all = sim_model_pcpus(m), set = cpuset_and(mask, &all);
    if (!cpuset_empty(&set))
        return set;
    for (uint32_t p = cpuset_first(mask); p < m->spec.pcpus;
         p = cpuset_next(mask, p + 1))
        if (m->pcpus[p].online)
            cpuset_add(&set, p);
    return cpuset_empty(&set) ? all : set;
}

/* ---- time ---- */

static void run_vcpu(struct sim_model *m, struct sim_vcpu *v, double dt_ns)
{
    double ran = v->rate * dt_ns;
    double lost = v->debt_ns < ran ? v->debt_ns : ran;
    v->ran_ns += ran;
    v->delay_ns += v->wait * dt_ns;
    v->debt_ns -= lost;
    v->work_ns += (ran - lost) * v->efficiency;
    v->ideal_ns += v->ideal * dt_ns;
    if (v->seen < m->spec.pcpus)
        m->pcpus[v->seen].seen_ns += ran;
}

void sim_cpu_run(struct sim_model *m, int64_t dt_ns)
{
    double dt = (double)dt_ns;
    for (size_t i = 0; i < m->nvms; i++) {
        struct sim_vm *vm = &m->vms[i];
        if (!sim_vm_runs(vm))
            continue;
        for (uint32_t k = 0; k < vm->nvcpus; k++)
            run_vcpu(m, &vm->vcpus[k], dt);
    }
    for (uint32_t p = 0; p < m->spec.pcpus; p++) {
        struct sim_pcpu *c = &m->pcpus[p];
        double busy = c->load + (c->online ? c->host_load : 0.0);
        c->busy_ns += (busy < 1.0 ? busy : 1.0) * dt;
    }
}

void sim_cpu_noise(struct sim_model *m)
{
    for (size_t i = 0; i < m->nvms; i++) {
        struct sim_vm *vm = &m->vms[i];
        if (!sim_vm_runs(vm))
            continue;
        for (uint32_t k = 0; k < vm->nvcpus; k++) {
            struct sim_vcpu *v = &vm->vcpus[k];
            v->unfair = sim_random_sign(&m->random);
            m->dirty |= m->spec.kernel_unfairness > 0.0;
            if (vm->spec.noise <= 0.0)
                continue;
            double x = v->demand * (1.0 + vm->spec.noise * sim_random_sign(&m->world));
            v->wanted = fmin(fmax(x, 0.0), 1.0);
            m->dirty = m->ideal_dirty = true;
        }
    }
}

/* ---- moves ---- */

static void move(struct sim_model *m, struct sim_vcpu *v, uint32_t to)
{
    if (v->seen < m->spec.pcpus) {
        const struct sim_pcpu *a = &m->pcpus[v->seen], *b = &m->pcpus[to];
        double far = a->cell != b->cell ? 4.0 / 3 : a->llc != b->llc ? 1.0 : 2.0 / 3;
        v->debt_ns += far * m->spec.migration_ns;
        v->moves++;
    }
    v->seen = to;
}

static uint32_t nth(const struct cpuset *set, uint32_t n)
{
    uint32_t p = cpuset_first(set);
    while (n-- > 0)
        p = cpuset_next(set, p + 1);
    return p;
}

/* Demand per pCPU by where vCPUs were last seen. */
static void sum_seen(const struct sim_model *m, double *load)
{
    for (uint32_t p = 0; p < m->spec.pcpus; p++)
        load[p] = m->pcpus[p].host_load;
    for (size_t i = 0; i < m->nvms; i++)
        for (uint32_t k = 0; sim_vm_runs(&m->vms[i]) && k < m->vms[i].nvcpus; k++)
            if (m->vms[i].vcpus[k].seen < m->spec.pcpus)
                load[m->vms[i].vcpus[k].seen] += m->vms[i].vcpus[k].wanted;
}

/* Mostly the emptiest pCPU it may use, at times any: the kernel looks before it moves a
 * vCPU, but not everywhere, and what it saw has changed by then. */
static uint32_t choose(struct sim_model *m, const struct cpuset *set,
                       const double *load)
{
    uint32_t best = nth(set, sim_random_below(&m->random, cpuset_count(set)));
    if (sim_random_unit(&m->random) >= LOOKS)
        return best;
    for (uint32_t p = cpuset_first(set); p < m->spec.pcpus; p = cpuset_next(set, p + 1))
        best = load[p] < load[best] ? p : best;
    return best;
}

static void place(struct sim_model *m, struct sim_vcpu *v, double *load, double chance)
{
    struct cpuset set = sim_cpu_effective(m, &v->mask);
    bool inside = cpuset_has(&set, v->seen);
    uint32_t first = cpuset_first(&set);
    bool wide = first < CPUSET_MAX && cpuset_next(&set, first + 1) < CPUSET_MAX;
    double awake = fmin(v->wanted / FULLY_AWAKE, 1.0);
    if (first == CPUSET_MAX ||
        (inside &&
         (!wide || v->wanted <= 0.0 || sim_random_unit(&m->random) >= chance * awake)))
        return;
    if (v->seen < m->spec.pcpus)
        load[v->seen] -= v->wanted;
    uint32_t to = wide ? choose(m, &set, load) : first;
    load[to] += v->wanted;
    if (to != v->seen)
        move(m, v, to);
}

void sim_kernel_run(struct sim_model *m, int64_t dt_ns)
{
    double load[CPUSET_MAX];
    double chance = 1.0 - exp(-m->spec.kernel_moves_per_s * (double)dt_ns / 1e9);
    sum_seen(m, load);
    for (size_t i = 0; i < m->nvms; i++) {
        struct sim_vm *vm = &m->vms[i];
        for (uint32_t k = 0; sim_vm_runs(vm) && k < vm->nvcpus; k++)
            place(m, &vm->vcpus[k], load, chance);
    }
}
