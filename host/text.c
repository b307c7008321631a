/* text.c - UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, up to U+10FFFF.
 */
#include "host/text.h"

#include <stdbool.h>
#include <stdint.h>

/* Bytes of the well-formed character that p starts with; 0 when it is none. */
static size_t character(const unsigned char *p)
{
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    uint32_t code = p[0] & (0x7fU >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0; /* also where the text ends */
        code = code << 6 | (p[i] & 0x3fU);
    }
    bool overlong = (n == 3 && code < 0x800) || (n == 4 && code < 0x10000);
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return overlong || surrogate || code > 0x10ffff ? 0 : n;
}

char *text_copy(char *buf, size_t size, const char *text)
{
    const unsigned char *p = (const unsigned char *)(text != NULL ? text : "");
    size_t used = 0;
    while (*p != 0) {
        size_t n = character(p);
        bool bad = n == 0 || *p < 0x20 || *p == 0x7f;
        size_t take = bad ? 1 : n;
        if (used + take >= size)
            break;
        for (size_t i = 0; i < take; i++)
            buf[used++] = bad ? '?' : (char)p[i];
        p += take;
    }
    buf[used] = '\0';
    return buf;
}
