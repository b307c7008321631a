/* snapshot.c - building, copying and searching snapshots. */
#include "common/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

void snapshot_init(struct snapshot *s)
{
    memset(s, 0, sizeof(*s));
}

void snapshot_fini(struct snapshot *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->ndomains; i++)
        free(s->domains[i].vcpus);
    free(s->domains);
    free(s->host.pcpus);
    snapshot_init(s);
}

/* Makes room for one more element: capacity is the next power of two of n. */
static void *grow(void *list, size_t n, size_t size)
{
    if (n != 0 && (n & (n - 1)) != 0)
        return list; /* room is left */
    return realloc(list, (n == 0 ? 1 : 2 * n) * size);
}

struct snapshot_pcpu *snapshot_add_pcpu(struct snapshot *s)
{
    if (s->host.npcpus >= CPUSET_MAX)
        return NULL;
    struct snapshot_pcpu *list = grow(s->host.pcpus, s->host.npcpus, sizeof(*list));
    if (list == NULL)
        return NULL;
    s->host.pcpus = list;
    struct snapshot_pcpu *p = &list[s->host.npcpus++];
    memset(p, 0, sizeof(*p));
    return p;
}

struct snapshot_domain *snapshot_add_domain(struct snapshot *s)
{
    if (s->ndomains >= SNAPSHOT_DOMAINS_MAX)
        return NULL;
    struct snapshot_domain *list = grow(s->domains, s->ndomains, sizeof(*list));
    if (list == NULL)
        return NULL;
    s->domains = list;
    struct snapshot_domain *d = &list[s->ndomains++];
    memset(d, 0, sizeof(*d));
    return d;
}

struct snapshot_vcpu *snapshot_add_vcpu(struct snapshot_domain *d)
{
    if (d->nvcpus >= SNAPSHOT_VCPUS_MAX)
        return NULL;
    struct snapshot_vcpu *list = grow(d->vcpus, d->nvcpus, sizeof(*list));
    if (list == NULL)
        return NULL;
    d->vcpus = list;
    struct snapshot_vcpu *v = &list[d->nvcpus++];
    memset(v, 0, sizeof(*v));
    return v;
}

static int copy_domain(struct snapshot *ret, const struct snapshot_domain *from)
{
    struct snapshot_domain *d = snapshot_add_domain(ret);
    if (d == NULL)
        return -ENOMEM;
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

int snapshot_copy(struct snapshot *ret, const struct snapshot *s)
{
    *ret = *s;
    ret->host.pcpus = NULL;
    ret->host.npcpus = 0;
    ret->domains = NULL;
    ret->ndomains = 0;
    int r = 0;
    for (size_t i = 0; i < s->host.npcpus && r == 0; i++) {
        struct snapshot_pcpu *p = snapshot_add_pcpu(ret);
        if (p != NULL)
            *p = s->host.pcpus[i];
        else
            r = -ENOMEM;
    }
    for (size_t i = 0; i < s->ndomains && r == 0; i++)
        r = copy_domain(ret, &s->domains[i]);
    if (r < 0)
        snapshot_fini(ret);
    return r;
}

static int by_pcpu_id(const void *a, const void *b)
{
    const struct snapshot_pcpu *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static int by_uuid(const void *a, const void *b)
{
    const struct snapshot_domain *x = a, *y = b;
    return strcmp(x->uuid, y->uuid);
}

static int by_vcpu_number(const void *a, const void *b)
{
    const struct snapshot_vcpu *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

void snapshot_sort(struct snapshot *s)
{
    if (s->host.npcpus > 1)
        qsort(s->host.pcpus, s->host.npcpus, sizeof(*s->host.pcpus), by_pcpu_id);
    if (s->ndomains > 1)
        qsort(s->domains, s->ndomains, sizeof(*s->domains), by_uuid);
    for (size_t i = 0; i < s->ndomains; i++)
        if (s->domains[i].nvcpus > 1)
            qsort(s->domains[i].vcpus, s->domains[i].nvcpus,
                  sizeof(*s->domains[i].vcpus), by_vcpu_number);
}

const struct snapshot_domain *snapshot_find(const struct snapshot *s,
                                            const char *name_or_uuid)
{
    for (size_t i = 0; i < s->ndomains; i++)
        if (strcasecmp(s->domains[i].uuid, name_or_uuid) == 0)
            return &s->domains[i];
    for (size_t i = 0; i < s->ndomains; i++)
        if (strcmp(s->domains[i].name, name_or_uuid) == 0)
            return &s->domains[i];
    return NULL;
}

struct cpuset snapshot_online(const struct snapshot *s, bool with_isolated)
{
    struct cpuset set;
    cpuset_clear(&set);
    for (size_t i = 0; i < s->host.npcpus; i++) {
        const struct snapshot_pcpu *p = &s->host.pcpus[i];
        if (p->online && (with_isolated || !p->isolated))
            cpuset_add(&set, p->id);
    }
    return set;
}
