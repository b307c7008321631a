/* cpulist.c - parsing of lists such as "0-3,8,10-11". */
#include "host/cpulist.h"

#include <ctype.h>
#include <errno.h>

static const char *skip_blanks(const char *p)
{
    while (isspace((unsigned char)*p))
        p++;
    return p;
}

/* Reads digits at *p and steps over them; false when there are none.  A number too big
 * for 32 bits is taken as UINT32_MAX: it is beyond CPUSET_MAX either way. */
static bool number(const char **p, uint32_t *ret)
{
    uint64_t n = 0;
    const char *q = *p;
    for (; isdigit((unsigned char)*q); q++)
        if (n <= UINT32_MAX)
            n = n * 10 + (uint64_t)(*q - '0');
    if (q == *p)
        return false;
    *p = q;
    *ret = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
    return true;
}

int cpulist_parse(const char *text, struct cpuset *ret_set)
{
    struct cpuset set;
    cpuset_clear(&set);
    const char *p = skip_blanks(text);
    bool more = *p != '\0';
    while (more) {
        uint32_t first, last;
        p = skip_blanks(p);
        if (!number(&p, &first))
            return -EINVAL;
        last = first;
        if (*p == '-') {
            p++;
            if (!number(&p, &last) || last < first)
                return -EINVAL;
        }
        for (uint32_t cpu = first; cpu <= last && cpu < CPUSET_MAX; cpu++)
            cpuset_add(&set, cpu);
        p = skip_blanks(p);
        more = *p == ',';
        p += more ? 1 : 0;
    }
    if (*p != '\0')
        return -EINVAL;
    *ret_set = set;
    return 0;
}
