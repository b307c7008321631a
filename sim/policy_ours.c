/* policy_ours.c - vmbalance as a policy of the simulator: both actors, each with its own
 * turn, as the two processes would; and the two that do next to nothing. */
#include "sim/policy.h"

#include "cpu_actor/judge.h"
#include "mem_actor/judge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vmbalance {
    void *cpu, *mem;
};

static void destroy(void *self)
{
    struct vmbalance *v = self;
    if (v == NULL)
        return;
    if (v->cpu != NULL)
        cpu_actor_ops.destroy(v->cpu);
    if (v->mem != NULL)
        mem_actor_ops.destroy(v->mem);
    free(v);
}

static void *create(void)
{
    struct vmbalance *v = calloc(1, sizeof(*v));
    if (v == NULL)
        return NULL;
    v->cpu = cpu_actor_ops.create();
    v->mem = mem_actor_ops.create();
    if (v->cpu == NULL || v->mem == NULL) {
        destroy(v);
        return NULL;
    }
    return v;
}

/* Moves what one actor did to the report of both. */
static int merge(struct report *to, const struct report *from)
{
    size_t n = to->nactions + from->nactions;
    if (from->nactions > 0) {
        struct report_action *list = realloc(to->actions, n * sizeof(*list));
        if (list == NULL)
            return -ENOMEM;
        memcpy(list + to->nactions, from->actions, from->nactions * sizeof(*list));
        to->actions = list;
        to->nactions = n;
    }
    to->calls_ok += from->calls_ok;
    to->calls_failed += from->calls_failed;
    size_t used = strlen(to->reason);
    snprintf(to->reason + used, sizeof(to->reason) - used, "%s%s: %.90s",
             used > 0 ? "; " : "", from->verdict, from->reason);
    return 0;
}

/* What actor.c does around judge(): mode and pause. */
static int judge(const struct actor_ops *ops, void *self, const struct actor_turn *turn,
                 struct report *report)
{
    const struct settings *s = &turn->snapshot->settings;
    struct actor_turn own = *turn;
    struct report r = {.actor = ops->who};
    if (ops->mode(s) == SETTINGS_MODE_OFF)
        return 0;
    own.act = turn->act && ops->mode(s) == SETTINGS_MODE_ACT && !ops->paused(s);
    int rc = ops->judge(self, &own, &r);
    if (rc == 0)
        rc = merge(report, &r);
    report_fini(&r);
    return rc;
}

static int decide(void *self, const struct actor_turn *turn, struct report *report)
{
    struct vmbalance *v = self;
    int r = judge(&cpu_actor_ops, v->cpu, turn, report);
    int other = judge(&mem_actor_ops, v->mem, turn, report);
    return r < 0 ? r : other;
}

const struct sim_policy sim_policy_vmbalance = {
    .name = "vmbalance",
    .help = "cpu_actor and mem_actor, as built",
    .create = create,
    .destroy = destroy,
    .decide = decide,
};

/* ---- none, kernel ---- */

static void *create_nothing(void)
{
    return calloc(1, 1);
}

static int do_nothing(void *self, const struct actor_turn *turn, struct report *report)
{
    (void)self;
    (void)turn;
    (void)report;
    return 0;
}

const struct sim_policy sim_policy_none = {
    .name = "none",
    .help = "touches nothing: today's pins and balloons stay",
    .create = create_nothing,
    .destroy = free,
    .decide = do_nothing,
};

/* Every vCPU may run wherever the operator lets it: the kernel decides. */
static int unpin(void *self, const struct actor_turn *turn, struct report *report)
{
    const struct snapshot *s = turn->snapshot;
    struct cpuset online = snapshot_online(s, false);
    (void)self;
    for (size_t i = 0; i < s->ndomains; i++) {
        const struct snapshot_domain *d = &s->domains[i];
        for (size_t k = 0; k < d->nvcpus; k++) {
            const struct snapshot_vcpu *v = &d->vcpus[k];
            struct cpuset to = cpuset_and(&v->allowed, &online);
            struct cpuset now = cpuset_and(&v->affinity, &online);
            if (v->operator_pinned || cpuset_empty(&to) || cpuset_equal(&to, &now))
                continue;
            struct report_action *a = actor_add_action(report, REPORT_PIN, d);
            if (a == NULL)
                return -ENOMEM;
            a->vcpu = v->number;
            a->from_pcpus = v->affinity;
            a->to_pcpus = to;
            actor_perform(turn, report, a);
        }
    }
    return 0;
}

const struct sim_policy sim_policy_kernel = {
    .name = "kernel",
    .help = "takes every live pin away: the kernel alone",
    .create = create_nothing,
    .destroy = free,
    .decide = unpin,
};
