/* table.h - aligned text tables.  Pure but for malloc. */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_COLUMNS_MAX 16
#define TABLE_CELL_MAX 512
#define TABLE_WIDTH 96 /* columns that fit on everybody's screen */

struct table_column {
    const char *title;
    bool right; /* numbers stand at the right */
    size_t
        cells_max; /* longer ones are cut, ending in "..."; 0 = as long as they are */
};

/* One table; zero-initialise, table_init(), fill row by row, print, table_fini(). */
struct table {
    const struct table_column *columns;
    size_t ncolumns;
    char **cells; /* row after row, titles first */
    size_t ncells, room;
    bool failed; /* memory was out: it prints nothing */
};

void table_init(struct table *t, const struct table_column *columns, size_t ncolumns);
void table_fini(struct table *t);

/* Adds the next cell; text is copied and made safe for terminals. */
void table_add(struct table *t, const char *text);
void table_addf(struct table *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes all rows, titles first, each line after indent, two blanks between columns and
 * none at the end.  A row that is not full ends early. */
void table_print(const struct table *t, const char *indent, FILE *to);

/* Writes text, made safe, behind head; breaks it between words so that lines stay
 * within TABLE_WIDTH columns, each further one indented by as much as head is long. */
void table_text(const char *head, const char *text, FILE *to);

#endif
