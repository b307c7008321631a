/* feed.c - snapshots from the bus or from the host itself. */
#include "actor/feed.h"

#include "common/clock.h"
#include "common/config.h"
#include "common/log.h"
#include "common/runtime_dir.h"
#include "common/wire/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct feed {
    struct bus *bus;
    struct bus_socket *snapshots, *reports;
    struct host *host; /* --standalone: sampled by us; else NULL */
    struct settings settings;
    int64_t next_sample_ns;
    uint64_t sequence; /* of the last snapshot */
    int64_t mono_ns;   /* likewise */
    char boot_id[SNAPSHOT_UUID_MAX], host_uuid[SNAPSHOT_UUID_MAX];
    uint64_t gaps, bad_messages, reports_sent;
    bool last_was_bad;
};

static int open_bus(struct feed *f, const struct actor_options *o, struct err *e)
{
    char snapshots[ENDPOINT_MAX], reports[ENDPOINT_MAX];
    const char *dir = o->process.runtime_dir;
    int r = endpoint_ipc(dir, ENDPOINT_SNAPSHOTS, snapshots, sizeof(snapshots), e);
    r = r < 0 ? r : endpoint_ipc(dir, ENDPOINT_REPORTS, reports, sizeof(reports), e);
    r = r < 0 ? r : bus_create(&f->bus);
    if (r < 0)
        return r;
    struct bus_open in = {
        .kind = BUS_LATEST,
        .endpoint = o->endpoint != NULL ? o->endpoint : snapshots,
        .prefix = wire_prefix(WIRE_SNAPSHOT),
        .prefix_len =
            WIRE_PREFIX_LEN - 1, /* any version: another one is refused by name */
        .message_max = WIRE_FRAME_MAX,
    };
    struct bus_open out = {.kind = BUS_REPORT, .endpoint = reports, .message_max = 0};
    r = bus_socket_open(f->bus, &in, &f->snapshots, e);
    return r < 0 ? r : bus_socket_open(f->bus, &out, &f->reports, e);
}

static int open_standalone(struct feed *f, const struct actor_options *o,
                           struct host *h, struct err *e)
{
    f->host = h;
    settings_init(&f->settings);
    int r = o->config != NULL ? config_read(o->config, &f->settings, e) : 0;
    if (r == 0 && (o->config == NULL || o->interval_ms != 2000))
        f->settings.interval_ms = o->interval_ms;
    return r;
}

int feed_open(const struct actor_options *o, struct host *h, struct feed **ret_feed,
              struct err *e)
{
    struct feed *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return -ENOMEM;
    int r = o->standalone ? open_standalone(f, o, h, e) : open_bus(f, o, e);
    if (r < 0) {
        feed_close(f);
        return r;
    }
    *ret_feed = f;
    return 0;
}

void feed_close(struct feed *f)
{
    if (f == NULL)
        return;
    bus_socket_close(f->snapshots);
    bus_socket_close(f->reports);
    bus_destroy(f->bus);
    free(f);
}

static void count_gap(struct feed *f, const struct snapshot *s)
{
    if (f->sequence != 0 && s->sequence > f->sequence + 1)
        f->gaps += s->sequence - f->sequence - 1;
    f->mono_ns = s->mono_ns;
    f->sequence = s->sequence; /* a smaller one: the monitor was restarted */
}

/* Says why a message was dropped, once per run of bad ones. */
static void drop(struct feed *f, const struct err *e)
{
    f->bad_messages++;
    if (!f->last_was_bad)
        log_warning("dropped a message: %s", e->text);
    f->last_was_bad = true;
}

static int take_from_bus(struct feed *f, struct snapshot *ret)
{
    struct bus_message m;
    int r = bus_recv(f->snapshots, &m);
    if (r < 0)
        return r;
    struct wire_message w;
    struct err e = {""};
    r = wire_decode(WIRE_SNAPSHOT, m.data, m.len, &w, &e);
    bus_message_fini(&m);
    if (r == 0 && w.kind != WIRE_KIND_SNAPSHOT) {
        wire_message_fini(&w);
        r = err_set(&e, -EPROTO, "not a snapshot");
    }
    if (r < 0) {
        drop(f, &e);
        return -EAGAIN;
    }
    f->last_was_bad = false;
    if (w.u.snapshot.sequence == f->sequence && w.u.snapshot.mono_ns == f->mono_ns) {
        wire_message_fini(&w); /* sent again for somebody who joined */
        return -EAGAIN;
    }
    count_gap(f, &w.u.snapshot);
    memcpy(f->boot_id, w.origin.boot_id, sizeof(f->boot_id));
    memcpy(f->host_uuid, w.origin.host_uuid, sizeof(f->host_uuid));
    *ret = w.u.snapshot;
    return 0;
}

static int take_own_sample(struct feed *f, struct snapshot *ret)
{
    int r = host_take(f->host, ret);
    if (r < 0)
        return r;
    ret->sequence = ++f->sequence;
    ret->settings = f->settings;
    ret->settings_version = 1;
    for (size_t i = 0; i < ret->ndomains; i++)
        ret->domains[i].managed = settings_selects(&f->settings, ret->domains[i].name);
    return 0;
}

/* Asks for a sample when one is due; returns ms until the next is. */
static int request_when_due(struct feed *f)
{
    int64_t now_ns = clock_mono_ns();
    int64_t interval_ns = f->settings.interval_ms * CLOCK_NS_PER_MS;
    if (now_ns >= f->next_sample_ns) {
        host_request(f->host);
        bool late = now_ns - f->next_sample_ns > interval_ns;
        f->next_sample_ns = (late ? now_ns : f->next_sample_ns) + interval_ns;
    }
    return (int)((f->next_sample_ns - now_ns) / CLOCK_NS_PER_MS) + 1;
}

int feed_next(struct feed *f, int signal_fd, int timeout_ms, struct snapshot *ret)
{
    if (f->host != NULL) {
        int due_ms = request_when_due(f);
        timeout_ms = timeout_ms < due_ms ? timeout_ms : due_ms;
    }
    struct bus_poll items[] = {
        {.socket = NULL, .fd = signal_fd},
        {.socket = f->snapshots, .fd = f->host != NULL ? host_fd(f->host) : -1},
    };
    int r = bus_wait(items, 2, timeout_ms);
    if (r < 0)
        return r;
    if (!items[1].ready)
        return -EAGAIN;
    if (f->host == NULL)
        return take_from_bus(f, ret);
    if (host_changed(f->host))
        host_request(f->host);
    return take_own_sample(f, ret);
}

void feed_report(struct feed *f, const struct report *r)
{
    if (f->reports == NULL)
        return;
    struct wire_origin o = {
        .sequence = f->reports_sent + 1,
        .mono_ns = clock_mono_ns(),
        .wall_ns = clock_wall_ns(),
    };
    memcpy(o.boot_id, f->boot_id, sizeof(o.boot_id));
    memcpy(o.host_uuid, f->host_uuid, sizeof(o.host_uuid));
    memcpy(o.sender, report_actor_name(r->actor),
           strlen(report_actor_name(r->actor)) + 1);
    struct wire_frame frame;
    if (wire_encode_report(&o, r, &frame) < 0)
        return;
    if (bus_send(f->reports, frame.data, frame.len) == 0)
        f->reports_sent++;
    free(frame.data);
}

uint64_t feed_bad_messages(const struct feed *f)
{
    return f->bad_messages;
}

uint64_t feed_gaps(const struct feed *f)
{
    return f->gaps;
}
