/* libvirt_backend.h - the libvirt backend's insides, shared by its libvirt_*.c files.
 *
 * The caller's thread never calls libvirt: it leaves requests, takes samples, and is
 * the watchdog.  For that it needs no thread: the fd that callers poll is an epoll of
 * an event fd (a sample, a change) and a timer fd (a deadline), and every call from
 * outside looks at the clock first.  Only for an acting call (libvirt_act.c) it waits
 * up to 2 s, for a helper thread that makes it.
 *
 * A session is a connection and its worker thread, which connects, registers for
 * events, makes the bulk call when a sample is requested, and fetches what is marked.
 * When one of its calls is over its limit, the session is left behind as it is, and
 * another one takes over.
 *
 * The event loop, one thread per process, marks what changed in the cache.
 *
 * One lock, b->lock, guards everything in both structs unless a comment says otherwise.
 * No libvirt call is made while it is held, since libvirt takes locks of its own before
 * it calls us back.
 *
 * Lifetime: a backend is freed when its last session is gone, a session when its worker
 * has ended and libvirt has dropped every callback that points to it.  So what is stuck
 * in libvirt may come back at any time, long after host_close(), and finds what it
 * needs. */
#ifndef HOST_LIBVIRT_BACKEND_H
#define HOST_LIBVIRT_BACKEND_H

#include "host/domain_cache.h"
#include "host/host.h"
#include "host/topology.h"

#include <libvirt/libvirt.h>
#include <pthread.h>

#define LIBVIRT_MS_NS INT64_C(1000000)
#define LIBVIRT_CALL_LIMIT_NS (2000 * LIBVIRT_MS_NS) /* patience with a small call */
/* Patience with a bulk call: 8 times what it took lately, within these.  The least is
 * short enough for the new session to answer still within an interval of 1 s. */
#define LIBVIRT_BULK_LEAST_NS (750 * LIBVIRT_MS_NS)
#define LIBVIRT_BULK_MOST_NS (30000 * LIBVIRT_MS_NS)
/* ssh and TLS take their time. */
#define LIBVIRT_OPEN_LIMIT_NS (15000 * LIBVIRT_MS_NS)
/* Each QEMU that hangs costs one call left behind until it goes on, and each of these
 * holds one of libvirtd's 20 workers (its default). */
#define LIBVIRT_ABANDONED_MAX 8U
#define LIBVIRT_EVENTS_MAX 8

struct backend;

/* One connection and the thread that uses it. */
struct session {
    struct backend *backend; /* constant */
    unsigned refs;           /* worker, and every callback registered */
    pthread_t thread;        /* the caller's thread only */
    bool abandoned;          /* the watchdog gave up on it: it may only tidy up */
    bool lost;               /* the connection is dead */
    bool opening;            /* the call under way opens it */
    bool ended;              /* the worker is about to return */
    int64_t call_ns;         /* when the libvirt call under way began; 0 = none */
    int64_t call_limit_ns;   /* how long it may take */

    /* The worker's alone: */
    virConnectPtr conn; /* NULL while not connected */
    int events[LIBVIRT_EVENTS_MAX];
    int nevents;
    bool has_close_callback;
    struct topology topology;
    struct cpuset online; /* that topology was read for */
    int64_t topology_ns;  /* when online was last looked at */
    bool topology_known;
    struct opt_u64 memory_total_kib; /* of a remote host */
};

struct backend {
    pthread_mutex_t lock;
    pthread_cond_t wake; /* work for the worker, or news for an acting call */
    unsigned refs;       /* the handle's, sessions' and acting calls' */

    char *uri, *procfs, *sysfs;       /* constant */
    bool read_only, local, imaginary; /* constant; imaginary = test:/// */

    bool closing;
    int poll_fd, event_fd, timer_fd;

    int64_t armed_ns; /* when the timer goes off; 0 = never */

    bool requested; /* a sample is wanted since requested_ns */
    int64_t requested_ns;
    bool has_ready; /* ready waits for host_take() */
    struct snapshot ready;
    struct snapshot last; /* the last real one, for when the next is late */
    bool changed;

    struct session *current; /* NULL only when a thread could not be made */
    uint32_t abandoned;      /* sessions left behind and not back yet */
    virConnectPtr act_conn;  /* for acting calls: idle, or NULL (see libvirt_act.c) */
    uint32_t acts_stuck;     /* acting calls left behind and not back yet */
    bool ever_connected;
    bool attempted;  /* the first connection attempt has ended */
    bool first_done; /* the first complete sample is made */
    int64_t next_attempt_ns, backoff_ns;

    bool suspect; /* a call stuck: look for hung domains before the next bulk call */
    int64_t patience_ns; /* limit of a bulk call */
    struct domain_cache cache;
    struct host_health health;
};

int64_t libvirt_now_ns(void);

/* libvirt_backend.c */
void backend_unref(struct backend *b); /* not under the lock */
void session_unref(struct session *s); /* not under the lock */
void session_ref(struct session *s);   /* under the lock, as the three below */
void backend_wake_caller(struct backend *b);
void backend_deliver(struct backend *b, struct snapshot *s,
                     bool real); /* takes s over */
void backend_trouble(struct backend *b, const char *text);

/* libvirt_watchdog.c: these two under the lock.  start makes a session and its worker;
 * 0 or -errno, and b->current stays NULL then.  tick does what is due and sets the
 * timer. */
int backend_start_session(struct backend *b);
void backend_tick(struct backend *b);

/* Every libvirt call of a worker is made between these two, without the lock.  begin
 * gives false when the session is abandoned or the backend closes: then leave at once.
 * end gives false when the result must not be used any more. */
bool session_call_begin(struct session *s, int64_t limit_ns);
bool session_call_end(struct session *s);

/* Makes a thread with every signal blocked: signals are main()'s. */
int libvirt_thread(pthread_t *ret, void *(*run)(void *), void *arg);

/* libvirt_worker.c: a session's thread; arg is the session, and one reference to it. */
void *session_run(void *arg);

/* libvirt_connection.c: worker only, without the lock. */
void session_connect(struct session *s);
void session_disconnect(struct session *s);
void libvirt_keepalive(virConnectPtr conn);
/* After a failed call: true when the connection is dead; it is then marked lost. */
bool session_check_lost(struct session *s);

/* libvirt_events.c */
int libvirt_events_start(void); /* once per process; 0 or -errno */
void session_events_register(struct session *s);
void session_events_deregister(struct session *s);

/* libvirt_topology.c: worker only. */
void session_topology_refresh(struct session *s);
void session_host_fill(struct session *s, struct snapshot *ret);
void libvirt_host_times(struct backend *b, struct snapshot *ret);

/* libvirt_fetch.c: facts of one domain, by some calls; 0, or -EIO, and *ret is zeroed.
 */
int session_fetch(struct session *s, virDomainPtr dom, enum domain_stale what,
                  uint32_t vcpus_max, struct domain_facts *ret);

/* libvirt_quarantine.c: worker only, without the lock. */
void session_quarantine_find(struct session *s);
void session_quarantine_release(struct session *s);

/* libvirt_sample.c: worker only.  0; -errno when nothing real could be had. */
int session_sample(struct session *s, struct snapshot *ret);
/* The last known data with today's times and health; any thread, without the lock. */
int backend_stale_sample(struct backend *b, struct snapshot *ret);

/* libvirt_act.c */
int libvirt_pin(void *self, const char *uuid, uint32_t vcpu, const struct cpuset *pcpus,
                struct err *e);
int libvirt_set_memory(void *self, const char *uuid, uint64_t target_kib,
                       struct err *e);
int libvirt_set_stats_period(void *self, const char *uuid, uint32_t period_s,
                             struct err *e);

/* libvirt_error.c: the -errno of libvirt's last error in this thread, its words in e.
 */
int libvirt_error(struct err *e);

#endif
