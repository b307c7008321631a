/* judge.c - snapshot -> policy -> balloon targets -> report. */
#include "mem_actor/judge.h"

#include "mem_actor/input.h"
#include "mem_actor/period.h"
#include "mem_actor/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct mem_actor {
    struct mem_policy *policy;
    struct mem_input_buffer buffer;
    struct period_book periods;
};

static void destroy(void *self)
{
    struct mem_actor *a = self;
    mem_policy_destroy(a->policy);
    mem_input_fini(&a->buffer);
    period_fini(&a->periods);
    free(a);
}

static void *create(void)
{
    struct mem_actor *a = calloc(1, sizeof(*a));
    if (a == NULL)
        return NULL;
    a->policy = mem_policy_create();
    if (a->policy == NULL) {
        free(a);
        return NULL;
    }
    return a;
}

static int set_period(struct mem_actor *a, const struct actor_turn *turn,
                      const struct snapshot_domain *d, const struct period_guest *p,
                      struct report *r)
{
    uint32_t period_s = turn->snapshot->settings.mem_stats_period_s;
    struct report_action *act = actor_add_action(r, REPORT_STATS_PERIOD, d);
    if (act == NULL)
        return -ENOMEM;
    act->from_value = p->period_s;
    act->to_value = period_s;
    snprintf(act->reason, sizeof(act->reason), "%s",
             p->on_time ? "the setting mem.stats_period differs"
                        : "the guest's memory statistics do not arrive in time");
    int error = actor_perform(turn, r, act);
    if (turn->act)
        period_was_set(&a->periods, p, period_s, turn->hands->clock(turn->context),
                       error);
    return 0;
}

/* Guests answer only while a statistics period is set, and what they said before is not
 * judged: see period.h. */
static int keep_periods(struct mem_actor *a, const struct actor_turn *turn,
                        struct report *r)
{
    const struct snapshot *s = turn->snapshot;
    int rc = 0;
    for (size_t i = 0; i < s->ndomains && rc == 0; i++) {
        const struct snapshot_domain *d = &s->domains[i];
        struct mem_guest *g = &a->buffer.guests[i];
        const struct period_guest p = {
            .uuid = d->uuid,
            .domain_id = d->id,
            .on_time = g->fresh && mem_input_is_on_time(turn, d),
            .period_s = d->memory.period_s.value,
            .answered_s = d->memory.last_update_s.value,
        };
        if (!d->managed || d->quarantined || !g->running ||
            d->memory.balloon != SNAPSHOT_BALLOON_VIRTIO)
            continue;
        if (period_is_due(&a->periods, &p, s->settings.mem_stats_period_s,
                          turn->now_ns) &&
            (turn->act || period_is_news(&a->periods, &p)))
            rc = set_period(a, turn, d, &p, r);
        g->fresh = g->fresh && period_is_answered(&a->periods, &p);
    }
    period_sweep(&a->periods);
    return rc;
}

static int apply(struct mem_actor *a, const struct actor_turn *turn,
                 const struct mem_plan *plan, struct report *r)
{
    for (size_t i = 0; i < plan->nmoves; i++) {
        const struct mem_move *m = &plan->moves[i];
        const struct snapshot_domain *d = &turn->snapshot->domains[m->guest];
        struct report_action *act = actor_add_action(r, REPORT_SET_MEMORY, d);
        if (act == NULL)
            return -ENOMEM;
        act->from_value = m->from_kib;
        act->to_value = m->to_kib;
        snprintf(act->reason, sizeof(act->reason), "%s", m->reason);
        int error = actor_perform(turn, r, act);
        if (turn->act)
            mem_policy_result(a->policy, &a->buffer.guests[m->guest].key, m->to_kib,
                              error, turn->hands->clock(turn->context));
    }
    return 0;
}

static int fill_guests(const struct snapshot *s, const struct mem_plan *plan,
                       struct report_mem *r)
{
    r->guests = calloc(s->ndomains + 1, sizeof(*r->guests));
    if (r->guests == NULL)
        return -ENOMEM;
    r->nguests = s->ndomains;
    for (size_t i = 0; i < s->ndomains; i++) {
        const struct mem_guest_view *v = &plan->guests[i];
        struct report_guest *to = &r->guests[i];
        memcpy(to->uuid, s->domains[i].uuid, sizeof(to->uuid));
        snprintf(to->state, sizeof(to->state), "%s", mem_guest_state_name(v->state));
        snprintf(to->why, sizeof(to->why), "%s", v->why);
        to->used_kib = v->used_kib;
        to->need_kib = v->need_kib;
        to->want_kib = v->want_kib;
        to->share_kib = v->share_kib;
        to->target_kib = v->target_kib;
        to->floor_kib = v->floor_kib;
        to->growth_kib_s = v->growth_kib_s;
    }
    return 0;
}

static int judge(void *self, const struct actor_turn *turn, struct report *r)
{
    struct mem_actor *a = self;
    struct mem_plan plan;
    int rc = mem_input_fill(&a->buffer, turn);
    rc = rc < 0 ? rc : keep_periods(a, turn, r);
    rc = rc < 0 ? rc : mem_policy_step(a->policy, &a->buffer.input, &plan);
    if (rc < 0)
        return rc;
    snprintf(r->verdict, sizeof(r->verdict), "%s", mem_verdict_name(plan.verdict));
    snprintf(r->reason, sizeof(r->reason), "%s", plan.reason);
    r->mem.budget_kib = plan.budget_kib;
    r->mem.held_kib = plan.held_kib;
    r->mem.spare_kib = plan.spare_kib;
    r->mem.reserve_kib = a->buffer.input.host_reserve_kib;
    rc = fill_guests(turn->snapshot, &plan, &r->mem);
    return rc < 0 ? rc : apply(a, turn, &plan, r);
}

static enum settings_mode mode(const struct settings *s)
{
    return (enum settings_mode)s->mem_mode;
}

static bool paused(const struct settings *s)
{
    return s->mem_paused;
}

const struct actor_ops mem_actor_ops = {
    .who = REPORT_ACTOR_MEM,
    .name = "mem_actor",
    .alias = "memory_coordinator",
    .help = "Moves memory between this host's VMs through their balloons, so that none "
            "starves while another sits on free pages.",
    .create = create,
    .destroy = destroy,
    .mode = mode,
    .paused = paused,
    .judge = judge,
};
