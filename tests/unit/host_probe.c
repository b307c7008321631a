/* host_probe.c - looks at a host through host/ and prints what it sees: for checks by
 * hand on real guests.
 *
 *   host_probe [-c URI] [-r] [-n SAMPLES] [-i INTERVAL_MS] [-q] [-C CYCLES] [ACTION ..]
 *   ACTION: pin UUID|NAME VCPU CPULIST | setmem UUID|NAME KIB | period UUID|NAME S |
 * law
 *
 * -r read-only; -q one line per sample; -C opens and closes that often and counts fds
 * and threads; law prints who may run where. */
#include "host/host.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static const char *number(struct opt_u64 n, char *buf, size_t size)
{
    if (n.has)
        snprintf(buf, size, "%" PRIu64, n.value);
    else
        snprintf(buf, size, "-");
    return buf;
}

static void print_memory(const struct snapshot_memory *m)
{
    const struct {
        const char *name;
        struct opt_u64 value;
    } rows[] = {{"max", m->maximum_kib},       {"cur", m->current_kib},
                {"avail", m->available_kib},   {"unused", m->unused_kib},
                {"usable", m->usable_kib},     {"cache", m->disk_caches_kib},
                {"swin", m->swap_in_kib},      {"swout", m->swap_out_kib},
                {"majflt", m->major_faults},   {"rss", m->rss_kib},
                {"updated", m->last_update_s}, {"period", m->period_s}};
    char buf[32];
    printf("    mem");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        printf(" %s=%s", rows[i].name, number(rows[i].value, buf, sizeof(buf)));
    printf(" balloon=%d%s%s%s\n", (int)m->balloon, m->hostdev ? " hostdev" : "",
           m->hugepages ? " hugepages" : "", m->locked ? " locked" : "");
}

static void print_domain(const struct snapshot_domain *d, int64_t mono_ns)
{
    char a[CPUSET_TEXT_MAX], b[CPUSET_TEXT_MAX], t[32], w[32];
    printf("  %s %s id=%d state=%d age=%" PRId64 "ms%s%s\n", d->name, d->uuid, d->id,
           (int)d->state, (mono_ns - d->sampled_ns) / 1000000,
           d->partial ? " PARTIAL" : "", d->quarantined ? " QUARANTINED" : "");
    for (size_t i = 0; i < d->nvcpus; i++) {
        const struct snapshot_vcpu *v = &d->vcpus[i];
        printf("    vcpu %u time=%s delay=%s affinity=%s allowed=%s%s\n", v->number,
               number(v->time_ns, t, sizeof(t)), number(v->delay_ns, w, sizeof(w)),
               cpuset_format(&v->affinity, a, sizeof(a)),
               cpuset_format(&v->allowed, b, sizeof(b)),
               v->operator_pinned ? " LAW" : "");
    }
    print_memory(&d->memory);
}

static void print_host(const struct snapshot *s)
{
    char n[5][32];
    printf("  host %s boot=%s mem=%s avail=%s psi mem=%s cpu=%s\n", s->host.uuid,
           s->boot_id, number(s->host.memory_total_kib, n[0], 32),
           number(s->host.memory_available_kib, n[1], 32),
           number(s->host.memory_psi_permille, n[2], 32),
           number(s->host.cpu_psi_permille, n[3], 32));
    for (size_t i = 0; i < s->host.npcpus; i++) {
        const struct snapshot_pcpu *p = &s->host.pcpus[i];
        printf("  pcpu %u cell=%u llc=%u core=%u%s%s busy=%s steal=%s\n", p->id,
               p->cell, p->llc, p->core, p->online ? "" : " OFFLINE",
               p->isolated ? " ISOLATED" : "", number(p->busy_ns, n[0], 32),
               number(p->steal_ns, n[1], 32));
    }
}

static void print_sample(struct host *h, const struct snapshot *s, int64_t start_ns,
                         int64_t asked_ns, bool changed, bool brief)
{
    struct host_health health;
    host_health(h, &health);
    size_t quarantined = 0, partial = 0, old = 0;
    for (size_t i = 0; i < s->ndomains; i++) {
        quarantined += s->domains[i].quarantined ? 1 : 0;
        partial += s->domains[i].partial ? 1 : 0;
        old += s->mono_ns - s->domains[i].sampled_ns > 500000000 ? 1 : 0;
    }
    printf("%7.3f answered in %6.1f ms took %6.1f ms domains=%zu old=%zu partial=%zu "
           "quarantined=%zu connected=%d%s stuck=%" PRIu64 " reconnects=%" PRIu64
           " '%s'\n",
           (double)(now_ns() - start_ns) / 1e9, (double)(now_ns() - asked_ns) / 1e6,
           (double)s->took_ns / 1e6, s->ndomains, old, partial, quarantined,
           s->host.connected, changed ? " CHANGED" : "", health.stuck_calls,
           health.reconnects, s->host.trouble);
    if (!brief) {
        print_host(s);
        for (size_t i = 0; i < s->ndomains; i++)
            print_domain(&s->domains[i], s->mono_ns);
    }
    fflush(stdout);
}

static unsigned count_entries(const char *path)
{
    DIR *dir = opendir(path);
    unsigned n = 0;
    while (dir != NULL && readdir(dir) != NULL)
        n++;
    if (dir != NULL)
        closedir(dir);
    return n > 2 ? n - 2 : 0;
}

static void print_process(const char *when)
{
    char line[256];
    unsigned rss_kib = 0;
    FILE *f = fopen("/proc/self/status", "re");
    while (f != NULL && fgets(line, sizeof(line), f) != NULL)
        if (sscanf(line, "VmRSS: %u", &rss_kib) == 1)
            break;
    if (f != NULL)
        fclose(f);
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    printf("%s: fds=%u threads=%u rss=%u KiB cpu=%.3f s\n", when,
           count_entries("/proc/self/fd"), count_entries("/proc/self/task"), rss_kib,
           (double)t.tv_sec + (double)t.tv_nsec / 1e9);
    fflush(stdout);
}

static int open_host(const struct host_options *opt, struct host **ret)
{
    struct err e = {""};
    int r = host_open(opt, ret, &e);
    if (r < 0)
        fprintf(stderr, "open: %d %s\n", r, e.text);
    return r;
}

static int run_cycles(const struct host_options *opt, int cycles)
{
    for (int i = 0; i < cycles; i++) {
        struct host *h;
        struct snapshot s;
        if (open_host(opt, &h) < 0)
            return 1;
        host_request(h);
        if (i % 2 == 0 && host_wait(h, 5000, &s) == 0)
            snapshot_fini(&s);
        host_close(h);
        if (i == 9 || i == cycles / 2)
            print_process("cycles");
    }
    print_process("cycles end");
    return 0;
}

/* One sample, for looking up names; the caller finis it. */
static int look(struct host *h, struct snapshot *ret)
{
    host_request(h);
    return host_wait(h, 6000, ret);
}

static int act(struct host *h, char **argv, int argc)
{
    struct err e = {""};
    struct snapshot s;
    if (argc < 3)
        return 2;
    int r = look(h, &s);
    if (r < 0)
        return 1;
    const struct snapshot_domain *d = snapshot_find(&s, argv[1]);
    const char *uuid = d != NULL ? d->uuid : argv[1];
    struct cpuset set;
    int64_t start_ns = now_ns();
    if (strcmp(argv[0], "pin") == 0 && argc > 3 && cpuset_parse(argv[3], &set) == 0)
        r = host_pin(h, uuid, (uint32_t)atoi(argv[2]), &set, &e);
    else if (strcmp(argv[0], "setmem") == 0)
        r = host_set_memory(h, uuid, strtoull(argv[2], NULL, 10), &e);
    else if (strcmp(argv[0], "period") == 0)
        r = host_set_stats_period(h, uuid, (uint32_t)atoi(argv[2]), &e);
    printf("%s: %d (%s) '%s' in %.1f ms\n", argv[0], r, r < 0 ? strerror(-r) : "ok",
           e.text, (double)(now_ns() - start_ns) / 1e6);
    snapshot_fini(&s);
    return 0;
}

static void run_samples(struct host *h, int samples, int interval_ms, bool brief)
{
    int64_t start_ns = now_ns(), next_ns = start_ns;
    for (int i = 0; i < samples; i++, next_ns += (int64_t)interval_ms * 1000000) {
        int64_t asked_ns = now_ns(), left_ns;
        bool changed = false;
        host_request(h);
        while ((left_ns = next_ns + (int64_t)interval_ms * 1000000 - now_ns()) > 0) {
            struct pollfd p = {.fd = host_fd(h), .events = POLLIN};
            poll(&p, 1, (int)(left_ns / 1000000) + 1);
            struct snapshot s;
            if (host_changed(h)) {
                changed = true;
                asked_ns = now_ns();
                host_request(h);
            }
            if (host_take(h, &s) == 0) {
                print_sample(h, &s, start_ns, asked_ns, changed, brief);
                changed = false;
                snapshot_fini(&s);
            }
        }
    }
}

int main(int argc, char **argv)
{
    struct host_options opt = {.uri = host_default_uri()};
    int samples = 1, interval_ms = 1000, cycles = 0, c;
    bool brief = false;
    while ((c = getopt(argc, argv, "+c:rn:i:qC:")) != -1) {
        if (c == 'c')
            opt.uri = optarg;
        else if (c == 'r')
            opt.read_only = true;
        else if (c == 'n')
            samples = atoi(optarg);
        else if (c == 'i')
            interval_ms = atoi(optarg);
        else if (c == 'q')
            brief = true;
        else if (c == 'C')
            cycles = atoi(optarg);
        else
            return 2;
    }
    if (cycles > 0)
        return run_cycles(&opt, cycles);
    struct host *h;
    if (open_host(&opt, &h) < 0)
        return 1;
    int r = optind < argc ? act(h, argv + optind, argc - optind) : 0;
    run_samples(h, samples, interval_ms, brief);
    print_process("end");
    int64_t start_ns = now_ns();
    host_close(h);
    printf("close took %.1f ms\n", (double)(now_ns() - start_ns) / 1e6);
    return r;
}
