/* test_ctl_fake.c - a stand-in for the monitor on a real bus. */
#undef NDEBUG
#include "tests/unit/test_ctl_fake.h"

#include "common/bus.h"
#include "common/runtime_dir.h"
#include "common/wire/wire.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake {
    pthread_t thread;
    atomic_bool stop;
    struct bus *bus;
    struct bus_socket *sockets[2]; /* read, admin */
    struct control_reply *reply;
    enum fake_mood mood;
    struct fake_seen seen[FAKE_SEEN_MAX];
    size_t nseen, applied;
};

static void send_reply(struct fake *f, struct bus_socket *s,
                       const struct bus_message *m)
{
    struct wire_origin origin = {.sender = "monitor", .sequence = 1};
    struct wire_frame frame;
    assert(wire_encode_reply(&origin, f->reply, &frame) == 0);
    if (f->mood == FAKE_OTHER_VERSION)
        frame.data[WIRE_PREFIX_LEN - 1] = WIRE_MAJOR + 1;
    if (f->mood == FAKE_GARBAGE)
        memset(frame.data, 0xa5, frame.len);
    bus_reply(s, m, frame.data, frame.len);
    free(frame.data);
}

static void apply(struct fake *f, const struct control_request *q)
{
    struct settings fresh = f->reply->settings;
    struct err e;
    for (size_t i = 0; i < q->nchanges; i++) {
        f->reply->error =
            settings_set(&fresh, q->changes[i].key, q->changes[i].value, &e);
        if (f->reply->error == 0)
            continue;
        snprintf(f->reply->error_text, sizeof(f->reply->error_text), "%s", e.text);
        return;
    }
    f->reply->settings = fresh;
    f->reply->settings_version++;
    f->applied++;
}

static void serve(struct fake *f, struct bus_socket *s, const struct bus_message *m)
{
    struct wire_message in;
    assert(wire_decode(WIRE_CONTROL, m->data, m->len, &in, NULL) == 0);
    assert(in.kind == WIRE_KIND_REQUEST && f->nseen < FAKE_SEEN_MAX);
    const struct control_request *q = &in.u.request;
    bool known = false;
    for (size_t i = 0; i < f->nseen; i++)
        known = known || strcmp(f->seen[i].id, q->id) == 0;
    snprintf(f->seen[f->nseen].id, sizeof(f->seen[f->nseen].id), "%s", q->id);
    f->seen[f->nseen++].verb = q->verb;
    if (!known) {
        f->reply->error = 0;
        f->reply->error_text[0] = '\0';
        if (q->verb == CONTROL_SET)
            apply(f, q);
    }
    snprintf(f->reply->id, sizeof(f->reply->id), "%s",
             f->mood == FAKE_OTHER_ID ? "other" : q->id);
    if (f->mood != FAKE_SILENT && (f->mood != FAKE_FORGETFUL || known))
        send_reply(f, s, m);
    wire_message_fini(&in);
}

static void *run(void *arg)
{
    struct fake *f = arg;
    while (!atomic_load(&f->stop)) {
        struct bus_poll items[2] = {{.socket = f->sockets[0], .fd = -1},
                                    {.socket = f->sockets[1], .fd = -1}};
        assert(bus_wait(items, 2, 10) >= 0);
        for (size_t i = 0; i < 2; i++) {
            struct bus_message m;
            while (items[i].ready && bus_recv(f->sockets[i], &m) == 0) {
                serve(f, f->sockets[i], &m);
                bus_message_fini(&m);
            }
        }
    }
    for (size_t i = 0; i < 2; i++)
        bus_socket_close(f->sockets[i]);
    return NULL;
}

struct fake *fake_start(const char *directory, struct control_reply *reply,
                        enum fake_mood mood)
{
    static const char *const names[] = {ENDPOINT_READ, ENDPOINT_ADMIN};
    struct fake *f = calloc(1, sizeof(*f));
    assert(f != NULL);
    f->reply = reply;
    f->mood = mood;
    assert(bus_create(&f->bus) == 0);
    for (size_t i = 0; i < 2; i++) {
        char endpoint[ENDPOINT_MAX];
        assert(endpoint_ipc(directory, names[i], endpoint, sizeof(endpoint), NULL) ==
               0);
        struct bus_open how = {.kind = BUS_SERVE,
                               .endpoint = endpoint,
                               .message_max = WIRE_REQUEST_MAX,
                               .mode = 0600};
        assert(bus_socket_open(f->bus, &how, &f->sockets[i], NULL) == 0);
    }
    assert(pthread_create(&f->thread, NULL, run, f) == 0);
    return f;
}

size_t fake_stop(struct fake *f, struct fake_seen *ret_seen, size_t *ret_applied)
{
    atomic_store(&f->stop, true);
    assert(pthread_join(f->thread, NULL) == 0);
    bus_destroy(f->bus);
    size_t n = f->nseen;
    if (ret_seen != NULL)
        memcpy(ret_seen, f->seen, sizeof(f->seen));
    if (ret_applied != NULL)
        *ret_applied = f->applied;
    free(f);
    return n;
}
