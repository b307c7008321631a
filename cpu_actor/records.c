/* records.c - see records.h.  An open hash table over an array that is rebuilt with
 * every input; when vCPUs come in the same order as before, no hash is looked up. */
#include "cpu_actor/records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FREE UINT32_MAX

static bool same_key(const struct cpu_vcpu_key *a, const struct cpu_vcpu_key *b)
{
    return a->vcpu == b->vcpu && a->domain_id == b->domain_id &&
           strncmp(a->uuid, b->uuid, sizeof(a->uuid)) == 0;
}

static uint64_t hash_key(const struct cpu_vcpu_key *key)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < sizeof(key->uuid) && key->uuid[i] != '\0'; i++)
        h = (h ^ (unsigned char)key->uuid[i]) * UINT64_C(1099511628211);
    h = (h ^ (uint32_t)key->domain_id) * UINT64_C(1099511628211);
    h = (h ^ key->vcpu) * UINT64_C(1099511628211);
    return h ^ (h >> 32);
}

static void insert(struct records *r, uint32_t index)
{
    size_t k = hash_key(&r->all[index].key) & (r->nslots - 1);
    while (r->slots[k] != FREE)
        k = (k + 1) & (r->nslots - 1);
    r->slots[k] = index;
}

struct record *records_find(struct records *r, const struct cpu_vcpu_key *key)
{
    if (r->nslots == 0)
        return NULL;
    size_t k = hash_key(key) & (r->nslots - 1);
    for (; r->slots[k] != FREE; k = (k + 1) & (r->nslots - 1)) {
        struct record *rec = &r->all[r->slots[k]];
        if (same_key(&rec->key, key))
            return rec;
    }
    return NULL;
}

int records_reserve(struct records *r, size_t count)
{
    if (count <= r->room && r->nslots > 0)
        return 0;
    size_t room = count + count / 2 + 16, nslots = 64;
    while (nslots < 2 * room)
        nslots *= 2;
    struct record *all = realloc(r->all, room * sizeof(*all));
    if (all != NULL)
        r->all = all;
    struct record *spare = realloc(r->spare, room * sizeof(*spare));
    if (spare != NULL)
        r->spare = spare;
    uint32_t *slots = malloc(nslots * sizeof(*slots));
    if (all == NULL || spare == NULL || slots == NULL) {
        free(slots);
        return -ENOMEM;
    }
    free(r->slots);
    r->slots = slots;
    r->nslots = nslots;
    r->room = room;
    memset(slots, 0xff, nslots * sizeof(*slots));
    for (uint32_t i = 0; i < r->count; i++)
        insert(r, i);
    return 0;
}

void records_sync(struct records *r, const struct cpu_vcpu *vcpus, size_t count)
{
    for (size_t i = 0; i < r->count; i++)
        r->all[i].taken = false;
    for (size_t i = 0; i < count; i++) {
        struct record *old = i < r->count ? &r->all[i] : NULL;
        if (old == NULL || !same_key(&old->key, &vcpus[i].key))
            old = records_find(r, &vcpus[i].key);
        if (old != NULL && !old->taken) {
            r->spare[i] = *old;
            old->taken = true;
        } else { /* new, or named twice: a twin has no past */
            memset(&r->spare[i], 0, sizeof(r->spare[i]));
            r->spare[i].key = vcpus[i].key;
        }
    }
    struct record *t = r->all;
    r->all = r->spare;
    r->spare = t;
    r->count = count;
    memset(r->slots, 0xff, r->nslots * sizeof(*r->slots));
    for (uint32_t i = 0; i < count; i++)
        insert(r, i);
}

void records_fini(struct records *r)
{
    free(r->all);
    free(r->spare);
    free(r->slots);
    memset(r, 0, sizeof(*r));
}
