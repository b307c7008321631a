/* snapshot.h - one look at the host: what host/ samples, the monitor publishes and the
 * actors judge.  Plain data; the wire form is common/wire.h.
 *
 * Absence is not zero: a number that the host could not give has .has == false (a busy
 * domain, no statistics period, an old balloon driver make fields vanish). */
#ifndef COMMON_SNAPSHOT_H
#define COMMON_SNAPSHOT_H

#include "common/cpuset.h"
#include "common/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SNAPSHOT_NAME_MAX 256     /* bytes of a domain name, NUL included */
#define SNAPSHOT_UUID_MAX 37      /* "8-4-4-4-12" and NUL */
#define SNAPSHOT_TEXT_MAX 256     /* bytes of a reason shown to people, NUL included */
#define SNAPSHOT_DOMAINS_MAX 4096 /* domains in one snapshot */
#define SNAPSHOT_VCPUS_MAX 4096   /* vCPUs of one domain */

struct opt_u64 {
    uint64_t value;
    bool has;
};

enum snapshot_state {
    SNAPSHOT_STATE_OTHER = 0,
    SNAPSHOT_STATE_RUNNING = 1,
    SNAPSHOT_STATE_PAUSED = 2,
};

struct snapshot_pcpu {
    uint32_t id;   /* the kernel's number, 0 .. CPUSET_MAX - 1 */
    uint32_t cell; /* NUMA cell */
    uint32_t llc;  /* index of the last-level cache it shares */
    uint32_t core; /* pCPUs with the same value are SMT siblings (unique per host) */
    bool online;
    bool isolated; /* isolcpus/nohz_full: the kernel does not balance there */
    struct opt_u64
        busy_ns; /* cumulative time not idle (guests included), 10 ms steps */
    struct opt_u64 steal_ns; /* cumulative time a hypervisor below took */
};

struct snapshot_vcpu {
    uint32_t number;
    struct opt_u64 time_ns;  /* cumulative run time, 10 ms steps */
    struct opt_u64 delay_ns; /* cumulative run delay: runnable, but waiting */
    struct cpuset affinity;  /* where it may run now; empty = not known */
    struct cpuset allowed;   /* operator's law: where it may ever be put; empty = not
                           * known yet: hands off */
    bool operator_pinned;    /* the persistent configuration pins it: hands off */
};

enum snapshot_balloon {
    SNAPSHOT_BALLOON_NONE = 0, /* no balloon device */
    SNAPSHOT_BALLOON_VIRTIO =
        1, /* a device; whether a driver answers, statistics tell */
};

/* KiB throughout; counters (swap, faults) are cumulative since the guest booted. */
struct snapshot_memory {
    struct opt_u64 maximum_kib;     /* ceiling of a set-memory call */
    struct opt_u64 current_kib;     /* the balloon's actual size */
    struct opt_u64 available_kib;   /* the guest's MemTotal */
    struct opt_u64 unused_kib;      /* the guest's MemFree */
    struct opt_u64 usable_kib;      /* the guest's MemAvailable */
    struct opt_u64 disk_caches_kib; /* page cache and buffers */
    struct opt_u64 swap_in_kib, swap_out_kib;
    struct opt_u64 major_faults;
    struct opt_u64 rss_kib; /* of the QEMU process, on the host */
    struct opt_u64
        last_update_s;       /* host wall clock of the guest's last answer; 0 never */
    struct opt_u64 period_s; /* statistics period in force; 0 = off */
    enum snapshot_balloon balloon;
    bool hostdev;   /* VFIO: memory is pinned, ballooning gains nothing */
    bool hugepages; /* <memoryBacking><hugepages/> */
    bool locked;    /* <memoryBacking><locked/> */
};

struct snapshot_domain {
    char name[SNAPSHOT_NAME_MAX];
    char uuid[SNAPSHOT_UUID_MAX];
    int32_t id; /* libvirt's running id: a new one means the counters start anew */
    enum snapshot_state state;
    bool managed;       /* chosen by vms.include / vms.exclude */
    bool partial;       /* some statistics are missing this time (another job ran) */
    bool quarantined;   /* its QEMU does not answer; the numbers are of sampled_ns */
    int64_t sampled_ns; /* CLOCK_MONOTONIC of these numbers, ns */
    struct opt_u64
        cpu_shares; /* cputune shares, 2..262144; absent = the default 1024 */
    struct snapshot_memory memory;
    struct snapshot_vcpu *vcpus; /* online ones, ascending by number */
    size_t nvcpus;
};

struct snapshot_host {
    char uuid[SNAPSHOT_UUID_MAX];
    char uri[SNAPSHOT_NAME_MAX];
    bool connected;                  /* libvirt answers */
    char trouble[SNAPSHOT_TEXT_MAX]; /* why not, or "" */
    struct opt_u64 memory_total_kib;
    struct opt_u64 memory_available_kib; /* MemAvailable, local host only */
    struct opt_u64 memory_psi_permille;  /* /proc/pressure/memory some avg10 x 10 */
    struct opt_u64 cpu_psi_permille;
    struct snapshot_pcpu *pcpus; /* ascending by id */
    size_t npcpus;
};

/* Zero-initialise, or snapshot_init(); free what it owns with snapshot_fini(). */
struct snapshot {
    uint64_t sequence; /* of this sampler, from 1, no gaps */
    int64_t mono_ns;   /* CLOCK_MONOTONIC when the sampling call was answered */
    int64_t wall_ns;   /* CLOCK_REALTIME then */
    int64_t took_ns;   /* how long sampling took */
    char boot_id[SNAPSHOT_UUID_MAX]; /* the kernel's boot id: mono_ns compares within it
                                      */
    uint64_t settings_version;
    struct settings settings; /* to judge this snapshot by */
    struct snapshot_host host;
    struct snapshot_domain *domains; /* active ones, ascending by uuid */
    size_t ndomains;
};

void snapshot_init(struct snapshot *s);

/* Frees what s owns and leaves it as snapshot_init() does; NULL is fine. */
void snapshot_fini(struct snapshot *s);

/* Makes ret a deep copy of s.  Returns 0 or -ENOMEM (ret is then as after init).
 * What ret held before is not freed. */
int snapshot_copy(struct snapshot *ret, const struct snapshot *s);

/* Appends zeroed elements; return the new element, valid until the next call on the
 * same list, or NULL when memory or the limit is exhausted. */
struct snapshot_pcpu *snapshot_add_pcpu(struct snapshot *s);
struct snapshot_domain *snapshot_add_domain(struct snapshot *s);
struct snapshot_vcpu *snapshot_add_vcpu(struct snapshot_domain *d);

/* Sorts pCPUs by id, domains by uuid, vCPUs by number: the order the rest relies on. */
void snapshot_sort(struct snapshot *s);

/* The domain with that uuid, else with that name; NULL when there is none. */
const struct snapshot_domain *snapshot_find(const struct snapshot *s,
                                            const char *name_or_uuid);

/* The pCPUs that are online; isolated ones only when asked for. */
struct cpuset snapshot_online(const struct snapshot *s, bool with_isolated);

#endif
