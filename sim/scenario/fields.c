/* fields.c - see fields.h. */
#include "sim/scenario/fields.h"

#include "common/cpuset.h"
#include "sim/scenario/value.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int in_range(const struct field *f, double x)
{
    return x >= f->least && x <= f->most ? 0 : -ERANGE;
}

static int set_number(const struct field *f, const char *value, void *to)
{
    double d = 0.0;
    uint32_t n = 0;
    int64_t i = 0;
    int r;
    switch (f->type) {
    case FIELD_SHARE:
        r = value_share(value, &d);
        r = r < 0 ? r : in_range(f, d);
        if (r == 0)
            *(double *)to = d;
        return r;
    case FIELD_COUNT:
        r = value_count(value, &n);
        r = r < 0 ? r : in_range(f, n);
        if (r == 0)
            *(uint32_t *)to = n;
        return r;
    case FIELD_TIME:
        r = value_time(value, &i);
        r = r < 0 ? r : in_range(f, (double)i / 1e9);
        break;
    case FIELD_RATE:
        r = value_rate(value, &i);
        r = r < 0 ? r : in_range(f, (double)i / 1024.0);
        break;
    default:
        r = value_size(value, &i);
        r = r < 0 ? r : in_range(f, (double)i / 1024.0);
        break;
    }
    if (r == 0)
        *(int64_t *)to = i;
    return r;
}

static int set_cpus(const struct field *f, const char *value, struct cpuset *to)
{
    struct cpuset set;
    int r = cpuset_parse(value, &set);
    if (r < 0)
        return r;
    uint32_t last = 0;
    for (uint32_t p = cpuset_first(&set); p < CPUSET_MAX; p = cpuset_next(&set, p + 1))
        last = p;
    if (cpuset_empty(&set) || last >= f->most)
        return -ERANGE;
    *to = set;
    return 0;
}

static int set(const struct field *f, const char *value, void *to)
{
    switch (f->type) {
    case FIELD_BOOL:
        return value_bool(value, to);
    case FIELD_CPUS:
        return set_cpus(f, value, to);
    case FIELD_TEXT:
        if (strlen(value) >= (size_t)f->most)
            return -ERANGE;
        memcpy(to, value, strlen(value) + 1);
        return 0;
    default:
        return set_number(f, value, to);
    }
}

static void allowed(const struct field *f, char *buf, size_t size)
{
    static const char *const what[] = {
        [FIELD_SHARE] = "a share (0.25 or 25%)",  [FIELD_COUNT] = "a whole number",
        [FIELD_TIME] = "a time (20s, 1.5ms)",     [FIELD_SIZE] = "a size (512MiB)",
        [FIELD_RATE] = "a rate (150MiB/s)",       [FIELD_BOOL] = "yes | no",
        [FIELD_CPUS] = "a list of pCPUs (0-3,8)", [FIELD_TEXT] = "a text",
    };
    static const char *const units[] = {[FIELD_SHARE] = "",
                                        [FIELD_COUNT] = "",
                                        [FIELD_TIME] = " s",
                                        [FIELD_SIZE] = "MiB",
                                        [FIELD_RATE] = "MiB/s"};
    if (f->type <= FIELD_RATE)
        snprintf(buf, size, "%s, %.10g..%.10g%s", what[f->type], f->least, f->most,
                 units[f->type]);
    else if (f->type == FIELD_CPUS || f->type == FIELD_TEXT)
        snprintf(buf, size, "%s, %s %.0f", what[f->type],
                 f->type == FIELD_CPUS ? "numbers below" : "bytes below", f->most);
    else
        snprintf(buf, size, "%s", what[f->type]);
}

void fields_list(const struct field *table, size_t n, struct err *e)
{
    const char *between = strstr(e->text, "allowed:") != NULL ? ", " : "; allowed: ";
    size_t used = strlen(e->text);
    for (size_t i = 0; i < n && used < sizeof(e->text); i++) {
        int k = snprintf(e->text + used, sizeof(e->text) - used, "%s%s", between,
                         table[i].key);
        used += k > 0 ? (size_t)k : 0;
        between = ", ";
    }
}

int fields_set(const struct field *table, size_t n, void *base, const char *key,
               const char *value, struct err *e)
{
    char text[160];
    for (size_t i = 0; i < n; i++) {
        if (strcmp(table[i].key, key) != 0)
            continue;
        int r = set(&table[i], value, (char *)base + table[i].offset);
        allowed(&table[i], text, sizeof(text));
        if (r == -ERANGE)
            return err_set(e, r, "%s = %.80s is out of range; allowed: %s", key, value,
                           text);
        if (r < 0)
            return err_set(e, r, "%s = '%.80s' is not understood; allowed: %s", key,
                           value, text);
        return 0;
    }
    err_set(e, 0, "unknown key '%.60s'", key);
    fields_list(table, n, e);
    return -ENOENT;
}
