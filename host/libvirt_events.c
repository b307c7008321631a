/* libvirt_events.c - the event loop thread, and what each of libvirt's events does
 * here.
 *
 * libvirt's loop belongs to the process, so its thread is started once and runs until
 * the process ends: connections that close late still need it.  It sleeps while nothing
 * happens; GLib, on which the default loop is built, wakes it when a handle is added.
 */
#include "host/libvirt_backend.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <time.h>

static pthread_once_t start_once = PTHREAD_ONCE_INIT;
static int start_result;

static void *run_loop(void *unused)
{
    (void)unused;
    for (;;) {
        if (virEventRunDefaultImpl() < 0) {
            struct timespec pause = {.tv_nsec = 100 * LIBVIRT_MS_NS};
            nanosleep(&pause, NULL); /* out of memory, most likely: do not spin */
        }
    }
    return NULL;
}

static void quiet(void *unused, virErrorPtr error)
{
    (void)unused;
    (void)error; /* the default prints it on stderr */
}

static void start(void)
{
    pthread_t thread;
    virSetErrorFunc(NULL, quiet);
    if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0) {
        start_result = -EIO;
        return;
    }
    start_result = libvirt_thread(&thread, run_loop, NULL);
    if (start_result == 0)
        pthread_detach(thread);
}

int libvirt_events_start(void)
{
    pthread_once(&start_once, start);
    return start_result;
}

/* A domain's facts changed; news: the caller should sample at once. */
static void note(struct session *s, virDomainPtr dom, enum domain_stale what, bool news)
{
    struct backend *b = s->backend;
    char uuid[VIR_UUID_STRING_BUFLEN];
    if (virDomainGetUUIDString(dom, uuid) < 0)
        return;
    pthread_mutex_lock(&b->lock);
    if (!s->abandoned && !b->closing) {
        if (what != DOMAIN_FRESH)
            domain_cache_mark(&b->cache, uuid, what);
        if (news) {
            b->changed = true;
            backend_wake_caller(b);
        }
    }
    pthread_mutex_unlock(&b->lock);
}

static int on_lifecycle(virConnectPtr conn, virDomainPtr dom, int event, int detail,
                        void *session)
{
    (void)conn;
    (void)detail;
    switch (event) {
    case VIR_DOMAIN_EVENT_DEFINED:
    case VIR_DOMAIN_EVENT_UNDEFINED:
        note(session, dom, DOMAIN_STALE_ALL, false); /* the law changed */
        break;
    case VIR_DOMAIN_EVENT_SHUTDOWN:
        break; /* STOPPED follows */
    default:
        note(session, dom, DOMAIN_FRESH, true);
        break;
    }
    return 0;
}

/* Raised for every pin, and for cputune shares and quotas, blkdeviotune.. */
static void on_tunable(virConnectPtr conn, virDomainPtr dom,
                       virTypedParameterPtr params, int nparams, void *session)
{
    (void)conn;
    bool pins_only = true;
    for (int i = 0; i < nparams; i++)
        if (strncmp(params[i].field, "cputune.vcpupin", 15) != 0)
            pins_only = false;
    note(session, dom, pins_only ? DOMAIN_STALE_PINS : DOMAIN_STALE_ALL, false);
}

/* A device (a hostdev, a vCPU) came or went. */
static void on_device(virConnectPtr conn, virDomainPtr dom, const char *alias,
                      void *session)
{
    (void)conn;
    note(session, dom, DOMAIN_STALE_ALL, strncmp(alias, "vcpu", 4) == 0);
}

/* virtio-mem took or gave: what of balloon.current is the balloon's changes. */
static void on_memory_device(virConnectPtr conn, virDomainPtr dom, const char *alias,
                             unsigned long long size, void *session)
{
    (void)conn;
    (void)alias;
    (void)size;
    note(session, dom, DOMAIN_STALE_ALL, false);
}

static void on_close(virConnectPtr conn, int reason, void *session)
{
    (void)conn;
    (void)reason;
    struct session *s = session;
    struct backend *b = s->backend;
    pthread_mutex_lock(&b->lock);
    s->lost = true;
    pthread_cond_broadcast(&b->wake);
    pthread_mutex_unlock(&b->lock);
}

static void forget(void *session)
{
    session_unref(session);
}

static void hold(struct session *s)
{
    pthread_mutex_lock(&s->backend->lock);
    session_ref(s);
    pthread_mutex_unlock(&s->backend->lock);
}

static void add_event(struct session *s, int id,
                      virConnectDomainEventGenericCallback run)
{
    hold(s);
    int handle = virConnectDomainEventRegisterAny(s->conn, NULL, id, run, s, forget);
    if (handle >= 0)
        s->events[s->nevents++] = handle;
    else
        session_unref(s); /* a driver without that event is served all the same */
}

/* The test driver has no connection to lose, says yes, and never calls forget. */
static void add_close_callback(struct session *s)
{
    if (s->backend->imaginary)
        return;
    hold(s);
    s->has_close_callback =
        virConnectRegisterCloseCallback(s->conn, on_close, s, forget) == 0;
    if (!s->has_close_callback)
        session_unref(s);
}

void session_events_register(struct session *s)
{
    add_close_callback(s);
    add_event(s, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
              VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle));
    add_event(s, VIR_DOMAIN_EVENT_ID_TUNABLE, VIR_DOMAIN_EVENT_CALLBACK(on_tunable));
    add_event(s, VIR_DOMAIN_EVENT_ID_DEVICE_ADDED,
              VIR_DOMAIN_EVENT_CALLBACK(on_device));
    add_event(s, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
              VIR_DOMAIN_EVENT_CALLBACK(on_device));
    add_event(s, VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE,
              VIR_DOMAIN_EVENT_CALLBACK(on_memory_device));
}

/* A callback holds a reference to its connection: without this, it would never be
 * freed. */
void session_events_deregister(struct session *s)
{
    while (s->nevents > 0)
        virConnectDomainEventDeregisterAny(s->conn, s->events[--s->nevents]);
    if (s->has_close_callback)
        virConnectUnregisterCloseCallback(s->conn, on_close);
    s->has_close_callback = false;
}
