/* main.c - monitor: samples the host, publishes snapshots, owns the settings, answers
 * vmctl.  It opens libvirt read-only and never changes a guest. */
#include "monitor/monitor.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/runtime_dir.h"
#include "common/version.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define GREETING_TURN_MS 10

enum { KEY_ONCE = 0x2000, KEY_JSON };

static const struct argp_option options[] = {
    {"interval", 'i', "S", 0, "seconds between samples, 0.2..3600 (default 2)", 0},
    {"config", 'f', "FILE", 0, "settings; see vmctl settings for what there is", 0},
    {"once", KEY_ONCE, NULL, 0, "print one sample and end", 0},
    {"json", KEY_JSON, NULL, 0, "with --once: as JSON", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct monitor_options *o = state->input;
    struct err e;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->process;
        return 0;
    case 'i':
        if (process_parse_interval(arg, &o->interval_ms, &e) < 0)
            argp_error(state, "%s", e.text);
        return 0;
    case 'f':
        o->config = arg;
        return 0;
    case KEY_ONCE:
        o->once = true;
        return 0;
    case KEY_JSON:
        o->json = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is one argument too many", arg);
        return 0;
    case ARGP_KEY_END:
        if (o->json && !o->once)
            argp_error(state, "--json goes with --once");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_version(FILE *out, struct argp_state *state)
{
    (void)state;
    fprintf(out, "monitor (vmbalance) %s\n", VMBALANCE_VERSION);
}

static void parse_options(int argc, char **argv, struct monitor_options *ret)
{
    const struct argp_child children[] = {{.argp = &process_argp}, {0}};
    const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc = "Samples libvirt, publishes snapshots on the bus, answers vmctl."
               "\vExample: monitor --connect qemu:///system --interval 2",
        .children = children,
    };
    memset(ret, 0, sizeof(*ret));
    process_options_init(&ret->process, host_default_uri());
    argp_program_version_hook = print_version;
    argp_err_exit_status = PROCESS_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, ret);
}

/* ---- the loop ---- */

static void take_sample(struct monitor *m)
{
    struct snapshot before = m->last; /* sampler_take() would free it */
    snapshot_init(&m->last);
    if (host_changed(m->host))
        sampler_hurry(m);
    if (sampler_take(m) < 0) {
        m->last = before;
        return;
    }
    publisher_snapshot(m);
    watch_snapshot(m, &before);
    snapshot_fini(&before);
}

/* False when it is time to end. */
static bool handle_signals(struct monitor *m)
{
    for (int sig; (sig = process_next_signal(m->signal_fd)) != 0;) {
        if (sig != SIGHUP) {
            log_info("ending on signal %d", sig);
            return false;
        }
        monitor_reload(m);
    }
    return true;
}

static int run(struct monitor *m)
{
    for (;;) {
        int timeout_ms = sampler_run(m);
        struct bus_poll items[] = {
            {.fd = m->signal_fd},   {.fd = host_fd(m->host)}, {.socket = m->publish},
            {.socket = m->collect}, {.socket = m->read},      {.socket = m->admin},
        };
        int most_ms = m->greeting_owed ? GREETING_TURN_MS : 1000;
        int r = bus_wait(items, sizeof(items) / sizeof(items[0]),
                         timeout_ms < most_ms ? timeout_ms : most_ms);
        if (r < 0) {
            log_error("cannot wait for work: %s", strerror(-r));
            return PROCESS_FAILED;
        }
        if (items[0].ready && !handle_signals(m))
            return PROCESS_OK;
        if (items[1].ready)
            take_sample(m);
        if (items[2].ready || m->greeting_owed)
            publisher_greet(m);
        if (items[3].ready)
            publisher_reports(m);
        if (items[4].ready)
            control_serve(m, m->read, false);
        if (items[5].ready)
            control_serve(m, m->admin, true);
        watch_actors(m);
    }
}

/* ---- start and end ---- */

static int fail(const struct err *e, int status)
{
    log_error("%s", e->text);
    return status;
}

static int open_host(struct monitor *m)
{
    struct err e = {""};
    const struct process_options *p = &m->options.process;
    struct host_options how = {
        .uri = p->uri, .read_only = true, .runtime_dir = p->runtime_dir};
    int r = host_open(&how, &m->host, &e);
    if (r < 0)
        return fail(&e, r == -EINVAL ? PROCESS_MISCONFIGURED : PROCESS_FAILED);
    return PROCESS_OK;
}

static int start(struct monitor *m)
{
    struct err e = {""};
    const struct process_options *p = &m->options.process;
    m->signal_fd = process_signals(p->parent);
    if (m->signal_fd < 0) {
        err_set(&e, 0, "cannot take signals: %s", strerror(-m->signal_fd));
        return fail(&e, PROCESS_FAILED);
    }
    if (monitor_load_settings(&m->options, &m->settings, &e) < 0)
        return fail(&e, PROCESS_MISCONFIGURED);
    m->settings_version = 1;
    if (m->options.once)
        return open_host(m);
    if (runtime_dir_make(p->runtime_dir, &e) < 0)
        return fail(&e, PROCESS_MISCONFIGURED);
    m->lock_fd = runtime_dir_lock(p->runtime_dir, "monitor", &e);
    if (m->lock_fd <
        0) /* held by one that is about to end, perhaps: worth another try */
        return fail(&e, PROCESS_FAILED);
    monitor_recall_settings(m);
    int r = publisher_open(m, &e);
    if (r < 0)
        return fail(&e, r == -ENAMETOOLONG ? PROCESS_MISCONFIGURED : PROCESS_FAILED);
    return open_host(m);
}

static void finish(struct monitor *m)
{
    publisher_close(m);
    host_close(m->host);
    snapshot_fini(&m->last);
    replies_fini(&m->replies);
    for (int a = 0; a < REPORT_ACTORS; a++)
        report_fini(&m->reports[a].report);
    if (m->lock_fd >= 0)
        close(m->lock_fd);
    if (m->signal_fd >= 0)
        close(m->signal_fd);
}

int main(int argc, char **argv)
{
    static struct monitor m = {.lock_fd = -1, .signal_fd = -1};
    m.started_ns = clock_mono_ns();
    parse_options(argc, argv, &m.options);
    log_init("monitor", m.options.process.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    int status = start(&m);
    if (status == PROCESS_OK && m.options.once) {
        status = once_run(&m);
    } else if (status == PROCESS_OK) {
        log_info("%s started, libvirt at %s", VMBALANCE_VERSION, m.options.process.uri);
        process_ready(m.options.process.ready_fd);
        status = run(&m);
        monitor_forget_settings(&m);
    }
    finish(&m);
    return status;
}
