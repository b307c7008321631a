/* arena.c - a bump allocator over growing blocks. */
#include "common/wire/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_MIN (64U << 10)
#define ALIGNMENT alignof(max_align_t)

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    alignas(max_align_t) char data[];
};

static struct arena_block *add_block(struct arena *a, size_t size)
{
    size_t want = size > BLOCK_MIN ? size : BLOCK_MIN;
    struct arena_block *b = calloc(1, sizeof(*b) + want);
    if (b == NULL)
        return NULL;
    b->size = want;
    b->next = a->blocks;
    a->blocks = b;
    return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > a->limit)
        return NULL;
    size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (rounded > a->limit - a->used)
        return NULL;
    struct arena_block *b = a->blocks;
    if (b == NULL || b->size - b->used < rounded)
        b = add_block(a, rounded);
    if (b == NULL)
        return NULL;
    void *p = b->data + b->used;
    b->used += rounded;
    a->used += rounded;
    return p;
}

void arena_fini(struct arena *a)
{
    while (a->blocks != NULL) {
        struct arena_block *b = a->blocks;
        a->blocks = b->next;
        free(b);
    }
    a->used = 0;
}
