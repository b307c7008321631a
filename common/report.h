/* report.h - what an actor saw, decided and did with one snapshot.  Plain data; the
 * wire form is common/wire/wire.h. */
#ifndef COMMON_REPORT_H
#define COMMON_REPORT_H

#include "common/cpuset.h"
#include "common/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPORT_WORD_MAX 32  /* bytes of a one-word text, NUL included */
#define REPORT_TEXT_MAX 256 /* bytes of a sentence, NUL included */
#define REPORT_ACTIONS_MAX 16384
#define REPORT_VCPUS_MAX 16384

enum report_actor {
    REPORT_ACTOR_NONE = 0,
    REPORT_ACTOR_CPU = 1,
    REPORT_ACTOR_MEM = 2,
    REPORT_ACTORS = 3,
};

enum report_action_kind {
    REPORT_PIN = 1,          /* from_pcpus, to_pcpus */
    REPORT_SET_MEMORY = 2,   /* from_value, to_value in KiB */
    REPORT_STATS_PERIOD = 3, /* from_value, to_value in s */
};

struct report_action {
    enum report_action_kind kind;
    char uuid[SNAPSHOT_UUID_MAX];
    char name[SNAPSHOT_NAME_MAX];
    uint32_t vcpu;
    struct cpuset from_pcpus, to_pcpus;
    uint64_t from_value, to_value;
    char reason[REPORT_TEXT_MAX];
    int32_t error; /* 0 done, -errno failed */
    char error_text[REPORT_TEXT_MAX];
    bool dry_run; /* planned, not done */
};

struct report_pcpu {
    uint32_t id;
    uint32_t load_permille; /* demand placed on it */
    uint32_t ran_permille;  /* run time of the vCPUs placed on it */
};

struct report_vcpu {
    char uuid[SNAPSHOT_UUID_MAX];
    uint32_t vcpu;
    uint32_t demand_permille, ran_permille, waited_permille;
};

struct report_cpu {
    uint32_t max_now_permille, max_planned_permille, lower_bound_permille;
    uint32_t mean_permille;
    uint32_t deviation_now_permille, deviation_planned_permille;
    struct report_pcpu *pcpus;
    size_t npcpus;
    struct report_vcpu *vcpus;
    size_t nvcpus;
};

struct report_guest {
    char uuid[SNAPSHOT_UUID_MAX];
    char state[REPORT_WORD_MAX];
    uint64_t used_kib, need_kib, want_kib, share_kib, target_kib, floor_kib;
    int64_t growth_kib_s;
    char why[REPORT_TEXT_MAX];
};

struct report_mem {
    uint64_t budget_kib, held_kib, spare_kib, reserve_kib;
    struct report_guest *guests;
    size_t nguests;
};

/* Zero-initialise; free what it owns with report_fini(). */
struct report {
    enum report_actor actor;
    int32_t pid;
    char version[REPORT_WORD_MAX];
    int64_t started_ns;
    uint64_t snapshot_sequence; /* the snapshot it judged */
    uint64_t settings_version;  /* the settings it applied */
    uint32_t interval_ms;
    uint32_t mode; /* enum settings_mode */
    bool paused;
    bool connected; /* its own libvirt connection works */
    char verdict[REPORT_WORD_MAX];
    char reason[REPORT_TEXT_MAX];
    uint64_t snapshots, gaps, bad_messages, calls_ok, calls_failed;
    struct report_action *actions;
    size_t nactions;
    struct report_cpu cpu; /* of the cpu_actor */
    struct report_mem mem; /* of the mem_actor */
};

/* Frees the lists and zeroes the rest; NULL is fine. */
void report_fini(struct report *r);

/* "cpu_actor", "mem_actor", or "none". */
const char *report_actor_name(enum report_actor a);

/* One line for people and logs, without a newline: "move vm=web1 vcpu=0 pcpus=0->3 ..."
 * Returns buf. */
char *report_action_format(const struct report_action *a, char *buf, size_t size);

#endif
