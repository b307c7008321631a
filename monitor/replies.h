/* replies.h - the answers given lately, so that a change that is asked for again (the
 * answer was lost, the client resent) is answered again, not applied again. */
#ifndef MONITOR_REPLIES_H
#define MONITOR_REPLIES_H

#include "common/control.h"
#include "common/wire/wire.h"

#define REPLIES_KEPT 64

struct replies_entry {
    char id[CONTROL_ID_MAX]; /* "" = free */
    struct wire_frame frame;
};

/* Zero-initialise; free with replies_fini(). */
struct replies {
    struct replies_entry entries[REPLIES_KEPT];
    size_t next;
};

/* The answer that was given to that request id, or NULL. */
const struct wire_frame *replies_find(const struct replies *r, const char *id);

/* Keeps the frame (whose data it takes over) in place of the oldest. */
void replies_keep(struct replies *r, const char *id, struct wire_frame frame);

void replies_fini(struct replies *r);

#endif
