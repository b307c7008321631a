/* policy.h - the memory policy as one step: samples in, plan out, results back in.
 * Pure: no I/O, clock, log or global; the same inputs give the same plan.
 *
 * It ties together need.h (what each guest needs and wants), allocation.h (what each is
 * given of the host's budget) and movement.h (how far towards it in this interval).
 * Times are ns on one monotonic clock, memory is KiB. */
#ifndef MEM_ACTOR_POLICY_H
#define MEM_ACTOR_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEM_UUID_MAX 37
#define MEM_REASON_MAX 192

/* A number that may be missing; a size above 2^42 KiB counts as missing. */
struct mem_opt {
    uint64_t value;
    bool has;
};

/* Who a guest is.  A domain that restarts has a new domain_id: its history starts anew.
 */
struct mem_guest_key {
    char uuid[MEM_UUID_MAX];
    int32_t domain_id;
};

struct mem_guest {
    struct mem_guest_key key;
    bool managed;  /* false: counted, never touched */
    bool running;  /* false (paused): counted, never touched */
    bool can_give; /* balloon present; no VFIO, hugepages, locked memory */
    bool fresh;    /* its statistics are young enough to act on */
    /* When the guest took its statistics: libvirt's last-update, brought to this clock,
     * and not when they were read.  Statistics with the same stamp (50 ms) are the same
     * ones. */
    int64_t sampled_ns;
    uint32_t weight; /* 1024 = normal */
    uint64_t maximum_kib;
    struct mem_opt current_kib;
    struct mem_opt available_kib; /* guest MemTotal */
    struct mem_opt unused_kib, usable_kib, disk_caches_kib;
    struct mem_opt swap_in_kib, swap_out_kib, major_faults; /* cumulative */
    struct mem_opt rss_kib; /* what its QEMU holds of the host now; read with current */
};

struct mem_input {
    int64_t now_ns;
    int64_t interval_ns;
    const struct mem_guest *guests;
    size_t nguests;
    uint64_t host_total_kib;
    struct mem_opt
        host_available_kib; /* MemAvailable; absent: never grow, only report */
    struct mem_opt host_psi_permille; /* memory pressure, some avg10 */
    uint64_t host_reserve_kib;
    uint64_t budget_cap_kib;   /* setting mem.host_budget, 0 = none */
    uint64_t floor_kib;        /* setting mem.guest_floor */
    uint64_t usable_min_kib;   /* setting mem.guest_usable */
    uint32_t reclaim_percent;  /* at most, of a guest's size, per interval */
    uint32_t headroom_percent; /* of used, wanted on top */
    uint32_t cache_percent;    /* of page cache, counted as want */
};

enum mem_guest_state {
    MEM_GUEST_UNKNOWN = 0,  /* no usable statistics yet */
    MEM_GUEST_OK = 1,       /* has what it wants */
    MEM_GUEST_GROWING = 2,  /* is being given memory */
    MEM_GUEST_GIVING = 3,   /* memory is being taken from it */
    MEM_GUEST_TROUBLED = 4, /* swapping or short of usable memory */
    MEM_GUEST_STUCK = 5,    /* the balloon does not follow its target */
    MEM_GUEST_STALE = 6,    /* statistics too old to act on */
    MEM_GUEST_UNABLE = 7,   /* no balloon, VFIO, hugepages, locked, paused, unmanaged,
                               or larger than its maximum (virtio-mem) */
    MEM_GUEST_SHORT = 8,    /* needs more than the host can pay */
};

/* One line per guest of the input, in its order. */
struct mem_guest_view {
    enum mem_guest_state state;
    uint64_t used_kib; /* current - usable, 0 when not known; see need.h for when the
                          balloon moves */
    uint64_t need_kib, want_kib;
    uint64_t share_kib;   /* what the allocation gives it in the end */
    uint64_t target_kib;  /* the target in force after this plan */
    uint64_t floor_kib;   /* the greater of the setting and what was learned */
    int64_t growth_kib_s; /* rise of used, smoothed, or as its RSS announces it */
    char why[MEM_REASON_MAX];
};

struct mem_move {
    size_t guest;              /* index in the input */
    uint64_t from_kib, to_kib; /* from: what it may touch now, its size or its target */
    char reason[MEM_REASON_MAX];
};

enum mem_verdict {
    MEM_VERDICT_WAITING = 0, /* no statistics yet */
    MEM_VERDICT_STEADY = 1,  /* every guest has its share, within the dead band */
    MEM_VERDICT_MOVE = 2,    /* the plan has moves */
    MEM_VERDICT_HOLDING = 3, /* a change is due, but something forbids it now */
    MEM_VERDICT_PRESSED =
        4, /* the host is short: moves, if any, only take or meet need */
};

struct mem_plan {
    enum mem_verdict verdict;
    char reason[MEM_REASON_MAX];
    uint64_t budget_kib; /* what all guests may hold: QEMU's overhead is taken off */
    uint64_t held_kib;   /* what they hold now */
    uint64_t spare_kib;  /* host memory that may be granted in this interval */
    const struct mem_guest_view *guests; /* nguests; owned by the policy */
    struct mem_move
        *moves; /* takes first, then grants; owned by the policy, valid as long */
    size_t nmoves;
};

struct mem_policy;

/* Returns NULL when memory is out. */
struct mem_policy *mem_policy_create(void);
void mem_policy_destroy(struct mem_policy *p);

/* Takes one sample in and decides.  The plan's arrays are valid until the next step.
 * Returns 0; -ENOMEM; -EINVAL for percentages above 100 (the state is then as before).
 */
int mem_policy_step(struct mem_policy *p, const struct mem_input *in,
                    struct mem_plan *ret_plan);

/* Tells the policy what became of a move: error 0 = the target was taken, else -errno
 * (it is then tried again later, with back-off).  now_ns: when the call returned.  A
 * move of which nothing is told, as in a dry run, is planned again. */
void mem_policy_result(struct mem_policy *p, const struct mem_guest_key *key,
                       uint64_t target_kib, int error, int64_t now_ns);

const char *mem_verdict_name(enum mem_verdict v);
const char *mem_guest_state_name(enum mem_guest_state s);

#endif
