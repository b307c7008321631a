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

/* Grows from 10 s to 10 min for a guest that does not answer, from 1 to 10 s after calls
 * that failed. */
static int64_t patience_ns(const struct period_entry *p)
{
    int64_t wait_ns = p->failed ? NS_PER_S : RETRY_NS;
    int64_t most_ns = p->failed ? RETRY_NS : RETRY_MAX_NS;
    for (uint32_t i = 1; i < p->fruitless && wait_ns < most_ns; i++)
        wait_ns *= 2;
    return wait_ns < most_ns ? wait_ns : most_ns;
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
    bool other = p->domain_id != g->domain_id || p->period_s != period_s;
    if (g->on_time) {
        p->fruitless = 0;
        p->failed = p->proposed = false;
    }
    if (other && g->on_time && g->period_s == period_s) {
        p->domain_id = g->domain_id; /* somebody has set it already: nothing to do */
        p->period_s = period_s;
        p->set_ns = now_ns;
        p->answered_before_s = 0;
        return false;
    }
    return other || (!g->on_time && now_ns - p->set_ns >= patience_ns(p));
}

void period_was_set(struct period_book *b, const struct period_guest *g,
                    uint32_t period_s, int64_t now_ns, int error)
{
    struct period_entry *p = find(b, g->uuid);
    if (p == NULL)
        return;
    if (p->domain_id != g->domain_id || p->failed != (error < 0))
        p->fruitless = 0;
    p->domain_id = g->domain_id;
    p->period_s = period_s;
    p->set_ns = now_ns;
    p->answered_before_s = g->answered_s;
    p->failed = error < 0;
    p->proposed = false;
    p->fruitless++;
}

bool period_is_news(struct period_book *b, const struct period_guest *g)
{
    struct period_entry *p = find(b, g->uuid);
    bool news = p != NULL && !p->proposed;
    if (p != NULL)
        p->proposed = true;
    return news;
}

bool period_is_answered(const struct period_book *b, const struct period_guest *g)
{
    const struct period_entry *p = find(b, g->uuid);
    if (p == NULL || p->period_s == 0) /* never set by us: a dry run */
        return true;
    return p->domain_id == g->domain_id && g->answered_s != p->answered_before_s;
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
