/* libvirt_watchdog.c - looks at the clock: calls that stick, requests that are late. */
#include "host/libvirt_backend.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>

/* A sample that is not there by then is answered with what is known: early enough to be
 * in time at an interval of 1 s. */
#define LATE_NS (900 * LIBVIRT_MS_NS)
/* The first one has to wait for a connection and for every domain's XML. */
#define LATE_FIRST_NS (5000 * LIBVIRT_MS_NS)

int backend_start_session(struct backend *b)
{
    struct session *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return -ENOMEM;
    s->backend = b;
    s->refs = 1;
    b->refs++;
    b->current = s;
    int r = libvirt_thread(&s->thread, session_run, s);
    if (r < 0) {
        b->current = NULL;
        b->refs--;
        free(s);
    }
    return r;
}

/* Leaves the session behind: its thread ends by itself when libvirt lets go of it. */
static void abandon(struct backend *b)
{
    struct session *s = b->current;
    s->abandoned = true;
    pthread_detach(s->thread);
    b->current = NULL;
    b->abandoned++;
    b->health.stuck_calls++;
    backend_trouble(b, "libvirt did not answer in time, trying a new connection");
    b->suspect = true;
    b->next_attempt_ns = 0;
    /* What the call was for has been answered late: make up for it. */
    if (!b->requested && !s->opening) {
        b->requested = true;
        b->requested_ns = libvirt_now_ns();
    }
}

/* When the request under way gets an answer in any case. */
static int64_t late_ns(const struct backend *b)
{
    return b->requested_ns + (b->attempted && b->first_done ? LATE_NS : LATE_FIRST_NS);
}

/* When the watchdog has to look next; 0 = never. */
static int64_t next_deadline(const struct backend *b, int64_t now)
{
    int64_t next = b->requested ? late_ns(b) : INT64_MAX;
    const struct session *s = b->current;
    if (s != NULL && s->call_ns != 0 && b->abandoned < LIBVIRT_ABANDONED_MAX) {
        int64_t stuck = s->call_ns + s->call_limit_ns;
        if (stuck > now && stuck < next)
            next = stuck;
    }
    return next < INT64_MAX ? next : 0;
}

static void arm_timer(struct backend *b, int64_t ns)
{
    struct itimerspec t = {
        .it_value = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000}};
    b->armed_ns = ns;
    if (b->timer_fd >= 0)
        timerfd_settime(b->timer_fd, TFD_TIMER_ABSTIME, &t, NULL);
}

bool session_call_begin(struct session *s, int64_t limit_ns)
{
    struct backend *b = s->backend;
    pthread_mutex_lock(&b->lock);
    bool go = !s->abandoned && !b->closing;
    s->call_ns = go ? libvirt_now_ns() : 0;
    s->call_limit_ns = limit_ns;
    if (go && (b->armed_ns == 0 || s->call_ns + limit_ns < b->armed_ns))
        arm_timer(b, s->call_ns + limit_ns);
    pthread_mutex_unlock(&b->lock);
    return go;
}

bool session_call_end(struct session *s)
{
    struct backend *b = s->backend;
    pthread_mutex_lock(&b->lock);
    bool good = !s->abandoned && !b->closing;
    s->call_ns = 0;
    pthread_mutex_unlock(&b->lock);
    return good;
}

/* A connection that takes its time to open is not one. */
static void judge_connection(struct backend *b, int64_t now)
{
    const struct session *s = b->current;
    if (s != NULL && s->opening && s->call_ns != 0 &&
        now - s->call_ns > LIBVIRT_CALL_LIMIT_NS)
        b->health.connected = false;
}

/* Answers the request under way with what is known. */
static void answer_late(struct backend *b)
{
    struct snapshot s;
    b->requested = false;
    pthread_mutex_unlock(&b->lock);
    int r = backend_stale_sample(b, &s);
    pthread_mutex_lock(&b->lock);
    if (r == 0 && !b->has_ready)
        backend_deliver(b, &s, false);
    else
        snapshot_fini(&s);
}

void backend_tick(struct backend *b)
{
    int64_t now = libvirt_now_ns();
    const struct session *s = b->current;
    if (s != NULL && s->call_ns != 0 && now - s->call_ns >= s->call_limit_ns &&
        b->abandoned < LIBVIRT_ABANDONED_MAX)
        abandon(b);
    if (b->current == NULL && backend_start_session(b) < 0)
        backend_trouble(b, "cannot start a thread");
    judge_connection(b, now);
    if (b->requested && now >= late_ns(b))
        answer_late(b);
    arm_timer(b, next_deadline(b, now));
}
