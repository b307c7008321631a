/* libvirt_sample.c - one sample: one bulk call, the host's numbers right after it, and
 * the facts of domains that are due. */
#include "host/libvirt_backend.h"
#include "host/libvirt_stats.h"
#include "host/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STATS                                                                          \
    (VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_VCPU | VIR_DOMAIN_STATS_BALLOON)
/* What the facts of domains may cost in one sample; the rest is for the next ones. */
#define FETCH_NS (300 * LIBVIRT_MS_NS)
#define FETCH_FIRST_NS (3000 * LIBVIRT_MS_NS)
/* Domains fetched again only because of their age, in one sample. */
#define FETCH_AGED_MAX 4

static int64_t wall_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The active domains that are not in quarantine, NULL-terminated, *ret_n of them. */
static virDomainPtr *list_healthy(struct session *s, int *ret_n)
{
    struct backend *b = s->backend;
    virDomainPtr *doms = NULL;
    int n = virConnectListAllDomains(s->conn, &doms, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    int kept = 0;
    for (int i = 0; i < n; i++) {
        char uuid[VIR_UUID_STRING_BUFLEN] = "";
        virDomainGetUUIDString(doms[i], uuid);
        pthread_mutex_lock(&b->lock);
        const struct domain_entry *entry = domain_cache_find(&b->cache, uuid);
        bool healthy = entry == NULL || !entry->quarantined;
        pthread_mutex_unlock(&b->lock);
        if (healthy)
            doms[kept++] = doms[i];
        else
            virDomainFree(doms[i]);
    }
    if (doms != NULL)
        doms[kept] = NULL;
    *ret_n = n < 0 ? n : kept;
    return doms;
}

/* The bulk call, without the domains in quarantine.  Returns the number of records. */
static int call_bulk(struct session *s, bool some_quarantined,
                     virDomainStatsRecordPtr **ret)
{
    unsigned flags = VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT;
    if (!some_quarantined)
        return virConnectGetAllDomainStats(
            s->conn, STATS, ret, flags | VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE);
    int n;
    virDomainPtr *doms = list_healthy(s, &n);
    int r = n > 0 ? virDomainListGetStats(doms, STATS, ret, flags) : n;
    for (int i = 0; i < n; i++)
        virDomainFree(doms[i]);
    free(doms);
    return r;
}

/* Patience follows what calls take: a slow host is not a hung one. */
static void learn_patience(struct backend *b, int64_t took_ns)
{
    int64_t p = b->first_done ? b->patience_ns / 2 : 0;
    p = p > 8 * took_ns ? p : 8 * took_ns;
    p = p > LIBVIRT_BULK_LEAST_NS ? p : LIBVIRT_BULK_LEAST_NS;
    b->patience_ns = p < LIBVIRT_BULK_MOST_NS ? p : LIBVIRT_BULK_MOST_NS;
}

/* Returns the number of records; -ENOTCONN, -EIO; -ECANCELED when the session is left.
 */
static int fetch_records(struct session *s, virDomainStatsRecordPtr **ret)
{
    struct backend *b = s->backend;
    pthread_mutex_lock(&b->lock);
    int64_t patience_ns = b->patience_ns;
    bool some_quarantined = false;
    for (size_t i = 0; i < b->cache.n; i++)
        some_quarantined = some_quarantined || b->cache.entries[i].quarantined;
    pthread_mutex_unlock(&b->lock);
    if (!session_call_begin(s, patience_ns))
        return -ECANCELED;
    int64_t start_ns = libvirt_now_ns();
    *ret = NULL;
    int n = call_bulk(s, some_quarantined, ret);
    struct err e = {""};
    int r = n < 0 ? libvirt_error(&e) : n;
    if (!session_call_end(s)) {
        virDomainStatsRecordListFree(*ret);
        return -ECANCELED;
    }
    pthread_mutex_lock(&b->lock);
    if (n >= 0)
        learn_patience(b, libvirt_now_ns() - start_ns);
    backend_trouble(b, e.text);
    pthread_mutex_unlock(&b->lock);
    return r;
}

static int add_domain(struct session *s, virDomainStatsRecordPtr record, int64_t now_ns,
                      struct snapshot *ret)
{
    struct backend *b = s->backend;
    struct snapshot_domain *d = snapshot_add_domain(ret);
    if (d == NULL)
        return -ENOMEM;
    text_copy(d->name, sizeof(d->name), virDomainGetName(record->dom));
    virDomainGetUUIDString(record->dom, d->uuid);
    d->id = (int32_t)virDomainGetID(record->dom);
    d->sampled_ns = now_ns;
    int r = libvirt_stats_parse(record->params, record->nparams, d);
    pthread_mutex_lock(&b->lock);
    struct domain_entry *entry = domain_cache_see(&b->cache, d->uuid, d->id);
    if (entry != NULL) {
        entry->partial_streak = d->partial ? entry->partial_streak + 1 : 0;
        if (entry->fetched_ns != 0 && entry->vcpus_seen != d->nvcpus)
            domain_cache_mark(&b->cache, d->uuid, DOMAIN_STALE_ALL);
        entry->vcpus_seen = d->nvcpus;
    }
    pthread_mutex_unlock(&b->lock);
    return r;
}

static int copy_domain(const struct snapshot_domain *from, struct snapshot_domain *d)
{
    *d = *from;
    d->vcpus = NULL;
    d->nvcpus = 0;
    for (size_t v = 0; v < from->nvcpus; v++) {
        struct snapshot_vcpu *to = snapshot_add_vcpu(d);
        if (to == NULL)
            return -ENOMEM;
        *to = from->vcpus[v];
    }
    return 0;
}

/* Domains in quarantine are listed as they were when they last answered; by name only
 * when they never did.  Under the lock. */
static int add_quarantined(struct backend *b, struct snapshot *ret)
{
    int r = 0;
    for (size_t i = 0; i < b->cache.n && r == 0; i++) {
        struct domain_entry *entry = &b->cache.entries[i];
        if (!entry->quarantined)
            continue;
        struct snapshot_domain *d = snapshot_add_domain(ret);
        if (d == NULL)
            return -ENOMEM;
        const struct snapshot_domain *from = snapshot_find(&b->last, entry->uuid);
        if (from != NULL && from->id == entry->id) {
            r = copy_domain(from, d);
        } else {
            memcpy(d->uuid, entry->uuid, sizeof(d->uuid));
            memcpy(d->name, entry->name, sizeof(d->name));
            d->id = entry->id;
            d->partial = true;
        }
        d->quarantined = true;
        entry->round = b->cache.round;
    }
    return r;
}

/* Fetches the facts of one domain if they are due.  Returns 1 if only their age made
 * it. */
static int refresh(struct session *s, virDomainPtr dom, bool aged_too)
{
    struct backend *b = s->backend;
    char uuid[VIR_UUID_STRING_BUFLEN] = "";
    virDomainGetUUIDString(dom, uuid);
    pthread_mutex_lock(&b->lock);
    struct domain_entry *entry = domain_cache_find(&b->cache, uuid);
    enum domain_stale what =
        entry != NULL ? domain_cache_due(entry, libvirt_now_ns()) : DOMAIN_FRESH;
    bool aged = what != DOMAIN_FRESH && entry->fetched_ns != 0 && entry->stale < what;
    uint64_t marks = entry != NULL ? entry->marks : 0;
    uint32_t vcpus_max = entry != NULL ? entry->facts.live.vcpus_max : 0;
    pthread_mutex_unlock(&b->lock);
    if (what == DOMAIN_FRESH || (aged && !aged_too))
        return 0;
    struct domain_facts facts;
    int r = session_fetch(s, dom, what, vcpus_max, &facts);
    pthread_mutex_lock(&b->lock);
    entry = domain_cache_find(&b->cache, uuid);
    if (entry != NULL && !s->abandoned) {
        if (r == 0)
            domain_cache_store(entry, what, marks, libvirt_now_ns(), &facts);
        else
            entry->tried_ns = libvirt_now_ns();
    }
    pthread_mutex_unlock(&b->lock);
    domain_facts_fini(&facts);
    return aged ? 1 : 0;
}

static void refresh_due(struct session *s, virDomainStatsRecordPtr *records, int n)
{
    struct backend *b = s->backend;
    pthread_mutex_lock(&b->lock);
    int64_t end_ns = libvirt_now_ns() + (b->first_done ? FETCH_NS : FETCH_FIRST_NS);
    pthread_mutex_unlock(&b->lock);
    int aged = 0;
    for (int i = 0; records != NULL && i < n && libvirt_now_ns() < end_ns; i++)
        aged += refresh(s, records[i]->dom, aged < FETCH_AGED_MAX);
}

static void apply_cache(struct session *s, struct snapshot *ret)
{
    struct backend *b = s->backend;
    pthread_mutex_lock(&b->lock);
    for (size_t i = 0; i < ret->ndomains; i++) {
        const struct domain_entry *entry =
            domain_cache_find(&b->cache, ret->domains[i].uuid);
        if (entry != NULL && !ret->domains[i].quarantined)
            domain_cache_apply(entry, &s->online, &ret->domains[i]);
    }
    pthread_mutex_unlock(&b->lock);
}

static int fill_domains(struct session *s, virDomainStatsRecordPtr *records, int n,
                        struct snapshot *ret)
{
    struct backend *b = s->backend;
    int r = 0;
    pthread_mutex_lock(&b->lock);
    domain_cache_begin(&b->cache);
    pthread_mutex_unlock(&b->lock);
    for (int i = 0; records != NULL && i < n && i < SNAPSHOT_DOMAINS_MAX && r == 0; i++)
        r = add_domain(s, records[i], ret->mono_ns, ret);
    pthread_mutex_lock(&b->lock);
    if (r == 0)
        r = add_quarantined(b, ret);
    if (r == 0 && !s->abandoned)
        domain_cache_sweep(&b->cache);
    pthread_mutex_unlock(&b->lock);
    return r;
}

static void stamp(struct backend *b, struct snapshot *ret, int64_t start_ns)
{
    ret->mono_ns = libvirt_now_ns();
    ret->wall_ns = wall_ns();
    ret->took_ns = ret->mono_ns - start_ns;
    pthread_mutex_lock(&b->lock);
    ret->host.connected = b->health.connected;
    memcpy(ret->host.trouble, b->health.trouble, sizeof(ret->host.trouble));
    pthread_mutex_unlock(&b->lock);
}

int session_sample(struct session *s, struct snapshot *ret)
{
    struct backend *b = s->backend;
    int64_t start_ns = libvirt_now_ns();
    session_topology_refresh(s);
    session_quarantine_find(s);
    session_quarantine_release(s);
    virDomainStatsRecordPtr *records = NULL;
    int n = fetch_records(s, &records);
    if (n < 0) {
        if (n != -ECANCELED)
            session_check_lost(s);
        return n;
    }
    session_host_fill(s, ret);
    libvirt_host_times(b, ret);
    stamp(b, ret, start_ns);
    int r = fill_domains(s, records, n, ret);
    if (r == 0)
        refresh_due(s, records, n);
    virDomainStatsRecordListFree(records);
    apply_cache(s, ret);
    snapshot_sort(ret);
    ret->took_ns = libvirt_now_ns() - start_ns;
    return r;
}

int backend_stale_sample(struct backend *b, struct snapshot *ret)
{
    snapshot_init(ret);
    pthread_mutex_lock(&b->lock);
    int64_t start_ns = b->requested ? b->requested_ns : libvirt_now_ns();
    int r = snapshot_copy(ret, &b->last);
    pthread_mutex_unlock(&b->lock);
    if (r < 0)
        return r;
    libvirt_host_times(b, ret);
    stamp(b, ret, start_ns);
    return 0;
}
