/* value.c - see value.h. */
#include "sim/scenario/value.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NS_PER_S 1e9
#define TIME_MAX_S (10.0 * 86400.0)
#define SIZE_MAX_KIB 1099511627776.0 /* 1 PiB */

/* A plain decimal; *ret_rest is what follows it, blanks skipped. */
static int number(const char *text, double *ret, const char **ret_rest)
{
    text += strspn(text, " \t");
    size_t digits = strspn(text, "+-.0123456789eE");
    char copy[40], *end;
    while (digits > 0 && (text[digits - 1] == 'e' || text[digits - 1] == 'E'))
        digits--;
    if (digits == 0 || digits >= sizeof(copy))
        return -EINVAL;
    memcpy(copy, text, digits);
    copy[digits] = '\0';
    double d = strtod(copy, &end);
    if (end == copy || *end != '\0')
        return -EINVAL;
    if (!isfinite(d) || d < 0.0)
        return -ERANGE;
    *ret = d;
    *ret_rest = text + digits + strspn(text + digits, " \t");
    return 0;
}

struct unit {
    const char *suffix;
    double times;
};

/* A number and one of the units; n of them. */
static int scaled(const char *text, const struct unit *units, size_t n, double most,
                  double *ret)
{
    double d;
    const char *rest;
    int r = number(text, &d, &rest);
    if (r < 0)
        return r;
    char suffix[16] = "";
    size_t len = strlen(rest);
    while (len > 0 && (rest[len - 1] == ' ' || rest[len - 1] == '\t'))
        len--;
    if (len >= sizeof(suffix))
        return -EINVAL;
    memcpy(suffix, rest, len);
    for (size_t i = 0; i < n; i++) {
        if (strcasecmp(suffix, units[i].suffix) != 0)
            continue;
        if (d * units[i].times > most)
            return -ERANGE;
        *ret = d * units[i].times;
        return 0;
    }
    return -EINVAL;
}

int value_share(const char *text, double *ret)
{
    static const struct unit units[] = {{"", 1.0}, {"%", 0.01}};
    return scaled(text, units, 2, 1e9, ret);
}

int value_count(const char *text, uint32_t *ret)
{
    static const struct unit units[] = {{"", 1.0}};
    double d;
    int r = scaled(text, units, 1, 1e9, &d);
    if (r == 0 && d != floor(d))
        r = -EINVAL;
    if (r == 0)
        *ret = (uint32_t)d;
    return r;
}

int value_time(const char *text, int64_t *ret_ns)
{
    static const struct unit units[] = {
        {"", NS_PER_S}, {"s", NS_PER_S}, {"ms", 1e6}, {"min", 60.0 * NS_PER_S}};
    double d;
    int r = scaled(text, units, 4, TIME_MAX_S * NS_PER_S, &d);
    if (r == 0)
        *ret_ns = (int64_t)llround(d);
    return r;
}

static const struct unit sizes[] = {
    {"", 1024.0},          {"kib", 1.0}, {"mib", 1024.0}, {"gib", 1048576.0},
    {"tib", 1073741824.0}, {"k", 1.0},   {"m", 1024.0},   {"g", 1048576.0}};

int value_size(const char *text, int64_t *ret_kib)
{
    double d;
    int r = scaled(text, sizes, sizeof(sizes) / sizeof(sizes[0]), SIZE_MAX_KIB, &d);
    if (r == 0)
        *ret_kib = (int64_t)llround(d);
    return r;
}

int value_rate(const char *text, int64_t *ret_kib_s)
{
    char copy[48];
    size_t len = strlen(text);
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    if (len < 3 || len - 2 >= sizeof(copy) || memcmp(text + len - 2, "/s", 2) != 0)
        return -EINVAL;
    memcpy(copy, text, len - 2);
    copy[len - 2] = '\0';
    return value_size(copy, ret_kib_s);
}

int value_bool(const char *text, bool *ret)
{
    static const char *const yes[] = {"yes", "on", "true"};
    static const char *const no[] = {"no", "off", "false"};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(text, yes[i]) != 0 && strcmp(text, no[i]) != 0)
            continue;
        *ret = strcmp(text, yes[i]) == 0;
        return 0;
    }
    return -EINVAL;
}
