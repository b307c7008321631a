/* config.c - inih does the parsing; this checks sections, keys and values. */
#include "common/config.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define CONFIG_MOST (1 << 20) /* bytes */

struct reading {
    FILE *file;
    struct settings *settings;
    uint64_t given;    /* a bit per row of the table of settings */
    unsigned line;     /* being read */
    unsigned bad_line; /* the first bad one, 0 = none */
    struct err why;
};

/* inih cuts long lines silently; here they are an error. */
static char *read_line(char *buf, int size, void *context)
{
    struct reading *r = context;
    char *got = fgets(buf, size, r->file);
    if (got == NULL)
        return NULL;
    r->line++;
    bool whole = strchr(buf, '\n') != NULL || feof(r->file);
    if (!whole && r->bad_line == 0) {
        r->bad_line = r->line;
        err_set(&r->why, 0, "the line is longer than %d bytes", size - 2);
    }
    for (int c = whole ? '\n' : 0; c != '\n' && c != EOF;)
        c = fgetc(r->file);
    return got;
}

/* inih hands an indented line to us as one more value of the key above it, and a key may
 * come twice: both would silently take back what was said first. */
static int set_once(struct reading *r, const char *key, const char *value)
{
    size_t n;
    const struct settings_row *rows = settings_table(&n), *row = settings_find(key);
    if (row != NULL && (r->given >> (row - rows) & 1) != 0)
        return err_set(&r->why, -EINVAL,
                       "%s is given twice, or this line is indented: one line for each",
                       key);
    int rc = settings_set(r->settings, key, value, &r->why);
    if (rc == 0)
        r->given |= UINT64_C(1) << (row - rows);
    return rc;
}

static int take_value(void *context, const char *section, const char *name,
                      const char *value)
{
    static const char *const sections[] = {"vms", "cpu", "mem"};
    struct reading *r = context;
    if (r->bad_line != 0)
        return 1;
    char key[64] = "";
    bool known = section[0] == '\0' || strcmp(section, "vmbalance") == 0;
    if (known)
        snprintf(key, sizeof(key), "%s", name);
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]) && !known; i++) {
        known = strcmp(section, sections[i]) == 0;
        if (known)
            snprintf(key, sizeof(key), "%s.%s", section, name);
    }
    int rc =
        known
            ? set_once(r, key, value)
            : err_set(
                  &r->why, -EINVAL,
                  "unknown section [%.64s]; allowed: [vmbalance], [vms], [cpu], [mem]",
                  section);
    if (rc < 0)
        r->bad_line = r->line;
    return rc == 0;
}

int config_read(const char *path, struct settings *s, struct err *e)
{
    struct settings fresh = *s;
    struct reading r = {.settings = &fresh, .file = fopen(path, "re")};
    if (r.file == NULL)
        return err_set(e, -errno, "cannot read config file %s: %s", path,
                       strerror(errno));
    struct stat st; /* a FIFO or a device could keep us reading for ever */
    if (fstat(fileno(r.file), &st) < 0 ||
        (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode)) || st.st_size > CONFIG_MOST) {
        fclose(r.file);
        return err_set(e, -EINVAL, "config file %s is not a file of at most %d KiB",
                       path, CONFIG_MOST / 1024);
    }
    int first_bad = ini_parse_stream(read_line, &r, take_value, &r);
    bool io_error = ferror(r.file) != 0;
    fclose(r.file);
    if (io_error)
        return err_set(e, -EIO, "cannot read config file %s", path);
    if (r.bad_line != 0 && (first_bad <= 0 || (int)r.bad_line <= first_bad))
        return err_set(e, -EINVAL, "%s:%u: %s", path, r.bad_line, r.why.text);
    if (first_bad != 0)
        return err_set(e, -EINVAL, "%s:%d: neither '[section]' nor 'key = value'", path,
                       first_bad);
    *s = fresh;
    return 0;
}
