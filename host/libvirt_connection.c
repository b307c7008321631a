/* libvirt_connection.c - making, judging and dropping a session's connection. */
#include "host/libvirt_backend.h"

#include <libvirt/virterror.h>

/* Keepalive finds a daemon that is gone without a word in 5 s x (3 + 1). */
#define KEEPALIVE_S 5
#define KEEPALIVE_COUNT 3
#define BACKOFF_LEAST_NS (1000 * LIBVIRT_MS_NS)
#define BACKOFF_MOST_NS (30000 * LIBVIRT_MS_NS)
/* Trying a local socket costs next to nothing, and a long pause would only keep us
 * blind after libvirtd is back. */
#define BACKOFF_MOST_LOCAL_NS (4000 * LIBVIRT_MS_NS)

/* Under the lock. */
static void note_failure(struct backend *b, const char *why)
{
    b->health.connected = false;
    backend_trouble(b, why);
    b->backoff_ns = b->backoff_ns == 0 ? BACKOFF_LEAST_NS : 2 * b->backoff_ns;
    int64_t most_ns = b->local ? BACKOFF_MOST_LOCAL_NS : BACKOFF_MOST_NS;
    b->backoff_ns = b->backoff_ns < most_ns ? b->backoff_ns : most_ns;
    b->next_attempt_ns = libvirt_now_ns() + b->backoff_ns;
}

/* Under the lock. */
static void note_success(struct session *s)
{
    struct backend *b = s->backend;
    /* Not so when only a stuck session was replaced. */
    bool again = b->ever_connected && !b->health.connected;
    b->health.connected = b->ever_connected = true;
    backend_trouble(b, "");
    b->backoff_ns = 0;
    /* Events were missed meanwhile. */
    domain_cache_mark(&b->cache, NULL, DOMAIN_STALE_ALL);
    if (!again)
        return;
    b->health.reconnects++;
    b->changed = true;
    backend_wake_caller(b);
}

void libvirt_keepalive(virConnectPtr conn)
{
    virConnectSetKeepAlive(conn, KEEPALIVE_S, KEEPALIVE_COUNT);
}

void session_connect(struct session *s)
{
    struct backend *b = s->backend;
    if (!session_call_begin(s, LIBVIRT_OPEN_LIMIT_NS))
        return;
    pthread_mutex_lock(&b->lock);
    s->lost = false;
    s->opening = true;
    pthread_mutex_unlock(&b->lock);
    s->conn = b->read_only ? virConnectOpenReadOnly(b->uri) : virConnectOpen(b->uri);
    const char *why = s->conn == NULL ? virGetLastErrorMessage() : "";
    if (s->conn != NULL) {
        libvirt_keepalive(s->conn);
        session_events_register(s);
    }
    bool good = session_call_end(s);
    pthread_mutex_lock(&b->lock);
    if (good && s->conn == NULL)
        note_failure(b, why);
    else if (good)
        note_success(s);
    s->opening = false;
    b->attempted = true;
    pthread_cond_broadcast(&b->wake); /* acting calls may wait for the first attempt */
    pthread_mutex_unlock(&b->lock);
}

void session_disconnect(struct session *s)
{
    struct backend *b = s->backend;
    if (s->conn == NULL)
        return;
    pthread_mutex_lock(&b->lock);
    if (!s->abandoned && !b->closing && b->health.connected) {
        note_failure(b, "connection to libvirt lost");
        b->changed = true;
        backend_wake_caller(b);
    }
    pthread_mutex_unlock(&b->lock);
    session_events_deregister(s);
    virConnectClose(s->conn);
    s->conn = NULL;
    topology_fini(&s->topology);
    s->topology_known = false;
}

bool session_check_lost(struct session *s)
{
    if (virConnectIsAlive(s->conn) == 1)
        return false;
    pthread_mutex_lock(&s->backend->lock);
    s->lost = true;
    pthread_mutex_unlock(&s->backend->lock);
    return true;
}
