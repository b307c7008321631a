/* adapter.h - what the adapters share: time, averages, which VMs, actions. */
#ifndef SIM_POLICIES_ADAPTER_H
#define SIM_POLICIES_ADAPTER_H

#include "actor/turn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADAPTER_SECOND_NS INT64_C(1000000000)

/* Something done at most once per period; zero-initialise. */
struct adapter_timer {
    int64_t due_ns;
    bool set;
};

/* True when it is due: the first time after delay_ns, then every period_ns on average. */
bool adapter_timer_due(struct adapter_timer *t, int64_t now_ns, int64_t delay_ns,
                       int64_t period_ns);

/* The mean of the last samples; zero-initialise. */
#define ADAPTER_WINDOW 10
struct adapter_window {
    double sample[ADAPTER_WINDOW];
    size_t n, next;
};

void adapter_window_add(struct adapter_window *w, double sample);

/* 0 when there are no samples. */
double adapter_window_mean(const struct adapter_window *w);

/* Whether a memory policy may touch it: ours, running, read lately, with a balloon and
 * known sizes. */
bool adapter_has_balloon(const struct actor_turn *turn,
                         const struct snapshot_domain *d);

/* The guest's floor in KiB, at most its maximum. */
double adapter_floor_kib(const struct snapshot *s, const struct snapshot_domain *d);

/* Host memory that no VM may touch: available, less what balloons let VMs still take.
 * Negative when more is promised than there is. */
double adapter_unassigned_kib(const struct snapshot *s);

/* Has the balloon set to that, within 1 KiB..maximum; nothing when it is there already.
 * Returns 0 (a failed call stands in the report) or -ENOMEM. */
int adapter_set_memory(const struct actor_turn *turn, struct report *r,
                       const struct snapshot_domain *d, double target_kib,
                       const char *reason);

/* Has the guests with a balloon report statistics, where nobody does: the originals'
 * set-up sees to that.  Returns like the one above. */
int adapter_ask_statistics(const struct actor_turn *turn, struct report *r);

/* Has the vCPU pinned; nothing when it is so already.  Returns like those above. */
int adapter_pin(const struct actor_turn *turn, struct report *r,
                const struct snapshot_domain *d, const struct snapshot_vcpu *v,
                const struct cpuset *pcpus, const char *reason);

/* The pCPUs in use: those of the setting cpu.pcpus, else all that are not isolated. */
struct cpuset adapter_pcpus(const struct snapshot *s);

/* Where a vCPU may go of them; empty when it is not to be touched. */
struct cpuset adapter_lawful(const struct actor_turn *turn,
                             const struct snapshot_domain *d,
                             const struct snapshot_vcpu *v, const struct cpuset *pcpus);

/* The report's verdict: "acted" or "held". */
void adapter_verdict(struct report *r, const char *held_because);

#endif
