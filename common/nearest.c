/* nearest.c - the known word nearest to a mistyped one. */
#include "common/nearest.h"

#include <stdint.h>
#include <string.h>

#define NEAR_EDITS 2 /* typing errors for which a "did you mean" is still helpful */
#define NEAR_MAX 64

/* Levenshtein distance, the usual one-row table. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NEAR_MAX], n = strlen(b);
    if (n >= NEAR_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t best = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            best = best < row[j] + 1 ? best : row[j] + 1;
            row[j] = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
        }
    }
    return row[n];
}

const char *nearest_word(const char *word, size_t n,
                         const char *(*names)(size_t, const void *), const void *arg)
{
    const char *nearest = NULL;
    size_t best = SIZE_MAX, len = strlen(word);
    if (len < 2 || len >= NEAR_MAX)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        const char *name = names(i, arg);
        size_t d = distance(word, name);
        if (strncmp(word, name, len) == 0) /* "stat" is short for "status" */
            d = 1;
        if (d < best && d <= NEAR_EDITS && d < len) {
            best = d;
            nearest = name;
        }
    }
    return nearest;
}
