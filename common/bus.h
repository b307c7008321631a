/* bus.h - sockets between our processes: the only code that sees libzmq.
 *
 * Frames are opaque here (see wire/wire.h) but for the prefix that SUB sockets filter
 * on. Sending never blocks: a slow or dead peer costs messages, not time.  A socket
 * belongs to one thread.  Create the bus after the last fork(). */
#ifndef COMMON_BUS_H
#define COMMON_BUS_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bus;
struct bus_socket;

enum bus_kind {
    BUS_PUBLISH,   /* XPUB, binds: sends to all; receives their subscriptions */
    BUS_LATEST,    /* SUB, connects: only the newest frame is kept (CONFLATE) */
    BUS_SUBSCRIBE, /* SUB, connects: every frame, up to the high-water mark */
    BUS_COLLECT,   /* PULL, binds: receives from many */
    BUS_REPORT,    /* PUSH, connects: sends to the collector */
    BUS_SERVE,     /* ROUTER, binds: receives requests, bus_reply() answers */
    BUS_ASK,       /* REQ, connects: use bus_ask() */
};

struct bus_open {
    enum bus_kind kind;
    const char *endpoint;  /* ipc:// or inproc://; tcp:// is refused: no CURVE keys */
    const uint8_t *prefix; /* BUS_LATEST, BUS_SUBSCRIBE: frames that begin so */
    size_t prefix_len;
    size_t message_max; /* bytes; a peer that sends more is disconnected; 0 = 1 KiB,
                         * for sockets that only send */
    unsigned mode;      /* of a bound ipc socket's file, such as 0660 */
};

/* One received frame, with whom to answer (BUS_SERVE); bus_message_fini() it. */
struct bus_message {
    uint8_t *data;
    size_t len;
    void *peer;
};

/* One thing to wait for: a socket, or a file descriptor when socket is NULL. */
struct bus_poll {
    struct bus_socket *socket;
    int fd;
    bool ready; /* out: can be read */
};

/* Returns 0 or -ENOMEM / -EMFILE. */
int bus_create(struct bus **ret_bus);
/* Close every socket first.  NULL is fine. */
void bus_destroy(struct bus *b);

/* Opens, and binds or connects.  A bound ipc path is locked first (PATH.lock): libzmq
 * would steal it from a living process without a word.
 * Returns 0; -EADDRINUSE when another process has it; -EPROTONOSUPPORT for tcp://;
 * -errno.  e says which endpoint. */
int bus_socket_open(struct bus *b, const struct bus_open *how, struct bus_socket **ret,
                    struct err *e);
void bus_socket_close(struct bus_socket *s);

/* Returns 0; -EAGAIN when nobody takes it now (dropped); -errno.  data stays the
 * caller's. */
int bus_send(struct bus_socket *s, const void *data, size_t len);

/* Returns 0 and *ret; -EAGAIN when there is nothing; -errno. */
int bus_recv(struct bus_socket *s, struct bus_message *ret);

/* Answers the request m, which stays the caller's.  As bus_send(). */
int bus_reply(struct bus_socket *s, const struct bus_message *m, const void *data,
              size_t len);

void bus_message_fini(struct bus_message *m);

/* Waits until one of the items is ready or timeout_ms (-1 = for ever) is over.
 * Returns how many are; 0 when the time is over or a signal came; -errno. */
int bus_wait(struct bus_poll *items, size_t n, int timeout_ms);

/* One request. */
struct bus_question {
    const char *endpoint;
    const void *data;
    size_t len;
    size_t reply_max; /* bytes */
    int timeout_ms;
};

/* Sends one request and waits for its answer on a fresh socket, sending the same bytes
 * again each half second: the request in them must carry an id that makes that harmless.
 * Returns 0 and *ret; -ETIMEDOUT when nobody answers within the time; -errno. */
int bus_ask(struct bus *b, const struct bus_question *q, struct bus_message *ret,
            struct err *e);

#endif
