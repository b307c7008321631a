/* fuzz_wire.c - frames of every topic: decoded or refused with a reason; what was
 * decoded can be encoded, and then says the same. */
#include "tests/fuzz/fuzz.h"

#include "common/wire/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum wire_topic topic_of(const uint8_t *data, size_t size)
{
    static const enum wire_topic topics[] = {WIRE_SNAPSHOT, WIRE_REPORT, WIRE_EVENT,
                                             WIRE_CONTROL};
    for (size_t i = 0; i < 4 && size >= 4; i++)
        if (memcmp(data, wire_prefix(topics[i]), 4) == 0)
            return topics[i];
    return WIRE_SNAPSHOT;
}

static int encode(const struct wire_message *m, struct wire_frame *ret)
{
    switch (m->kind) {
    case WIRE_KIND_SNAPSHOT:
        return wire_encode_snapshot(&m->origin, &m->u.snapshot, ret);
    case WIRE_KIND_REPORT:
        return wire_encode_report(&m->origin, &m->u.report, ret);
    case WIRE_KIND_EVENT:
        return wire_encode_event(&m->origin, &m->u.event, ret);
    case WIRE_KIND_REQUEST:
        return wire_encode_request(&m->origin, &m->u.request, ret);
    case WIRE_KIND_REPLY:
        return wire_encode_reply(&m->origin, &m->u.reply, ret);
    default:
        abort();
    }
}

static enum wire_topic topic_for(enum wire_kind kind)
{
    return kind == WIRE_KIND_SNAPSHOT ? WIRE_SNAPSHOT
           : kind == WIRE_KIND_REPORT ? WIRE_REPORT
           : kind == WIRE_KIND_EVENT  ? WIRE_EVENT
                                      : WIRE_CONTROL;
}

/* Encoding gives a frame that decodes and encodes to the very same bytes. */
static void check_round_trip(const struct wire_message *m)
{
    struct wire_frame first, second;
    struct wire_message again;
    struct err e = {""};
    if (encode(m, &first) < 0) /* -EMSGSIZE, -ENOMEM: larger than it came */
        return;
    assert(wire_decode(topic_for(m->kind), first.data, first.len, &again, &e) == 0);
    assert(again.kind == m->kind);
    assert(encode(&again, &second) == 0);
    assert(second.len == first.len);
    assert(memcmp(second.data, first.data, first.len) == 0);
    wire_message_fini(&again);
    free(first.data);
    free(second.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_message m;
    struct err e = {""};
    int r = wire_decode(topic_of(data, size), data, size, &m, &e);
    if (r < 0) {
        assert(e.text[0] != '\0' || r == -ENOMEM);
        return 0;
    }
    check_round_trip(&m);
    wire_message_fini(&m);
    return 0;
}
