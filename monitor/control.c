/* control.c - vmctl's questions and changes. */
#include "monitor/monitor.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REQUESTS_PER_TURN 64 /* so that a flood does not stop the sampling */

static int refuse(struct control_reply *reply, int error, const char *text)
{
    reply->error = error;
    snprintf(reply->error_text, sizeof(reply->error_text), "%s", text);
    return error;
}

/* All changes, or none. */
static void apply_changes(struct monitor *m, const struct control_request *q,
                          bool admin, struct control_reply *reply)
{
    struct settings fresh = m->settings;
    struct err e;
    if (!admin) {
        refuse(reply, -EPERM, "changes are taken on the admin socket only");
        return;
    }
    if (q->nchanges == 0) {
        refuse(reply, -EINVAL, "nothing to change: KEY VALUE is missing");
        return;
    }
    for (size_t i = 0; i < q->nchanges; i++) {
        int r = settings_set(&fresh, q->changes[i].key, q->changes[i].value, &e);
        if (r < 0) {
            refuse(reply, r, e.text);
            return;
        }
    }
    for (size_t i = 0; i < q->nchanges; i++)
        publisher_event(m, "setting-changed", NULL, "%s = %s", q->changes[i].key,
                        q->changes[i].value);
    monitor_use_settings(m, &fresh);
}

/* Fills in what every reply says; snapshot and reports are lent, not copied. */
static void fill_reply(const struct monitor *m, const struct control_request *q,
                       struct control_reply *reply)
{
    memcpy(reply->id, q->id, sizeof(reply->id));
    snprintf(reply->version, sizeof(reply->version), "%s", VMBALANCE_VERSION);
    reply->pid = (int32_t)getpid();
    reply->started_ns = m->started_ns;
    reply->mono_ns = clock_mono_ns();
    reply->settings_version = m->settings_version;
    reply->settings = m->settings;
    reply->bad_messages = m->bad_messages;
    struct host_health health;
    host_health(m->host, &health);
    reply->reconnects = health.reconnects;
    reply->stuck_calls = health.stuck_calls;
    if (q->verb != CONTROL_STATE)
        return;
    reply->has_snapshot = m->sequence > 0;
    reply->snapshot = m->last;
    memcpy(reply->reports, m->reports, sizeof(reply->reports));
}

static int answer(struct monitor *m, const struct control_request *q, bool admin,
                  struct wire_frame *ret_frame)
{
    struct control_reply reply = {.error = 0};
    if (q->verb == CONTROL_SET)
        apply_changes(m, q, admin, &reply);
    else if (q->verb != CONTROL_PING && q->verb != CONTROL_STATE)
        refuse(&reply, -EOPNOTSUPP, "this monitor does not know that request");
    fill_reply(m, q, &reply);
    struct wire_origin o = {
        .sender = "monitor", .mono_ns = clock_mono_ns(), .wall_ns = clock_wall_ns()};
    memcpy(o.host_uuid, m->last.host.uuid, sizeof(o.host_uuid));
    memcpy(o.boot_id, m->last.boot_id, sizeof(o.boot_id));
    return wire_encode_reply(&o, &reply, ret_frame);
}

static void serve_one(struct monitor *m, struct bus_socket *socket, bool admin,
                      const struct bus_message *in)
{
    struct wire_message w;
    struct err e = {""};
    int r = wire_decode(WIRE_CONTROL, in->data, in->len, &w, &e);
    if (r == 0 && w.kind != WIRE_KIND_REQUEST) {
        wire_message_fini(&w);
        r = err_set(&e, -EPROTO, "not a request");
    }
    if (r < 0) {
        publisher_drop(m, admin ? "admin.sock" : "read.sock", &e);
        return;
    }
    m->last_was_bad = false;
    const struct control_request *q = &w.u.request;
    const struct wire_frame *before =
        admin && q->verb == CONTROL_SET ? replies_find(&m->replies, q->id) : NULL;
    struct wire_frame frame = {NULL, 0};
    if (before != NULL)
        bus_reply(socket, in, before->data, before->len);
    else if (answer(m, q, admin, &frame) == 0)
        bus_reply(socket, in, frame.data, frame.len);
    if (q->verb == CONTROL_SET && admin && frame.data != NULL)
        replies_keep(&m->replies, q->id, frame);
    else
        free(frame.data);
    wire_message_fini(&w);
}

void control_serve(struct monitor *m, struct bus_socket *socket, bool admin)
{
    struct bus_message in;
    for (int i = 0; i < REQUESTS_PER_TURN && bus_recv(socket, &in) == 0; i++) {
        serve_one(m, socket, admin, &in);
        bus_message_fini(&in);
    }
}
