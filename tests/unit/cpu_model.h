/* cpu_model.h - a small model of fair sharing to close the loop around the CPU policy:
 * weighted max-min under the masks that the policy set, run delay by closed loop,
 * counters in 10 ms steps.  For tests; included once per program. */
#ifndef TESTS_UNIT_CPU_MODEL_H
#define TESTS_UNIT_CPU_MODEL_H

#include "cpu_actor/policy.h"

#include <assert.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define VCPUS_MAX 256
#define PCPUS_MAX 64
#define SECOND INT64_C(1000000000)

static uint64_t g_random;

static inline uint32_t rnd(uint32_t below)
{
    g_random ^= g_random << 13;
    g_random ^= g_random >> 7;
    g_random ^= g_random << 17;
    return (uint32_t)((g_random >> 20) % below);
}

static inline void seed_random(uint64_t seed)
{
    g_random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
}

/* ---- the model ---- */

struct model_vcpu {
    double demand; /* share of a pCPU when alone */
    double ran_ns, delay_ns, work_ns;
    struct cpuset mask, allowed;
    uint32_t weight, domain, vcpu;
    int32_t domain_id;
    bool fixed, no_delay, frozen;
    int64_t sampled_ns;
    double got; /* of the last interval */
};

struct model {
    struct model_vcpu v[VCPUS_MAX];
    size_t n;
    struct cpu_pcpu pcpu[PCPUS_MAX];
    size_t m;
    int64_t now_ns, interval_ns;
    struct cpu_policy *policy;
    struct cpu_vcpu input[VCPUS_MAX];
    struct cpu_plan plan;
    uint32_t changes; /* pin calls in all */
    uint32_t tick_changes;
    bool adopt, dry;
    uint32_t fail_next; /* so many calls fail */
    uint32_t min_load;
};

static inline struct model *model_new(size_t m)
{
    struct model *x = calloc(1, sizeof(*x));
    assert(x != NULL);
    x->m = m;
    for (uint32_t p = 0; p < m; p++)
        x->pcpu[p] = (struct cpu_pcpu){p, 0, 0, p, 1000};
    x->interval_ns = SECOND;
    x->now_ns = 100 * SECOND;
    x->adopt = true;
    x->min_load = 20;
    x->policy = cpu_policy_create();
    assert(x->policy != NULL);
    return x;
}

static inline void model_free(struct model *x)
{
    cpu_policy_destroy(x->policy);
    free(x);
}

static inline struct cpuset all_of(const struct model *x)
{
    struct cpuset s;
    cpuset_clear(&s);
    for (size_t p = 0; p < x->m; p++)
        cpuset_add(&s, x->pcpu[p].id);
    return s;
}

/* Adds a vCPU; pcpu < 0: it may run anywhere. */
static inline struct model_vcpu *add(struct model *x, double demand, int pcpu)
{
    struct model_vcpu *v = &x->v[x->n];
    *v = (struct model_vcpu){.demand = demand, .weight = 1024, .domain_id = 1};
    v->domain = (uint32_t)x->n++;
    v->allowed = all_of(x);
    v->mask = pcpu < 0 ? v->allowed : cpuset_of((uint32_t)pcpu);
    return v;
}

static inline bool usable(const struct model *x, uint32_t id)
{
    for (size_t p = 0; p < x->m; p++)
        if (x->pcpu[p].id == id)
            return true;
    return false;
}

static inline bool runs_on(const struct model *x, const struct model_vcpu *v, size_t p)
{
    if (cpuset_has(&v->mask, x->pcpu[p].id))
        return true;
    for (size_t q = 0; q < x->m; q++)
        if (cpuset_has(&v->mask, x->pcpu[q].id))
            return false;
    return true; /* its pCPUs are gone: the kernel lets it run anywhere */
}

/* Whether demands want[] can be served: flow from vCPUs to pCPUs by augmenting paths on
 * real numbers, coarse but enough: repeated water-filling of each vCPU over its mask.
 */
static inline bool feasible(const struct model *x, const double *want)
{
    static double part[VCPUS_MAX][PCPUS_MAX];
    double load[PCPUS_MAX] = {0};
    for (size_t i = 0; i < x->n; i++)
        memset(part[i], 0, sizeof(part[i]));
    for (int round = 0; round < 60; round++) {
        for (size_t i = 0; i < x->n; i++) {
            double lo = 0.0, hi = 1e3;
            for (size_t p = 0; p < x->m; p++)
                load[p] -= part[i][p];
            for (int k = 0; k < 40; k++) {
                double mid = (lo + hi) / 2, sum = 0.0;
                for (size_t p = 0; p < x->m; p++) {
                    double c = x->pcpu[p].capacity_permille / 1000.0;
                    if (runs_on(x, &x->v[i], p) && mid * c > load[p])
                        sum += mid * c - load[p];
                }
                if (sum < want[i])
                    lo = mid;
                else
                    hi = mid;
            }
            for (size_t p = 0; p < x->m; p++) {
                double c = x->pcpu[p].capacity_permille / 1000.0;
                bool in = runs_on(x, &x->v[i], p) && hi * c > load[p];
                part[i][p] = in ? hi * c - load[p] : 0.0;
                load[p] += part[i][p];
            }
        }
        bool ok = true;
        for (size_t p = 0; p < x->m; p++)
            ok &= load[p] <= x->pcpu[p].capacity_permille / 1000.0 + 1e-4;
        if (ok)
            return true;
        bool pinned = true;
        for (size_t i = 0; i < x->n; i++)
            pinned &= cpuset_count(&x->v[i].mask) == 1;
        if (pinned)
            return false;
    }
    return false;
}

/* The pinned case in closed form: weighted max-min on each pCPU. */
static inline void serve_pinned(const struct model *x, double *got)
{
    for (size_t p = 0; p < x->m; p++) {
        double level = 0.0;
        for (int round = 0; round < 64; round++) {
            double left = x->pcpu[p].capacity_permille / 1000.0, hungry = 0.0;
            for (size_t i = 0; i < x->n; i++) {
                const struct model_vcpu *v = &x->v[i];
                if (!cpuset_has(&v->mask, x->pcpu[p].id))
                    continue;
                if (v->demand <= v->weight * level)
                    left -= v->demand;
                else
                    hungry += v->weight;
            }
            if (hungry <= 0.0)
                break;
            level = left / hungry;
        }
        for (size_t i = 0; i < x->n; i++) {
            const struct model_vcpu *v = &x->v[i];
            if (cpuset_has(&v->mask, x->pcpu[p].id))
                got[i] = v->demand < v->weight * level ? v->demand : v->weight * level;
        }
    }
}

/* Weighted max-min under masks: raise one level for all; who cannot rise is frozen. */
static inline void serve_wide(const struct model *x, double *got)
{
    bool frozen[VCPUS_MAX] = {false};
    memset(got, 0, x->n * sizeof(*got));
    for (int round = 0; round < 8; round++) {
        double lo = 0.0, hi = 1.0 / 16, want[VCPUS_MAX];
        for (int k = 0; k < 16; k++) {
            double mid = (lo + hi) / 2;
            for (size_t i = 0; i < x->n; i++) {
                double w = x->v[i].weight * mid;
                want[i] =
                    frozen[i] ? got[i] : (w < x->v[i].demand ? w : x->v[i].demand);
            }
            if (feasible(x, want))
                lo = mid;
            else
                hi = mid;
        }
        size_t left = 0;
        for (size_t i = 0; i < x->n; i++) {
            double w = x->v[i].weight * lo;
            if (!frozen[i])
                got[i] = w < x->v[i].demand ? w : x->v[i].demand;
            if (got[i] >= x->v[i].demand - 1e-6)
                frozen[i] = true;
        }
        for (size_t i = 0; i < x->n; i++) { /* who can still rise alone? */
            if (frozen[i])
                continue;
            memcpy(want, got, x->n * sizeof(*got));
            want[i] = got[i] * 1.02 + 0.002;
            if (!feasible(x, want))
                frozen[i] = true;
            else
                left++;
        }
        if (left == 0)
            return;
    }
}

static inline void serve(const struct model *x, double *got)
{
    bool pinned = true;
    for (size_t i = 0; i < x->n; i++) {
        pinned &=
            cpuset_count(&x->v[i].mask) == 1 && usable(x, cpuset_first(&x->v[i].mask));
    }
    if (pinned)
        serve_pinned(x, got);
    else
        serve_wide(x, got);
}

/* Lets part of an interval go by.  A closed loop that gets g of its demand d sleeps
 * g(1-d)/d and waits the rest. */
static inline void run(struct model *x, double part)
{
    double got[VCPUS_MAX] = {0}, t = (double)x->interval_ns * part;
    serve(x, got);
    for (size_t i = 0; i < x->n; i++) {
        struct model_vcpu *v = &x->v[i];
        double sleep = v->demand > 0.0 ? got[i] * (1.0 - v->demand) / v->demand : 1.0;
        double wait = 1.0 - got[i] - sleep;
        v->ran_ns += got[i] * t;
        v->work_ns += got[i] * t;
        v->delay_ns += (wait > 0.0 ? wait : 0.0) * t;
        v->got = got[i];
    }
    x->now_ns += (int64_t)t;
}

static inline void fill_input(struct model *x, struct cpu_input *in)
{
    uint32_t ndomains = 0;
    for (size_t i = 0; i < x->n; i++) {
        struct model_vcpu *v = &x->v[i];
        struct cpu_vcpu *c = &x->input[i];
        memset(c, 0, sizeof(*c));
        (void)snprintf(c->key.uuid, sizeof(c->key.uuid), "uuid-%u", v->domain);
        c->key.domain_id = v->domain_id;
        c->key.vcpu = v->vcpu;
        c->domain = v->domain;
        c->has_time = true;
        c->has_delay = !v->no_delay;
        if (!v->frozen)
            v->sampled_ns = x->now_ns;
        c->time_ns = (uint64_t)(v->ran_ns / 1e7) * 10000000U;
        c->delay_ns = (uint64_t)v->delay_ns;
        c->sampled_ns = v->sampled_ns;
        c->weight = v->weight;
        c->affinity = v->mask;
        c->allowed = v->allowed;
        c->fixed = v->fixed;
        ndomains = v->domain >= ndomains ? v->domain + 1 : ndomains;
    }
    *in = (struct cpu_input){.now_ns = x->now_ns,
                             .interval_ns = x->interval_ns,
                             .vcpus = x->input,
                             .nvcpus = x->n,
                             .ndomains = ndomains,
                             .pcpus = x->pcpu,
                             .npcpus = x->m,
                             .adopt = x->adopt,
                             .tolerance_permille = 50,
                             .min_load_permille = x->min_load};
}

/* One sample: the policy sees the counters, and its moves are made. */
static inline void tick(struct model *x)
{
    struct cpu_input in;
    fill_input(x, &in);
    assert_int_equal(cpu_policy_step(x->policy, &in, &x->plan), 0);
    x->tick_changes = 0;
    for (size_t k = 0; k < x->plan.nmoves; k++) {
        const struct cpu_move *m = &x->plan.moves[k];
        struct model_vcpu *v = &x->v[m->vcpu];
        assert_true(cpuset_subset(&m->to, &v->allowed));
        assert_false(cpuset_empty(&m->to));
        assert_false(v->fixed);
        assert_true(m->reason[0] != '\0');
        int error = x->fail_next > 0 ? -EIO : 0;
        x->now_ns += 1500000;
        if (x->fail_next > 0)
            x->fail_next--;
        else if (!x->dry)
            v->mask = m->to;
        x->changes++;
        x->tick_changes++;
        if (!x->dry)
            cpu_policy_result(x->policy, &x->input[m->vcpu].key, error, x->now_ns);
    }
    assert_true(x->plan.reason[0] != '\0');
    if (getenv("TRACE") != NULL) {
        printf("%6.1f %-10s %s\n", (double)x->now_ns / 1e9,
               cpu_verdict_name(x->plan.verdict), x->plan.reason);
        for (size_t k = 0; k < x->plan.nmoves; k++)
            printf("         vcpu %zu: %s\n", x->plan.moves[k].vcpu,
                   x->plan.moves[k].reason);
    }
}

static inline void ticks(struct model *x, int n)
{
    for (int k = 0; k < n; k++) {
        run(x, 1.0);
        tick(x);
    }
}

/* Deviation of true demand over pCPUs, as a share of the mean; wide vCPUs spread
 * evenly. */
static inline double unevenness(const struct model *x)
{
    double load[PCPUS_MAX] = {0}, sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < x->n; i++) {
        size_t count = 0;
        for (size_t p = 0; p < x->m; p++)
            count += runs_on(x, &x->v[i], p);
        for (size_t p = 0; p < x->m; p++)
            if (runs_on(x, &x->v[i], p))
                load[p] += x->v[i].demand / (double)count;
    }
    for (size_t p = 0; p < x->m; p++)
        sum += load[p];
    for (size_t p = 0; p < x->m; p++)
        squares += (load[p] - sum / (double)x->m) * (load[p] - sum / (double)x->m);
    double variance = squares / (double)x->m, mean = sum / (double)x->m, root = 1.0;
    for (int k = 0; k < 60; k++)
        root = 0.5 * (root + variance / root);
    return mean > 0.0 ? root / mean : 0.0;
}

static inline double jain(const struct model *x)
{
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < x->n; i++) {
        sum += x->v[i].got;
        squares += x->v[i].got * x->v[i].got;
    }
    return sum * sum / ((double)x->n * squares);
}

#endif
