/* once.c - monitor --once: one sample, printed. */
#include "monitor/monitor.h"

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"

#include <stdio.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_NS (10 * CLOCK_NS_PER_S)
#define TURN_MS 500
#define PAUSE_US 50000

/* Samples until libvirt is there, the time is over or a signal comes. */
static bool sample_until_connected(struct monitor *m, struct snapshot *s)
{
    int64_t deadline_ns = clock_mono_ns() + CONNECT_TIMEOUT_NS;
    snapshot_init(s);
    while (clock_mono_ns() < deadline_ns && process_next_signal(m->signal_fd) == 0) {
        snapshot_fini(s);
        host_request(m->host);
        if (host_wait(m->host, TURN_MS, s) == 0 && s->host.connected)
            return true;
        usleep(PAUSE_US);
    }
    return false;
}

static void print_opt_mib(struct opt_u64 kib)
{
    if (kib.has)
        printf(" %8llu", (unsigned long long)kib.value / 1024);
    else
        printf(" %8s", "-");
}

static void print_text(const struct snapshot *s)
{
    static const char *const states[] = {"other", "running", "paused"};
    printf("%s: %zu pCPUs, %llu MiB available of %llu, sampled in %.1f ms\n",
           s->host.uri, s->host.npcpus,
           (unsigned long long)s->host.memory_available_kib.value / 1024,
           (unsigned long long)s->host.memory_total_kib.value / 1024,
           (double)s->took_ns / (double)CLOCK_NS_PER_MS);
    printf("%-24s %-8s %5s %8s %8s %8s  (MiB)\n", "VM", "state", "vCPUs", "balloon",
           "max", "usable");
    for (size_t i = 0; i < s->ndomains; i++) {
        const struct snapshot_domain *d = &s->domains[i];
        printf("%-24s %-8s %5zu", d->name, states[d->state], d->nvcpus);
        print_opt_mib(d->memory.current_kib);
        print_opt_mib(d->memory.maximum_kib);
        print_opt_mib(d->memory.usable_kib);
        printf("\n");
    }
}

static int print_json(const struct snapshot *s)
{
    json_t *value = json_snapshot(s);
    int r = value != NULL ? json_print(value, stdout) : -1;
    json_decref(value);
    return r;
}

int once_run(struct monitor *m)
{
    struct snapshot s;
    int status = PROCESS_OK;
    if (!sample_until_connected(m, &s)) {
        log_error("no connection to %s: %s", m->options.process.uri, s.host.trouble);
        status = PROCESS_UNREACHABLE;
    } else {
        s.settings = m->settings;
        for (size_t i = 0; i < s.ndomains; i++)
            s.domains[i].managed = settings_selects(&m->settings, s.domains[i].name);
        if (!m->options.json)
            print_text(&s);
        else if (print_json(&s) < 0)
            status = PROCESS_FAILED;
    }
    snapshot_fini(&s);
    return status;
}
