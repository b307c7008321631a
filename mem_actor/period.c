/* period.c - when to set a guest's balloon statistics period. */
#include "mem_actor/period.h"

#include <stdlib.h>
#include <string.h>

#define NS_PER_S INT64_C(1000000000)
#define RETRY_NS (10 * NS_PER_S) /* a guest that boots answers after some seconds */
#define RETRY_MAX_NS (600 * NS_PER_S)

static struct period_entry *find(const struct period_book *b, const char *uuid)
{
    for (size_t i = 0; i < b->n; i++)
        if (strcmp(b->entries[i].uuid, uuid) == 0)
            return &b->entries[i];
    return NULL;
}

static struct period_entry *add(struct period_book *b, const char *uuid)
{
    if (b->n == b->room) {
        size_t room = b->room == 0 ? 16 : 2 * b->room;
        struct period_entry *list = realloc(b->entries, room * sizeof(*list));
        if (list == NULL)
            return NULL;
        b->entries = list;
        b->room = room;
    }
    struct period_entry *p = &b->entries[b->n++];
    memset(p, 0, sizeof(*p));
    strncpy(p->uuid, uuid, sizeof(p->uuid) - 1);
    p->domain_id = -1;
    return p;
}

static int64_t patience_ns(const struct period_entry *p)
{
    int64_t wait_ns = RETRY_NS;
    for (uint32_t i = 1; i < p->fruitless && wait_ns < RETRY_MAX_NS; i++)
        wait_ns *= 2;
    return wait_ns < RETRY_MAX_NS ? wait_ns : RETRY_MAX_NS;
}

bool period_is_due(struct period_book *b, const struct period_guest *g,
                   uint32_t period_s, int64_t now_ns)
{
    struct period_entry *p = find(b, g->uuid);
    if (p == NULL)
        p = add(b, g->uuid);
    if (p == NULL)
        return false;
    p->seen = true;
    if (g->fresh)
        p->fruitless = 0;
    bool met = g->fresh && g->period_s == period_s;
    if (met && (p->domain_id != g->domain_id || p->period_s != period_s)) {
        p->domain_id = g->domain_id; /* somebody has set it already: nothing to do */
        p->period_s = period_s;
        p->set_ns = now_ns;
        p->set_wall_s = 0;
    }
    if (p->domain_id != g->domain_id || p->period_s != period_s)
        return true;
    return !g->fresh && now_ns - p->set_ns >= patience_ns(p);
}

void period_was_set(struct period_book *b, const struct period_guest *g,
                    uint32_t period_s, int64_t now_ns, uint64_t wall_s)
{
    struct period_entry *p = find(b, g->uuid);
    if (p == NULL)
        return;
    if (p->domain_id != g->domain_id)
        p->fruitless = 0;
    p->domain_id = g->domain_id;
    p->period_s = period_s;
    p->set_ns = now_ns;
    p->set_wall_s = wall_s;
    p->fruitless++;
}

bool period_is_answered(const struct period_book *b, const struct period_guest *g)
{
    const struct period_entry *p = find(b, g->uuid);
    return p != NULL && p->domain_id == g->domain_id && g->answered_s > p->set_wall_s;
}

void period_sweep(struct period_book *b)
{
    size_t kept = 0;
    for (size_t i = 0; i < b->n; i++) {
        if (!b->entries[i].seen)
            continue;
        b->entries[kept] = b->entries[i];
        b->entries[kept++].seen = false;
    }
    b->n = kept;
}

void period_fini(struct period_book *b)
{
    free(b->entries);
    memset(b, 0, sizeof(*b));
}
