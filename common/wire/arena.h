/* arena.h - memory that lives for one message and is freed as a whole, with a limit.
 * protobuf-c has none: 2 MB of empty sub-messages made it allocate 184 MB. */
#ifndef COMMON_WIRE_ARENA_H
#define COMMON_WIRE_ARENA_H

#include <stddef.h>

struct arena_block;

/* Zero-initialise with the limit set; free with arena_fini(). */
struct arena {
    size_t limit; /* bytes handed out at most */
    size_t used;
    struct arena_block *blocks;
};

/* Zeroed memory, aligned for anything, or NULL when memory or the limit is exhausted.
 * A size of 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t size);

void arena_fini(struct arena *a);

#endif
