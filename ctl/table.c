/* table.c - aligned text tables. */
#include "ctl/table.h"

#include "ctl/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2
#define DOTS "..."

void table_fini(struct table *t)
{
    for (size_t i = 0; i < t->ncells; i++)
        free(t->cells[i]);
    free(t->cells);
    memset(t, 0, sizeof(*t));
}

/* Cuts text to that many columns, the last three of them dots. */
static void cut(char *text, size_t columns)
{
    if (columns < strlen(DOTS) || text_columns(text) <= columns)
        return;
    size_t keep = columns - strlen(DOTS), seen = 0;
    char *p = text;
    while (*p != '\0') {
        if (((unsigned char)*p & 0xc0) != 0x80 && seen++ == keep)
            break;
        p++;
    }
    memcpy(p, DOTS, sizeof(DOTS)); /* fits: four characters or more were cut */
}

/* As it is. */
static void add_cell(struct table *t, const char *text)
{
    if (t->ncells == t->room) {
        size_t room = t->room * 2 + 64;
        char **more = realloc(t->cells, room * sizeof(*more));
        if (more == NULL) {
            t->failed = true;
            return;
        }
        t->cells = more;
        t->room = room;
    }
    t->cells[t->ncells] = strdup(text);
    if (t->cells[t->ncells] == NULL)
        t->failed = true;
    else
        t->ncells++;
}

void table_init(struct table *t, const struct table_column *columns, size_t ncolumns)
{
    memset(t, 0, sizeof(*t));
    t->columns = columns;
    t->ncolumns = ncolumns < TABLE_COLUMNS_MAX ? ncolumns : TABLE_COLUMNS_MAX;
    for (size_t c = 0; c < t->ncolumns; c++)
        add_cell(t, columns[c].title);
}

void table_add(struct table *t, const char *text)
{
    char safe[TABLE_CELL_MAX];
    if (t->failed || t->ncolumns == 0)
        return;
    text_safe(text, safe, sizeof(safe));
    cut(safe, t->columns[t->ncells % t->ncolumns].cells_max);
    add_cell(t, safe);
}

void table_addf(struct table *t, const char *fmt, ...)
{
    char text[TABLE_CELL_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    table_add(t, text);
}

static void spaces(size_t n, FILE *to)
{
    for (; n > 0; n--)
        fputc(' ', to);
}

/* cells[n], and what fills them up to their columns' widths. */
static void print_row(const struct table *t, char *const *cells, size_t n,
                      const size_t *widths, const char *indent, FILE *to)
{
    size_t owed = 0; /* blanks that matter only if something follows */
    fputs(indent, to);
    for (size_t c = 0; c < n; c++) {
        size_t fill = widths[c] - text_columns(cells[c]);
        bool right = t->columns[c].right;
        if (cells[c][0] != '\0') {
            spaces(owed + (right ? fill : 0), to);
            fputs(cells[c], to);
            owed = (right ? 0 : fill) + GAP;
        } else {
            owed += fill + GAP;
        }
    }
    fputc('\n', to);
}

void table_print(const struct table *t, const char *indent, FILE *to)
{
    size_t widths[TABLE_COLUMNS_MAX] = {0};
    if (t->failed || t->ncolumns == 0)
        return;
    for (size_t i = 0; i < t->ncells; i++) {
        size_t columns = text_columns(t->cells[i]);
        size_t *width = &widths[i % t->ncolumns];
        *width = columns > *width ? columns : *width;
    }
    for (size_t i = 0; i < t->ncells; i += t->ncolumns) {
        size_t left = t->ncells - i;
        print_row(t, t->cells + i, left < t->ncolumns ? left : t->ncolumns, widths,
                  indent, to);
    }
}

/* Writes one word at *column of lines of TABLE_WIDTH that begin at indent: on the next
 * line when it does not fit, in pieces when it fits on none. */
static void put_word(const char *word, size_t indent, size_t *column, FILE *to)
{
    size_t columns = text_columns(word);
    if (*column > indent && *column + 1 + columns > TABLE_WIDTH) {
        fputc('\n', to);
        spaces(indent, to);
        *column = indent;
    }
    if (*column > indent) {
        fputc(' ', to);
        (*column)++;
    }
    for (; *word != '\0'; word++) {
        bool starts = ((unsigned char)*word & 0xc0) != 0x80;
        if (starts && (*column)++ == TABLE_WIDTH) {
            fputc('\n', to);
            spaces(indent, to);
            *column = indent + 1;
        }
        fputc(*word, to);
    }
}

void table_text(const char *head, const char *text, FILE *to)
{
    char safe[4 * TABLE_CELL_MAX];
    size_t indent = text_columns(head), column = indent;
    char *rest = text_safe(text, safe, sizeof(safe)), *word;
    fputs(head, to);
    while ((word = strsep(&rest, " ")) != NULL)
        put_word(word, indent, &column, to);
    fputc('\n', to);
}
