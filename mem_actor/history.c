/* history.c - a plain array; guests come in the same order in almost every sample. */
#include "mem_actor/history.h"

#include "mem_actor/units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FORGET_NS (60 * MEM_SECOND_NS)

int history_reserve(struct history_table *t, size_t n)
{
    size_t room = t->n + n;

    if (room <= t->room)
        return 0;
    room += room / 2 + 8;
    struct history *items = realloc(t->items, room * sizeof(*items));
    if (!items)
        return -ENOMEM;
    t->items = items;
    t->room = room;
    return 0;
}

static bool same_key(const struct mem_guest_key *a, const struct mem_guest_key *b)
{
    return a->domain_id == b->domain_id && strncmp(a->uuid, b->uuid, MEM_UUID_MAX) == 0;
}

void history_forget(struct history_table *t, int64_t now_ns)
{
    size_t kept = 0;

    for (size_t i = 0; i < t->n; i++) {
        if (mem_elapsed_ns(now_ns, t->items[i].seen_ns) <= FORGET_NS)
            t->items[kept++] = t->items[i];
    }
    t->n = kept;
}

size_t history_find(struct history_table *t, const struct mem_guest_key *key,
                    size_t hint)
{
    for (size_t k = 0; k < t->n; k++) {
        size_t i = (hint + k) % t->n;

        if (t->items[i].step != t->step && same_key(&t->items[i].key, key))
            return i;
    }
    t->items[t->n] = (struct history){.key = *key};
    return t->n++;
}

struct history *history_get(struct history_table *t, const struct mem_guest_key *key)
{
    for (size_t i = 0; i < t->n; i++) {
        if (same_key(&t->items[i].key, key))
            return &t->items[i];
    }
    return NULL;
}

void history_fini(struct history_table *t)
{
    free(t->items);
    *t = (struct history_table){0};
}
