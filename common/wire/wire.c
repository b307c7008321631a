/* wire.c - frames: prefix and envelope around the bodies of parts.h.
 *
 * Both ways work in an arena with a limit: packing builds the protobuf-c structs there,
 * unpacking gives it to protobuf-c as its allocator. */
#include "common/wire/wire.h"

#include "common/wire/field.h"
#include "common/wire/parts.h"

#include <errno.h>
#include <stdlib.h>

/* Unpacking can amplify (an empty sub-message is 2 bytes and becomes 80); a real frame
 * of 8 MiB needs about 10 times its size. */
#define UNPACK_LIMIT ((size_t)20 * WIRE_FRAME_MAX)
#define PACK_LIMIT ((size_t)40 * WIRE_FRAME_MAX)

const uint8_t *wire_prefix(enum wire_topic topic)
{
    static const uint8_t prefixes[][WIRE_PREFIX_LEN] = {
        {'S', 'N', 'A', 'P', WIRE_MAJOR},
        {'R', 'E', 'P', 'T', WIRE_MAJOR},
        {'E', 'V', 'N', 'T', WIRE_MAJOR},
        {'C', 'T', 'R', 'L', WIRE_MAJOR},
    };
    return prefixes[topic];
}

/* Packs the envelope around whatever body it holds, and frees the arena. */
static int finish(struct arena *a, const struct wire_origin *o, enum wire_topic topic,
                  Vmb__Envelope *m, struct wire_frame *ret_frame)
{
    int r = -ENOMEM;
    FIELD_PUT(m, sequence, o->sequence);
    FIELD_PUT(m, mono_ns, o->mono_ns);
    FIELD_PUT(m, wall_ns, o->wall_ns);
    m->sender = field_put_text(a, o->sender);
    m->boot_id = o->boot_id[0] != '\0' ? field_put_text(a, o->boot_id) : NULL;
    m->host_uuid = o->host_uuid[0] != '\0' ? field_put_text(a, o->host_uuid) : NULL;
    if (m->sender == NULL || m->snapshot == NULL) /* any arm of the oneof */
        goto out;
    size_t len = WIRE_PREFIX_LEN + vmb__envelope__get_packed_size(m);
    r = -EMSGSIZE;
    if (len > WIRE_FRAME_MAX)
        goto out;
    r = -ENOMEM;
    uint8_t *data = malloc(len);
    if (data == NULL)
        goto out;
    memcpy(data, wire_prefix(topic), WIRE_PREFIX_LEN);
    vmb__envelope__pack(m, data + WIRE_PREFIX_LEN);
    *ret_frame = (struct wire_frame){.data = data, .len = len};
    r = 0;
out:
    arena_fini(a);
    return r;
}

int wire_encode_snapshot(const struct wire_origin *o, const struct snapshot *s,
                         struct wire_frame *ret_frame)
{
    struct arena a = {.limit = PACK_LIMIT};
    Vmb__Envelope m = VMB__ENVELOPE__INIT;
    m.body_case = VMB__ENVELOPE__BODY_SNAPSHOT;
    m.snapshot = pack_snapshot(&a, s);
    return finish(&a, o, WIRE_SNAPSHOT, &m, ret_frame);
}

int wire_encode_report(const struct wire_origin *o, const struct report *r,
                       struct wire_frame *ret_frame)
{
    struct arena a = {.limit = PACK_LIMIT};
    Vmb__Envelope m = VMB__ENVELOPE__INIT;
    m.body_case = VMB__ENVELOPE__BODY_REPORT;
    m.report = pack_report(&a, r);
    return finish(&a, o, WIRE_REPORT, &m, ret_frame);
}

int wire_encode_event(const struct wire_origin *o, const struct wire_event *v,
                      struct wire_frame *ret_frame)
{
    struct arena a = {.limit = PACK_LIMIT};
    Vmb__Envelope m = VMB__ENVELOPE__INIT;
    Vmb__Event event = VMB__EVENT__INIT;
    event.kind = field_put_text(&a, v->kind);
    event.domain = field_put_text(&a, v->domain);
    event.text = field_put_text(&a, v->text);
    bool whole = event.kind != NULL && event.domain != NULL && event.text != NULL;
    m.body_case = VMB__ENVELOPE__BODY_EVENT;
    m.event = whole ? &event : NULL;
    return finish(&a, o, WIRE_EVENT, &m, ret_frame);
}

int wire_encode_request(const struct wire_origin *o, const struct control_request *q,
                        struct wire_frame *ret_frame)
{
    struct arena a = {.limit = PACK_LIMIT};
    Vmb__Envelope m = VMB__ENVELOPE__INIT;
    m.body_case = VMB__ENVELOPE__BODY_REQUEST;
    m.request = pack_request(&a, q);
    return finish(&a, o, WIRE_CONTROL, &m, ret_frame);
}

int wire_encode_reply(const struct wire_origin *o, const struct control_reply *r,
                      struct wire_frame *ret_frame)
{
    struct arena a = {.limit = PACK_LIMIT};
    Vmb__Envelope m = VMB__ENVELOPE__INIT;
    m.body_case = VMB__ENVELOPE__BODY_REPLY;
    m.reply = pack_reply(&a, r);
    return finish(&a, o, WIRE_CONTROL, &m, ret_frame);
}

/* ---- decoding ---- */

static int check_prefix(enum wire_topic topic, const uint8_t *data, size_t len,
                        struct err *e)
{
    if (len < WIRE_PREFIX_LEN)
        return err_set(e, -EPROTO, "a frame of %zu bytes is too short", len);
    if (len > WIRE_FRAME_MAX)
        return err_set(e, -EMSGSIZE, "a frame of %zu bytes is too long", len);
    const uint8_t *want = wire_prefix(topic);
    if (memcmp(data, want, WIRE_PREFIX_LEN - 1) != 0)
        return err_set(e, -EPROTO, "a frame of another topic than %.4s",
                       (const char *)want);
    if (data[WIRE_PREFIX_LEN - 1] != WIRE_MAJOR)
        return err_set(e, -EPROTONOSUPPORT,
                       "the sender speaks protocol %u, this program speaks %u; "
                       "restart both from the same version",
                       data[WIRE_PREFIX_LEN - 1], WIRE_MAJOR);
    return 0;
}

static int unpack_origin(const Vmb__Envelope *m, struct wire_origin *o, struct err *e)
{
    int r = field_name(m->sender, o->sender, sizeof(o->sender), "sender", e);
    r = r < 0 ? r : field_uuid(m->host_uuid, o->host_uuid, "host_uuid", e);
    r = r < 0 ? r : field_uuid(m->boot_id, o->boot_id, "boot_id", e);
    r = r < 0 ? r : FIELD_U64(m, o, sequence, FIELD_COUNT_MAX, e);
    r = r < 0 ? r : FIELD_I64(m, o, mono_ns, e);
    return r < 0 ? r : FIELD_I64(m, o, wall_ns, e);
}

static void adopt_origin(const struct wire_origin *o, struct snapshot *s)
{
    memcpy(s->boot_id, o->boot_id, sizeof(s->boot_id));
    memcpy(s->host.uuid, o->host_uuid, sizeof(s->host.uuid));
}

static int unpack_event(const Vmb__Event *m, struct wire_event *v, struct err *e)
{
    int r = field_name(m->kind, v->kind, sizeof(v->kind), "event kind", e);
    r = r < 0 ? r
              : field_text(m->domain, v->domain, sizeof(v->domain), "event domain", e);
    return r < 0 ? r : field_text(m->text, v->text, sizeof(v->text), "event text", e);
}

static int unpack_body(const Vmb__Envelope *m, struct wire_message *ret, struct err *e)
{
    int r;
    switch (m->body_case) {
    case VMB__ENVELOPE__BODY_SNAPSHOT:
        ret->kind = WIRE_KIND_SNAPSHOT;
        r = unpack_snapshot(m->snapshot, &ret->u.snapshot, e);
        adopt_origin(&ret->origin, &ret->u.snapshot);
        return r;
    case VMB__ENVELOPE__BODY_REPORT:
        ret->kind = WIRE_KIND_REPORT;
        return unpack_report(m->report, &ret->u.report, e);
    case VMB__ENVELOPE__BODY_EVENT:
        ret->kind = WIRE_KIND_EVENT;
        return unpack_event(m->event, &ret->u.event, e);
    case VMB__ENVELOPE__BODY_REQUEST:
        ret->kind = WIRE_KIND_REQUEST;
        return unpack_request(m->request, &ret->u.request, e);
    case VMB__ENVELOPE__BODY_REPLY:
        ret->kind = WIRE_KIND_REPLY;
        r = unpack_reply(m->reply, &ret->u.reply, e);
        adopt_origin(&ret->origin, &ret->u.reply.snapshot);
        return r;
    default:
        return err_set(e, -EPROTO, "a message of a kind that is not known");
    }
}

static void *arena_alloc_for_protobuf(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void arena_free_for_protobuf(void *arena, void *p)
{
    (void)arena; /* the arena is freed as a whole */
    (void)p;
}

int wire_decode(enum wire_topic topic, const uint8_t *data, size_t len,
                struct wire_message *ret, struct err *e)
{
    memset(ret, 0, sizeof(*ret));
    int r = check_prefix(topic, data, len, e);
    if (r < 0)
        return r;
    struct arena a = {.limit = UNPACK_LIMIT};
    ProtobufCAllocator allocator = {.alloc = arena_alloc_for_protobuf,
                                    .free = arena_free_for_protobuf,
                                    .allocator_data = &a};
    Vmb__Envelope *m = vmb__envelope__unpack(&allocator, len - WIRE_PREFIX_LEN,
                                             data + WIRE_PREFIX_LEN);
    r = m == NULL ? err_set(e, -EPROTO, "a malformed message of %zu bytes", len) : 0;
    r = r < 0 ? r : unpack_origin(m, &ret->origin, e);
    r = r < 0 ? r : unpack_body(m, ret, e);
    arena_fini(&a);
    if (r < 0) {
        wire_message_fini(ret);
        memset(ret, 0, sizeof(*ret));
    }
    return r;
}

void wire_message_fini(struct wire_message *m)
{
    if (m == NULL)
        return;
    if (m->kind == WIRE_KIND_SNAPSHOT)
        snapshot_fini(&m->u.snapshot);
    else if (m->kind == WIRE_KIND_REPORT)
        report_fini(&m->u.report);
    else if (m->kind == WIRE_KIND_REQUEST)
        control_request_fini(&m->u.request);
    else if (m->kind == WIRE_KIND_REPLY)
        control_reply_fini(&m->u.reply);
    m->kind = WIRE_KIND_NONE;
}
