/* policy_observe.c - from an input to the placement's view of it: what each vCPU wants,
 * where it may run now, whether it may be moved, and how pCPUs are loaded. */
#include "cpu_actor/policy_state.h"

#include "cpu_actor/num.h"

#include <string.h>

#define STALE_HALF_INTERVALS 7 /* three intervals, and half of one for jitter */

void policy_measure_demand(struct cpu_policy *p, const struct cpu_input *in,
                           struct tally *t)
{
    for (size_t i = 0; i < in->nvcpus; i++) {
        const struct cpu_vcpu *v = &in->vcpus[i];
        struct demand *d = &p->records.all[i].demand;
        struct demand_sample s = {v->has_time, v->has_delay, v->time_ns, v->delay_ns,
                                  v->sampled_ns};
        bool fresh = demand_update(d, &s, p->interval_ns);
        t->fresh += fresh;
        p->guests[i].ran = fresh ? d->ran : CAPACITY_RAN_UNKNOWN;
        t->valid += d->valid > 0;
        p->demand[i] = num_whole(d->permille);
        p->ran[i] = num_whole(d->ran);
        p->waited[i] = num_whole(d->waited);
    }
}

/* Where the vCPU may run now.  The snapshot may still tell of before our last call: for
 * two intervals after it, the mask we asked for is believed over the one we found then.
 */
static struct cpuset present_mask(struct cpu_policy *p, struct record *rec,
                                  const struct cpu_vcpu *v, int64_t now_ns)
{
    if (!rec->landed)
        return v->affinity;
    if (cpuset_equal(&v->affinity, &rec->to)) {
        if (now_ns - rec->landed_ns > POLICY_STANDS_INTERVALS * p->interval_ns)
            rec->hold.fails = 0;
        return v->affinity;
    }
    if ((cpuset_equal(&v->affinity, &rec->from) || cpuset_empty(&v->affinity)) &&
        v->sampled_ns < rec->landed_ns + 2 * p->interval_ns)
        return rec->to;
    rec->landed = false; /* somebody else moved it */
    rec->on_trial = false;
    if (now_ns - rec->landed_ns < POLICY_STANDS_INTERVALS * p->interval_ns)
        stability_failed(&rec->hold, now_ns, p->interval_ns);
    return v->affinity;
}

static bool stale(const struct cpu_policy *p, const struct cpu_vcpu *v, int64_t now_ns)
{
    return (now_ns - v->sampled_ns) * 2 > p->interval_ns * STALE_HALF_INTERVALS;
}

/* Where a vCPU may have run since the last step: before a move, and after it.  Empty:
 * anywhere. */
static struct cpuset either(const struct cpuset *before, const struct cpuset *now)
{
    struct cpuset r = *now;
    for (size_t i = 0; i < CPUSET_WORDS && !cpuset_empty(now); i++)
        r.word[i] |= before->word[i];
    return r;
}

/* Whoever gave a vCPU several pCPUs, but not all that the law has, meant something by
 * it: mostly the cell of its memory.  That is remembered when it gets one pCPU of ours,
 * until somebody else gives it another mask, or it had to leave. */
static struct cpuset home_of(struct record *rec, const struct placement_vcpu *view,
                             const struct cpuset *lawful)
{
    struct cpuset none, inside = cpuset_and(&view->mask, lawful);
    cpuset_clear(&none);
    if (!rec->landed)
        rec->home = view->pcpu == PLACEMENT_WIDE && !cpuset_subset(lawful, &inside)
                        ? inside
                        : none;
    else if (!cpuset_subset(&view->mask, &rec->home))
        rec->home = none;
    return cpuset_and(&rec->home, lawful);
}

/* Fills in the placement's view of vCPU i. */
static void view_vcpu(struct cpu_policy *p, const struct cpu_input *in, size_t i,
                      const struct cpuset *usable, struct tally *t)
{
    const struct cpu_vcpu *v = &in->vcpus[i];
    struct record *rec = &p->records.all[i];
    struct cpuset affinity = present_mask(p, rec, v, in->now_ns);
    struct cpuset lawful = cpuset_and(&v->allowed, usable);
    struct placement_vcpu *view = &p->placement.vcpus[i];
    bool busy = rec->demand.permille >= POLICY_ADOPT_PERMILLE;

    memset(view, 0, sizeof(*view));
    view->demand = rec->demand.permille;
    view->weight = v->weight > 0 ? (double)v->weight : 1.0;
    view->allowed = &v->allowed;
    view->mask = cpuset_and(&affinity, usable);
    uint32_t first = cpuset_first(&view->mask);
    bool single =
        first < CPUSET_MAX && cpuset_next(&view->mask, first + 1) == CPUSET_MAX;
    view->pcpu = single ? p->pcpu_index[first] : PLACEMENT_WIDE;

    bool homeless = !cpuset_empty(&affinity) && cpuset_empty(&view->mask);
    p->guests[i].where = either(&rec->seen_on, &view->mask);
    rec->seen_on = view->mask;
    bool held =
        stability_held(&rec->hold, in->now_ns) && !(homeless && !rec->hold.fails);
    struct cpuset inside = cpuset_and(&view->mask, &lawful);
    bool free_to = !v->fixed && rec->demand.valid > 0 && !cpuset_empty(&affinity) &&
                   !cpuset_empty(&lawful) && (homeless || !cpuset_empty(&inside)) &&
                   !stale(p, v, in->now_ns);
    view->home = home_of(rec, view, &lawful);
    view->movable = free_to && !held;
    view->adopt = view->movable && busy && (homeless || (in->adopt && !single));
    t->words.held += free_to && held && busy;
    t->words.adopting += view->adopt && !homeless;
    t->words.want.adopt |= view->adopt && !homeless;
    t->words.want.homeless |= view->adopt && homeless;
}

/* What the host itself takes of the pCPUs lowers what they have for guests; when that
 * changes, the last plan cannot be judged by what came of it. */
static void see_capacity(struct cpu_policy *p, const struct cpu_input *in)
{
    p->trial.disturbed |= capacity_observe(&p->capacity, in, p->guests);
    for (size_t k = 0; k < in->npcpus; k++) {
        p->pcpus[k] = in->pcpus[k];
        p->pcpus[k].capacity_permille = capacity_left(&p->capacity, &in->pcpus[k]);
    }
}

static void view_all(struct cpu_policy *p, const struct cpu_input *in, struct tally *t)
{
    struct cpuset usable;
    cpuset_clear(&usable);
    for (uint32_t k = 0; k < in->npcpus; k++) {
        cpuset_add(&usable, in->pcpus[k].id);
        p->pcpu_index[in->pcpus[k].id] = k;
    }
    for (size_t i = 0; i < in->nvcpus; i++)
        view_vcpu(p, in, i, &usable, t);
    see_capacity(p, in);
    p->placement.pcpus = p->pcpus;
    p->placement.npcpus = in->npcpus;
    p->placement.nvcpus = in->nvcpus;
    p->placement.tolerance = (double)in->tolerance_permille / 1000.0;
    placement_measure_now(&p->placement);
}

/* A vCPU whose run delay is not known may want more than it got on a full pCPU. */
static void mark_at_least(struct cpu_policy *p, const struct cpu_input *in)
{
    const double *capacity = p->placement.partition.capacity;
    for (size_t i = 0; i < in->nvcpus; i++) {
        struct demand *d = &p->records.all[i].demand;
        uint32_t k = p->placement.vcpus[i].pcpu;
        d->at_least = d->valid > 0 && !d->has_delay && k != PLACEMENT_WIDE &&
                      p->pcpu_numbers[k] >= POLICY_SATURATED * capacity[k];
    }
}

static void measure_pcpus(struct cpu_policy *p, const struct cpu_input *in,
                          struct tally *t)
{
    const struct placement *pl = &p->placement;
    double variance = 0.0;
    for (size_t i = 0; i < in->nvcpus; i++) {
        const struct demand *d = &p->records.all[i].demand;
        p->numbers[i] = d->valid > 0 ? d->ran : 0.0;
        variance += d->valid > 0 ? demand_mean_variance(d) : 0.0;
        t->changing |=
            d->changing && (pl->vcpus[i].pcpu == pl->now.hottest || pl->vcpus[i].adopt);
    }
    placement_spread(&p->placement, p->numbers, false, p->pcpu_numbers);
    for (size_t k = 0; k < in->npcpus; k++) {
        p->pcpu_load[k] = num_whole(pl->load_now[k]);
        p->pcpu_ran[k] = num_whole(p->pcpu_numbers[k]);
    }
    mark_at_least(p, in);
    t->measure = (struct stability_measure){
        .tolerance = pl->tolerance,
        .noise = num_root(variance / (double)in->npcpus),
        .lower_bound = pl->lower_bound,
    };
    struct stability_want w = stability_judge(&pl->now, &t->measure);
    p->threads = false;
    t->words.want.uneven = w.uneven && policy_threads_uneven(p, &t->measure);
    t->words.want.unfair = w.unfair;
}

void policy_observe(struct cpu_policy *p, const struct cpu_input *in, struct tally *t)
{
    view_all(p, in, t);
    measure_pcpus(p, in, t);
}
