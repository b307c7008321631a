/* procfs.c - small readers of /proc and /sys. */
#include "host/procfs.h"
#include "host/cpulist.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A line of /proc/stat is at most 10 numbers of 20 digits; a CPU list at most
 * CPUSET_TEXT_MAX, or more on a machine with more CPUs. */
#define LINE_MAX_BYTES 16384

static FILE *open_below(const char *root, const char *name)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/%s", root, name);
    if (n < 0 || (size_t)n >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    return fopen(path, "re");
}

int procfs_line(const char *path, char *buf, size_t size)
{
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return -errno;
    char *line = fgets(buf, (int)size, f);
    fclose(f);
    if (line == NULL)
        return -ENODATA;
    buf[strcspn(buf, "\n")] = '\0';
    return 0;
}

/* The number at *p, which moves behind it; false when there is none. */
static bool read_number(const char **p, uint64_t *ret)
{
    char *end;
    errno = 0;
    uint64_t n = strtoull(*p, &end, 10);
    if (end == *p || errno != 0)
        return false;
    *ret = n;
    *p = end;
    return true;
}

/* "MemTotal:       24123456 kB" */
static void read_kib(const char *line, const char *key, struct opt_u64 *ret)
{
    size_t n = strlen(key);
    const char *rest = line + n;
    uint64_t kib;
    if (strncmp(line, key, n) == 0 && read_number(&rest, &kib))
        *ret = (struct opt_u64){.value = kib, .has = true};
}

void procfs_memory(const char *procfs, struct opt_u64 *ret_total_kib,
                   struct opt_u64 *ret_available_kib)
{
    *ret_total_kib = *ret_available_kib = (struct opt_u64){0};
    FILE *f = open_below(procfs, "meminfo");
    char line[256];
    while (f != NULL && fgets(line, sizeof(line), f) != NULL &&
           !(ret_total_kib->has && ret_available_kib->has)) {
        read_kib(line, "MemTotal:", ret_total_kib);
        read_kib(line, "MemAvailable:", ret_available_kib);
    }
    if (f != NULL)
        fclose(f);
}

/* "some avg10=1.25 avg60=..": digits by hand, as %f reads by the locale. */
void procfs_pressure(const char *procfs, const char *resource,
                     struct opt_u64 *ret_permille)
{
    *ret_permille = (struct opt_u64){0};
    char path[PATH_MAX], line[256];
    int n = snprintf(path, sizeof(path), "%s/pressure/%s", procfs, resource);
    const char head[] = "some avg10=", *p = line + sizeof(head) - 1;
    uint64_t percent, hundredths;
    if (n < 0 || (size_t)n >= sizeof(path) ||
        procfs_line(path, line, sizeof(line)) < 0 ||
        strncmp(line, head, sizeof(head) - 1) != 0 || !read_number(&p, &percent) ||
        *p++ != '.' || !read_number(&p, &hundredths) || percent > 100 ||
        hundredths > 99)
        return;
    *ret_permille =
        (struct opt_u64){.value = percent * 10 + (hundredths + 5) / 10, .has = true};
}

static struct snapshot_pcpu *find_pcpu(struct snapshot_pcpu *pcpus, size_t n,
                                       uint32_t id)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pcpus[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && pcpus[low].id == id ? &pcpus[low] : NULL;
}

/* One "cpuN user nice system idle iowait irq softirq steal ..", in clock ticks. */
static void read_cpu(const char *line, uint64_t tick_ns, struct snapshot_pcpu *pcpus,
                     size_t n)
{
    const char head[] = "cpu", *rest = line + sizeof(head) - 1;
    uint64_t id, t[8] = {0};
    int got = 0;
    if (strncmp(line, head, sizeof(head) - 1) != 0 || !isdigit((unsigned char)*rest) ||
        !read_number(&rest, &id) || id >= CPUSET_MAX)
        return;
    while (got < 8 && read_number(&rest, &t[got]))
        got++;
    struct snapshot_pcpu *p = got >= 4 ? find_pcpu(pcpus, n, (uint32_t)id) : NULL;
    if (p == NULL)
        return;
    uint64_t busy = t[0] + t[1] + t[2] + t[5] + t[6];
    p->busy_ns = (struct opt_u64){.value = busy * tick_ns, .has = true};
    if (got == 8)
        p->steal_ns = (struct opt_u64){.value = t[7] * tick_ns, .has = true};
}

void procfs_cpu_times(const char *procfs, struct snapshot_pcpu *pcpus, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pcpus[i].busy_ns = pcpus[i].steal_ns = (struct opt_u64){0};
    long ticks = sysconf(_SC_CLK_TCK);
    FILE *f = open_below(procfs, "stat");
    char line[512];
    /* The cpu lines come first; what follows ("intr") can be very long. */
    while (f != NULL && fgets(line, sizeof(line), f) != NULL &&
           strncmp(line, "cpu", 3) == 0)
        read_cpu(line, UINT64_C(1000000000) / (uint64_t)(ticks > 0 ? ticks : 100),
                 pcpus, n);
    if (f != NULL)
        fclose(f);
}

char *procfs_boot_id(const char *procfs, char buf[SNAPSHOT_UUID_MAX])
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/sys/kernel/random/boot_id", procfs);
    if (n < 0 || (size_t)n >= sizeof(path) ||
        procfs_line(path, buf, SNAPSHOT_UUID_MAX) < 0)
        buf[0] = '\0';
    return buf;
}

int sysfs_cpus(const char *sysfs, const char *name, struct cpuset *ret_set)
{
    char path[PATH_MAX], line[LINE_MAX_BYTES];
    int n = snprintf(path, sizeof(path), "%s/devices/system/cpu/%s", sysfs, name);
    if (n < 0 || (size_t)n >= sizeof(path))
        return -ENAMETOOLONG;
    int r = procfs_line(path, line, sizeof(line));
    return r < 0 ? r : cpulist_parse(line, ret_set);
}
