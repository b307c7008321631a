/* adapter_mem.c - MOM: sampled every 5 s, judged every 10 s over 10 samples.  Proxmox:
 * every 10 s, no memory of its own.  Both take MemAvailable as the host's free memory. */
#include "sim/policies/adapter_mem.h"

#include "sim/policies/adapter.h"
#include "sim/policies/memo.h"
#include "sim/policies/mom.h"
#include "sim/policies/proxmox.h"

#include <errno.h>
#include <stdlib.h>

#define MOM_SAMPLE_NS (5 * ADAPTER_SECOND_NS)
#define MOM_POLICY_NS (10 * ADAPTER_SECOND_NS)
#define PROXMOX_NS (10 * ADAPTER_SECOND_NS)
#define KIB INT64_C(1024)

/* ---- MOM ---- */

struct mom_policy {
    struct adapter_timer sample, policy;
    struct adapter_window host_free_kib;
    struct memo guests; /* of struct mom_window */
};

struct mom_window {
    struct adapter_window current_kib, unused_kib;
};

void *mom_policy_create(void)
{
    struct mom_policy *p = calloc(1, sizeof(*p));
    if (p != NULL)
        p->guests.size = sizeof(struct mom_window);
    return p;
}

void mom_policy_destroy(void *self)
{
    struct mom_policy *p = self;
    if (p != NULL)
        memo_fini(&p->guests);
    free(p);
}

/* A guest without statistics is left out of everything. */
static bool mom_knows(const struct actor_turn *turn, const struct snapshot_domain *d)
{
    return adapter_has_balloon(turn, d) && d->memory.unused_kib.has;
}

static int mom_sample(struct mom_policy *p, const struct actor_turn *turn)
{
    const struct snapshot *s = turn->snapshot;
    adapter_window_add(&p->host_free_kib, (double)s->host.memory_available_kib.value);
    for (size_t i = 0; i < s->ndomains; i++) {
        const struct snapshot_domain *d = &s->domains[i];
        if (!mom_knows(turn, d))
            continue;
        struct mom_window *w = memo_get(&p->guests, d, 0);
        if (w == NULL)
            return -ENOMEM;
        adapter_window_add(&w->current_kib, (double)d->memory.current_kib.value);
        adapter_window_add(&w->unused_kib, (double)d->memory.unused_kib.value);
    }
    memo_sweep(&p->guests);
    return 0;
}

static int mom_judge(struct mom_policy *p, const struct actor_turn *turn,
                     const struct snapshot_domain *d, double host_free,
                     struct report *r)
{
    const struct mom_window *w = memo_get(&p->guests, d, 0);
    if (w == NULL)
        return -ENOMEM;
    if (w->current_kib.n == 0)
        return 0;
    struct mom_guest g = {
        .current_kib = (double)d->memory.current_kib.value,
        .avg_current_kib = adapter_window_mean(&w->current_kib),
        .avg_unused_kib = adapter_window_mean(&w->unused_kib),
        .min_kib = adapter_floor_kib(turn->snapshot, d),
        .max_kib = (double)d->memory.maximum_kib.value,
    };
    double target_kib;
    if (!mom_target(host_free, &g, &target_kib))
        return 0;
    return adapter_set_memory(turn, r, d, target_kib,
                              target_kib < g.current_kib ? "host short of memory"
                                                         : "host has memory free");
}

int mom_policy_decide(void *self, const struct actor_turn *turn, struct report *r)
{
    struct mom_policy *p = self;
    const struct snapshot_host *h = &turn->snapshot->host;
    if (!h->memory_total_kib.has || !h->memory_available_kib.has)
        return 0;
    if (adapter_timer_due(&p->sample, turn->now_ns, 0, MOM_SAMPLE_NS) &&
        (adapter_ask_statistics(turn, r) < 0 || mom_sample(p, turn) < 0))
        return -ENOMEM;
    if (adapter_timer_due(&p->policy, turn->now_ns, MOM_POLICY_NS, MOM_POLICY_NS)) {
        double host_free =
            adapter_window_mean(&p->host_free_kib) / (double)h->memory_total_kib.value;
        for (size_t i = 0; i < turn->snapshot->ndomains; i++) {
            const struct snapshot_domain *d = &turn->snapshot->domains[i];
            if (mom_knows(turn, d) && mom_judge(p, turn, d, host_free, r) < 0)
                return -ENOMEM;
        }
    }
    adapter_verdict(r, "nothing to do, or not yet time");
    return 0;
}

/* ---- Proxmox ---- */

struct proxmox_policy {
    struct adapter_timer timer;
};

void *proxmox_policy_create(void)
{
    return calloc(1, sizeof(struct proxmox_policy));
}

void proxmox_policy_destroy(void *self)
{
    free(self);
}

static struct proxmox_vm proxmox_vm_of(const struct actor_turn *turn,
                                       const struct snapshot_domain *d)
{
    const struct snapshot_memory *m = &d->memory;
    if (!adapter_has_balloon(turn, d))
        return (struct proxmox_vm){.shares = 0};
    return (struct proxmox_vm){
        .min_bytes = (int64_t)adapter_floor_kib(turn->snapshot, d) * KIB,
        .max_bytes = (int64_t)m->maximum_kib.value * KIB,
        .current_bytes = (int64_t)m->current_kib.value * KIB,
        .free_bytes = (int64_t)m->unused_kib.value * KIB,
        .has_free = m->unused_kib.has,
        .shares = PROXMOX_SHARES,
    };
}

static int proxmox_round(const struct actor_turn *turn, struct report *r)
{
    const struct snapshot *s = turn->snapshot;
    struct proxmox_vm *vms = calloc(s->ndomains + 1, sizeof(*vms));
    if (vms == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < s->ndomains; i++)
        vms[i] = proxmox_vm_of(turn, &s->domains[i]);
    int64_t goal_bytes = proxmox_goal((int64_t)s->host.memory_total_kib.value * KIB,
                                      (int64_t)s->host.memory_available_kib.value * KIB,
                                      PROXMOX_TARGET_PERCENT);
    proxmox_plan(vms, s->ndomains, goal_bytes, PROXMOX_STEP_BYTES);
    int rc = 0;
    for (size_t i = 0; i < s->ndomains && rc == 0; i++)
        if (vms[i].target_bytes != vms[i].current_bytes)
            rc = adapter_set_memory(
                turn, r, &s->domains[i], (double)vms[i].target_bytes / (double)KIB,
                goal_bytes > 0 ? "host below 80 % use" : "host above 80 % use");
    free(vms);
    return rc;
}

int proxmox_policy_decide(void *self, const struct actor_turn *turn, struct report *r)
{
    struct proxmox_policy *p = self;
    const struct snapshot_host *h = &turn->snapshot->host;
    int rc = 0;
    if (!h->memory_total_kib.has || !h->memory_available_kib.has)
        return 0;
    if (adapter_timer_due(&p->timer, turn->now_ns, 0, PROXMOX_NS)) {
        rc = adapter_ask_statistics(turn, r);
        rc = rc < 0 ? rc : proxmox_round(turn, r);
    }
    adapter_verdict(r, "nothing to do, or not yet time");
    return rc;
}
