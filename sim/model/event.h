/* event.h - what happens to the host and its VMs at scripted times.  Pure. */
#ifndef SIM_MODEL_EVENT_H
#define SIM_MODEL_EVENT_H

#include "sim/model/model.h"

#define SIM_EVENTS_MAX 100000
#define SIM_ALL_VCPUS UINT32_MAX

enum sim_event_kind {
    /* of a VM */
    SIM_EVENT_DEMAND, /* vcpu, number: share of a pCPU */
    SIM_EVENT_NOISE,  /* number */
    SIM_EVENT_WEIGHT, /* number: cpu shares */
    SIM_EVENT_MASK,   /* vcpu, cpus: somebody pins it; number 1: for good, by law */
    SIM_EVENT_VCPUS,  /* number: online from now on */
    SIM_EVENT_START,
    SIM_EVENT_STOP,
    SIM_EVENT_PAUSE,
    SIM_EVENT_RESUME,
    SIM_EVENT_GROW,      /* kib_s up to kib */
    SIM_EVENT_GROW_FULL, /* kib_s up to what the guest can have at its maximum */
    SIM_EVENT_RELEASE,   /* kib_s (0 = at once) down to kib */
    SIM_EVENT_CACHE,     /* kib_s up to kib of page cache */
    SIM_EVENT_TARGET,    /* kib: somebody sets its balloon */
    SIM_EVENT_BALLOON,   /* number: enum sim_balloon */
    SIM_EVENT_STATS,     /* number: 1 they come, 0 they stand still */
    SIM_EVENT_PERIOD,    /* number: somebody sets the statistics period */
    SIM_EVENT_PARTIAL,   /* number: 0, 1 */
    SIM_EVENT_HUNG,      /* number: 0, 1 */
    SIM_EVENT_FAIL,      /* number: enum sim_call or-ed; of a VM or the host */
    /* of the host */
    SIM_EVENT_LOAD,   /* cpus, number: the host's own share of them */
    SIM_EVENT_USED,   /* kib: the host's own memory */
    SIM_EVENT_ONLINE, /* cpus, number: 0, 1 */
    SIM_EVENT_OUTAGE, /* number: 0, 1 */
};

struct sim_event {
    int64_t at_ns;
    int64_t every_ns; /* 0 = once, else again after that long */
    uint32_t order;   /* as written: events of one time happen in this order */
    enum sim_event_kind kind;
    size_t vm;     /* not used by the host's */
    uint32_t vcpu; /* or SIM_ALL_VCPUS */
    double number;
    int64_t kib, kib_s;
    struct cpuset cpus;
};

/* Adds one.  0, -ENOMEM, -E2BIG (too many) or -EINVAL (vm or vcpu out of range). */
int sim_model_add_event(struct sim_model *m, const struct sim_event *e);

/* Applies one now. */
void sim_event_apply(struct sim_model *m, const struct sim_event *e);

/* Applies all that are due, and puts the recurring ones in again. */
void sim_events_run(struct sim_model *m);

/* When the next one is due, or INT64_MAX. */
int64_t sim_events_next_ns(const struct sim_model *m);

#endif
