/* policy.c - see policy.h.  One step, readable from top to bottom in cpu_policy_step():
 *
 *   records follow the input -> demand -> what today looks like -> is something wanted?
 *   -> a plan -> does it pay, and is it due? -> moves with reasons */
#include "cpu_actor/policy_state.h"

#include "cpu_actor/num.h"

#include <errno.h>
#include <string.h>

#define WAIT_PERMILLE                                                                  \
    100.0                  /* a wide vCPU that waits more than this is not well off    \
                            */
#define SPARE_LEVEL 900.0  /* pCPUs under this have room, so waiting is needless */
#define SHARED_LEVEL 950.0 /* over this, a vCPU that is shared stays shared */
#define BUSY_LEVEL 500.0   /* a pCPU over this is worth looking at on an idle host */
#define INTERVAL_NS_MIN 1000000LL
#define INTERVAL_NS_MAX 86400000000000LL
#define INTERVAL_NS_DEFAULT 1000000000LL

static bool valid_input(const struct cpu_input *in)
{
    for (size_t p = 0; p < in->npcpus; p++) {
        if (in->pcpus[p].id >= CPUSET_MAX ||
            (p > 0 && in->pcpus[p].id <= in->pcpus[p - 1].id))
            return false;
    }
    for (size_t i = 0; i < in->nvcpus; i++)
        if (in->vcpus[i].domain >= in->ndomains)
            return false;
    return in->nvcpus < UINT32_MAX / 4;
}

/* Looks back at the last plan once every vCPU it moved has been measured for an
 * interval in its new place.  A load that changed meanwhile is no judge. */
static void judge_trial(struct cpu_policy *p, const struct cpu_input *in)
{
    bool quiet = !p->trial.disturbed;
    if (!p->trial.open)
        return;
    for (size_t i = 0; i < p->records.count; i++) {
        const struct record *rec = &p->records.all[i];
        quiet &= !rec->demand.changing;
        if (rec->on_trial && in->vcpus[i].sampled_ns <
                                 rec->landed_ns + p->interval_ns - p->interval_ns / 4)
            return;
    }
    p->trial.open = false;
    bool paid = !quiet ||
                stability_paid(&p->trial.before, &p->trial.promised, &p->placement.now);
    for (size_t i = 0; i < p->records.count; i++) {
        struct record *rec = &p->records.all[i];
        if (rec->on_trial && !paid)
            stability_failed(&rec->hold, in->now_ns, p->interval_ns);
        rec->on_trial = false;
    }
}

/* With adopt = no, wide vCPUs take part only when they wait while there is room, or
 * when nothing else evens the pCPUs out. */
static bool take_in_wide(struct cpu_policy *p, const struct cpu_input *in,
                         double waited)
{
    bool any = false;
    for (size_t i = 0; i < in->nvcpus; i++) {
        struct placement_vcpu *v = &p->placement.vcpus[i];
        const struct demand *d = &p->records.all[i].demand;
        if (!v->movable || v->pcpu != PLACEMENT_WIDE || v->adopt ||
            d->permille < POLICY_ADOPT_PERMILLE || d->waited < waited)
            continue;
        v->adopt = true;
        any = true;
    }
    return any;
}

static void make_plan(struct cpu_policy *p, const struct cpu_input *in, struct tally *t)
{
    struct placement *pl = &p->placement;
    placement_plan(pl);
    if (in->adopt || !(t->words.want.uneven || t->words.want.unfair))
        return;
    struct stability_want still = stability_judge(&pl->planned, &t->measure);
    if (stability_wants(still) && take_in_wide(p, in, 0.0))
        placement_plan(pl);
}

/* Whether the wide vCPUs are wide for a reason: everything is even and fair, pins would
 * not be, and no more are wide than have to be.  Then their masks are left as they are.
 */
static bool shared_well(struct cpu_policy *p, const struct cpu_input *in,
                        struct tally *t)
{
    const struct placement *pl = &p->placement;
    uint32_t wide = 0, ours = 0;
    if (t->words.want.uneven || t->words.want.unfair || t->words.want.homeless ||
        pl->integral_unfair <= SHARED_LEVEL)
        return false;
    for (size_t i = 0; i < in->nvcpus; i++) {
        const struct record *rec = &p->records.all[i];
        bool counts = pl->vcpus[i].adopt;
        wide += counts;
        ours += counts && rec->landed;
    }
    t->words.shared = wide;
    return wide <= (pl->sharers > ours ? pl->sharers : ours);
}

static enum cpu_verdict decide(struct cpu_policy *p, const struct cpu_input *in,
                               struct tally *t)
{
    struct placement *pl = &p->placement;
    struct stability_want *want = &t->words.want;
    bool busy =
        pl->now.mean_level >= in->min_load_permille || pl->now.max_level >= BUSY_LEVEL;

    if (!busy && !want->homeless) {
        p->pending = 0;
        return CPU_VERDICT_IDLE;
    }
    if (!in->adopt && pl->now.mean_level < SPARE_LEVEL)
        want->adopt |= take_in_wide(p, in, WAIT_PERMILLE);
    if (!stability_wants(*want)) {
        p->pending = 0;
        return CPU_VERDICT_BALANCED;
    }
    make_plan(p, in, t);
    if (shared_well(p, in, t) || (pl->moves == 0 && !want->uneven && !want->unfair)) {
        p->pending = 0;
        return CPU_VERDICT_BALANCED;
    }
    bool gains = stability_pays(&pl->now, &pl->planned, &t->measure) &&
                 policy_threads_pay(p, &t->measure);
    bool owed = (want->adopt || want->homeless) &&
                stability_harmless(&pl->now, &pl->planned, &t->measure);
    if (pl->moves == 0 || !(gains || owed)) {
        p->pending = 0;
        return t->words.held > 0 ? CPU_VERDICT_HOLDING : CPU_VERDICT_NO_GAIN;
    }
    p->pending++;
    double full = POLICY_SATURATED * pl->partition.capacity[pl->now.hottest];
    bool settled = !t->changing || p->pcpu_numbers[pl->now.hottest] >= full;
    bool large = want->adopt || want->homeless ||
                 stability_gross(&pl->now, &pl->planned, &t->measure);
    return p->pending >= 2 || (large && settled) ? CPU_VERDICT_MOVE
                                                 : CPU_VERDICT_CONFIRMING;
}

static void write_moves(struct cpu_policy *p, const struct cpu_input *in,
                        struct cpu_plan *plan)
{
    const struct placement *pl = &p->placement;
    plan->moves = p->moves;
    for (size_t i = 0; i < in->nvcpus; i++) {
        const struct placement_vcpu *v = &pl->vcpus[i];
        struct record *rec = &p->records.all[i];
        if (!v->moves)
            continue;
        struct cpu_move *m = &p->moves[plan->nmoves++];
        m->vcpu = i;
        m->from = in->vcpus[i].affinity;
        m->to = v->target;
        m->demand_permille = p->demand[i];
        words_move(pl, i, rec->demand.at_least, m->reason);
        rec->from = m->from;
        rec->to = m->to;
        rec->planned = true;
    }
    p->trial = (struct trial){true, false, pl->now, pl->planned};
}

static void certify(const struct placement *pl, bool planned, struct cpu_certificate *c)
{
    const struct placement_quality *then = planned ? &pl->planned : &pl->now;
    c->max_now_permille = num_whole(pl->now.max_level);
    c->max_planned_permille = num_whole(then->max_level);
    c->lower_bound_permille = num_whole(pl->lower_bound);
    c->mean_permille = num_whole(pl->now.mean_level);
    c->deviation_now_permille = num_whole(pl->now.deviation);
    c->deviation_planned_permille = num_whole(then->deviation);
    c->moves = planned ? pl->moves : 0;
}

static enum cpu_verdict judge(struct cpu_policy *p, const struct cpu_input *in,
                              struct tally *t)
{
    if (in->nvcpus == 0 || in->npcpus == 0)
        return CPU_VERDICT_IDLE;
    policy_observe(p, in, t);
    t->words.placement = &p->placement;
    if (t->valid == 0)
        return CPU_VERDICT_WAITING;
    t->words.fresh = t->fresh > 0;
    if (t->fresh == 0)
        return CPU_VERDICT_HOLDING;
    judge_trial(p, in);
    return decide(p, in, t);
}

int cpu_policy_step(struct cpu_policy *p, const struct cpu_input *in,
                    struct cpu_plan *ret_plan)
{
    struct tally t = {0};
    if (!valid_input(in))
        return -EINVAL;
    int r = policy_reserve(p, in);
    if (r != 0)
        return r;

    p->interval_ns = in->interval_ns <= 0                ? INTERVAL_NS_DEFAULT
                     : in->interval_ns < INTERVAL_NS_MIN ? INTERVAL_NS_MIN
                     : in->interval_ns > INTERVAL_NS_MAX ? INTERVAL_NS_MAX
                                                         : in->interval_ns;
    records_sync(&p->records, in->vcpus, in->nvcpus);
    policy_measure_demand(p, in, &t);
    t.words.min_load_permille = in->min_load_permille;

    struct cpu_plan plan = {.verdict = judge(p, in, &t)};
    plan.demand_permille = p->demand;
    plan.ran_permille = p->ran;
    plan.waited_permille = p->waited;
    plan.pcpu_load_permille = p->pcpu_load;
    plan.pcpu_ran_permille = p->pcpu_ran;
    if (t.words.placement != NULL) {
        bool planned =
            plan.verdict == CPU_VERDICT_MOVE || plan.verdict == CPU_VERDICT_CONFIRMING;
        certify(&p->placement, planned, &plan.certificate);
    } else {
        memset(p->pcpu_load, 0, in->npcpus * sizeof(*p->pcpu_load));
        memset(p->pcpu_ran, 0, in->npcpus * sizeof(*p->pcpu_ran));
    }
    words_verdict(plan.verdict, &t.words, plan.reason);
    if (plan.verdict == CPU_VERDICT_MOVE)
        write_moves(p, in, &plan);
    *ret_plan = plan;
    return 0;
}

void cpu_policy_result(struct cpu_policy *p, const struct cpu_vcpu_key *key, int error,
                       int64_t now_ns)
{
    struct record *rec = records_find(&p->records, key);
    if (rec == NULL || !rec->planned)
        return;
    rec->planned = false;
    if (error != 0) {
        stability_failed(&rec->hold, now_ns, p->interval_ns);
        return;
    }
    p->pending = 0; /* what comes next is another change */
    rec->landed = true;
    rec->landed_ns = now_ns;
    rec->on_trial = true;
    stability_moved(&rec->hold, now_ns, p->interval_ns);
}
