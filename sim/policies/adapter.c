/* adapter.c - what the adapters share. */
#include "sim/policies/adapter.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

bool adapter_timer_due(struct adapter_timer *t, int64_t now_ns, int64_t delay_ns,
                       int64_t period_ns)
{
    if (!t->set) {
        t->set = true;
        t->due_ns = now_ns + delay_ns;
    }
    if (now_ns < t->due_ns)
        return false;
    t->due_ns += period_ns;
    if (t->due_ns <= now_ns) /* looked at too rarely */
        t->due_ns = now_ns + period_ns;
    return true;
}

void adapter_window_add(struct adapter_window *w, double sample)
{
    w->sample[w->next] = sample;
    w->next = (w->next + 1) % ADAPTER_WINDOW;
    w->n += w->n < ADAPTER_WINDOW;
}

double adapter_window_mean(const struct adapter_window *w)
{
    double sum = 0;
    for (size_t i = 0; i < w->n; i++)
        sum += w->sample[i];
    return w->n > 0 ? sum / (double)w->n : 0;
}

bool adapter_has_balloon(const struct actor_turn *turn, const struct snapshot_domain *d)
{
    const struct snapshot_memory *m = &d->memory;
    return d->managed && d->state == SNAPSHOT_STATE_RUNNING &&
           actor_is_fresh(turn, d) && m->balloon == SNAPSHOT_BALLOON_VIRTIO &&
           m->current_kib.has && m->maximum_kib.has && m->maximum_kib.value > 0;
}

double adapter_floor_kib(const struct snapshot *s, const struct snapshot_domain *d)
{
    return fmin((double)s->settings.mem_guest_floor_kib,
                (double)d->memory.maximum_kib.value);
}

double adapter_unassigned_kib(const struct snapshot *s)
{
    double kib = (double)s->host.memory_available_kib.value;
    for (size_t i = 0; i < s->ndomains; i++) {
        const struct snapshot_memory *m = &s->domains[i].memory;
        if (m->current_kib.has && m->rss_kib.has &&
            m->current_kib.value > m->rss_kib.value)
            kib -= (double)(m->current_kib.value - m->rss_kib.value);
    }
    return kib;
}

int adapter_set_memory(const struct actor_turn *turn, struct report *r,
                       const struct snapshot_domain *d, double target_kib,
                       const char *reason)
{
    double bounded = fmin(fmax(1, target_kib), (double)d->memory.maximum_kib.value);
    uint64_t to_kib = (uint64_t)llround(bounded);
    if (to_kib == d->memory.current_kib.value)
        return 0;
    struct report_action *a = actor_add_action(r, REPORT_SET_MEMORY, d);
    if (a == NULL)
        return -ENOMEM;
    a->from_value = d->memory.current_kib.value;
    a->to_value = to_kib;
    snprintf(a->reason, sizeof(a->reason), "%s", reason);
    actor_perform(turn, r, a);
    return 0;
}

int adapter_ask_statistics(const struct actor_turn *turn, struct report *r)
{
    const struct snapshot *s = turn->snapshot;
    for (size_t i = 0; i < s->ndomains; i++) {
        const struct snapshot_domain *d = &s->domains[i];
        if (!adapter_has_balloon(turn, d) || d->partial || d->memory.period_s.value > 0)
            continue;
        struct report_action *a = actor_add_action(r, REPORT_STATS_PERIOD, d);
        if (a == NULL)
            return -ENOMEM;
        a->to_value = s->settings.mem_stats_period_s;
        snprintf(a->reason, sizeof(a->reason), "no statistics");
        actor_perform(turn, r, a);
    }
    return 0;
}

int adapter_pin(const struct actor_turn *turn, struct report *r,
                const struct snapshot_domain *d, const struct snapshot_vcpu *v,
                const struct cpuset *pcpus, const char *reason)
{
    if (cpuset_equal(&v->affinity, pcpus))
        return 0;
    struct report_action *a = actor_add_action(r, REPORT_PIN, d);
    if (a == NULL)
        return -ENOMEM;
    a->vcpu = v->number;
    a->from_pcpus = v->affinity;
    a->to_pcpus = *pcpus;
    snprintf(a->reason, sizeof(a->reason), "%s", reason);
    actor_perform(turn, r, a);
    return 0;
}

struct cpuset adapter_pcpus(const struct snapshot *s)
{
    struct cpuset chosen, online = snapshot_online(s, true);
    if (s->settings.cpu_pcpus[0] == '\0' ||
        cpuset_parse(s->settings.cpu_pcpus, &chosen) < 0)
        return snapshot_online(s, false);
    return cpuset_and(&online, &chosen);
}

struct cpuset adapter_lawful(const struct actor_turn *turn,
                             const struct snapshot_domain *d,
                             const struct snapshot_vcpu *v, const struct cpuset *pcpus)
{
    struct cpuset none;
    cpuset_clear(&none);
    if (!d->managed || d->state != SNAPSHOT_STATE_RUNNING || !actor_is_fresh(turn, d) ||
        v->operator_pinned)
        return none;
    return cpuset_empty(&v->allowed) ? *pcpus : cpuset_and(&v->allowed, pcpus);
}

void adapter_verdict(struct report *r, const char *held_because)
{
    snprintf(r->verdict, sizeof(r->verdict), "%s", r->nactions > 0 ? "acted" : "held");
    snprintf(r->reason, sizeof(r->reason), "%s", r->nactions > 0 ? "" : held_because);
}
