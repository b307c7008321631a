/* recorded_state.h - what the parts of recorded*.c share; for them only. */
#ifndef SIM_RECORDED_STATE_H
#define SIM_RECORDED_STATE_H

#include "sim/recorded.h"

#define MIB INT64_C(1024)
#define MS INT64_C(1000000)

struct recorded_vcpu {
    bool known;
    uint64_t time_ns, delay_ns; /* of the last snapshot */
    int64_t begin_ns;           /* of the segment */
    double wanted_ns, length_ns;
};

struct recorded_vm {
    char uuid[SNAPSHOT_UUID_MAX];
    int32_t id;
    bool here, seen, paused, has_used;
    int64_t sampled_ns;
    uint32_t nvcpus;
    int64_t program_kib, cache_kib,
        least_kib; /* least: in use by all but the program */
    int64_t least_unused_kib;
    struct recorded_vcpu vcpus[SIM_VCPUS_MAX];
};

struct recorded {
    struct scenario *scenario; /* in the making */
    struct recorded_vm **vms;
    size_t room;
    int64_t base_ns, now_ns, last_ns; /* now_ns, last_ns: of the scenario */
    int64_t used_kib;                 /* the host's own, as it is now */
    char boot_id[SNAPSHOT_UUID_MAX];
    uint64_t snapshots;
};

/* Each takes one thing of a snapshot in.  0, -ENOMEM or -E2BIG. */
int recorded_event(struct recorded *r, const struct sim_event *ev);
int recorded_simple(struct recorded *r, size_t vm, enum sim_event_kind kind,
                    double number);
int recorded_end_segment(struct recorded *r, size_t vm, uint32_t k);
int recorded_take_memory(struct recorded *r, size_t vm,
                         const struct snapshot_memory *m);
int recorded_take_vcpus(struct recorded *r, size_t vm, const struct snapshot_domain *d,
                        bool again);
int recorded_take_host(struct recorded *r, const struct snapshot *s);
int recorded_take_use(struct recorded *r, const struct snapshot *s, int64_t *last);

#endif
