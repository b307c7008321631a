/* render_replay.h - what was on the bus, as lines.  Pure but for malloc. */
#ifndef CTL_RENDER_REPLAY_H
#define CTL_RENDER_REPLAY_H

#include "common/json.h"
#include "common/wire/wire.h"

#include <stdint.h>
#include <stdio.h>

/* Writes a line for the message, and one for each action of a report, all beginning with
 * at_ns, the time since the first message: "+12.0 s". */
void render_replay(const struct wire_message *m, int64_t at_ns, FILE *to);

/* A message that is not understood, and why. */
void render_replay_unknown(const char *why, int64_t at_ns, FILE *to);

/* The same as a JSON object; m NULL = not understood, and why.  Returns a new
 * reference, or NULL when memory is out. */
json_t *render_replay_json(const struct wire_message *m, const char *why,
                           int64_t at_ns);

#endif
