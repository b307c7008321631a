/* adapter_xen.c - squeezed: every 10 s a check, then rounds of 1 s until all are where
 * they should be.  qmemman: every second.  Both hand out memory that is nobody's, as
 * Xen has it: what a balloon lets a VM take counts as taken. */
#include "sim/policies/adapter_xen.h"

#include "sim/policies/adapter.h"
#include "sim/policies/memo.h"
#include "sim/policies/qmemman.h"
#include "sim/policies/squeezed.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define ROUND_NS ADAPTER_SECOND_NS
#define CHECK_NS (10 * ADAPTER_SECOND_NS)
#define STUCK_NS (5 * ADAPTER_SECOND_NS)
#define INACCURACY_KIB (4.0 * 1024) /* ours: libvirt's sizes are exact within that */

/* ---- squeezed ---- */

struct squeezed_policy {
    struct adapter_timer check, round;
    bool busy;          /* between a check and the round that finds nothing to do */
    struct memo guests; /* of struct squeezed_progress */
};

struct squeezed_progress {
    bool told, stuck;
    double target_kib, actual_kib; /* as last told, as last seen */
    int64_t since_ns;              /* no progress since */
};

void *squeezed_policy_create(void)
{
    struct squeezed_policy *p = calloc(1, sizeof(*p));
    if (p != NULL)
        p->guests.size = sizeof(struct squeezed_progress);
    return p;
}

void squeezed_policy_destroy(void *self)
{
    struct squeezed_policy *p = self;
    if (p != NULL)
        memo_fini(&p->guests);
    free(p);
}

/* A VM that was told a target and has not come nearer for 5 s is stuck, until it moves. */
static bool watch(struct squeezed_progress *w, double actual_kib, int64_t now_ns)
{
    double before_kib = fabs(w->target_kib - w->actual_kib);
    double gap_kib = fabs(w->target_kib - actual_kib);
    if (!w->told || gap_kib <= INACCURACY_KIB || gap_kib < before_kib) {
        w->since_ns = now_ns;
        w->stuck = false;
    } else if (now_ns - w->since_ns >= STUCK_NS) {
        w->stuck = true;
    }
    w->actual_kib = actual_kib;
    return w->stuck;
}

/* vms[i] of domain i; one that is not ours is excluded. */
static int fill(struct squeezed_policy *p, const struct actor_turn *turn,
                struct squeezed_vm *vms)
{
    const struct snapshot *s = turn->snapshot;
    for (size_t i = 0; i < s->ndomains; i++) {
        const struct snapshot_domain *d = &s->domains[i];
        vms[i] = (struct squeezed_vm){.excluded = true};
        if (!adapter_has_balloon(turn, d))
            continue;
        struct squeezed_progress *w = memo_get(&p->guests, d, 0);
        if (w == NULL)
            return -ENOMEM;
        double actual_kib = (double)d->memory.current_kib.value;
        vms[i] = (struct squeezed_vm){
            .min_kib = adapter_floor_kib(s, d),
            .max_kib = (double)d->memory.maximum_kib.value,
            .actual_kib = actual_kib,
            .excluded = watch(w, actual_kib, turn->now_ns),
        };
    }
    return 0;
}

static int tell(struct squeezed_policy *p, const struct actor_turn *turn,
                const struct snapshot_domain *d, const struct squeezed_vm *vm,
                struct report *r)
{
    struct squeezed_progress *w = memo_get(&p->guests, d, 0);
    if (w == NULL)
        return -ENOMEM;
    if (w->told && fabs(w->target_kib - vm->target_kib) < 1)
        return 0; /* it knows */
    if (!w->told || (w->target_kib < w->actual_kib) != (vm->target_kib < w->actual_kib))
        w->since_ns = turn->now_ns;
    w->told = true;
    w->target_kib = vm->target_kib;
    return adapter_set_memory(turn, r, d, vm->target_kib, "its share of its range");
}

static int squeezed_round(struct squeezed_policy *p, const struct actor_turn *turn,
                          struct report *r)
{
    const struct snapshot *s = turn->snapshot;
    struct squeezed_vm *vms = calloc(s->ndomains + 1, sizeof(*vms));
    if (vms == NULL)
        return -ENOMEM;
    int rc = fill(p, turn, vms);
    double reserve_kib = (double)settings_reserve_kib(&s->settings.mem_host_reserve,
                                                      s->host.memory_total_kib.value);
    squeezed_share(vms, s->ndomains, adapter_unassigned_kib(s), reserve_kib,
                   INACCURACY_KIB);
    bool shrink = squeezed_must_shrink(vms, s->ndomains, INACCURACY_KIB);
    p->busy = false;
    for (size_t i = 0; i < s->ndomains && rc == 0; i++) {
        int way = squeezed_direction(&vms[i], INACCURACY_KIB);
        p->busy |= way != 0;
        if (way == (shrink ? -1 : 1))
            rc = tell(p, turn, &s->domains[i], &vms[i], r);
    }
    memo_sweep(&p->guests);
    free(vms);
    return rc;
}

int squeezed_policy_decide(void *self, const struct actor_turn *turn, struct report *r)
{
    struct squeezed_policy *p = self;
    const struct snapshot_host *h = &turn->snapshot->host;
    int rc = 0;
    if (!h->memory_total_kib.has || !h->memory_available_kib.has)
        return 0;
    bool check = adapter_timer_due(&p->check, turn->now_ns, 0, CHECK_NS);
    bool round = adapter_timer_due(&p->round, turn->now_ns, 0, ROUND_NS);
    if (check || (p->busy && round))
        rc = squeezed_round(p, turn, r);
    adapter_verdict(r, "balanced, or not yet time");
    return rc;
}

/* ---- qmemman ---- */

struct qmemman_policy {
    struct adapter_timer timer;
};

void *qmemman_policy_create(void)
{
    return calloc(1, sizeof(struct qmemman_policy));
}

void qmemman_policy_destroy(void *self)
{
    free(self);
}

static bool qmemman_knows(const struct actor_turn *turn,
                          const struct snapshot_domain *d)
{
    return adapter_has_balloon(turn, d) && d->memory.available_kib.has &&
           d->memory.usable_kib.has;
}

static int qmemman_round(const struct actor_turn *turn, struct report *r)
{
    const struct snapshot *s = turn->snapshot;
    struct qmemman_vm *vms = calloc(s->ndomains + 1, sizeof(*vms));
    const struct snapshot_domain **of =
        calloc(s->ndomains + 1, sizeof(const struct snapshot_domain *));
    int rc = vms != NULL && of != NULL ? 0 : -ENOMEM;
    size_t n = 0;
    for (size_t i = 0; i < s->ndomains && rc == 0; i++) {
        const struct snapshot_memory *m = &s->domains[i].memory;
        if (!qmemman_knows(turn, &s->domains[i]))
            continue;
        of[n] = &s->domains[i];
        vms[n++] = (struct qmemman_vm){
            .used_kib =
                fmax(0, (double)m->available_kib.value - (double)m->usable_kib.value),
            .actual_kib = (double)m->current_kib.value,
            .max_kib = (double)m->maximum_kib.value,
        };
    }
    double free_kib = adapter_unassigned_kib(s);
    if (rc == 0)
        qmemman_plan(vms, n, free_kib);
    if (rc == 0 && qmemman_is_worth_it(vms, n, free_kib))
        for (size_t i = 0; i < n && rc == 0; i++)
            rc = adapter_set_memory(turn, r, of[i], vms[i].target_kib,
                                    "1.3 times its use, and its part of the rest");
    free(vms);
    free(of);
    return rc;
}

int qmemman_policy_decide(void *self, const struct actor_turn *turn, struct report *r)
{
    struct qmemman_policy *p = self;
    const struct snapshot_host *h = &turn->snapshot->host;
    int rc = 0;
    if (!h->memory_total_kib.has || !h->memory_available_kib.has)
        return 0;
    if (adapter_timer_due(&p->timer, turn->now_ns, 0, ROUND_NS)) {
        rc = adapter_ask_statistics(turn, r);
        rc = rc < 0 ? rc : qmemman_round(turn, r);
    }
    adapter_verdict(r, "not worth the calls");
    return rc;
}
