/* settings.h - the one table of settings: keys, types, units, ranges, defaults, help.
 *
 * The config file, `vmctl get/set/settings`, validation, the snapshot's settings and
 * the documentation all come from this table; a new setting is one row in settings.c
 * and one field here.  Pure: no I/O. */
#ifndef COMMON_SETTINGS_H
#define COMMON_SETTINGS_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETTINGS_TEXT_MAX 256 /* bytes of a text value, NUL included */

enum settings_mode {
    SETTINGS_MODE_ACT = 0,     /* decide and do */
    SETTINGS_MODE_OBSERVE = 1, /* decide and report, touch nothing */
    SETTINGS_MODE_OFF = 2,     /* receive snapshots only */
};

/* The larger of a size and a share of the host, as in "200MiB,5%". */
struct settings_reserve {
    uint64_t kib;
    uint32_t percent;
};

struct settings {
    uint32_t interval_ms; /* time between two snapshots */
    char vms_include[SETTINGS_TEXT_MAX];
    char vms_exclude[SETTINGS_TEXT_MAX];

    uint32_t cpu_mode; /* enum settings_mode */
    bool cpu_paused;
    bool cpu_adopt;                    /* pin busy vCPUs that may run anywhere */
    char cpu_pcpus[SETTINGS_TEXT_MAX]; /* cpulist; "" = all online, not isolated */
    uint32_t cpu_tolerance_permille;   /* deviation of pCPU loads from their mean */
    uint32_t cpu_min_load_permille;    /* mean pCPU load not worth balancing */

    uint32_t mem_mode; /* enum settings_mode */
    bool mem_paused;
    uint64_t mem_guest_floor_kib;
    uint64_t mem_guest_usable_kib; /* kept usable in every guest below its max */
    struct settings_reserve mem_host_reserve;
    uint64_t mem_host_budget_kib;  /* what managed guests may hold in all; 0 = no cap */
    uint32_t mem_reclaim_percent;  /* of a guest's size, per interval, at most */
    uint32_t mem_headroom_percent; /* of what a guest uses, wanted on top */
    uint32_t mem_cache_percent;    /* of a guest's page cache, counted as want */
    uint32_t mem_stats_period_s;
};

enum settings_type {
    SETTINGS_BOOL,     /* yes/no (also true/false, on/off, 1/0) */
    SETTINGS_COUNT,    /* uint32_t, whole */
    SETTINGS_SECONDS,  /* uint32_t ms; written in seconds, decimals allowed */
    SETTINGS_SIZE,     /* uint64_t KiB; written with KiB, MiB or GiB; bare = MiB */
    SETTINGS_RESERVE,  /* struct settings_reserve */
    SETTINGS_MODE,     /* act | observe | off */
    SETTINGS_PATTERNS, /* comma-separated shell patterns of VM names */
    SETTINGS_CPUS,     /* cpulist */
};

struct settings_row {
    const char *key;
    enum settings_type type;
    size_t offset;        /* of the field in struct settings */
    uint64_t least, most; /* in the field's own unit; unused for texts */
    const char *unit;     /* for people: "s", "permille", "" */
    const char *initial;  /* default, as one would write it */
    const char *used_by;  /* "monitor", "cpu_actor", "mem_actor" or "all" */
    const char *help;     /* one line */
};

/* The table, ordered as it is shown; *ret_count rows. */
const struct settings_row *settings_table(size_t *ret_count);

/* The row of that key, or NULL. */
const struct settings_row *settings_find(const char *key);

/* Fills in every default. */
void settings_init(struct settings *s);

/* Parses value, checks its range and stores it.
 * Returns 0; -ENOENT unknown key (e names the nearest one); -EINVAL wrong type;
 * -ERANGE out of range.  e then says what is allowed; on failure s is untouched. */
int settings_set(struct settings *s, const char *key, const char *value, struct err *e);

/* Writes the value as settings_set() would read it.  Returns buf. */
char *settings_format(const struct settings *s, const struct settings_row *row,
                      char *buf, size_t size);

/* Writes what the row allows, for people: "0.2..3600 s", "act | observe | off". */
char *settings_range(const struct settings_row *row, char *buf, size_t size);

/* True when the name is chosen: matched by an include pattern (none = all) and by no
 * exclude pattern.  Patterns are fnmatch(3) ones. */
bool settings_selects(const struct settings *s, const char *vm_name);

/* The host reserve in KiB on a host with total_kib. */
uint64_t settings_reserve_kib(const struct settings_reserve *r, uint64_t total_kib);

#endif
