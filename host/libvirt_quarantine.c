/* libvirt_quarantine.c - domains whose QEMU does not answer.
 *
 * A statistics call waits without end for a QEMU that hangs (stopped, or stuck in a
 * system call), and with it every domain behind it.  virDomainGetControlInfo() tells
 * without asking QEMU: OCCUPIED means that somebody has been waiting for its monitor
 * for stateTime ms.  Such a domain is left out of the bulk call until its control state
 * says otherwise.
 *
 * As long as the abandoned call waits, it holds the domain's job, and the state stays
 * OCCUPIED.  When QEMU goes on, that call ends, and the domain is released. */
#include "host/libvirt_backend.h"
#include "host/text.h"

#include <stdlib.h>
#include <string.h>

/* A monitor that is waited for as long as this hangs: less than the least patience with
 * the call that waits.  A healthy one answers in ms; one that was only slow is released
 * at the next sample. */
#define HUNG_MS 500U
/* Two samples in a row with statistics missing: worth asking why. */
#define PARTIAL_STREAK 2U

/* Whether the domain hangs; false also when that cannot be told. */
static bool is_hung(struct session *s, virDomainPtr dom, unsigned least_ms)
{
    virDomainControlInfo info;
    if (!session_call_begin(s, LIBVIRT_CALL_LIMIT_NS))
        return false;
    int r = virDomainGetControlInfo(dom, &info, 0);
    return session_call_end(s) && r == 0 && info.state == VIR_DOMAIN_CONTROL_OCCUPIED &&
           info.stateTime >= least_ms;
}

static void set_quarantined(struct session *s, const char *uuid, bool quarantined)
{
    struct backend *b = s->backend;
    pthread_mutex_lock(&b->lock);
    struct domain_entry *entry = domain_cache_find(&b->cache, uuid);
    if (entry != NULL && !s->abandoned) {
        entry->quarantined = quarantined;
        entry->partial_streak = 0;
        if (!quarantined)
            domain_cache_mark(&b->cache, uuid, DOMAIN_STALE_ALL);
    }
    pthread_mutex_unlock(&b->lock);
}

/* Whether to ask for the state of a domain that is not in quarantine. */
static bool is_suspect(struct backend *b, const char *uuid, bool all)
{
    pthread_mutex_lock(&b->lock);
    const struct domain_entry *entry = domain_cache_find(&b->cache, uuid);
    bool suspect = entry == NULL ? all
                                 : !entry->quarantined &&
                                       (all || entry->partial_streak >= PARTIAL_STREAK);
    pthread_mutex_unlock(&b->lock);
    return suspect;
}

/* It may hang since before it was ever sampled: then it has no entry yet. */
static void quarantine(struct session *s, virDomainPtr dom, const char *uuid)
{
    struct backend *b = s->backend;
    int32_t id = (int32_t)virDomainGetID(dom);
    pthread_mutex_lock(&b->lock);
    struct domain_entry *entry = domain_cache_see(&b->cache, uuid, id);
    if (entry != NULL)
        text_copy(entry->name, sizeof(entry->name), virDomainGetName(dom));
    pthread_mutex_unlock(&b->lock);
    set_quarantined(s, uuid, true);
}

/* Looks at the active domains.  Returns how many were put into quarantine. */
static size_t look(struct session *s, bool all)
{
    virDomainPtr *doms = NULL;
    size_t found = 0;
    if (!session_call_begin(s, LIBVIRT_CALL_LIMIT_NS))
        return 0;
    int n = virConnectListAllDomains(s->conn, &doms, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    session_call_end(s);
    for (int i = 0; i < n; i++) {
        char uuid[VIR_UUID_STRING_BUFLEN] = "";
        virDomainGetUUIDString(doms[i], uuid);
        if (is_suspect(s->backend, uuid, all) && is_hung(s, doms[i], HUNG_MS)) {
            quarantine(s, doms[i], uuid);
            found++;
        }
        virDomainFree(doms[i]);
    }
    free(doms);
    return found;
}

/* True when some domain was partial for a while. */
static bool has_partial(struct backend *b)
{
    bool found = false;
    for (size_t i = 0; i < b->cache.n; i++)
        found = found || (!b->cache.entries[i].quarantined &&
                          b->cache.entries[i].partial_streak >= PARTIAL_STREAK);
    return found;
}

void session_quarantine_find(struct session *s)
{
    struct backend *b = s->backend;
    pthread_mutex_lock(&b->lock);
    bool all = b->suspect, partial = has_partial(b);
    pthread_mutex_unlock(&b->lock);
    if (b->imaginary || (!all && !partial))
        return;
    size_t found = look(s, all);
    pthread_mutex_lock(&b->lock);
    if (!s->abandoned && all) {
        b->suspect = false;
        /* Nobody hangs: the host is slow, so be more patient with it. */
        if (found == 0 && b->patience_ns < LIBVIRT_BULK_MOST_NS)
            b->patience_ns *= 2;
    }
    pthread_mutex_unlock(&b->lock);
}

/* Fills in uuid the first one in quarantine after it in order; false when there is
 * none. */
static bool next_quarantined(struct backend *b, char uuid[SNAPSHOT_UUID_MAX])
{
    bool found = false;
    pthread_mutex_lock(&b->lock);
    for (size_t i = 0; i < b->cache.n && !found; i++) {
        const struct domain_entry *entry = &b->cache.entries[i];
        found = entry->quarantined && strcmp(entry->uuid, uuid) > 0;
        if (found)
            memcpy(uuid, entry->uuid, SNAPSHOT_UUID_MAX);
    }
    pthread_mutex_unlock(&b->lock);
    return found;
}

void session_quarantine_release(struct session *s)
{
    char uuid[SNAPSHOT_UUID_MAX] = "";
    while (next_quarantined(s->backend, uuid)) {
        if (!session_call_begin(s, LIBVIRT_CALL_LIMIT_NS))
            return;
        virDomainPtr dom = virDomainLookupByUUIDString(s->conn, uuid);
        if (!session_call_end(s)) {
            if (dom != NULL)
                virDomainFree(dom);
            return;
        }
        /* A domain that is gone is released too: the sample finds it missing. */
        bool hung = dom != NULL && is_hung(s, dom, HUNG_MS);
        if (dom != NULL)
            virDomainFree(dom);
        if (!hung)
            set_quarantined(s, uuid, false);
    }
}
