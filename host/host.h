/* host.h - the host as the rest of vmbalance sees it: open, sample, act, close.
 *
 * Behind one handle, a worker thread makes the bulk statistics call under a watchdog
 * and keeps a cache of what changes rarely (affinity, operator's law, topology), which
 * events mark; so no call that a main loop makes here ever blocks on a hung QEMU or
 * daemon.  The acting calls wait up to 2 s, see there.
 *
 * A handle belongs to one thread; its fd may be polled together with sockets.  There
 * may be several handles.  Threads made here take no signals.  libvirt's event loop,
 * one more thread, stays when the last handle is closed. */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include "common/cpuset.h"
#include "common/err.h"
#include "common/snapshot.h"

#include <stdbool.h>
#include <stdint.h>

struct host;

struct host_options {
    const char *uri;         /* libvirt URI; never NULL (see host_default_uri) */
    bool read_only;          /* the monitor's way: every acting call gives -EPERM */
    const char *procfs;      /* root of /proc, NULL = "/proc" */
    const char *sysfs;       /* root of /sys, NULL = "/sys" */
    const char *runtime_dir; /* where a simhost answers, NULL = runtime_dir_default() */
};

/* What the backend has to say besides samples; counts since host_open(). */
struct host_health {
    bool connected;
    char trouble[SNAPSHOT_TEXT_MAX]; /* libvirt's words while not connected, else "" */
    uint64_t reconnects;             /* connections made after a lost one */
    uint64_t samples;                /* samples delivered */
    uint64_t stuck_calls;            /* calls that the watchdog gave up on */
    uint32_t quarantined;            /* domains left out of the bulk call now */
};

/* The URI to use when none was given: $LIBVIRT_DEFAULT_URI, else "qemu:///system". */
const char *host_default_uri(void);

/* Makes a handle for opt->uri and starts connecting in the background; it goes on
 * trying (after 1 s, doubling to 4 s; on another host to 30 s) for as long as the
 * handle lives, and after every loss. opt is not kept.  Returns 0 and *ret_host
 * (host_close() it); -EINVAL for a URI of no known kind; -ENOMEM; or what thread
 * creation gave. */
int host_open(const struct host_options *opt, struct host **ret_host, struct err *e);

/* Ends the threads and connections; waits at most about 2 s for a stuck call, then
 * leaves it behind.  NULL is fine. */
void host_close(struct host *h);

/* Becomes readable when a sample is ready to be taken or when host_changed() has news.
 * Level-triggered; valid until host_close(). */
int host_fd(const struct host *h);

/* Asks the worker for a sample; it is delivered by host_take().  While one is under way
 * this does nothing.  Never blocks.  Returns 0. */
int host_request(struct host *h);

/* Takes the newest finished sample: ret is overwritten (snapshot_init'ed or fini'ed
 * before; snapshot_fini() it after).  Fills host, domains, mono_ns, wall_ns, took_ns
 * and boot_id; leaves sequence, settings and .managed to the caller.
 *
 * Every request is answered, by 0.9 s after it at the latest (the very first by 5 s: it
 * waits for the connection and every domain's XML).  When libvirt is away or late, the
 * sample has today's host numbers, but the domains as last known: .sampled_ns tells
 * their age (0: never), host.connected and host.trouble the reason; a late real sample
 * then follows unasked.
 *
 * A domain whose XML could not be read yet, or not at all, is partial, and its vCPUs
 * have an empty affinity, an empty allowed set and operator_pinned: hands off. Of a
 * remote host (a host name in the URI) memory_total_kib is all that is known; pCPUs
 * from CPUSET_MAX on are left out, and of sets that name them as well. Returns 0;
 * -EAGAIN when there is none. */
int host_take(struct host *h, struct snapshot *ret);

/* Waits up to timeout_ms for a sample requested before, then takes it: for --once and
 * --standalone.  Returns as host_take(), -ETIMEDOUT when the time is over. */
int host_wait(struct host *h, int timeout_ms, struct snapshot *ret);

/* True once after a domain started, stopped, was paused or resumed, gained or lost a
 * vCPU, or the connection was lost or came back: a reason to sample at once.  Resets
 * itself. */
bool host_changed(struct host *h);

void host_health(const struct host *h, struct host_health *ret);

/* Sets the live affinity of one vCPU (virDomainPinVcpuFlags, LIVE only: it is gone when
 * the domain stops).  uuid is the domain's, pcpus not empty.  A sample requested after
 * it shows it.
 * Returns 0; -ENOENT no such running domain; -EINVAL no such vCPU or pCPU, or not a
 * UUID; -EPERM read-only connection or refused; -EBUSY the domain is busy or its QEMU
 * did not answer in time (the call may still take effect later); -ENOTCONN; -EIO other;
 * e has libvirt's words.
 * Blocks for at most about 2 s: the call is made in a thread, on a connection of its
 * own, that is left behind when it sticks.  Right after host_open() that includes
 * waiting for the first connection. */
int host_pin(struct host *h, const char *uuid, uint32_t vcpu,
             const struct cpuset *pcpus, struct err *e);

/* Sets the live balloon target (virDomainSetMemoryFlags, LIVE) in KiB.  Success says
 * only that QEMU noted the target: whether the guest follows, samples tell. Errors and
 * blocking as host_pin(); -EINVAL for a target of 0 or above the maximum. */
int host_set_memory(struct host *h, const char *uuid, uint64_t target_kib,
                    struct err *e);

/* Sets the live balloon statistics period in whole seconds; 0 stops them.  Errors as
 * host_pin(). */
int host_set_stats_period(struct host *h, const char *uuid, uint32_t period_s,
                          struct err *e);

/* A backend: libvirt, or a simulated host.  ops->open gets what host_open() got; every other function
 * has the contract of the host_ function of its name.  self is the backend's own. */
struct host_ops {
    const char *name;
    bool (*claims)(const char *uri); /* true when this backend serves that URI */
    int (*open)(const struct host_options *opt, void **ret_self, struct err *e);
    void (*close)(void *self);
    int (*fd)(const void *self);
    int (*request)(void *self);
    int (*take)(void *self, struct snapshot *ret);
    bool (*changed)(void *self);
    void (*health)(void *self, struct host_health *ret);
    int (*pin)(void *self, const char *uuid, uint32_t vcpu, const struct cpuset *pcpus,
               struct err *e);
    int (*set_memory)(void *self, const char *uuid, uint64_t target_kib, struct err *e);
    int (*set_stats_period)(void *self, const char *uuid, uint32_t period_s,
                            struct err *e);
};

extern const struct host_ops host_libvirt_ops;
extern const struct host_ops host_sim_ops; /* sim:FILE */

#endif
