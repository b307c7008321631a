/* replies.c - a ring of recent answers. */
#include "monitor/replies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct wire_frame *replies_find(const struct replies *r, const char *id)
{
    for (size_t i = 0; i < REPLIES_KEPT; i++)
        if (r->entries[i].id[0] != '\0' && strcmp(r->entries[i].id, id) == 0)
            return &r->entries[i].frame;
    return NULL;
}

void replies_keep(struct replies *r, const char *id, struct wire_frame frame)
{
    struct replies_entry *e = &r->entries[r->next];
    free(e->frame.data);
    snprintf(e->id, sizeof(e->id), "%s", id);
    e->frame = frame;
    r->next = (r->next + 1) % REPLIES_KEPT;
}

void replies_fini(struct replies *r)
{
    for (size_t i = 0; i < REPLIES_KEPT; i++)
        free(r->entries[i].frame.data);
    memset(r, 0, sizeof(*r));
}
