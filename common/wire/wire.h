/* wire.h - messages in and out of frames: the only door between the bus and the rest.
 *
 * Nothing is trusted: size, topic, version, every count, index, string and number is
 * checked here (the bounds stand in proto/vmbalance.proto) before anything else sees
 * it. Pure but for malloc: no I/O, clock or log. */
#ifndef COMMON_WIRE_WIRE_H
#define COMMON_WIRE_WIRE_H

#include "common/control.h"
#include "common/err.h"
#include "common/report.h"
#include "common/snapshot.h"

#include <stddef.h>
#include <stdint.h>

#define WIRE_MAJOR 1U             /* frames of another major version are refused */
#define WIRE_PREFIX_LEN 5U        /* topic and version: what a SUB socket filters on */
#define WIRE_FRAME_MAX (8U << 20) /* bytes of any frame */
#define WIRE_REQUEST_MAX (64U << 10) /* bytes of a control request */
#define WIRE_SENDER_MAX 33

enum wire_topic {
    WIRE_SNAPSHOT = 0, /* "SNAP" */
    WIRE_REPORT = 1,   /* "REPT" */
    WIRE_EVENT = 2,    /* "EVNT" */
    WIRE_CONTROL = 3,  /* "CTRL" */
};

/* Who says it, and when. */
struct wire_origin {
    char host_uuid[SNAPSHOT_UUID_MAX]; /* "" = not known */
    char boot_id[SNAPSHOT_UUID_MAX];   /* "" = not known */
    char sender[WIRE_SENDER_MAX];
    uint64_t sequence;
    int64_t mono_ns, wall_ns;
};

struct wire_event {
    char kind[REPORT_WORD_MAX];
    char domain[SNAPSHOT_NAME_MAX]; /* "" = about none */
    char text[REPORT_TEXT_MAX];
};

enum wire_kind {
    WIRE_KIND_NONE = 0, /* an envelope with nothing in it that we know */
    WIRE_KIND_SNAPSHOT,
    WIRE_KIND_REPORT,
    WIRE_KIND_EVENT,
    WIRE_KIND_REQUEST,
    WIRE_KIND_REPLY,
};

/* One decoded message; free it with wire_message_fini(). */
struct wire_message {
    struct wire_origin origin;
    enum wire_kind kind;
    union {
        struct snapshot snapshot;
        struct report report;
        struct wire_event event;
        struct control_request request;
        struct control_reply reply;
    } u;
};

/* A finished frame: free() the data. */
struct wire_frame {
    uint8_t *data;
    size_t len;
};

/* The 5 bytes that frames of that topic begin with; a static array. */
const uint8_t *wire_prefix(enum wire_topic topic);

/* Packs one message.  Returns 0 and *ret_frame; -ENOMEM; -EMSGSIZE when it would be
 * larger than WIRE_FRAME_MAX. */
int wire_encode_snapshot(const struct wire_origin *o, const struct snapshot *s,
                         struct wire_frame *ret_frame);
int wire_encode_report(const struct wire_origin *o, const struct report *r,
                       struct wire_frame *ret_frame);
int wire_encode_event(const struct wire_origin *o, const struct wire_event *v,
                      struct wire_frame *ret_frame);
int wire_encode_request(const struct wire_origin *o, const struct control_request *q,
                        struct wire_frame *ret_frame);
int wire_encode_reply(const struct wire_origin *o, const struct control_reply *r,
                      struct wire_frame *ret_frame);

/* Unpacks and checks one frame that came on that topic.  Memory is bounded: about 20
 * times WIRE_FRAME_MAX at worst. Returns 0 and *ret (wire_message_fini() it); -EPROTO
 * for a frame that is too short, of another topic or malformed; -EPROTONOSUPPORT for
 * another major version (e names both); -EMSGSIZE; -EINVAL for a number out of its
 * bounds (e names the field); -ENOMEM. On failure *ret holds nothing. */
int wire_decode(enum wire_topic topic, const uint8_t *data, size_t len,
                struct wire_message *ret, struct err *e);

void wire_message_fini(struct wire_message *m);

#endif
