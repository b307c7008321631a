/* settings.c - the table, and text in and out of it. */
#include "common/settings.h"

#include "common/nearest.h"
#include "common/settings_value.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define MIB UINT64_C(1024)
#define GIB (1024 * MIB)
#define TIB (1024 * GIB)
#define FIELD(name) offsetof(struct settings, name)

static const struct settings_row table[] = {
    {"interval", SETTINGS_SECONDS, FIELD(interval_ms), 200, 3600000, "s", "2", "all",
     "time between two snapshots, and so between two decisions"},
    {"vms.include", SETTINGS_PATTERNS, FIELD(vms_include), 0, 0, "", "", "monitor",
     "VMs to manage, by name pattern (web*,db?); empty = all"},
    {"vms.exclude", SETTINGS_PATTERNS, FIELD(vms_exclude), 0, 0, "", "", "monitor",
     "VMs never to touch, by name pattern; wins over vms.include"},
    {"cpu.mode", SETTINGS_MODE, FIELD(cpu_mode), 0, 0, "", "act", "cpu_actor",
     "act: pin vCPUs; observe: only say what would be done; off: neither"},
    {"cpu.paused", SETTINGS_BOOL, FIELD(cpu_paused), 0, 0, "", "no", "cpu_actor",
     "hold still for now (vmctl pause cpu)"},
    {"cpu.adopt", SETTINGS_BOOL, FIELD(cpu_adopt), 0, 0, "", "yes", "cpu_actor",
     "give a busy vCPU that may run anywhere its pCPU, once"},
    {"cpu.pcpus", SETTINGS_CPUS, FIELD(cpu_pcpus), 0, 0, "", "", "cpu_actor",
     "pCPUs to use (0-7,^3); empty = all that are online and not isolated"},
    {"cpu.tolerance", SETTINGS_COUNT, FIELD(cpu_tolerance_permille), 10, 500,
     "permille", "50", "cpu_actor",
     "deviation of pCPU loads from their mean that counts as balanced"},
    {"cpu.min_load", SETTINGS_COUNT, FIELD(cpu_min_load_permille), 0, 1000, "permille",
     "30", "cpu_actor", "mean pCPU load under which nothing is worth balancing"},
    {"mem.mode", SETTINGS_MODE, FIELD(mem_mode), 0, 0, "", "act", "mem_actor",
     "act: move balloons; observe: only say what would be done; off: neither"},
    {"mem.paused", SETTINGS_BOOL, FIELD(mem_paused), 0, 0, "", "no", "mem_actor",
     "hold still for now (vmctl pause mem)"},
    {"mem.guest_floor", SETTINGS_SIZE, FIELD(mem_guest_floor_kib), 64 * MIB, TIB, "MiB",
     "200MiB", "mem_actor", "no guest is ever made smaller than this"},
    {"mem.guest_usable", SETTINGS_SIZE, FIELD(mem_guest_usable_kib), 16 * MIB, 64 * GIB,
     "MiB", "100MiB", "mem_actor",
     "kept usable in every guest that is below its maximum"},
    {"mem.host_reserve", SETTINGS_RESERVE, FIELD(mem_host_reserve), 0, TIB, "MiB",
     "200MiB,5%", "mem_actor",
     "kept available on the host: a size, a share, or the larger"},
    {"mem.host_budget", SETTINGS_SIZE, FIELD(mem_host_budget_kib), 0, 64 * TIB, "MiB",
     "0", "mem_actor",
     "most that all guests may hold together; 0 = what the host can pay"},
    {"mem.reclaim", SETTINGS_COUNT, FIELD(mem_reclaim_percent), 1, 50, "percent", "10",
     "mem_actor", "most taken from a guest per interval, of its size"},
    {"mem.headroom", SETTINGS_COUNT, FIELD(mem_headroom_percent), 0, 100, "percent",
     "20", "mem_actor", "wanted on top of what a guest uses"},
    {"mem.cache", SETTINGS_COUNT, FIELD(mem_cache_percent), 0, 100, "percent", "50",
     "mem_actor", "share of a guest's page cache that counts as wanted"},
    {"mem.stats_period", SETTINGS_COUNT, FIELD(mem_stats_period_s), 1, 60, "s", "1",
     "mem_actor", "how often guests report their memory"},
};

const struct settings_row *settings_table(size_t *ret_count)
{
    *ret_count = sizeof(table) / sizeof(table[0]);
    return table;
}

const struct settings_row *settings_find(const char *key)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (strcmp(table[i].key, key) == 0)
            return &table[i];
    return NULL;
}

void settings_init(struct settings *s)
{
    memset(s, 0, sizeof(*s));
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        (void)settings_set(s, table[i].key, table[i].initial, NULL);
}

static const char *key_at(size_t i, const void *arg)
{
    (void)arg;
    return table[i].key;
}

static int unknown_key(const char *key, struct err *e)
{
    const char *nearest =
        nearest_word(key, sizeof(table) / sizeof(table[0]), key_at, NULL);
    if (nearest != NULL)
        return err_set(e, -ENOENT, "unknown setting '%.63s'; did you mean '%s'?", key,
                       nearest);
    return err_set(e, -ENOENT, "unknown setting '%.63s'; 'vmctl settings' lists them",
                   key);
}

int settings_set(struct settings *s, const char *key, const char *value, struct err *e)
{
    const struct settings_row *row = settings_find(key);
    if (row == NULL)
        return unknown_key(key, e);
    int r = settings_value_parse(row, value, (char *)s + row->offset);
    if (r == 0)
        return 0;
    char range[SETTINGS_TEXT_MAX];
    settings_range(row, range, sizeof(range));
    if (r == -ERANGE)
        return err_set(e, r, "%s = %.100s is out of range; allowed: %s", key, value,
                       range);
    return err_set(e, r, "%s = '%.100s' is not understood; allowed: %s", key, value,
                   range);
}

/* ---- what the values mean ---- */

static bool any_matches(const char *patterns, const char *name)
{
    char copy[SETTINGS_TEXT_MAX];
    snprintf(copy, sizeof(copy), "%s", patterns);
    char *rest = copy, *item;
    while ((item = strsep(&rest, ",")) != NULL) {
        item += strspn(item, " ");
        for (size_t n = strlen(item); n > 0 && item[n - 1] == ' '; n--)
            item[n - 1] = '\0';
        if (*item != '\0' && fnmatch(item, name, 0) == 0)
            return true;
    }
    return false;
}

bool settings_selects(const struct settings *s, const char *vm_name)
{
    if (any_matches(s->vms_exclude, vm_name))
        return false;
    bool all = s->vms_include[strspn(s->vms_include, " ,")] == '\0';
    return all || any_matches(s->vms_include, vm_name);
}

uint64_t settings_reserve_kib(const struct settings_reserve *r, uint64_t total_kib)
{
    uint64_t share = total_kib / 100 * r->percent;
    return share > r->kib ? share : r->kib;
}
