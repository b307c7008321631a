/* sharing.c - from vCPUs with masks to rates: a fixed point, because what a sibling does
 * slows a pCPU down, and a slower pCPU makes a closed loop want more of it.
 *
 *     efficiency -> time wanted -> shares (share.c) -> where (spread.c) -> efficiency ...
 */
#include "sim/model/cpu.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIXED_POINT_ROUNDS 6
#define BUSY 0.02 /* of a pCPU: less is not worth placing */

struct sharing {
    size_t n, room; /* vCPUs that compete */
    struct sim_vcpu **vcpus;
    uint32_t *cells; /* of their memory */
    struct share_item *items;
    double *efficiency, *rate;
    struct cpuset *masks; /* distinct effective ones */
    uint64_t *hashes;
    size_t nmasks, masks_room;
    double *amount, *flow; /* per mask; per mask and pCPU */
    size_t flow_room;
    double *capacity, *load, *pcpu_efficiency; /* per pCPU, CPUSET_MAX */
};

struct sharing *sharing_create(void)
{
    struct sharing *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->capacity = calloc((size_t)3 * CPUSET_MAX, sizeof(*s->capacity));
    if (s->capacity == NULL) {
        free(s);
        return NULL;
    }
    s->load = s->capacity + CPUSET_MAX;
    s->pcpu_efficiency = s->load + CPUSET_MAX;
    return s;
}

void sharing_destroy(struct sharing *s)
{
    if (s == NULL)
        return;
    free(s->vcpus);
    free(s->cells);
    free(s->items);
    free(s->efficiency);
    free(s->rate);
    free(s->masks);
    free(s->hashes);
    free(s->amount);
    free(s->flow);
    free(s->capacity);
    free(s);
}

static bool grow(void *array, size_t n, size_t size)
{
    void *bigger = realloc(*(void **)array, n * size);
    if (bigger == NULL)
        return false;
    *(void **)array = bigger;
    return true;
}

static int reserve_items(struct sharing *s, size_t n)
{
    if (n <= s->room)
        return 0;
    bool ok = grow(&s->vcpus, n, sizeof(struct sim_vcpu *)) &&
              grow(&s->cells, n, sizeof(*s->cells)) &&
              grow(&s->items, n, sizeof(*s->items)) &&
              grow(&s->efficiency, n, sizeof(*s->efficiency)) &&
              grow(&s->rate, n, sizeof(*s->rate));
    if (!ok)
        return -ENOMEM;
    s->room = n;
    return 0;
}

static uint64_t hash_of(const struct cpuset *set)
{
    uint64_t h = 0;
    for (size_t i = 0; i < CPUSET_WORDS; i++)
        h = (h ^ set->word[i]) * UINT64_C(0x9e3779b97f4a7c15);
    return h;
}

/* The index of that mask, new or not; -ENOMEM. */
static int64_t intern_mask(struct sharing *s, const struct cpuset *mask)
{
    uint64_t h = hash_of(mask);
    for (size_t g = 0; g < s->nmasks; g++)
        if (s->hashes[g] == h && cpuset_equal(&s->masks[g], mask))
            return (int64_t)g;
    if (s->nmasks == s->masks_room) {
        size_t room = s->masks_room == 0 ? 16 : 2 * s->masks_room;
        if (!grow(&s->masks, room, sizeof(*s->masks)) ||
            !grow(&s->hashes, room, sizeof(*s->hashes)) ||
            !grow(&s->amount, room, sizeof(*s->amount)))
            return -ENOMEM;
        s->masks_room = room;
    }
    s->masks[s->nmasks] = *mask;
    s->hashes[s->nmasks] = h;
    return (int64_t)s->nmasks++;
}

/* All vCPUs that compete, with the masks in force, or those that the law alone sets. */
static int collect(struct sim_model *m, struct sharing *s, bool lawful)
{
    size_t n = 0;
    for (size_t i = 0; i < m->nvms; i++)
        n += sim_vm_runs(&m->vms[i]) ? m->vms[i].nvcpus : 0;
    if (reserve_items(s, n + 1) < 0)
        return -ENOMEM;
    s->n = s->nmasks = 0;
    for (size_t i = 0; i < m->nvms; i++) {
        struct sim_vm *vm = &m->vms[i];
        for (uint32_t k = 0; sim_vm_runs(vm) && k < vm->nvcpus; k++) {
            struct sim_vcpu *v = &vm->vcpus[k];
            struct cpuset set = sim_cpu_effective(m, lawful ? &v->lawful : &v->mask);
            int64_t mask = intern_mask(s, &set);
            if (mask < 0)
                return -ENOMEM;
            s->vcpus[s->n] = v;
            s->cells[s->n] = lawful ? SIM_NO_CELL : vm->spec.cell;
            s->efficiency[s->n] = 1.0;
            s->items[s->n++] = (struct share_item){
                .demand = v->wanted, .weight = vm->spec.weight, .mask = (uint32_t)mask};
        }
    }
    for (uint32_t p = 0; p < m->spec.pcpus; p++) {
        s->capacity[p] = m->pcpus[p].online ? 1.0 - m->pcpus[p].host_load : 0.0;
        s->pcpu_efficiency[p] = 1.0;
    }
    size_t cells = (s->nmasks + 1) * m->spec.pcpus;
    if (cells > s->flow_room) {
        if (!grow(&s->flow, cells, sizeof(*s->flow)))
            return -ENOMEM;
        s->flow_room = cells;
    }
    return 0;
}

static struct share_problem problem_of(const struct sim_model *m,
                                       const struct sharing *s)
{
    return (struct share_problem){
        .items = s->items,
        .nitems = s->n,
        .masks = s->masks,
        .nmasks = s->nmasks,
        .capacity = s->capacity,
        .npcpus = m->spec.pcpus,
    };
}

/* Where the items run when each runs that much. */
static void spread(const struct sim_model *m, struct sharing *s, const double *amount)
{
    struct share_problem p = problem_of(m, s);
    memset(s->amount, 0, s->nmasks * sizeof(*s->amount));
    for (size_t i = 0; i < s->n; i++)
        s->amount[s->items[i].mask] += amount[i];
    share_spread(&p, s->amount, s->flow, s->load);
}

/* ---- efficiency ---- */

static void sibling_efficiency(const struct sim_model *m, struct sharing *s)
{
    uint32_t threads = m->spec.threads;
    double loss = 1.0 - m->spec.smt_gain / 2.0;
    for (uint32_t p = 0; p < m->spec.pcpus && threads == 2; p++) {
        uint32_t sibling = p ^ 1U;
        double busy = s->load[sibling] + m->pcpus[sibling].host_load;
        s->pcpu_efficiency[p] = 1.0 - loss * fmin(fmax(busy, 0.0), 1.0);
    }
}

static double efficiency_of(const struct sim_model *m, const struct sharing *s,
                            size_t i)
{
    const double *flow = s->flow + (size_t)s->items[i].mask * m->spec.pcpus;
    double sum = 0.0, part = 0.0;
    const struct cpuset *mask = &s->masks[s->items[i].mask];
    for (uint32_t p = cpuset_first(mask); p < m->spec.pcpus;
         p = cpuset_next(mask, p + 1)) {
        bool remote = s->cells[i] != SIM_NO_CELL && s->cells[i] != m->pcpus[p].cell;
        double e = s->pcpu_efficiency[p] * (remote ? m->spec.remote_efficiency : 1.0);
        sum += flow[p];
        part += flow[p] * e;
    }
    return sum > 1e-12 ? part / sum : 1.0;
}

static int solve(struct sim_model *m, struct sharing *s, bool lawful)
{
    if (collect(m, s, lawful) < 0)
        return -ENOMEM;
    bool plain = m->spec.threads < 2 && (m->spec.cells < 2 || lawful);
    struct share_problem p = problem_of(m, s);
    for (int round = 0; round < (plain ? 1 : FIXED_POINT_ROUNDS); round++) {
        for (size_t i = 0; i < s->n; i++)
            s->items[i].demand =
                sim_cpu_stretched(s->vcpus[i]->wanted, s->efficiency[i]);
        if (share_solve(m->share, &p, s->rate) < 0)
            return -ENOMEM;
        spread(m, s, s->rate);
        sibling_efficiency(m, s);
        for (size_t i = 0; i < s->n && !plain; i++)
            s->efficiency[i] = efficiency_of(m, s, i);
    }
    return 0;
}

/* ---- the kernel is not quite fair to those that wait and may run on several pCPUs ---- */

static bool waits_wide(const struct sharing *s, size_t i)
{
    const struct cpuset *mask = &s->masks[s->items[i].mask];
    uint32_t first = cpuset_first(mask);
    return s->rate[i] < s->items[i].demand - 1e-9 && first < CPUSET_MAX &&
           cpuset_next(mask, first + 1) < CPUSET_MAX;
}

static void be_unfair(const struct sim_model *m, struct sharing *s)
{
    double much = m->spec.kernel_unfairness;
    if (much <= 0.0)
        return;
    /* amount is free again: per mask, what its waiting items get, before and after */
    for (size_t g = 0; g < s->nmasks; g++) {
        double before = 0.0, after = 0.0;
        for (size_t i = 0; i < s->n; i++) {
            if (s->items[i].mask != g || !waits_wide(s, i))
                continue;
            before += s->rate[i];
            after += s->rate[i] * (1.0 + much * s->vcpus[i]->unfair);
        }
        for (size_t i = 0; i < s->n && after > 0.0; i++)
            if (s->items[i].mask == g && waits_wide(s, i)) {
                double x =
                    s->rate[i] * (1.0 + much * s->vcpus[i]->unfair) * before / after;
                s->rate[i] = fmin(x, s->items[i].demand - 2e-9);
            }
    }
}

int sim_cpu_solve(struct sim_model *m)
{
    struct sharing *s = m->sharing;
    if (m->ideal_dirty) {
        if (solve(m, s, true) < 0)
            return -ENOMEM;
        for (size_t i = 0; i < s->n; i++)
            s->vcpus[i]->ideal = s->rate[i] * s->efficiency[i];
    }
    if (solve(m, s, false) < 0)
        return -ENOMEM;
    be_unfair(m, s);
    for (size_t i = 0; i < s->n; i++) {
        struct sim_vcpu *v = s->vcpus[i];
        v->rate = s->rate[i];
        v->efficiency = s->efficiency[i];
        v->wait = sim_cpu_wait(s->items[i].demand, s->rate[i]);
    }
    for (uint32_t p = 0; p < m->spec.pcpus; p++) {
        m->pcpus[p].load = s->load[p];
        m->pcpus[p].efficiency = s->pcpu_efficiency[p];
    }
    m->dirty = m->ideal_dirty = false;
    m->solved_ns = m->now_ns;
    return 0;
}

/* ---- the certificate ---- */

/* The greatest relative load when everybody gets what it wants. */
static double greatest_load(const struct sim_model *m, struct sharing *s)
{
    double most = 0.0;
    for (size_t i = 0; i < s->n; i++)
        s->rate[i] = s->vcpus[i]->demand;
    spread(m, s, s->rate);
    for (uint32_t p = 0; p < m->spec.pcpus; p++)
        if (s->capacity[p] > 0.0)
            most = fmax(most, s->load[p] / s->capacity[p]);
    return most;
}

static void measure_seen(const struct sim_model *m, struct sharing *s,
                         struct sim_balance *ret)
{
    struct cpuset all = sim_model_pcpus(m);
    double n = 0.0, sum = 0.0, squares = 0.0;
    memset(s->load, 0, m->spec.pcpus * sizeof(*s->load));
    for (size_t i = 0; i < s->n; i++)
        if (s->vcpus[i]->seen < m->spec.pcpus)
            s->load[s->vcpus[i]->seen] += s->vcpus[i]->demand;
    for (uint32_t p = 0; p < m->spec.pcpus; p++) {
        if (!cpuset_has(&all, p) || s->capacity[p] <= 0.0)
            continue;
        n += 1.0;
        sum += s->load[p] / s->capacity[p];
    }
    ret->mean = n > 0.0 ? sum / n : 0.0;
    for (uint32_t p = 0; p < m->spec.pcpus; p++) {
        if (!cpuset_has(&all, p) || s->capacity[p] <= 0.0)
            continue;
        double off = s->load[p] / s->capacity[p] - ret->mean;
        squares += off * off;
    }
    ret->deviation = ret->mean > 1e-9 ? sqrt(squares / n) / ret->mean : 0.0;
}

int sim_cpu_balance(struct sim_model *m, struct sim_balance *ret)
{
    struct sharing *s = m->sharing;
    *ret = (struct sim_balance){0};
    if (collect(m, s, true) < 0)
        return -ENOMEM;
    ret->bound = greatest_load(m, s);
    double roomiest = 0.0;
    for (uint32_t p = 0; p < m->spec.pcpus; p++)
        roomiest = fmax(roomiest, s->capacity[p]);
    for (size_t i = 0; i < s->n && roomiest > 0.0; i++)
        ret->bound = fmax(ret->bound, s->vcpus[i]->demand / roomiest);
    if (collect(m, s, false) < 0)
        return -ENOMEM;
    ret->achieved = greatest_load(m, s);
    for (size_t i = 0; i < s->n; i++) {
        const struct cpuset *mask = &s->masks[s->items[i].mask];
        uint32_t first = cpuset_first(mask);
        bool wide = first < CPUSET_MAX && cpuset_next(mask, first + 1) < CPUSET_MAX;
        ret->wide += wide && s->vcpus[i]->demand >= BUSY;
    }
    struct cpuset all = sim_model_pcpus(m);
    ret->shared_most = cpuset_count(&all) > 0 ? cpuset_count(&all) - 1 : 0;
    measure_seen(m, s, ret);
    return 0;
}
