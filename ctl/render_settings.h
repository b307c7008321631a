/* render_settings.h - settings for people.  Pure but for malloc. */
#ifndef CTL_RENDER_SETTINGS_H
#define CTL_RENDER_SETTINGS_H

#include "common/settings.h"

#include <stdint.h>
#include <stdio.h>

/* The table: key, value, default, range, who uses it, help. */
void render_settings(const struct settings *s, uint64_t version, FILE *to);

/* "key = value" lines of all. */
void render_get(const struct settings *s, FILE *to);

/* "key = value (was old), settings version N" */
void render_set(const struct settings_row *row, const struct settings *was,
                const struct settings *now, uint64_t version, FILE *to);

#endif
