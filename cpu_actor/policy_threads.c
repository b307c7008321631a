/* policy_threads.c - a second reading of demand where pCPUs share cores.
 *
 * A vCPU whose core's other thread is busy computes at e < 1 of its speed, so what it
 * wants is stretched, and small demands more so than great ones:
 *
 *     d = x / (x + e (1 - x))      x: what it would want with the core to itself
 *     x = d e / (1 - d + d e)      60 % looks like 67 %, 20 + 10 % like 25 + 13 %
 *
 * What two threads do together is not known, about 1.25 of what one does.  So x is no
 * better than d; but what is uneven by d alone is not worth a pin call. */
#include "cpu_actor/policy_state.h"

#include "cpu_actor/num.h"

#define SMT_GAIN 1.25 /* two busy threads, of what one does alone */

/* The speed of a vCPU on pCPU k while the core's other threads are as busy as ran[]. */
static double speed_on(const struct placement *pl, size_t k, const double *ran)
{
    double others = 0.0;
    for (size_t q = 0; q < pl->npcpus; q++)
        if (q != k && pl->pcpus[q].core == pl->pcpus[k].core)
            others += ran[q];
    return 1.0 - (1.0 - SMT_GAIN / 2.0) * num_clamp(others / 1000.0, 0.0, 1.0);
}

static bool share_cores(const struct placement *pl)
{
    for (size_t k = 0; k < pl->npcpus; k++)
        for (size_t q = 0; q < k; q++)
            if (pl->pcpus[q].core == pl->pcpus[k].core)
                return true;
    return false;
}

static struct placement_quality read_again(struct cpu_policy *p, bool planned)
{
    struct placement *pl = &p->placement;
    placement_spread(pl, p->lean, planned, p->lean_load);
    struct placement_quality q = placement_quality_of(pl, p->lean_load, p->lean_load);
    q.unfair = planned ? pl->planned.unfair : pl->now.unfair;
    return q;
}

bool policy_threads_uneven(struct cpu_policy *p, const struct stability_measure *m)
{
    struct placement *pl = &p->placement;
    double mean = 0.0, greatest = 0.0, widest = 1.0;

    p->threads = share_cores(pl);
    if (!p->threads)
        return true;
    for (size_t k = 0; k < pl->npcpus; k++) {
        p->lean_load[k] = speed_on(pl, k, p->pcpu_numbers);
        mean += p->lean_load[k] / (double)pl->npcpus;
        widest = num_max(widest, pl->partition.capacity[k]);
    }
    for (size_t i = 0; i < pl->nvcpus; i++) {
        const struct placement_vcpu *v = &pl->vcpus[i];
        double e = v->pcpu == PLACEMENT_WIDE ? mean : p->lean_load[v->pcpu];
        double d = num_min(v->demand, 1000.0);
        p->lean[i] = 1000.0 * d * e / (1000.0 - d + d * e);
        greatest = num_max(greatest, p->lean[i]);
    }
    p->lean_now = read_again(p, false);
    struct stability_measure lean = *m;
    lean.lower_bound = num_max(1000.0 * greatest / widest, p->lean_now.mean_level);
    return stability_judge(&p->lean_now, &lean).uneven;
}

bool policy_threads_pay(struct cpu_policy *p, const struct stability_measure *m)
{
    if (!p->threads)
        return true;
    struct placement_quality planned = read_again(p, true);
    return stability_pays(&p->lean_now, &planned, m);
}
