/* domain_cache.c - the sorted list of entries, and how facts become a snapshot's
 * fields. */
#include "host/domain_cache.h"

#include <stdlib.h>
#include <string.h>

/* A fetch that failed (a domain just gone, a refusal) is not tried at every sample. */
#define RETRY_NS INT64_C(5000000000)

void domain_facts_fini(struct domain_facts *f)
{
    domain_xml_fini(&f->live);
    domain_xml_fini(&f->law);
    free(f->affinity);
    memset(f, 0, sizeof(*f));
}

void domain_cache_fini(struct domain_cache *c)
{
    for (size_t i = 0; i < c->n; i++)
        domain_facts_fini(&c->entries[i].facts);
    free(c->entries);
    memset(c, 0, sizeof(*c));
}

/* Where the uuid is, or would be. */
static size_t position(const struct domain_cache *c, const char *uuid)
{
    size_t low = 0, high = c->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(c->entries[middle].uuid, uuid) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct domain_entry *domain_cache_find(struct domain_cache *c, const char *uuid)
{
    size_t i = position(c, uuid);
    return i < c->n && strcmp(c->entries[i].uuid, uuid) == 0 ? &c->entries[i] : NULL;
}

static void reset(struct domain_entry *entry, const char *uuid, int32_t id)
{
    memset(entry, 0, sizeof(*entry));
    strncpy(entry->uuid, uuid, sizeof(entry->uuid) - 1);
    entry->id = id;
    entry->stale = DOMAIN_STALE_ALL;
}

static struct domain_entry *insert(struct domain_cache *c, const char *uuid, int32_t id)
{
    if (c->n >= SNAPSHOT_DOMAINS_MAX)
        return NULL;
    struct domain_entry *list = realloc(c->entries, (c->n + 1) * sizeof(*list));
    if (list == NULL)
        return NULL;
    c->entries = list;
    size_t i = position(c, uuid);
    memmove(&list[i + 1], &list[i], (c->n - i) * sizeof(*list));
    c->n++;
    reset(&list[i], uuid, id);
    return &list[i];
}

struct domain_entry *domain_cache_see(struct domain_cache *c, const char *uuid,
                                      int32_t id)
{
    struct domain_entry *entry = domain_cache_find(c, uuid);
    if (entry == NULL)
        entry = insert(c, uuid, id);
    else if (entry->id != id) {
        domain_facts_fini(&entry->facts);
        reset(entry, uuid, id);
    }
    if (entry != NULL)
        entry->round = c->round;
    return entry;
}

void domain_cache_begin(struct domain_cache *c)
{
    c->round++;
}

void domain_cache_sweep(struct domain_cache *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (c->entries[i].round == c->round)
            c->entries[kept++] = c->entries[i];
        else
            domain_facts_fini(&c->entries[i].facts);
    }
    c->n = kept;
}

void domain_cache_mark(struct domain_cache *c, const char *uuid, enum domain_stale what)
{
    for (size_t i = 0; i < c->n; i++) {
        struct domain_entry *entry = &c->entries[i];
        if (uuid != NULL && strcmp(entry->uuid, uuid) != 0)
            continue;
        entry->marks++;
        entry->tried_ns = 0;
        if (entry->stale < what)
            entry->stale = what;
    }
}

enum domain_stale domain_cache_due(const struct domain_entry *entry, int64_t now_ns)
{
    if (entry->quarantined)
        return DOMAIN_FRESH;
    if (entry->tried_ns != 0 && entry->tried_ns != entry->fetched_ns &&
        now_ns - entry->tried_ns < RETRY_NS)
        return DOMAIN_FRESH;
    if (entry->fetched_ns == 0 || now_ns - entry->fetched_ns > DOMAIN_CACHE_MAX_AGE_NS)
        return DOMAIN_STALE_ALL;
    return entry->stale;
}

void domain_cache_store(struct domain_entry *entry, enum domain_stale what,
                        uint64_t marks, int64_t now_ns, struct domain_facts *facts)
{
    if (what == DOMAIN_STALE_ALL) {
        domain_facts_fini(&entry->facts);
        entry->facts = *facts;
        memset(facts, 0, sizeof(*facts));
        entry->fetched_ns = now_ns;
    } else {
        free(entry->facts.affinity);
        entry->facts.affinity = facts->affinity;
        entry->facts.naffinity = facts->naffinity;
        facts->affinity = NULL;
        domain_facts_fini(facts);
    }
    entry->tried_ns = entry->fetched_ns;
    if (entry->marks == marks && entry->stale <= what)
        entry->stale = DOMAIN_FRESH;
}

static const struct domain_pin *law_pin(const struct domain_facts *f, uint32_t vcpu)
{
    for (size_t i = 0; i < f->law.npins; i++)
        if (f->law.pins[i].vcpu == vcpu)
            return &f->law.pins[i];
    return NULL;
}

/* Where the operator lets the domain's vCPUs be: the persistent cpuset, else the
 * running one, else what numad chose, else everywhere. */
static struct cpuset domain_allowed(const struct domain_facts *f,
                                    const struct cpuset *online)
{
    if (f->persistent && f->law.has_cpuset)
        return f->law.cpuset;
    if (f->live.has_cpuset)
        return f->live.cpuset;
    return f->has_auto_cpus ? f->auto_cpus : *online;
}

static void apply_vcpu(const struct domain_facts *f, const struct cpuset *online,
                       const struct cpuset *allowed, struct snapshot_vcpu *v)
{
    const struct domain_pin *pin = law_pin(f, v->number);
    v->operator_pinned = pin != NULL;
    v->allowed = pin != NULL ? pin->pcpus : *allowed;
    cpuset_clear(&v->affinity);
    if (v->number >= f->naffinity)
        return;
    v->affinity = cpuset_and(&f->affinity[v->number], online);
    if (cpuset_empty(&v->affinity))
        v->affinity = f->affinity[v->number];
}

/* What does not pass through the balloon is taken off its numbers. */
static void subtract(struct opt_u64 *from, uint64_t kib)
{
    if (from->has)
        from->value = from->value > kib ? from->value - kib : 0;
}

/* A driver without vCPU statistics (test:///): the vCPUs that may run somewhere. */
static void add_vcpus(const struct domain_facts *f, struct snapshot_domain *d)
{
    for (size_t i = 0; i < f->naffinity; i++) {
        struct snapshot_vcpu *v =
            cpuset_empty(&f->affinity[i]) ? NULL : snapshot_add_vcpu(d);
        if (v != NULL)
            v->number = (uint32_t)i;
    }
}

void domain_cache_apply(const struct domain_entry *entry, const struct cpuset *online,
                        struct snapshot_domain *d)
{
    const struct domain_facts *f = &entry->facts;
    if (entry->fetched_ns == 0) {
        for (size_t i = 0; i < d->nvcpus; i++)
            d->vcpus[i].operator_pinned = true;
        d->partial = true;
        return;
    }
    d->cpu_shares = f->live.cpu_shares;
    d->memory.balloon = f->live.balloon;
    d->memory.period_s = f->live.period_s;
    d->memory.hostdev = f->live.hostdev;
    d->memory.hugepages = f->live.hugepages;
    d->memory.locked = f->live.locked;
    subtract(&d->memory.maximum_kib, f->live.virtio_mem_kib);
    subtract(&d->memory.current_kib, f->live.virtio_mem_current_kib);
    if (d->nvcpus == 0)
        add_vcpus(f, d);
    struct cpuset allowed = domain_allowed(f, online);
    for (size_t i = 0; i < d->nvcpus; i++)
        apply_vcpu(f, online, &allowed, &d->vcpus[i]);
}
