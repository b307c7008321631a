/* bus.c - opening and closing libzmq sockets, with the options that keep it bounded
 * (see docs/architecture.md). */
#include "common/bus.h"

#include "common/bus_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#define IPC "ipc://"
#define SERVE_QUEUE                                                                    \
    4 /* per client: a client has one request under way, a reply is large */
#define PUBLISH_QUEUE 16    /* per subscriber that does not read */
#define HIGH_WATER_MARK 256 /* messages queued per peer */
#define LINGER_MS 200       /* a reply under way may leave */
#define RECONNECT_MS 50
#define RECONNECT_MAX_MS 500 /* so that a restarted peer is found within 2 s */
#define MESSAGE_MIN 1024

struct bus {
    void *context;
};

int bus_set_int(void *zmq, int option, int value)
{
    return zmq_setsockopt(zmq, option, &value, sizeof(value)) < 0 ? -zmq_errno() : 0;
}

int bus_create(struct bus **ret_bus)
{
    struct bus *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return -ENOMEM;
    b->context = zmq_ctx_new();
    if (b->context == NULL) {
        free(b);
        return -EMFILE;
    }
    zmq_ctx_set(b->context, ZMQ_BLOCKY, 0);
    *ret_bus = b;
    return 0;
}

void bus_destroy(struct bus *b)
{
    if (b == NULL)
        return;
    zmq_ctx_shutdown(b->context);
    while (zmq_ctx_term(b->context) < 0 && zmq_errno() == EINTR)
        ;
    free(b);
}

static int zmq_type(enum bus_kind kind)
{
    switch (kind) {
    case BUS_PUBLISH:
        return ZMQ_XPUB;
    case BUS_LATEST:
    case BUS_SUBSCRIBE:
        return ZMQ_SUB;
    case BUS_COLLECT:
        return ZMQ_PULL;
    case BUS_REPORT:
        return ZMQ_PUSH;
    case BUS_SERVE:
        return ZMQ_ROUTER;
    case BUS_ASK:
        return ZMQ_REQ;
    }
    return -1;
}

static bool binds(enum bus_kind kind)
{
    return kind == BUS_PUBLISH || kind == BUS_COLLECT || kind == BUS_SERVE;
}

/* No heartbeats: on ipc:// the kernel tells at once that a peer has gone, and with them any
 * client could abort the process (libzmq issue 4364, "!_io_error"): one that asked, never
 * read and left. */
static int set_common_options(void *zmq, const struct bus_open *how)
{
    static const struct {
        int option, value;
    } table[] = {
        {ZMQ_SNDHWM, HIGH_WATER_MARK},
        {ZMQ_RCVHWM, HIGH_WATER_MARK},
        {ZMQ_LINGER, LINGER_MS},
        {ZMQ_RECONNECT_IVL, RECONNECT_MS},
        {ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS},
    };
    int r = 0;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]) && r == 0; i++)
        r = bus_set_int(zmq, table[i].option, table[i].value);
    /* A limit of 0 would refuse the peer's handshake, too. */
    int64_t max = (int64_t)(how->message_max > 0 ? how->message_max : MESSAGE_MIN);
    if (r == 0 && zmq_setsockopt(zmq, ZMQ_MAXMSGSIZE, &max, sizeof(max)) < 0)
        r = -zmq_errno();
    return r;
}

static int set_kind_options(void *zmq, const struct bus_open *how)
{
    int r = 0;
    switch (how->kind) {
    case BUS_LATEST: /* CONFLATE must be set before connecting */
    case BUS_SUBSCRIBE:
        if (how->kind == BUS_LATEST)
            r = bus_set_int(zmq, ZMQ_CONFLATE, 1);
        if (r == 0 &&
            zmq_setsockopt(zmq, ZMQ_SUBSCRIBE, how->prefix, how->prefix_len) < 0)
            r = -zmq_errno();
        return r;
    case BUS_PUBLISH: /* tell of every subscriber, not only of the first to a topic */
        r = bus_set_int(zmq, ZMQ_SNDHWM, PUBLISH_QUEUE);
        return r < 0 ? r : bus_set_int(zmq, ZMQ_XPUB_VERBOSE, 1);
    case BUS_REPORT: /* a report for nobody is dropped, not kept for a later monitor */
        return bus_set_int(zmq, ZMQ_IMMEDIATE, 1);
    case BUS_SERVE: /* answering a client that has gone is an error, not a silent drop
                     */
        r = bus_set_int(zmq, ZMQ_SNDHWM, SERVE_QUEUE);
        r = r < 0 ? r : bus_set_int(zmq, ZMQ_RCVHWM, SERVE_QUEUE);
        return r < 0 ? r : bus_set_int(zmq, ZMQ_ROUTER_MANDATORY, 1);
    case BUS_ASK:
        r = bus_set_int(zmq, ZMQ_REQ_RELAXED, 1);
        r = r < 0 ? r : bus_set_int(zmq, ZMQ_REQ_CORRELATE, 1);
        return r < 0 ? r : bus_set_int(zmq, ZMQ_IMMEDIATE, 1);
    case BUS_COLLECT:
        return 0;
    }
    return r;
}

/* The flock that says that path is ours; the lock file stays, its lock goes with us. */
static int lock_path(const char *path, struct err *e)
{
    char lock[PATH_MAX];
    snprintf(lock, sizeof(lock), "%s.lock", path);
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return err_set(e, -errno, "cannot open lock %s: %s", lock, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        close(fd);
        return err_set(e, -EADDRINUSE, "another process serves %s (it holds %s)", path,
                       lock);
    }
    return fd;
}

static int bind_socket(struct bus_socket *s, const struct bus_open *how, struct err *e)
{
    if (strncmp(how->endpoint, IPC, strlen(IPC)) == 0) {
        s->lock_fd = lock_path(how->endpoint + strlen(IPC), e);
        if (s->lock_fd < 0)
            return s->lock_fd;
    }
    mode_t old = umask((mode_t)(~how->mode & 0777U)); /* libzmq has no option for it */
    int r = zmq_bind(s->zmq, how->endpoint) < 0 ? -zmq_errno() : 0;
    umask(old);
    if (r < 0)
        return err_set(e, r, "cannot bind %s: %s", how->endpoint, zmq_strerror(-r));
    return 0;
}

static int attach(struct bus_socket *s, const struct bus_open *how, struct err *e)
{
    int r = set_common_options(s->zmq, how);
    r = r < 0 ? r : set_kind_options(s->zmq, how);
    if (r < 0)
        return err_set(e, r, "cannot set up %s: %s", how->endpoint, zmq_strerror(-r));
    if (binds(how->kind))
        return bind_socket(s, how, e);
    if (zmq_connect(s->zmq, how->endpoint) < 0)
        return err_set(e, -zmq_errno(), "cannot connect to %s: %s", how->endpoint,
                       zmq_strerror(zmq_errno()));
    return 0;
}

int bus_socket_open(struct bus *b, const struct bus_open *how, struct bus_socket **ret,
                    struct err *e)
{
    if (strncmp(how->endpoint, IPC, strlen(IPC)) != 0 &&
        strncmp(how->endpoint, "inproc://", strlen("inproc://")) != 0)
        return err_set(
            e, -EPROTONOSUPPORT,
            "endpoint %s: only ipc:// is served; tcp:// needs CURVE keys, which "
            "this version does not have",
            how->endpoint);
    struct bus_socket *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return -ENOMEM;
    s->kind = how->kind;
    s->lock_fd = -1;
    s->zmq = zmq_socket(b->context, zmq_type(how->kind));
    int r = s->zmq == NULL ? err_set(e, -zmq_errno(), "cannot make a socket: %s",
                                     zmq_strerror(zmq_errno()))
                           : attach(s, how, e);
    if (r < 0) {
        bus_socket_close(s);
        return r;
    }
    *ret = s;
    return 0;
}

void bus_socket_close(struct bus_socket *s)
{
    if (s == NULL)
        return;
    if (s->zmq != NULL)
        zmq_close(s->zmq);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s);
}
