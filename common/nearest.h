/* nearest.h - "did you mean": the known word nearest to a mistyped one.  Pure. */
#ifndef COMMON_NEAREST_H
#define COMMON_NEAREST_H

#include <stddef.h>

/* The nearest of n names (by edits), or NULL when none is near enough for a "did you
 * mean".  names(i, arg) gives the i-th. */
const char *nearest_word(const char *word, size_t n,
                         const char *(*names)(size_t, const void *), const void *arg);

#endif
