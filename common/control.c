/* control.c - freeing requests and replies. */
#include "common/control.h"

#include <stdlib.h>

void control_request_fini(struct control_request *r)
{
    if (r == NULL)
        return;
    free(r->changes);
    memset(r, 0, sizeof(*r));
}

void control_reply_fini(struct control_reply *r)
{
    if (r == NULL)
        return;
    snapshot_fini(&r->snapshot);
    for (size_t i = 0; i < REPORT_ACTORS; i++)
        report_fini(&r->reports[i].report);
    memset(r, 0, sizeof(*r));
}
