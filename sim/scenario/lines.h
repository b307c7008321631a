/* lines.h - an INI file as a list of lines, each with its section, key and value. */
#ifndef SIM_SCENARIO_LINES_H
#define SIM_SCENARIO_LINES_H

#include "common/err.h"

#include <stddef.h>
#include <stdio.h>

#define LINES_NAME_MAX 64

struct line {
    unsigned number;
    char section[LINES_NAME_MAX];
    char key[LINES_NAME_MAX];
    char *value;
};

/* Zero-initialise; free with lines_fini(). */
struct lines {
    struct line *all;
    size_t n, room;
};

/* Reads the stream to its end.  Returns 0; -EINVAL with "NAME:LINE: .." in e; -EIO;
 * -E2BIG for more than most lines; -ENOMEM. */
int lines_read(FILE *file, const char *name, size_t most, struct lines *ret,
               struct err *e);

void lines_fini(struct lines *l);

#endif
