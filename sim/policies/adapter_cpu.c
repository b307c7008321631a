/* adapter_cpu.c - irqbalance and LXD over snapshots.
 *
 * irqbalance, every 10 s: run times since the last round -> tree -> donors -> places ->
 * pins.  The first round places every vCPU anew; one that is pinned
 * where it belongs already costs no call.
 * LXD, whenever a vCPU or pCPU came or went: all placed anew, vCPU k of a VM on the k-th
 * of the VM's CPUs.  Load plays no part. */
#include "sim/policies/adapter_cpu.h"

#include "sim/policies/adapter.h"
#include "sim/policies/irqbalance.h"
#include "sim/policies/lxd.h"
#include "sim/policies/memo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PERIOD_NS (10 * ADAPTER_SECOND_NS)
#define MIGRATEVAL 0.0 /* irqbalance's default */

enum level {
    LEVEL_NODE, /* and package: the snapshot tells no difference */
    LEVEL_CORE, /* its L2 cache is irqbalance's cache domain */
    LEVEL_PCPU,
};

/* ---- irqbalance ---- */

struct irqbalance_policy {
    struct adapter_timer timer;
    struct memo vcpus; /* of struct vcpu_memo */
};

struct vcpu_memo {
    bool counted, loaded, placed;
    uint64_t time_ns; /* at the last round */
    double load_ns;
    uint32_t pcpu;
};

/* Of one round. */
struct round {
    const struct actor_turn *turn;
    struct cpuset pcpus;
    struct irqbalance_tree tree;
    uint32_t leaf[CPUSET_MAX]; /* object of a pCPU */
    struct owner {
        const struct snapshot_domain *domain;
        const struct snapshot_vcpu *vcpu;
        struct vcpu_memo *memo;
    } * owners; /* of items */
};

void *irqbalance_policy_create(void)
{
    struct irqbalance_policy *p = calloc(1, sizeof(*p));
    if (p != NULL)
        p->vcpus.size = sizeof(struct vcpu_memo);
    return p;
}

void irqbalance_policy_destroy(void *self)
{
    struct irqbalance_policy *p = self;
    if (p != NULL)
        memo_fini(&p->vcpus);
    free(p);
}

/* Adds the pCPU to that level's object of which a member pCPU has the same mark. */
static uint32_t join(struct round *x, enum level level, uint32_t parent, uint32_t mark,
                     uint32_t *marks, uint32_t pcpu)
{
    uint32_t i = 0;
    while (i < x->tree.nobjects &&
           (x->tree.objects[i].level != level || marks[i] != mark))
        i++;
    if (i == x->tree.nobjects) {
        x->tree.objects[i] =
            (struct irqbalance_object){.level = level, .parent = parent};
        marks[i] = mark;
        x->tree.nobjects++;
    }
    cpuset_add(&x->tree.objects[i].cpus, pcpu);
    return i;
}

static int build_tree(struct round *x)
{
    const struct snapshot_host *h = &x->turn->snapshot->host;
    uint32_t *marks = calloc(3 * h->npcpus + 1, sizeof(*marks));
    x->tree.objects = calloc(3 * h->npcpus + 1, sizeof(*x->tree.objects));
    if (marks == NULL || x->tree.objects == NULL) {
        free(marks);
        return -ENOMEM;
    }
    memset(x->leaf, 0xff, sizeof(x->leaf)); /* IRQBALANCE_NONE */
    for (size_t i = 0; i < h->npcpus; i++) {
        const struct snapshot_pcpu *p = &h->pcpus[i];
        if (!cpuset_has(&x->pcpus, p->id))
            continue;
        uint32_t node = join(x, LEVEL_NODE, IRQBALANCE_NONE, p->cell, marks, p->id);
        uint32_t core = join(x, LEVEL_CORE, node, p->core, marks, p->id);
        x->leaf[p->id] = join(x, LEVEL_PCPU, core, p->id, marks, p->id);
    }
    free(marks);
    return 0;
}

/* A vCPU that irqbalance may not move is load on the pCPUs that it may use. */
static void add_fixed_load(struct round *x, const struct snapshot_vcpu *v,
                           double load_ns)
{
    struct cpuset on = cpuset_and(&v->affinity, &x->pcpus);
    uint32_t n = cpuset_count(&on);
    for (uint32_t c = cpuset_first(&on); c < CPUSET_MAX; c = cpuset_next(&on, c + 1))
        x->tree.objects[x->leaf[c]].load += load_ns / n;
}

static void add_vcpu(struct round *x, const struct snapshot_domain *d,
                     const struct snapshot_vcpu *v, struct vcpu_memo *m)
{
    struct cpuset lawful = adapter_lawful(x->turn, d, v, &x->pcpus);
    if (!m->loaded)
        return;
    if (cpuset_empty(&lawful)) {
        add_fixed_load(x, v, m->load_ns);
        return;
    }
    struct irqbalance_item *item = &x->tree.items[x->tree.nitems];
    *item = (struct irqbalance_item){
        .load = m->load_ns > 1 ? m->load_ns : 1,
        .at = IRQBALANCE_NONE,
        .lawful = lawful,
    };
    if (m->placed && cpuset_has(&lawful, m->pcpu)) {
        item->at = x->leaf[m->pcpu];
        x->tree.objects[item->at].load += item->load;
        x->tree.objects[item->at].items++;
    }
    x->owners[x->tree.nitems++] = (struct owner){d, v, m};
}

/* Its load is the run time since the last round; none in the first one. */
static void measure(struct vcpu_memo *m, const struct snapshot_vcpu *v)
{
    if (!v->time_ns.has)
        return;
    if (m->counted && v->time_ns.value >= m->time_ns) {
        m->load_ns = (double)(v->time_ns.value - m->time_ns);
        m->loaded = true;
    }
    m->counted = true;
    m->time_ns = v->time_ns.value;
}

static int fill_items(struct irqbalance_policy *p, struct round *x)
{
    const struct snapshot *s = x->turn->snapshot;
    size_t n = 1;
    for (size_t i = 0; i < s->ndomains; i++)
        n += s->domains[i].nvcpus;
    x->tree.items = calloc(n, sizeof(*x->tree.items));
    x->owners = calloc(n, sizeof(*x->owners));
    x->tree.order = calloc(n, sizeof(*x->tree.order));
    if (x->tree.items == NULL || x->owners == NULL || x->tree.order == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < s->ndomains; i++) {
        const struct snapshot_domain *d = &s->domains[i];
        for (size_t k = 0; k < d->nvcpus; k++) {
            struct vcpu_memo *m = memo_get(&p->vcpus, d, d->vcpus[k].number);
            if (m == NULL)
                return -ENOMEM;
            measure(m, &d->vcpus[k]);
            add_vcpu(x, d, &d->vcpus[k], m);
        }
    }
    memo_sweep(&p->vcpus);
    return irqbalance_order(&x->tree);
}

static int pin_items(struct round *x, struct report *r)
{
    int rc = 0;
    for (size_t i = 0; i < x->tree.nitems && rc == 0; i++) {
        const struct owner *o = &x->owners[i];
        if (x->tree.items[i].at == IRQBALANCE_NONE)
            continue;
        const struct cpuset *to = &x->tree.objects[x->tree.items[i].at].cpus;
        o->memo->placed = true;
        o->memo->pcpu = cpuset_first(to);
        rc = adapter_pin(x->turn, r, o->domain, o->vcpu, to, "least loaded branch");
    }
    return rc;
}

static int run_round(struct irqbalance_policy *p, const struct actor_turn *turn,
                     struct report *r)
{
    struct round *x = calloc(1, sizeof(*x));
    if (x == NULL)
        return -ENOMEM;
    x->turn = turn;
    x->pcpus = adapter_pcpus(turn->snapshot);
    int rc = build_tree(x);
    rc = rc < 0 ? rc : fill_items(p, x);
    if (rc == 0) {
        irqbalance_sum(&x->tree);
        irqbalance_select(&x->tree, LEVEL_PCPU, MIGRATEVAL);
        irqbalance_place(&x->tree);
        rc = pin_items(x, r);
    }
    free(x->tree.objects);
    free(x->tree.items);
    free(x->owners);
    free(x->tree.order);
    free(x);
    return rc;
}

int irqbalance_policy_decide(void *self, const struct actor_turn *turn,
                             struct report *r)
{
    struct irqbalance_policy *p = self;
    int rc = 0;
    if (adapter_timer_due(&p->timer, turn->now_ns, 0, PERIOD_NS))
        rc = run_round(p, turn, r);
    adapter_verdict(r, "nothing to move, or not yet time");
    return rc;
}

/* ---- LXD ---- */

struct lxd_policy {
    struct memo vcpus; /* of bool: seen before */
    struct cpuset pcpus;
    uint32_t users[CPUSET_MAX]; /* of one placement */
};

void *lxd_policy_create(void)
{
    struct lxd_policy *p = calloc(1, sizeof(*p));
    if (p != NULL)
        p->vcpus.size = sizeof(bool);
    return p;
}

void lxd_policy_destroy(void *self)
{
    struct lxd_policy *p = self;
    if (p != NULL)
        memo_fini(&p->vcpus);
    free(p);
}

/* 1 when vCPUs or pCPUs came or went since the last look, else 0, or -ENOMEM. */
static int something_changed(struct lxd_policy *p, const struct snapshot *s)
{
    struct cpuset pcpus = adapter_pcpus(s);
    bool changed = !cpuset_equal(&pcpus, &p->pcpus);
    p->pcpus = pcpus;
    for (size_t i = 0; i < s->ndomains; i++) {
        const struct snapshot_domain *d = &s->domains[i];
        for (size_t k = 0; k < d->nvcpus; k++) {
            bool *seen = memo_get(&p->vcpus, d, d->vcpus[k].number);
            if (seen == NULL)
                return -ENOMEM;
            changed |= !*seen;
            *seen = true;
        }
    }
    return memo_sweep(&p->vcpus) > 0 || changed;
}

/* Whose pins were made by people. */
static void count_explicit_pins(struct lxd_policy *p, const struct snapshot *s)
{
    for (size_t i = 0; i < s->ndomains; i++)
        for (size_t k = 0; k < s->domains[i].nvcpus; k++) {
            const struct snapshot_vcpu *v = &s->domains[i].vcpus[k];
            if (v->operator_pinned)
                lxd_count(p->users, &v->affinity);
        }
}

static int place_domain(struct lxd_policy *p, const struct actor_turn *turn,
                        const struct snapshot_domain *d, struct report *r)
{
    struct cpuset lawful = p->pcpus;
    size_t movable = 0;
    for (size_t k = 0; k < d->nvcpus; k++) {
        struct cpuset here = adapter_lawful(turn, d, &d->vcpus[k], &p->pcpus);
        if (cpuset_empty(&here))
            continue;
        lawful = cpuset_and(&lawful, &here);
        movable++;
    }
    if (movable == 0 || cpuset_empty(&lawful))
        return 0;
    struct cpuset taken = lxd_take(p->users, &lawful, movable);
    uint32_t next = cpuset_first(&taken);
    int rc = 0;
    for (size_t k = 0; k < d->nvcpus && rc == 0; k++) {
        const struct snapshot_vcpu *v = &d->vcpus[k];
        struct cpuset here = adapter_lawful(turn, d, v, &p->pcpus), one;
        if (cpuset_empty(&here))
            continue;
        one = cpuset_of(next);
        rc = adapter_pin(turn, r, d, v, &one, "fewest pins");
        next = cpuset_next(&taken, next + 1);
        if (next == CPUSET_MAX) /* more vCPUs than CPUs */
            next = cpuset_first(&taken);
    }
    return rc;
}

int lxd_policy_decide(void *self, const struct actor_turn *turn, struct report *r)
{
    struct lxd_policy *p = self;
    const struct snapshot *s = turn->snapshot;
    int rc = something_changed(p, s);
    if (rc > 0) {
        rc = 0;
        memset(p->users, 0, sizeof(p->users));
        count_explicit_pins(p, s);
        for (size_t i = 0; i < s->ndomains && rc == 0; i++)
            rc = place_domain(p, turn, &s->domains[i], r);
    }
    adapter_verdict(r, "nobody came or went");
    return rc;
}
