/* fields.h - keys of a section as a table: where each value goes, and what it may be. */
#ifndef SIM_SCENARIO_FIELDS_H
#define SIM_SCENARIO_FIELDS_H

#include "common/err.h"

#include <stddef.h>

enum field_type {
    FIELD_SHARE, /* double; least and most are shares */
    FIELD_COUNT, /* uint32_t */
    FIELD_TIME,  /* int64_t ns; least and most are seconds */
    FIELD_SIZE,  /* int64_t KiB; least and most are MiB */
    FIELD_RATE,  /* int64_t KiB/s; least and most are MiB/s */
    FIELD_BOOL,  /* bool */
    FIELD_CPUS,  /* struct cpuset, not empty, numbers < most */
    FIELD_TEXT,  /* char[most] */
};

struct field {
    const char *key;
    enum field_type type;
    size_t offset;
    double least, most;
};

/* Sets the field of that key in the struct at base.
 * Returns 0; -ENOENT when the table has no such key (e then lists the keys); -EINVAL or
 * -ERANGE (e says what is allowed); base is then untouched. */
int fields_set(const struct field *table, size_t n, void *base, const char *key,
               const char *value, struct err *e);

/* Adds the table's keys to what e says, which may have begun with "allowed:" itself. */
void fields_list(const struct field *table, size_t n, struct err *e);

#endif
