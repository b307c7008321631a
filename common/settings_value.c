/* settings_value.c - one setting's value: text to field, field to text. */
#include "common/settings_value.h"

#include "common/cpuset.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB UINT64_C(1024)
#define GIB (1024 * MIB)
#define TIB (1024 * GIB)

static const char *const mode_names[] = {"act", "observe", "off"};

/* ---- text to value: each writes *ret only on success ---- */

static int parse_bool(const char *text, bool *ret)
{
    static const char *const yes[] = {"yes", "true", "on", "1"};
    static const char *const no[] = {"no", "false", "off", "0"};
    for (size_t i = 0; i < 4; i++) {
        if (strcmp(text, yes[i]) != 0 && strcmp(text, no[i]) != 0)
            continue;
        *ret = strcmp(text, yes[i]) == 0;
        return 0;
    }
    return -EINVAL;
}

/* A plain decimal, sign allowed (so that -1 is out of range, not nonsense); *ret_end is
 * where it stops. */
static int parse_decimal(const char *text, double *ret, const char **ret_end)
{
    if (strspn(text, "+-0123456789.") == 0)
        return -EINVAL;
    char *end;
    double d = strtod(text, &end);
    if (end == text || !isfinite(d) ||
        memchr(text, 'x', (size_t)(end - text)) != NULL ||
        memchr(text, 'X', (size_t)(end - text)) != NULL)
        return -EINVAL;
    *ret = d;
    *ret_end = end;
    return 0;
}

/* A number times scale, in [least, most] after that; whole when scale is 1. */
static int parse_scaled(const char *text, double scale, const struct settings_row *row,
                        uint64_t *ret)
{
    double d;
    const char *end;
    if (parse_decimal(text, &d, &end) < 0 || *end != '\0')
        return -EINVAL;
    if (scale <= 1.0 && d != floor(d))
        return -EINVAL;
    double scaled = round(d * scale);
    if (scaled < (double)row->least || scaled > (double)row->most)
        return -ERANGE;
    *ret = (uint64_t)scaled;
    return 0;
}

/* "512", "512MiB", "1.5 GiB": KiB out, any range. */
static int parse_kib(const char *text, double *ret_kib)
{
    static const struct {
        const char *suffix;
        uint64_t kib;
    } units[] = {{"", MIB},  {"k", 1},     {"kib", 1}, {"m", MIB},  {"mib", MIB},
                 {"g", GIB}, {"gib", GIB}, {"t", TIB}, {"tib", TIB}};
    double d;
    const char *end;
    if (parse_decimal(text, &d, &end) < 0)
        return -EINVAL;
    end += strspn(end, " ");
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcasecmp(end, units[i].suffix) == 0) {
            *ret_kib = round(d * (double)units[i].kib);
            return 0;
        }
    }
    return -EINVAL;
}

static int parse_size(const char *text, const struct settings_row *row, uint64_t *ret)
{
    double kib;
    if (parse_kib(text, &kib) < 0)
        return -EINVAL;
    if (kib < (double)row->least || kib > (double)row->most)
        return -ERANGE;
    *ret = (uint64_t)kib;
    return 0;
}

/* "N%", 0..90: a host that keeps more than that for itself has no guests to balance. */
static int parse_percent(const char *text, uint32_t *ret)
{
    double d;
    const char *end;
    if (parse_decimal(text, &d, &end) < 0 || strcmp(end, "%") != 0 || d != floor(d))
        return -EINVAL;
    if (d < 0 || d > 90)
        return -ERANGE;
    *ret = (uint32_t)d;
    return 0;
}

static int parse_reserve(const char *text, const struct settings_row *row,
                         struct settings_reserve *ret)
{
    struct settings_reserve reserve = {0, 0};
    bool seen_size = false, seen_share = false;
    char copy[SETTINGS_TEXT_MAX];
    if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
        return -EINVAL;
    char *rest = copy, *item;
    while ((item = strsep(&rest, ",")) != NULL) {
        item += strspn(item, " ");
        bool share = strchr(item, '%') != NULL;
        if (share ? seen_share : seen_size)
            return -EINVAL;
        int r = share ? parse_percent(item, &reserve.percent)
                      : parse_size(item, row, &reserve.kib);
        if (r < 0)
            return r;
        seen_share |= share;
        seen_size |= !share;
    }
    *ret = reserve;
    return 0;
}

static int parse_mode(const char *text, uint32_t *ret)
{
    for (uint32_t i = 0; i < sizeof(mode_names) / sizeof(mode_names[0]); i++) {
        if (strcmp(text, mode_names[i]) == 0) {
            *ret = i;
            return 0;
        }
    }
    return -EINVAL;
}

static int parse_text(const char *text, enum settings_type type, char *ret)
{
    struct cpuset ignored;
    if (strlen(text) >= SETTINGS_TEXT_MAX)
        return -ERANGE;
    for (const char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return -EINVAL;
    if (type == SETTINGS_CPUS) {
        int r = cpuset_parse(text, &ignored);
        if (r < 0)
            return r;
    }
    memcpy(ret, text, strlen(text) + 1);
    return 0;
}

int settings_value_parse(const struct settings_row *row, const char *text, void *field)
{
    uint64_t number;
    int r;
    switch (row->type) {
    case SETTINGS_BOOL:
        return parse_bool(text, field);
    case SETTINGS_COUNT:
    case SETTINGS_SECONDS:
        r = parse_scaled(text, row->type == SETTINGS_SECONDS ? 1000.0 : 1.0, row,
                         &number);
        if (r == 0)
            *(uint32_t *)field = (uint32_t)number;
        return r;
    case SETTINGS_SIZE:
        return parse_size(text, row, field);
    case SETTINGS_RESERVE:
        return parse_reserve(text, row, field);
    case SETTINGS_MODE:
        return parse_mode(text, field);
    case SETTINGS_PATTERNS:
    case SETTINGS_CPUS:
        return parse_text(text, row->type, field);
    }
    return -EINVAL;
}

/* ---- value to text ---- */

/* The largest unit in which the size is a whole number. */
static void format_kib(uint64_t kib, char *buf, size_t size)
{
    if (kib >= GIB && kib % GIB == 0)
        snprintf(buf, size, "%lluGiB", (unsigned long long)(kib / GIB));
    else if (kib % MIB == 0)
        snprintf(buf, size, "%lluMiB", (unsigned long long)(kib / MIB));
    else
        snprintf(buf, size, "%lluKiB", (unsigned long long)kib);
}

static void format_reserve(const struct settings_reserve *r, char *buf, size_t size)
{
    char kib[32];
    format_kib(r->kib, kib, sizeof(kib));
    if (r->percent == 0)
        snprintf(buf, size, "%s", kib);
    else if (r->kib == 0)
        snprintf(buf, size, "%u%%", r->percent);
    else
        snprintf(buf, size, "%s,%u%%", kib, r->percent);
}

char *settings_format(const struct settings *s, const struct settings_row *row,
                      char *buf, size_t size)
{
    const void *field = (const char *)s + row->offset;
    switch (row->type) {
    case SETTINGS_BOOL:
        snprintf(buf, size, "%s", *(const bool *)field ? "yes" : "no");
        break;
    case SETTINGS_COUNT:
        snprintf(buf, size, "%u", *(const uint32_t *)field);
        break;
    case SETTINGS_SECONDS:
        snprintf(buf, size, "%.10g", *(const uint32_t *)field / 1000.0);
        break;
    case SETTINGS_SIZE:
        format_kib(*(const uint64_t *)field, buf, size);
        break;
    case SETTINGS_RESERVE:
        format_reserve(field, buf, size);
        break;
    case SETTINGS_MODE:
        snprintf(buf, size, "%s", mode_names[*(const uint32_t *)field % 3]);
        break;
    case SETTINGS_PATTERNS:
    case SETTINGS_CPUS:
        snprintf(buf, size, "%s", (const char *)field);
        break;
    }
    return buf;
}

char *settings_range(const struct settings_row *row, char *buf, size_t size)
{
    char low[32], high[32];
    switch (row->type) {
    case SETTINGS_BOOL:
        snprintf(buf, size, "yes | no");
        break;
    case SETTINGS_COUNT:
        snprintf(buf, size, "%llu..%llu %s", (unsigned long long)row->least,
                 (unsigned long long)row->most, row->unit);
        break;
    case SETTINGS_SECONDS:
        snprintf(buf, size, "%.10g..%.10g s", (double)row->least / 1000.0,
                 (double)row->most / 1000.0);
        break;
    case SETTINGS_SIZE:
        format_kib(row->least, low, sizeof(low));
        format_kib(row->most, high, sizeof(high));
        snprintf(buf, size, "%s..%s", low, high);
        break;
    case SETTINGS_RESERVE:
        snprintf(buf, size,
                 "a size (200MiB), a share of the host (0%%..90%%), or both");
        break;
    case SETTINGS_MODE:
        snprintf(buf, size, "act | observe | off");
        break;
    case SETTINGS_PATTERNS:
        snprintf(buf, size, "name patterns (web*,db?), up to %d bytes",
                 SETTINGS_TEXT_MAX - 1);
        break;
    case SETTINGS_CPUS:
        snprintf(buf, size, "a list of pCPUs (0-7,^3), numbers up to %u",
                 CPUSET_MAX - 1);
        break;
    }
    return buf;
}
