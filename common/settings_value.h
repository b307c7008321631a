/* settings_value.h - one setting's value, text to field and back; for settings.c. */
#ifndef COMMON_SETTINGS_VALUE_H
#define COMMON_SETTINGS_VALUE_H

#include "common/settings.h"

/* Stores text, read as the row's type says, in its field of struct settings.
 * Returns 0; -EINVAL wrong type; -ERANGE out of range; field is then untouched. */
int settings_value_parse(const struct settings_row *row, const char *text, void *field);

#endif
