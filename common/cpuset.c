/* cpuset.c - pCPU lists in and out of text. */
#include "common/cpuset.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

static const char *skip_blanks(const char *p)
{
    while (isspace((unsigned char)*p))
        p++;
    return p;
}

static int parse_number(const char **p, uint32_t *ret)
{
    if (!isdigit((unsigned char)**p))
        return -EINVAL;
    uint32_t n = 0;
    for (; isdigit((unsigned char)**p); (*p)++) {
        n = n * 10 + (uint32_t)(**p - '0');
        if (n >= CPUSET_MAX)
            return -ERANGE;
    }
    *ret = n;
    return 0;
}

/* One item: [^]N or [^]N-M. */
static int parse_item(const char **p, struct cpuset *set)
{
    bool take_away = **p == '^';
    if (take_away)
        (*p)++;
    uint32_t low, high;
    int r = parse_number(p, &low);
    if (r < 0)
        return r;
    high = low;
    if (**p == '-') {
        (*p)++;
        r = parse_number(p, &high);
        if (r < 0)
            return r;
    }
    if (high < low)
        return -EINVAL;
    for (uint32_t cpu = low; cpu <= high; cpu++) {
        if (take_away)
            cpuset_remove(set, cpu);
        else
            cpuset_add(set, cpu);
    }
    return 0;
}

int cpuset_parse(const char *text, struct cpuset *ret_set)
{
    struct cpuset set;
    cpuset_clear(&set);
    const char *p = skip_blanks(text);
    while (*p != '\0') {
        int r = parse_item(&p, &set);
        if (r < 0)
            return r;
        p = skip_blanks(p);
        if (*p == '\0')
            break;
        if (*p != ',')
            return -EINVAL;
        p = skip_blanks(p + 1);
        if (*p == '\0')
            return -EINVAL; /* "1," */
    }
    *ret_set = set;
    return 0;
}

char *cpuset_format(const struct cpuset *set, char *buf, size_t size)
{
    if (size == 0)
        return buf;
    buf[0] = '\0';
    size_t used = 0;
    uint32_t low = cpuset_first(set);
    while (low < CPUSET_MAX) {
        uint32_t high = low;
        while (cpuset_has(set, high + 1))
            high++;
        const char *comma = used > 0 ? "," : "";
        int n = low == high
                    ? snprintf(buf + used, size - used, "%s%u", comma, low)
                    : snprintf(buf + used, size - used, "%s%u-%u", comma, low, high);
        if (n < 0 || (size_t)n >= size - used)
            break;
        used += (size_t)n;
        low = high + 1 < CPUSET_MAX ? cpuset_next(set, high + 1) : CPUSET_MAX;
    }
    return buf;
}
