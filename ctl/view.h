/* view.h - what is shown of one VM, put together from the snapshot and both reports.
 * Pure but for malloc. */
#ifndef CTL_VIEW_H
#define CTL_VIEW_H

#include "common/control.h"
#include "ctl/health.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct view_vm {
    const struct snapshot_domain *domain;
    const struct report_guest *guest; /* of the mem_actor; NULL = it said nothing */
    bool has_cpu;                     /* the cpu_actor said something of its vCPUs */
    uint64_t demand_permille, ran_permille, waited_permille; /* of all its vCPUs */
};

struct view {
    struct view_vm *vms; /* by name, as a person would sort: vm2 before vm10 */
    size_t nvms;
    const struct report *cpu, *mem; /* what the actors said, if it is news; or NULL */
};

/* h is health_check()'s of r.  Points into r, which must outlive it.
 * Returns 0 (nvms is 0 without a snapshot) or -ENOMEM. */
int view_init(struct view *v, const struct control_reply *r, const struct health *h);
void view_fini(struct view *v);

/* The VM with that name, uuid or running id; NULL when there is none. */
const struct view_vm *view_find(const struct view *v, const char *which);

/* The name nearest to a mistyped one, or NULL. */
const char *view_nearest(const struct view *v, const char *which);

/* What the cpu_actor said of one vCPU, or NULL. */
const struct report_vcpu *view_vcpu(const struct view *v,
                                    const struct snapshot_domain *d, uint32_t number);

/* One word on how the VM fares: "quarantined", "excluded", the mem_actor's word, or
 * "-". */
const char *view_status(const struct view_vm *vm);

/* What makes the VM one that is left alone: "vms.exclude", "vms.include" (it is not in
 * it) or "metadata"; NULL when it is managed. */
const char *view_unmanaged(const struct snapshot_domain *d, const struct settings *s);

/* "running", "paused" or "other". */
const char *view_state(const struct snapshot_domain *d);

/* Guest memory in use: actual - usable, absent when either is. */
struct opt_u64 view_used_kib(const struct snapshot_memory *m);

/* How old the VM's numbers are, and its balloon statistics (-1 = never had any), ns. */
int64_t view_age_ns(const struct control_reply *r, const struct snapshot_domain *d);
int64_t view_balloon_age_ns(const struct control_reply *r,
                            const struct snapshot_domain *d);

#endif
