/* lines.c - inih does the parsing; this keeps what it says, with line numbers. */
#include "sim/scenario/lines.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* inih cuts section and key names at 49 bytes, silently. */
#define INIH_NAME_MAX 49

struct reading {
    FILE *file;
    struct lines *lines;
    size_t most;
    unsigned line;     /* being read */
    unsigned bad_line; /* the first bad one, 0 = none */
    int error;         /* of memory */
    struct err why;
};

static void complain(struct reading *r, const char *what)
{
    if (r->bad_line != 0)
        return;
    r->bad_line = r->line;
    err_set(&r->why, 0, "%s", what);
}

/* inih cuts long lines silently, and stops at NUL; here both are errors. */
static char *read_line(char *buf, int size, void *context)
{
    struct reading *r = context;
    int n = 0, c = 0;
    while (n < size - 1 && (c = fgetc(r->file)) != EOF) {
        buf[n++] = (char)c;
        if (c == '\n')
            break;
        if (c == '\0' || (c < ' ' && c != '\t' && c != '\r')) {
            buf[n - 1] = ' ';
            r->line++;
            complain(r, "a control character");
            r->line--;
        }
    }
    if (n == 0)
        return NULL;
    buf[n] = '\0';
    r->line++;
    bool whole = buf[n - 1] == '\n' || c == EOF;
    if (!whole)
        complain(r, "the line is too long");
    while (!whole && (c = fgetc(r->file)) != '\n' && c != EOF)
        continue;
    return buf;
}

static int take(void *context, const char *section, const char *key, const char *value)
{
    struct reading *r = context;
    if (r->bad_line != 0 || r->error != 0)
        return 1;
    if (r->lines->n >= r->most)
        complain(r, "too many lines");
    else if (strlen(section) >= INIH_NAME_MAX || strlen(key) >= INIH_NAME_MAX)
        complain(r, "a section or key longer than 48 bytes");
    if (r->bad_line != 0)
        return 1;
    struct lines *l = r->lines;
    if (l->n == l->room) {
        size_t room = l->room == 0 ? 64 : 2 * l->room;
        struct line *all = realloc(l->all, room * sizeof(*all));
        if (all == NULL) {
            r->error = -ENOMEM;
            return 1;
        }
        l->all = all;
        l->room = room;
    }
    struct line *to = &l->all[l->n];
    *to = (struct line){.number = r->line, .value = strdup(value)};
    if (to->value == NULL) {
        r->error = -ENOMEM;
        return 1;
    }
    size_t len = strlen(section);
    while (len > 0 && (section[len - 1] == ' ' || section[len - 1] == '\t'))
        len--;
    snprintf(to->section, sizeof(to->section), "%.*s", (int)len, section);
    snprintf(to->key, sizeof(to->key), "%s", key);
    l->n++;
    return 1;
}

int lines_read(FILE *file, const char *name, size_t most, struct lines *ret,
               struct err *e)
{
    struct reading r = {.file = file, .lines = ret, .most = most};
    int first_bad = ini_parse_stream(read_line, &r, take, &r);
    if (r.error != 0)
        return err_set(e, r.error, "%s: %s", name, strerror(-r.error));
    if (ferror(file) != 0)
        return err_set(e, -EIO, "cannot read scenario %s", name);
    if (r.bad_line != 0 && (first_bad <= 0 || (int)r.bad_line <= first_bad))
        return err_set(e, -EINVAL, "%s:%u: %s", name, r.bad_line, r.why.text);
    if (first_bad != 0)
        return err_set(e, -EINVAL, "%s:%d: neither '[section]' nor 'key = value'", name,
                       first_bad);
    return 0;
}

void lines_fini(struct lines *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->all[i].value);
    free(l->all);
    memset(l, 0, sizeof(*l));
}
