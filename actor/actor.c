/* actor.c - the loop of an actor: receive -> judge (decide, act) -> report. */
#include "actor/actor.h"

#include "actor/feed.h"
#include "actor/options.h"
#include "actor/replay.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/runtime_dir.h"
#include "common/version.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ONCE_SNAPSHOTS_MOST 5
#define DEFAULT_INTERVAL_NS (2 * CLOCK_NS_PER_S)
#define SETTLE_NS (5 * CLOCK_NS_PER_S) /* silence at the start that is no news */

struct actor {
    const struct actor_ops *ops;
    struct actor_options options;
    void *self;
    struct host *host;
    struct feed *feed;
    int lock_fd, signal_fd;
    int64_t started_ns, last_snapshot_ns, interval_ns;
    bool silent;        /* no snapshot for too long, said so */
    bool act_connected; /* our own libvirt connection, as last logged */
    uint64_t snapshots, calls_ok, calls_failed;
    char last_verdict[REPORT_WORD_MAX];
};

static void log_action(const struct report_action *a)
{
    char line[2 * CPUSET_TEXT_MAX];
    log_line(a->error == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "%s",
             report_action_format(a, line, sizeof(line)));
}

/* The real hands: libvirt, and each deed logged. */
static int perform(void *context, const struct report_action *a, struct err *e)
{
    const struct actor *self = context;
    int r = -EINVAL;
    switch (a->kind) {
    case REPORT_PIN:
        r = host_pin(self->host, a->uuid, a->vcpu, &a->to_pcpus, e);
        break;
    case REPORT_SET_MEMORY:
        r = host_set_memory(self->host, a->uuid, a->to_value, e);
        break;
    case REPORT_STATS_PERIOD:
        r = host_set_stats_period(self->host, a->uuid, (uint32_t)a->to_value, e);
        break;
    }
    struct report_action done = *a;
    done.error = r;
    snprintf(done.error_text, sizeof(done.error_text), "%.200s", e->text);
    log_action(&done);
    return r;
}

static int64_t host_clock(void *context)
{
    (void)context;
    return clock_mono_ns();
}

static const struct actor_hands hands = {.perform = perform, .clock = host_clock};

/* ---- one snapshot ---- */

static void begin_report(const struct actor *a, const struct snapshot *s,
                         struct report *r)
{
    struct host_health health;
    host_health(a->host, &health);
    *r = (struct report){
        .actor = a->ops->who,
        .pid = (int32_t)getpid(),
        .version = VMBALANCE_VERSION,
        .started_ns = a->started_ns,
        .snapshot_sequence = s->sequence,
        .settings_version = s->settings_version,
        .interval_ms = s->settings.interval_ms,
        .mode = a->options.dry_run ? SETTINGS_MODE_OBSERVE : a->ops->mode(&s->settings),
        .paused = a->ops->paused(&s->settings),
        .connected = health.connected,
        .snapshots = a->snapshots,
        .gaps = feed_gaps(a->feed),
        .bad_messages = feed_bad_messages(a->feed),
        .calls_ok = a->calls_ok,
        .calls_failed = a->calls_failed,
    };
}

static void log_edges(struct actor *a, const struct report *r)
{
    if (strcmp(a->last_verdict, r->verdict) != 0) {
        log_info("verdict=%s reason=\"%s\"", r->verdict, r->reason);
        for (size_t i = 0; i < r->nactions;
             i++) /* what would be done is news but once */
            if (r->actions[i].dry_run)
                log_action(&r->actions[i]);
    }
    snprintf(a->last_verdict, sizeof(a->last_verdict), "%s", r->verdict);
    if (a->act_connected != r->connected)
        log_info("libvirt %s",
                 r->connected ? "connected" : "lost: no changes until it is back");
    a->act_connected = r->connected;
}

static void judge(struct actor *a, const struct snapshot *s)
{
    struct report r;
    a->interval_ns = s->settings.interval_ms * CLOCK_NS_PER_MS;
    a->snapshots++;
    begin_report(a, s, &r);
    struct actor_turn turn = {
        .snapshot = s,
        .now_ns = clock_mono_ns(),
        .interval_ns = a->interval_ns,
        .act = r.mode == SETTINGS_MODE_ACT && !r.paused,
        .hands = &hands,
        .context = a,
    };
    if (!actor_refuses(&turn, &r)) {
        int rc = a->ops->judge(a->self, &turn, &r);
        if (rc < 0)
            actor_hold(&r, "failed", strerror(-rc));
    }
    a->calls_ok = r.calls_ok;
    a->calls_failed = r.calls_failed;
    log_edges(a, &r);
    feed_report(a->feed, &r);
    report_fini(&r);
}

/* Says once when the monitor falls silent, and once when it speaks again. */
static void watch_silence(struct actor *a, bool heard)
{
    int64_t now_ns = clock_mono_ns();
    int64_t limit_ns = ACTOR_STALE_INTERVALS * a->interval_ns;
    if (limit_ns < SETTLE_NS)
        limit_ns = SETTLE_NS;
    if (heard) {
        if (a->silent)
            log_info("snapshots again");
        a->silent = false;
        a->last_snapshot_ns = now_ns;
    } else if (!a->silent && now_ns - a->last_snapshot_ns > limit_ns) {
        log_warning("no snapshot for %lld s: holding still",
                    (long long)((now_ns - a->last_snapshot_ns) / CLOCK_NS_PER_S));
        a->silent = true;
    }
}

/* ---- start, loop, end ---- */

/* --once: a decision, or so many snapshots that there will be none. */
static bool first_decision_made(const struct actor *a)
{
    if (a->snapshots >= ONCE_SNAPSHOTS_MOST)
        return true;
    static const char *const not_yet[] = {"", "waiting", "blind", "stale",
                                          "confirming"};
    for (size_t i = 0; i < sizeof(not_yet) / sizeof(not_yet[0]); i++)
        if (strcmp(a->last_verdict, not_yet[i]) == 0)
            return false;
    return true;
}

static int run(struct actor *a)
{
    for (;;) {
        struct snapshot s;
        int r = feed_next(a->feed, a->signal_fd, 1000, &s);
        if (r < 0 && r != -EAGAIN) {
            log_error("cannot receive snapshots: %s", strerror(-r));
            return PROCESS_FAILED;
        }
        int sig = process_next_signal(a->signal_fd);
        bool leave = sig == SIGTERM || sig == SIGINT;
        if (leave)
            log_info("ending on signal %d", sig);
        if (r == 0 && !leave)
            judge(a, &s);
        if (r == 0)
            snapshot_fini(&s);
        watch_silence(a, r == 0);
        if (leave || (a->options.once && first_decision_made(a)))
            return PROCESS_OK;
    }
}

static int fail(const struct err *e, int status)
{
    log_error("%s", e->text);
    return status;
}

static int start(struct actor *a)
{
    struct err e = {""};
    const struct process_options *p = &a->options.process;
    a->signal_fd = process_signals(p->parent);
    if (a->signal_fd < 0) {
        err_set(&e, 0, "cannot take signals: %s", strerror(-a->signal_fd));
        return fail(&e, PROCESS_FAILED);
    }
    if (runtime_dir_make(p->runtime_dir, &e) < 0)
        return fail(&e, PROCESS_MISCONFIGURED);
    a->lock_fd = runtime_dir_lock(p->runtime_dir, a->ops->name, &e);
    if (a->lock_fd <
        0) /* held by one that is about to end, perhaps: worth another try */
        return fail(&e, PROCESS_FAILED);
    struct host_options how = {.uri = p->uri, .runtime_dir = p->runtime_dir};
    int r = host_open(&how, &a->host, &e);
    if (r < 0)
        return fail(&e, r == -EINVAL ? PROCESS_MISCONFIGURED : PROCESS_FAILED);
    if (feed_open(&a->options, a->host, &a->feed, &e) < 0)
        return fail(&e, PROCESS_MISCONFIGURED);
    a->self = a->ops->create();
    return a->self != NULL ? PROCESS_OK : PROCESS_FAILED;
}

static void finish(struct actor *a)
{
    if (a->self != NULL)
        a->ops->destroy(a->self);
    feed_close(a->feed);
    host_close(a->host);
    if (a->lock_fd >= 0)
        close(a->lock_fd);
    if (a->signal_fd >= 0)
        close(a->signal_fd);
}

int actor_main(const struct actor_ops *ops, int argc, char **argv)
{
    struct actor a = {
        .ops = ops,
        .lock_fd = -1,
        .signal_fd = -1,
        .started_ns = clock_mono_ns(),
        .last_snapshot_ns = clock_mono_ns(),
        .interval_ns = DEFAULT_INTERVAL_NS,
    };
    actor_options_parse(ops, argc, argv, &a.options);
    log_init(ops->name, a.options.process.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    if (a.options.replay != NULL)
        return replay_run(ops, &a.options);
    int status = start(&a);
    if (status == PROCESS_OK) {
        log_info("%s started, libvirt at %s", VMBALANCE_VERSION, a.options.process.uri);
        process_ready(a.options.process.ready_fd);
        status = run(&a);
    }
    finish(&a);
    return status;
}
