/* replay.c - recording -> judge -> stdout. */
#include "actor/replay.h"

#include "common/clock.h"
#include "common/config.h"
#include "common/log.h"
#include "common/recording.h"
#include "common/version.h"
#include "common/wire/wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct replay {
    const struct actor_ops *ops;
    const struct actor_options *options;
    void *self;
    bool configured; /* settings are the file's, not the recording's */
    struct settings settings;
    int64_t first_ns, now_ns;
    uint64_t sequence; /* of the last snapshot */
    char boot_id[SNAPSHOT_UUID_MAX];
    uint64_t snapshots, gaps, bad_messages, calls_ok;
};

/* Hands that touch nothing and always succeed: see replay.h. */
static int pretend(void *context, const struct report_action *a, struct err *e)
{
    (void)context;
    (void)a;
    (void)e;
    return 0;
}

static int64_t recorded_clock(void *context)
{
    const struct replay *p = context;
    return p->now_ns;
}

static const struct actor_hands hands = {.perform = pretend, .clock = recorded_clock};

/* ---- one snapshot ---- */

/* The config file's settings, but for the interval: that is how it was recorded. */
static void configure(const struct replay *p, struct snapshot *s)
{
    uint32_t interval_ms = s->settings.interval_ms;
    if (!p->configured)
        return;
    s->settings = p->settings;
    s->settings.interval_ms = interval_ms;
    for (size_t i = 0; i < s->ndomains; i++)
        s->domains[i].managed = settings_selects(&p->settings, s->domains[i].name);
}

static void begin_report(const struct replay *p, const struct snapshot *s,
                         struct report *r)
{
    *r = (struct report){
        .actor = p->ops->who,
        .version = VMBALANCE_VERSION,
        .started_ns = p->first_ns,
        .snapshot_sequence = s->sequence,
        .settings_version = s->settings_version,
        .interval_ms = s->settings.interval_ms,
        .mode =
            p->options->dry_run ? SETTINGS_MODE_OBSERVE : p->ops->mode(&s->settings),
        .paused = p->ops->paused(&s->settings),
        .connected = true,
        .snapshots = p->snapshots,
        .gaps = p->gaps,
        .bad_messages = p->bad_messages,
        .calls_ok = p->calls_ok,
    };
}

static void print_report(const struct replay *p, const struct report *r)
{
    char line[2 * CPUSET_TEXT_MAX];
    printf("snapshot %llu +%.1fs: verdict=%s reason=\"%s\"\n",
           (unsigned long long)r->snapshot_sequence,
           (double)(p->now_ns - p->first_ns) / (double)CLOCK_NS_PER_S, r->verdict,
           r->reason);
    for (size_t i = 0; i < r->nactions; i++) {
        r->actions[i].dry_run = true; /* whatever the policy was told */
        printf("  %s\n", report_action_format(&r->actions[i], line, sizeof(line)));
    }
}

static void judge(struct replay *p, struct snapshot *s)
{
    struct report r;
    configure(p, s);
    p->snapshots++;
    begin_report(p, s, &r);
    struct actor_turn turn = {
        .snapshot = s,
        .now_ns = p->now_ns,
        .interval_ns = s->settings.interval_ms * CLOCK_NS_PER_MS,
        .act = r.mode == SETTINGS_MODE_ACT && !r.paused,
        .hands = &hands,
        .context = p,
    };
    if (!actor_refuses(&turn, &r)) {
        int rc = p->ops->judge(p->self, &turn, &r);
        if (rc < 0)
            actor_hold(&r, "failed", strerror(-rc));
    }
    p->calls_ok = r.calls_ok;
    print_report(p, &r);
    report_fini(&r);
}

/* ---- the file ---- */

/* After a boot of the host its clock begins anew, and so does the actor. */
static int follow_boot(struct replay *p, const struct snapshot *s, int64_t arrived_ns)
{
    bool same = p->self != NULL && strcmp(p->boot_id, s->boot_id) == 0;
    if (same)
        return 0;
    if (p->self != NULL) {
        printf("the host was booted: the actor begins anew\n");
        p->ops->destroy(p->self);
    }
    p->self = p->ops->create();
    p->first_ns = arrived_ns;
    p->sequence = 0;
    memcpy(p->boot_id, s->boot_id, sizeof(p->boot_id));
    return p->self != NULL ? 0 : -ENOMEM;
}

/* True for the first bytes of a snapshot, of whatever version. */
static bool is_snapshot(const struct recording_frame *f)
{
    const size_t topic = WIRE_PREFIX_LEN - 1;
    return f->len >= topic && memcmp(f->data, wire_prefix(WIRE_SNAPSHOT), topic) == 0;
}

static int decode(struct replay *p, const struct recording_frame *f,
                  struct wire_message *ret)
{
    struct err e = {""};
    int rc = wire_decode(WIRE_SNAPSHOT, f->data, f->len, ret, &e);
    if (rc == 0 && ret->kind != WIRE_KIND_SNAPSHOT) {
        wire_message_fini(ret);
        rc = err_set(&e, -EPROTO, "not a snapshot");
    }
    if (rc < 0 && p->bad_messages++ == 0)
        log_warning("left out a message: %s", e.text);
    return rc;
}

static int take(struct replay *p, const struct recording_frame *f)
{
    struct wire_message w;
    if (!is_snapshot(f) || decode(p, f, &w) < 0)
        return 0;
    struct snapshot *s = &w.u.snapshot;
    int64_t now_ns = f->arrived_ns > s->mono_ns ? f->arrived_ns : s->mono_ns;
    int rc = follow_boot(p, s, now_ns);
    if (rc == 0 && s->sequence != p->sequence) { /* else: sent again for somebody new */
        if (p->sequence != 0 && s->sequence > p->sequence + 1)
            p->gaps += s->sequence - p->sequence - 1;
        p->sequence = s->sequence;
        p->now_ns = now_ns;
        judge(p, s);
    }
    wire_message_fini(&w);
    return rc;
}

static int play(struct replay *p, struct recording *from)
{
    struct recording_frame f;
    struct err e = {""};
    int rc;
    while ((rc = recording_next(from, &f, &e)) > 0) {
        rc = take(p, &f);
        if (rc < 0) {
            err_set(&e, rc, "out of memory");
            break;
        }
    }
    if (rc < 0)
        log_error("%s", e.text);
    else if (recording_is_torn(from))
        log_warning("%s: the last record is torn (its writer was killed); left out",
                    p->options->replay);
    return rc;
}

static int finish(struct replay *p, int rc)
{
    if (p->self != NULL)
        p->ops->destroy(p->self);
    if (p->bad_messages > 1)
        log_warning("left out %llu messages in all",
                    (unsigned long long)p->bad_messages);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        log_error("cannot write the plans: %s", strerror(errno));
        return PROCESS_FAILED;
    }
    if (rc == 0 && p->snapshots == 0) {
        log_error("%s holds no snapshot", p->options->replay);
        return PROCESS_FAILED;
    }
    return rc < 0 ? PROCESS_FAILED : PROCESS_OK;
}

int replay_run(const struct actor_ops *ops, const struct actor_options *o)
{
    struct replay p = {.ops = ops, .options = o, .configured = o->config != NULL};
    struct recording *from;
    struct err e = {""};
    settings_init(&p.settings);
    if (p.configured && config_read(o->config, &p.settings, &e) < 0) {
        log_error("%s", e.text);
        return PROCESS_MISCONFIGURED;
    }
    if (recording_open(o->replay, &from, &e) < 0) {
        log_error("%s", e.text);
        return PROCESS_FAILED;
    }
    int rc = play(&p, from);
    recording_close(from);
    return finish(&p, rc);
}
