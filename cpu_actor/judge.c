/* judge.c - snapshot -> policy -> pins -> report. */
#include "cpu_actor/judge.h"

#include "cpu_actor/input.h"
#include "cpu_actor/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct cpu_actor {
    struct cpu_policy *policy;
    struct cpu_input_buffer buffer;
};

static void destroy(void *self)
{
    struct cpu_actor *a = self;
    cpu_policy_destroy(a->policy);
    cpu_input_fini(&a->buffer);
    free(a);
}

static void *create(void)
{
    struct cpu_actor *a = calloc(1, sizeof(*a));
    if (a == NULL)
        return NULL;
    a->policy = cpu_policy_create();
    if (a->policy == NULL) {
        free(a);
        return NULL;
    }
    return a;
}

/* Carries the plan out, move by move, and tells the policy what became of each. */
static int apply(struct cpu_actor *a, const struct actor_turn *turn,
                 const struct cpu_plan *plan, struct report *r)
{
    for (size_t i = 0; i < plan->nmoves; i++) {
        const struct cpu_move *m = &plan->moves[i];
        const struct cpu_vcpu *v = &a->buffer.vcpus[m->vcpu];
        struct report_action *act =
            actor_add_action(r, REPORT_PIN, a->buffer.domains[m->vcpu]);
        if (act == NULL)
            return -ENOMEM;
        act->vcpu = v->key.vcpu;
        act->from_pcpus = m->from;
        act->to_pcpus = m->to;
        snprintf(act->reason, sizeof(act->reason), "%s", m->reason);
        int error = actor_perform(turn, r, act);
        if (turn->act)
            cpu_policy_result(a->policy, &v->key, error,
                              turn->hands->clock(turn->context));
    }
    return 0;
}

static void fill_certificate(const struct cpu_certificate *c, struct report_cpu *r)
{
    r->max_now_permille = c->max_now_permille;
    r->max_planned_permille = c->max_planned_permille;
    r->lower_bound_permille = c->lower_bound_permille;
    r->mean_permille = c->mean_permille;
    r->deviation_now_permille = c->deviation_now_permille;
    r->deviation_planned_permille = c->deviation_planned_permille;
}

static int fill_loads(const struct cpu_input *in, const struct cpu_plan *plan,
                      struct report_cpu *r)
{
    size_t nvcpus = in->nvcpus < REPORT_VCPUS_MAX ? in->nvcpus : REPORT_VCPUS_MAX;
    r->pcpus = calloc(in->npcpus + 1, sizeof(*r->pcpus));
    r->vcpus = calloc(nvcpus + 1, sizeof(*r->vcpus));
    if (r->pcpus == NULL || r->vcpus == NULL)
        return -ENOMEM;
    r->npcpus = in->npcpus;
    r->nvcpus = nvcpus;
    for (size_t p = 0; p < in->npcpus; p++)
        r->pcpus[p] = (struct report_pcpu){
            .id = in->pcpus[p].id,
            .load_permille = plan->pcpu_load_permille[p],
            .ran_permille = plan->pcpu_ran_permille[p],
        };
    for (size_t v = 0; v < nvcpus; v++) {
        struct report_vcpu *to = &r->vcpus[v];
        memcpy(to->uuid, in->vcpus[v].key.uuid, sizeof(to->uuid));
        to->vcpu = in->vcpus[v].key.vcpu;
        to->demand_permille = plan->demand_permille[v];
        to->ran_permille = plan->ran_permille[v];
        to->waited_permille = plan->waited_permille[v];
    }
    return 0;
}

static int judge(void *self, const struct actor_turn *turn, struct report *r)
{
    struct cpu_actor *a = self;
    struct cpu_plan plan;
    int rc = cpu_input_fill(&a->buffer, turn);
    if (rc == -EINVAL) {
        snprintf(r->verdict, sizeof(r->verdict), "idle");
        snprintf(r->reason, sizeof(r->reason), "no usable pCPU: cpu.pcpus is '%.100s'",
                 turn->snapshot->settings.cpu_pcpus);
        return 0;
    }
    rc = rc < 0 ? rc : cpu_policy_step(a->policy, &a->buffer.input, &plan);
    if (rc < 0)
        return rc;
    snprintf(r->verdict, sizeof(r->verdict), "%s", cpu_verdict_name(plan.verdict));
    snprintf(r->reason, sizeof(r->reason), "%s", plan.reason);
    fill_certificate(&plan.certificate, &r->cpu);
    rc = fill_loads(&a->buffer.input, &plan, &r->cpu);
    return rc < 0 ? rc : apply(a, turn, &plan, r);
}

static enum settings_mode mode(const struct settings *s)
{
    return (enum settings_mode)s->cpu_mode;
}

static bool paused(const struct settings *s)
{
    return s->cpu_paused;
}

const struct actor_ops cpu_actor_ops = {
    .who = REPORT_ACTOR_CPU,
    .name = "cpu_actor",
    .alias = "vcpu_scheduler",
    .help = "Pins the vCPUs of this host's VMs so that all pCPUs carry the same load, "
            "with the fewest pin changes.",
    .create = create,
    .destroy = destroy,
    .mode = mode,
    .paused = paused,
    .judge = judge,
};
