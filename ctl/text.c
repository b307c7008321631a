/* text.c - numbers and names as people read them. */
#include "ctl/text.h"

#include "common/clock.h"

#include <stdio.h>
#include <string.h>

/* ---- names ---- */

/* Decodes the character at p.  Returns its length, 0 when it is not UTF-8. */
static size_t decode(const unsigned char *p, uint32_t *ret_code)
{
    size_t len = p[0] < 0x80                   ? 1
                 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
                 : p[0] < 0xe0                 ? 0
                 : p[0] < 0xf0                 ? 3
                 : p[0] < 0xf5                 ? 4
                                               : 0;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t code = len == 1 ? p[0] : p[0] & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3fU);
    }
    if (len == 0 || code < least[len] || code > 0x10ffff ||
        (code >= 0xd800 && code < 0xe000))
        return 0;
    *ret_code = code;
    return len;
}

/* Controls (C0, DEL, C1) and characters that turn the direction of text. */
static bool tricky(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* Bytes of the plain character at p, 0 when it is none. */
static size_t plain_len(const char *p)
{
    uint32_t code;
    size_t len = decode((const unsigned char *)p, &code);
    return len > 0 && !tricky(code) ? len : 0;
}

bool text_is_plain(const char *text)
{
    while (*text != '\0') {
        size_t len = plain_len(text);
        if (len == 0)
            return false;
        text += len;
    }
    return true;
}

char *text_safe(const char *text, char *buf, size_t size)
{
    size_t used = 0;
    while (*text != '\0') {
        size_t len = plain_len(text), need = len > 0 ? len : strlen("\\xNN");
        if (used + need >= size)
            break;
        if (len > 0)
            memcpy(buf + used, text, len);
        else
            snprintf(buf + used, size - used, "\\x%02x", (unsigned char)*text);
        used += need;
        text += len > 0 ? len : 1;
    }
    if (size > 0)
        buf[used] = '\0';
    return buf;
}

size_t text_columns(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* ---- numbers ---- */

char *text_kib(uint64_t kib, char *buf, size_t size)
{
    static const char units[] = "KMGTPE";
    size_t unit = 0;
    double value = (double)kib;
    while (value >= 1023.5 && unit + 1 < strlen(units)) {
        value /= 1024.0;
        unit++;
    }
    /* whole KiB and MiB (balloons move in MiB), three digits above */
    int decimals = unit < 2 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    snprintf(buf, size, "%.*f%c", decimals, value, units[unit]);
    return buf;
}

char *text_opt_kib(struct opt_u64 kib, char *buf, size_t size)
{
    if (kib.has)
        return text_kib(kib.value, buf, size);
    snprintf(buf, size, "-");
    return buf;
}

/* A unit of time, and the smaller one that is said with it. */
struct units {
    int64_t big_s, small_s;
    const char *big, *small;
};

static char *two_units(int64_t s, const struct units *u, char *buf, size_t size)
{
    int n = snprintf(buf, size, "%lld %s", (long long)(s / u->big_s), u->big);
    long long rest = (long long)(s % u->big_s / u->small_s);
    if (rest > 0 && n > 0 && (size_t)n < size)
        snprintf(buf + n, size - (size_t)n, " %lld %s", rest, u->small);
    return buf;
}

char *text_duration(int64_t ns, char *buf, size_t size)
{
    static const struct units units[] = {
        {86400, 3600, "d", "h"}, {3600, 60, "h", "min"}, {60, 1, "min", "s"}};
    ns = ns < 0 ? 0 : ns;
    int64_t s = ns / CLOCK_NS_PER_S;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (s >= units[i].big_s)
            return two_units(s, &units[i], buf, size);
    double ms = (double)ns / (double)CLOCK_NS_PER_MS;
    if (ms < 10)
        snprintf(buf, size, "%.1f ms", ms);
    else if (ms < 100)
        snprintf(buf, size, "%.0f ms", ms);
    else
        snprintf(buf, size, "%.*f s", ms < 10000 ? 1 : 0, ms / 1000.0);
    return buf;
}

char *text_percent(uint64_t permille, char *buf, size_t size)
{
    snprintf(buf, size, "%llu%%", (unsigned long long)((permille + 5) / 10));
    return buf;
}
