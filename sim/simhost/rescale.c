/* rescale.c - a model's snapshot on the clocks of the real world. */
#include "sim/simhost/rescale.h"

#include "sim/run/view.h"

#define NS_PER_S INT64_C(1000000000)

int64_t rescale_to_model_ns(const struct rescale *r, int64_t mono_ns)
{
    return (int64_t)((double)(mono_ns - r->mono_ns) * r->speed);
}

static int64_t mono(const struct rescale *r, int64_t model_mono_ns)
{
    return r->mono_ns + (int64_t)((double)(model_mono_ns - VIEW_MONO_NS) / r->speed);
}

static int64_t wall(const struct rescale *r, int64_t model_wall_ns)
{
    return r->wall_ns + (int64_t)((double)(model_wall_ns - VIEW_WALL_NS) / r->speed);
}

static void divide(struct opt_u64 *counter, double speed)
{
    counter->value = (uint64_t)((double)counter->value / speed);
}

static void rescale_domain(const struct rescale *r, struct snapshot_domain *d)
{
    struct snapshot_memory *m = &d->memory;
    d->sampled_ns = mono(r, d->sampled_ns);
    for (size_t k = 0; k < d->nvcpus; k++) {
        divide(&d->vcpus[k].time_ns, r->speed);
        divide(&d->vcpus[k].delay_ns, r->speed);
    }
    if (m->last_update_s.value > 0)
        m->last_update_s.value =
            (uint64_t)(wall(r, (int64_t)m->last_update_s.value * NS_PER_S) / NS_PER_S);
    if (m->period_s.value > 0)
        m->period_s.value = (uint64_t)((double)m->period_s.value / r->speed + 0.5);
}

void rescale_snapshot(const struct rescale *r, struct snapshot *s)
{
    s->mono_ns = mono(r, s->mono_ns);
    s->wall_ns = wall(r, s->wall_ns);
    for (size_t i = 0; i < s->host.npcpus; i++) {
        divide(&s->host.pcpus[i].busy_ns, r->speed);
        divide(&s->host.pcpus[i].steal_ns, r->speed);
    }
    for (size_t i = 0; i < s->ndomains; i++)
        rescale_domain(r, &s->domains[i]);
}
