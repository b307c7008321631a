/* publisher.c - sockets, and everything that goes out unasked. */
#include "monitor/monitor.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/runtime_dir.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUBSCRIPTION_MAX 256 /* bytes; ours have 5, a handshake some 60 */
#define SUBSCRIPTIONS_PER_TURN 64
#define GREET_NS (50 * CLOCK_NS_PER_MS)
#define READERS 0666 /* whoever may enter the runtime directory */
#define ADMINS 0660

int publisher_open(struct monitor *m, struct err *e)
{
    const struct {
        enum bus_kind kind;
        const char *name;
        size_t message_max;
        unsigned mode;
        struct bus_socket **socket;
    } table[] = {
        {BUS_PUBLISH, ENDPOINT_SNAPSHOTS, SUBSCRIPTION_MAX, READERS, &m->publish},
        {BUS_COLLECT, ENDPOINT_REPORTS, WIRE_FRAME_MAX, ADMINS, &m->collect},
        {BUS_SERVE, ENDPOINT_READ, WIRE_REQUEST_MAX, READERS, &m->read},
        {BUS_SERVE, ENDPOINT_ADMIN, WIRE_REQUEST_MAX, ADMINS, &m->admin},
    };
    int r = bus_create(&m->bus);
    if (r < 0)
        return err_set(e, r, "cannot make a ZeroMQ context: %s", strerror(-r));
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]) && r == 0; i++) {
        char endpoint[ENDPOINT_MAX];
        struct bus_open how = {.kind = table[i].kind,
                               .endpoint = endpoint,
                               .message_max = table[i].message_max,
                               .mode = table[i].mode};
        r = endpoint_ipc(m->options.process.runtime_dir, table[i].name, endpoint,
                         sizeof(endpoint), e);
        r = r < 0 ? r : bus_socket_open(m->bus, &how, table[i].socket, e);
    }
    return r;
}

void publisher_close(struct monitor *m)
{
    bus_socket_close(m->publish);
    bus_socket_close(m->collect);
    bus_socket_close(m->read);
    bus_socket_close(m->admin);
    bus_destroy(m->bus);
    free(m->last_frame.data);
    m->publish = m->collect = m->read = m->admin = NULL;
    m->bus = NULL;
    m->last_frame = (struct wire_frame){NULL, 0};
}

static struct wire_origin origin(const struct monitor *m, uint64_t sequence)
{
    struct wire_origin o = {
        .sender = "monitor",
        .sequence = sequence,
        .mono_ns = clock_mono_ns(),
        .wall_ns = clock_wall_ns(),
    };
    memcpy(o.host_uuid, m->last.host.uuid, sizeof(o.host_uuid));
    memcpy(o.boot_id, m->last.boot_id, sizeof(o.boot_id));
    return o;
}

void publisher_snapshot(struct monitor *m)
{
    struct wire_origin o = origin(m, m->last.sequence);
    struct wire_frame frame;
    int r = wire_encode_snapshot(&o, &m->last, &frame);
    if (r < 0) {
        log_error("cannot encode snapshot %llu: %s",
                  (unsigned long long)m->last.sequence, strerror(-r));
        return;
    }
    bus_send(m->publish, frame.data, frame.len);
    m->greeting_owed = false;
    free(m->last_frame.data);
    m->last_frame = frame;
}

void publisher_greet(struct monitor *m)
{
    struct bus_message sub;
    bool joined = false;
    for (int i = 0; i < SUBSCRIPTIONS_PER_TURN && bus_recv(m->publish, &sub) == 0;
         i++) {
        joined |= sub.len >= 1 && sub.data[0] == 1; /* 1 = subscribe, 0 = unsubscribe */
        bus_message_fini(&sub);
    }
    m->greeting_owed |= joined && m->last_frame.data != NULL;
    if (!m->greeting_owed || clock_mono_ns() - m->greeted_ns < GREET_NS)
        return; /* several that come at once are greeted at once, a little later */
    m->greeting_owed = false;
    m->greeted_ns = clock_mono_ns();
    bus_send(m->publish, m->last_frame.data, m->last_frame.len);
}

void publisher_event(struct monitor *m, const char *kind, const char *domain,
                     const char *fmt, ...)
{
    struct wire_event v = {.text = ""};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(v.text, sizeof(v.text), fmt, ap);
    va_end(ap);
    snprintf(v.kind, sizeof(v.kind), "%s", kind);
    snprintf(v.domain, sizeof(v.domain), "%s", domain != NULL ? domain : "");
    if (domain != NULL)
        log_info("%s vm=%s: %s", kind, domain, v.text);
    else
        log_info("%s: %s", kind, v.text);
    struct wire_origin o = origin(m, m->events + 1);
    struct wire_frame frame;
    if (m->publish == NULL || wire_encode_event(&o, &v, &frame) < 0)
        return;
    if (bus_send(m->publish, frame.data, frame.len) == 0)
        m->events++;
    free(frame.data);
}

void publisher_drop(struct monitor *m, const char *where, const struct err *e)
{
    m->bad_messages++;
    if (!m->last_was_bad)
        log_warning("dropped a message on %s: %s", where, e->text);
    m->last_was_bad = true;
}

/* Checks a report, keeps it, and passes the very bytes on. */
static void take_report(struct monitor *m, const struct bus_message *in)
{
    struct wire_message w;
    struct err e = {""};
    int r = wire_decode(WIRE_REPORT, in->data, in->len, &w, &e);
    if (r == 0 && w.kind != WIRE_KIND_REPORT) {
        wire_message_fini(&w);
        r = err_set(&e, -EPROTO, "not a report");
    }
    if (r < 0) {
        publisher_drop(m, ENDPOINT_REPORTS, &e);
        return;
    }
    m->last_was_bad = false;
    struct control_report *slot = &m->reports[w.u.report.actor];
    report_fini(&slot->report);
    *slot = (struct control_report){
        .has = true, .received_ns = clock_mono_ns(), .report = w.u.report};
    bus_send(m->publish, in->data, in->len);
}

void publisher_reports(struct monitor *m)
{
    struct bus_message in;
    for (int i = 0; i < 64 && bus_recv(m->collect, &in) == 0; i++) {
        take_report(m, &in);
        bus_message_fini(&in);
    }
}
