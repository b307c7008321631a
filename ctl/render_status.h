/* render_status.h - `vmctl status` for people: all on a screen of 80 to 100 columns,
 * plain ASCII but for VM names.  Pure but for malloc. */
#ifndef CTL_RENDER_STATUS_H
#define CTL_RENDER_STATUS_H

#include "common/control.h"
#include "ctl/health.h"

#include <stdio.h>

/* Writes all of it.  Returns 0 or -ENOMEM. */
int render_status(const struct control_reply *r, const struct health *h, FILE *to);

#endif
