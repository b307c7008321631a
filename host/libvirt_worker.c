/* libvirt_worker.c - a session's thread: connect, sample on request, tidy up. */
#include "host/libvirt_backend.h"

#include <time.h>

static void wait_until(struct backend *b, int64_t ns)
{
    struct timespec t = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    pthread_cond_timedwait(&b->wake, &b->lock, &t);
}

/* Under the lock: waits for something to do.  False when there is nothing left to do.
 */
static bool wait_for_work(struct session *s)
{
    struct backend *b = s->backend;
    while (!b->closing && !s->abandoned) {
        if (s->lost || b->requested)
            return true;
        if (s->conn != NULL)
            pthread_cond_wait(&b->wake, &b->lock);
        else if (libvirt_now_ns() >= b->next_attempt_ns)
            return true;
        else
            wait_until(b, b->next_attempt_ns);
    }
    return false;
}

static void drop_if_lost(struct session *s)
{
    struct backend *b = s->backend;
    pthread_mutex_lock(&b->lock);
    bool lost = s->lost && s->conn != NULL;
    s->lost = false;
    pthread_mutex_unlock(&b->lock);
    if (lost)
        session_disconnect(s);
}

/* Answers the request under way, with a real sample if there is one to be had. */
static void serve(struct session *s)
{
    struct backend *b = s->backend;
    struct snapshot sample;
    snapshot_init(&sample);
    bool real = s->conn != NULL && session_sample(s, &sample) == 0;
    if (!real) {
        snapshot_fini(&sample);
        drop_if_lost(s);
        backend_stale_sample(b, &sample); /* out of memory: an empty one */
    }
    pthread_mutex_lock(&b->lock);
    if (!s->abandoned && !b->closing) {
        b->first_done = b->first_done || real;
        backend_deliver(b, &sample, real);
    }
    pthread_mutex_unlock(&b->lock);
    snapshot_fini(&sample);
}

/* Closing asks libvirtd, so may block: not in the caller's thread. */
static void close_act_conn(struct backend *b)
{
    pthread_mutex_lock(&b->lock);
    virConnectPtr conn = b->closing ? b->act_conn : NULL;
    b->act_conn = conn != NULL ? NULL : b->act_conn;
    pthread_mutex_unlock(&b->lock);
    if (conn != NULL)
        virConnectClose(conn);
}

void *session_run(void *arg)
{
    struct session *s = arg;
    struct backend *b = s->backend;
    for (;;) {
        pthread_mutex_lock(&b->lock);
        bool work = wait_for_work(s);
        pthread_mutex_unlock(&b->lock);
        if (!work)
            break;
        drop_if_lost(s);
        pthread_mutex_lock(&b->lock);
        bool due = s->conn == NULL && libvirt_now_ns() >= b->next_attempt_ns;
        pthread_mutex_unlock(&b->lock);
        if (due)
            session_connect(s);
        pthread_mutex_lock(&b->lock);
        bool requested = b->requested;
        pthread_mutex_unlock(&b->lock);
        if (requested)
            serve(s);
    }
    session_disconnect(s);
    close_act_conn(b);
    pthread_mutex_lock(&b->lock);
    if (s->abandoned)
        b->abandoned--;
    s->ended = true;
    pthread_cond_broadcast(&b->wake);
    pthread_mutex_unlock(&b->lock);
    session_unref(s);
    return NULL;
}
