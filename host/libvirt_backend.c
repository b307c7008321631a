/* libvirt_backend.c - the handle: open, close, request, take, and the watchdog. */
#include "host/libvirt_backend.h"
#include "host/text.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define CLOSE_NS (2000 * LIBVIRT_MS_NS)

int64_t libvirt_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool claims(const char *uri)
{
    static const char *const drivers[] = {"qemu", "test", "ch", "xen", "lxc"};
    size_t scheme = strcspn(uri, "+:");
    if (strstr(uri, "://") == NULL)
        return false;
    for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
        if (strlen(drivers[i]) == scheme && strncmp(uri, drivers[i], scheme) == 0)
            return true;
    return false;
}

static void backend_free(struct backend *b)
{
    domain_cache_fini(&b->cache);
    snapshot_fini(&b->ready);
    snapshot_fini(&b->last);
    free(b->uri);
    free(b->procfs);
    free(b->sysfs);
    pthread_cond_destroy(&b->wake);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

void backend_unref(struct backend *b)
{
    pthread_mutex_lock(&b->lock);
    bool last = --b->refs == 0;
    pthread_mutex_unlock(&b->lock);
    if (last)
        backend_free(b);
}

void session_ref(struct session *s)
{
    s->refs++;
}

void session_unref(struct session *s)
{
    struct backend *b = s->backend;
    pthread_mutex_lock(&b->lock);
    bool last = --s->refs == 0;
    pthread_mutex_unlock(&b->lock);
    if (!last)
        return;
    topology_fini(&s->topology);
    free(s);
    backend_unref(b);
}

int libvirt_thread(pthread_t *ret, void *(*run)(void *), void *arg)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(ret, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -r;
}

void backend_wake_caller(struct backend *b)
{
    uint64_t one = 1;
    if (b->event_fd >= 0 && write(b->event_fd, &one, sizeof(one)) < 0)
        return; /* the counter is full: it is readable already */
}

void backend_trouble(struct backend *b, const char *text)
{
    text_copy(b->health.trouble, sizeof(b->health.trouble), text);
}

void backend_deliver(struct backend *b, struct snapshot *s, bool real)
{
    if (real && !b->closing) {
        struct snapshot copy;
        if (snapshot_copy(&copy, s) == 0) {
            snapshot_fini(&b->last);
            b->last = copy;
        }
    }
    snapshot_fini(&b->ready);
    b->ready = *s;
    b->has_ready = true;
    b->requested = false;
    snapshot_init(s);
    backend_wake_caller(b);
}

/* Empties the fds when nothing waits any more. */
static void settle_fd(struct backend *b)
{
    uint64_t count;
    if (!b->has_ready && !b->changed && read(b->event_fd, &count, sizeof(count)) < 0)
        return; /* was empty */
}

static int add_fd(struct backend *b, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    return epoll_ctl(b->poll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_fds(struct backend *b)
{
    b->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    b->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    b->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (b->poll_fd < 0 || b->event_fd < 0 || b->timer_fd < 0)
        return -errno;
    int r = add_fd(b, b->event_fd);
    return r < 0 ? r : add_fd(b, b->timer_fd);
}

static void close_fds(struct backend *b)
{
    int *fds[] = {&b->poll_fd, &b->event_fd, &b->timer_fd};
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
}

/* A URI without a host name means this machine: /proc and /sys are the host's. */
static bool is_local(const char *uri)
{
    const char *authority = strstr(uri, "://");
    return authority != NULL && (authority[3] == '/' || authority[3] == '\0');
}

static struct backend *make_backend(const struct host_options *opt)
{
    struct backend *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return NULL;
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->wake, &attr);
    pthread_condattr_destroy(&attr);
    b->refs = 1;
    b->poll_fd = b->event_fd = b->timer_fd = -1;
    b->read_only = opt->read_only;
    b->imaginary = strncmp(opt->uri, "test:", 5) == 0;
    b->local = is_local(opt->uri) && !b->imaginary;
    b->patience_ns = LIBVIRT_CALL_LIMIT_NS; /* until the first one is timed */
    b->uri = strdup(opt->uri);
    b->procfs = strdup(opt->procfs != NULL ? opt->procfs : "/proc");
    b->sysfs = strdup(opt->sysfs != NULL ? opt->sysfs : "/sys");
    if (b->uri == NULL || b->procfs == NULL || b->sysfs == NULL) {
        backend_free(b);
        return NULL;
    }
    return b;
}

static int libvirt_open(const struct host_options *opt, void **ret_self, struct err *e)
{
    int r = libvirt_events_start();
    if (r < 0)
        return err_set(e, r, "cannot start libvirt's event loop: %s", strerror(-r));
    struct backend *b = make_backend(opt);
    if (b == NULL)
        return err_set(e, -ENOMEM, "out of memory");
    r = open_fds(b);
    if (r == 0) {
        pthread_mutex_lock(&b->lock);
        backend_trouble(b, "connecting");
        r = backend_start_session(b);
        pthread_mutex_unlock(&b->lock);
    }
    if (r < 0) {
        close_fds(b);
        backend_unref(b);
        return err_set(e, r, "cannot set up the libvirt backend: %s", strerror(-r));
    }
    *ret_self = b;
    return 0;
}

/* Under the lock: waits for the worker to end, or leaves it behind. */
static void end_session(struct backend *b, struct session *s)
{
    int64_t end_ns = libvirt_now_ns() + CLOSE_NS;
    struct timespec t = {.tv_sec = end_ns / 1000000000, .tv_nsec = end_ns % 1000000000};
    int r = 0;
    while (!s->ended && r == 0)
        r = pthread_cond_timedwait(&b->wake, &b->lock, &t);
    bool ended = s->ended;
    pthread_mutex_unlock(&b->lock);
    if (ended)
        pthread_join(s->thread, NULL);
    else
        pthread_detach(s->thread);
    session_unref(s);
    pthread_mutex_lock(&b->lock);
}

static void libvirt_close(void *self)
{
    struct backend *b = self;
    pthread_mutex_lock(&b->lock);
    struct session *s = b->current;
    b->closing = true;
    b->current = NULL;
    pthread_cond_broadcast(&b->wake);
    if (s != NULL) {
        session_ref(s);
        end_session(b, s);
    }
    close_fds(b);
    pthread_mutex_unlock(&b->lock);
    backend_unref(b);
}

static int libvirt_fd(const void *self)
{
    return ((const struct backend *)self)->poll_fd;
}

static int libvirt_request(void *self)
{
    struct backend *b = self;
    pthread_mutex_lock(&b->lock);
    if (!b->requested) {
        b->requested = true;
        b->requested_ns = libvirt_now_ns();
        pthread_cond_broadcast(&b->wake);
    }
    backend_tick(b);
    pthread_mutex_unlock(&b->lock);
    return 0;
}

static int libvirt_take(void *self, struct snapshot *ret)
{
    struct backend *b = self;
    pthread_mutex_lock(&b->lock);
    backend_tick(b);
    bool taken = b->has_ready;
    if (taken) {
        *ret = b->ready;
        snapshot_init(&b->ready);
        b->has_ready = false;
        b->health.samples++;
    }
    settle_fd(b);
    pthread_mutex_unlock(&b->lock);
    return taken ? 0 : -EAGAIN;
}

static bool libvirt_changed(void *self)
{
    struct backend *b = self;
    pthread_mutex_lock(&b->lock);
    bool changed = b->changed;
    b->changed = false;
    backend_tick(b);
    settle_fd(b);
    pthread_mutex_unlock(&b->lock);
    return changed;
}

static void libvirt_health(void *self, struct host_health *ret)
{
    struct backend *b = (struct backend *)self;
    pthread_mutex_lock(&b->lock);
    *ret = b->health;
    ret->quarantined = 0;
    for (size_t i = 0; i < b->cache.n; i++)
        ret->quarantined += b->cache.entries[i].quarantined ? 1 : 0;
    pthread_mutex_unlock(&b->lock);
}

const struct host_ops host_libvirt_ops = {
    .name = "libvirt",
    .claims = claims,
    .open = libvirt_open,
    .close = libvirt_close,
    .fd = libvirt_fd,
    .request = libvirt_request,
    .take = libvirt_take,
    .changed = libvirt_changed,
    .health = libvirt_health,
    .pin = libvirt_pin,
    .set_memory = libvirt_set_memory,
    .set_stats_period = libvirt_set_stats_period,
};
