/* libvirt_act.c - pin, set memory, set the statistics period.
 *
 * Each is a call that can stick (it takes the domain's job, and may ask QEMU), so a
 * helper thread makes it.  The caller waits up to ACT_NS; a helper that is late is left
 * behind, and frees its call when libvirt lets go of it.
 *
 * Acting calls have a connection of their own, and never share it: in libvirt 9.0 a
 * call can lose its wake-up when another thread waits on the same connection, and then
 * hangs until something arrives for that one.  The connection is lent to one helper at
 * a time; who finds none opens one, so that a stuck helper blocks nobody else. */
#include "host/libvirt_backend.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ACT_NS (2000 * LIBVIRT_MS_NS)
#define ACTS_STUCK_MAX 3U

enum act_kind { ACT_PIN, ACT_MEMORY, ACT_PERIOD };

struct act {
    /* Constant once the helper runs: */
    struct backend *backend;
    char uuid[SNAPSHOT_UUID_MAX];
    enum act_kind kind;
    uint32_t vcpu, period_s;
    struct cpuset pcpus;
    uint64_t target_kib;
    /* Under the backend's lock: */
    bool done, left;
    int result;
    struct err error;
};

/* CPUs in libvirt's map of the host: a longer map than that is refused. */
static uint32_t map_size(virConnectPtr conn)
{
    int n = virNodeGetCPUMap(conn, NULL, NULL, 0);
    return n > 0 && n < (int)CPUSET_MAX ? (uint32_t)n : CPUSET_MAX;
}

/* libvirt passes over CPUs that do not exist; here that is an error. */
static int pin(const struct act *a, virDomainPtr dom, struct err *e)
{
    unsigned char map[VIR_CPU_MAPLEN(CPUSET_MAX)] = {0};
    uint32_t cpus = map_size(virDomainGetConnect(dom));
    if (cpuset_next(&a->pcpus, cpus) < CPUSET_MAX)
        return err_set(e, -EINVAL, "no pCPU %u: the host has %u",
                       cpuset_next(&a->pcpus, cpus), cpus);
    for (uint32_t cpu = cpuset_first(&a->pcpus); cpu < CPUSET_MAX;
         cpu = cpuset_next(&a->pcpus, cpu + 1))
        map[cpu / 8] = (unsigned char)(map[cpu / 8] | 1U << (cpu % 8));
    /* The test driver knows no flags; elsewhere, never the persistent configuration. */
    unsigned flags =
        a->backend->imaginary ? VIR_DOMAIN_AFFECT_CURRENT : VIR_DOMAIN_AFFECT_LIVE;
    return virDomainPinVcpuFlags(dom, a->vcpu, map, VIR_CPU_MAPLEN((int)cpus), flags);
}

/* 0; -1 for a failure of libvirt's; another -errno, with e, for one of ours. */
static int call(const struct act *a, virDomainPtr dom, struct err *e)
{
    switch (a->kind) {
    case ACT_PIN:
        return pin(a, dom, e);
    case ACT_MEMORY:
        return virDomainSetMemoryFlags(dom, a->target_kib, VIR_DOMAIN_AFFECT_LIVE);
    default:
        return virDomainSetMemoryStatsPeriod(dom, (int)a->period_s,
                                             VIR_DOMAIN_AFFECT_LIVE);
    }
}

/* What "operation invalid", or a failure without a code of its own, means here. */
static int explain(virConnectPtr conn, virDomainPtr dom, int code, int r)
{
    if (r != -EIO)
        return r;
    if (virConnectIsAlive(conn) != 1)
        return -ENOTCONN;
    if (code == VIR_ERR_OPERATION_INVALID && virDomainIsActive(dom) == 0)
        return -ENOENT;
    return r;
}

static int perform(const struct act *a, virConnectPtr conn, struct err *e)
{
    virDomainPtr dom = virDomainLookupByUUIDString(conn, a->uuid);
    int r = dom != NULL ? call(a, dom, e) : -1;
    if (r == -1) {
        int code = virGetLastErrorCode();
        r = explain(conn, dom, code, libvirt_error(e));
    }
    if (dom != NULL)
        virDomainFree(dom);
    return r;
}

/* The idle connection, if it is alive, else a new one; NULL, with e, when there is
 * none. */
static virConnectPtr borrow(struct backend *b, struct err *e)
{
    pthread_mutex_lock(&b->lock);
    virConnectPtr conn = b->act_conn;
    b->act_conn = NULL;
    pthread_mutex_unlock(&b->lock);
    if (conn != NULL && virConnectIsAlive(conn) == 1)
        return conn;
    if (conn != NULL)
        virConnectClose(conn);
    conn = virConnectOpen(b->uri);
    if (conn != NULL)
        libvirt_keepalive(conn);
    else
        libvirt_error(e);
    return conn;
}

static void give_back(struct backend *b, virConnectPtr conn)
{
    pthread_mutex_lock(&b->lock);
    bool keep = b->act_conn == NULL && !b->closing;
    if (keep)
        b->act_conn = conn;
    pthread_mutex_unlock(&b->lock);
    if (!keep)
        virConnectClose(conn);
}

static void *run_act(void *arg)
{
    struct act *a = arg;
    struct backend *b = a->backend;
    struct err e = {""};
    int r = -ENOTCONN;
    virConnectPtr conn = borrow(b, &e);
    pthread_mutex_lock(&b->lock);
    bool left = a->left; /* opening took too long: the caller has been told so */
    pthread_mutex_unlock(&b->lock);
    if (conn != NULL && !left)
        r = perform(a, conn, &e);
    if (conn != NULL)
        give_back(b, conn);
    pthread_mutex_lock(&b->lock);
    a->result = r;
    a->error = e;
    a->done = true;
    left = a->left;
    b->acts_stuck -= left ? 1 : 0;
    if (r == 0) /* late or not, it had its effect */
        domain_cache_mark(&b->cache, a->uuid,
                          a->kind == ACT_PIN ? DOMAIN_STALE_PINS : DOMAIN_STALE_ALL);
    pthread_cond_broadcast(&b->wake);
    pthread_mutex_unlock(&b->lock);
    if (left)
        free(a);
    backend_unref(b);
    return NULL;
}

static bool wait_until(struct backend *b, int64_t end_ns)
{
    struct timespec t = {.tv_sec = end_ns / 1000000000, .tv_nsec = end_ns % 1000000000};
    return pthread_cond_timedwait(&b->wake, &b->lock, &t) == 0;
}

/* Under the lock: whether it makes sense to try. */
static int check(struct backend *b, const struct act *a, int64_t end_ns, struct err *e)
{
    while (!b->attempted && wait_until(b, end_ns))
        ;
    const struct domain_entry *entry = domain_cache_find(&b->cache, a->uuid);
    if (entry != NULL && entry->quarantined)
        return err_set(e, -EBUSY, "the domain's QEMU does not answer");
    if (b->acts_stuck >= ACTS_STUCK_MAX)
        return err_set(e, -EBUSY, "%u earlier calls got no answer yet", b->acts_stuck);
    if (!b->health.connected)
        return err_set(e, -ENOTCONN, "not connected to libvirt: %s", b->health.trouble);
    return 0;
}

/* Under the lock.  Sets *ret_left when the helper is left behind, and owns a from then.
 */
static int run_and_wait(struct backend *b, struct act *a, int64_t end_ns,
                        bool *ret_left, struct err *e)
{
    pthread_t thread;
    b->refs++;
    int r = libvirt_thread(&thread, run_act, a);
    if (r < 0) {
        b->refs--;
        return err_set(e, r, "cannot start a thread: %s", strerror(-r));
    }
    while (!a->done && wait_until(b, end_ns))
        ;
    if (!a->done) {
        a->left = *ret_left = true;
        b->acts_stuck++;
        pthread_detach(thread);
        return err_set(e, -EBUSY, "no answer within %d s", (int)(ACT_NS / 1000000000));
    }
    pthread_mutex_unlock(&b->lock);
    pthread_join(thread, NULL);
    pthread_mutex_lock(&b->lock);
    if (a->result < 0)
        err_set(e, a->result, "%s", a->error.text);
    return a->result;
}

/* Runs the call described by how, in a thread. */
static int run(struct backend *b, const char *uuid, const struct act *how,
               struct err *e)
{
    if (b->read_only)
        return err_set(e, -EPERM, "the connection is read-only");
    struct act *a = malloc(sizeof(*a));
    if (a == NULL)
        return err_set(e, -ENOMEM, "out of memory");
    *a = *how;
    a->backend = b;
    snprintf(a->uuid, sizeof(a->uuid), "%s", uuid);
    int64_t end_ns = libvirt_now_ns() + ACT_NS;
    bool left = false;
    pthread_mutex_lock(&b->lock);
    backend_tick(b);
    int r = check(b, a, end_ns, e);
    if (r == 0)
        r = run_and_wait(b, a, end_ns, &left, e);
    pthread_mutex_unlock(&b->lock);
    if (!left)
        free(a);
    return r;
}

int libvirt_pin(void *self, const char *uuid, uint32_t vcpu, const struct cpuset *pcpus,
                struct err *e)
{
    struct backend *b = self;
    struct act how = {.kind = ACT_PIN, .vcpu = vcpu, .pcpus = *pcpus};
    if (cpuset_empty(pcpus))
        return err_set(e, -EINVAL, "no pCPU to pin to");
    return run(b, uuid, &how, e);
}

int libvirt_set_memory(void *self, const char *uuid, uint64_t target_kib, struct err *e)
{
    struct act how = {.kind = ACT_MEMORY, .target_kib = target_kib};
    if (target_kib == 0)
        return err_set(e, -EINVAL, "a target of 0 KiB");
    return run(self, uuid, &how, e);
}

int libvirt_set_stats_period(void *self, const char *uuid, uint32_t period_s,
                             struct err *e)
{
    struct act how = {.kind = ACT_PERIOD, .period_s = period_s};
    if (period_s > INT32_MAX)
        return err_set(e, -EINVAL, "a period of %u s", period_s);
    return run(self, uuid, &how, e);
}
