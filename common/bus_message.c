/* bus_message.c - messages in and out of sockets, requests and their answers. */
#include "common/bus.h"

#include "common/bus_socket.h"
#include "common/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define RESEND_MS 500
#define PEER_FRAMES_MAX 8
#define WAIT_ITEMS_MAX 16

/* What comes before a request's body on a ROUTER: identity, request id, empty frame. */
struct peer {
    size_t nframes;
    zmq_msg_t frames[PEER_FRAMES_MAX];
};

int bus_send(struct bus_socket *s, const void *data, size_t len)
{
    while (zmq_send(s->zmq, data, len, ZMQ_DONTWAIT) < 0)
        if (zmq_errno() != EINTR)
            return -zmq_errno();
    return 0;
}

/* Takes one frame into msg, which is then to be closed. */
static int recv_frame(void *zmq, zmq_msg_t *msg)
{
    zmq_msg_init(msg);
    while (zmq_msg_recv(msg, zmq, ZMQ_DONTWAIT) < 0) {
        int r = -zmq_errno();
        if (r == -EINTR)
            continue;
        zmq_msg_close(msg);
        return r;
    }
    return 0;
}

static void peer_free(struct peer *p)
{
    for (size_t i = 0; p != NULL && i < p->nframes; i++)
        zmq_msg_close(&p->frames[i]);
    free(p);
}

/* Throws away what is left of a multi-part message. */
static void skip_rest(void *zmq, bool more)
{
    while (more) {
        zmq_msg_t msg;
        if (recv_frame(zmq, &msg) < 0)
            return;
        more = zmq_msg_more(&msg) != 0;
        zmq_msg_close(&msg);
    }
}

/* Frames up to the body go into *ret_peer (they are echoed in front of the answer). */
static int recv_parts(struct bus_socket *s, zmq_msg_t *body, struct peer **ret_peer)
{
    struct peer *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return -ENOMEM;
    int r = recv_frame(s->zmq, body);
    while (r == 0 && zmq_msg_more(body)) {
        if (p->nframes == PEER_FRAMES_MAX) {
            skip_rest(s->zmq, true);
            zmq_msg_close(body);
            r = -EPROTO;
            break;
        }
        p->frames[p->nframes++] = *body;
        r = recv_frame(s->zmq, body);
    }
    if (r < 0) {
        peer_free(p);
        return r;
    }
    *ret_peer = p;
    return 0;
}

int bus_recv(struct bus_socket *s, struct bus_message *ret)
{
    zmq_msg_t body;
    struct peer *p;
    int r = recv_parts(s, &body, &p);
    if (r < 0)
        return r;
    size_t len = zmq_msg_size(&body);
    uint8_t *data = malloc(len + 1);
    if (data != NULL && len > 0)
        memcpy(data, zmq_msg_data(&body), len);
    zmq_msg_close(&body);
    if (data == NULL) {
        peer_free(p);
        return -ENOMEM;
    }
    *ret = (struct bus_message){.data = data, .len = len, .peer = p};
    return 0;
}

int bus_reply(struct bus_socket *s, const struct bus_message *m, const void *data,
              size_t len)
{
    struct peer *p = m->peer; /* zmq_msg_copy() counts a reference in it */
    for (size_t i = 0; i < p->nframes; i++) {
        zmq_msg_t copy;
        zmq_msg_init(&copy);
        zmq_msg_copy(&copy, &p->frames[i]);
        if (zmq_msg_send(&copy, s->zmq, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) {
            int r = -zmq_errno();
            zmq_msg_close(&copy);
            return r;
        }
    }
    return bus_send(s, data, len);
}

void bus_message_fini(struct bus_message *m)
{
    if (m == NULL)
        return;
    free(m->data);
    peer_free(m->peer);
    memset(m, 0, sizeof(*m));
}

int bus_wait(struct bus_poll *items, size_t n, int timeout_ms)
{
    zmq_pollitem_t list[WAIT_ITEMS_MAX];
    if (n > WAIT_ITEMS_MAX)
        return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        items[i].ready = false;
        list[i] = (zmq_pollitem_t){
            .socket = items[i].socket != NULL ? items[i].socket->zmq : NULL,
            .fd = items[i].fd,
            .events = ZMQ_POLLIN,
        };
    }
    int ready = zmq_poll(list, (int)n, timeout_ms);
    if (ready < 0)
        return zmq_errno() == EINTR ? 0 : -zmq_errno();
    for (size_t i = 0; i < n; i++)
        items[i].ready = list[i].revents != 0;
    return ready;
}

/* Sends (again) every RESEND_MS until the answer is there or the time is over. */
static int ask_until(struct bus_socket *s, const struct bus_question *q,
                     struct bus_message *ret)
{
    int64_t deadline_ns = clock_mono_ns() + q->timeout_ms * CLOCK_NS_PER_MS;
    for (;;) {
        int64_t left_ms = (deadline_ns - clock_mono_ns()) / CLOCK_NS_PER_MS;
        if (left_ms <= 0)
            return -ETIMEDOUT;
        int turn_ms = (int)(left_ms < RESEND_MS ? left_ms : RESEND_MS);
        int r = bus_set_int(s->zmq, ZMQ_SNDTIMEO, turn_ms);
        if (r < 0)
            return r;
        if (zmq_send(s->zmq, q->data, q->len, 0) < 0) {
            if (zmq_errno() != EAGAIN && zmq_errno() != EINTR)
                return -zmq_errno();
            continue;
        }
        struct bus_poll item = {.socket = s, .fd = -1};
        r = bus_wait(&item, 1, turn_ms);
        if (r > 0)
            r = bus_recv(s, ret);
        else if (r == 0)
            continue;
        if (r != -EAGAIN) /* EAGAIN: it was a stale answer, dropped by CORRELATE */
            return r;
    }
}

int bus_ask(struct bus *b, const struct bus_question *q, struct bus_message *ret,
            struct err *e)
{
    struct bus_open how = {
        .kind = BUS_ASK, .endpoint = q->endpoint, .message_max = q->reply_max};
    struct bus_socket *s;
    int r = bus_socket_open(b, &how, &s, e);
    if (r < 0)
        return r;
    r = ask_until(s, q, ret);
    if (r < 0)
        err_set(e, r, "%s: %s", q->endpoint,
                r == -ETIMEDOUT ? "no answer" : zmq_strerror(-r));
    bus_set_int(s->zmq, ZMQ_LINGER, 0);
    bus_socket_close(s);
    return r;
}
