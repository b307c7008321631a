/* field.c - checks of single fields. */
#include "common/wire/field.h"

#include <errno.h>
#include <string.h>

/* The length of the UTF-8 sequence at p, 0 when it is malformed, overlong, a surrogate
 * or above U+10FFFF (Unicode 15, table 3-7). */
static size_t utf8_len(const unsigned char *p)
{
    static const struct {
        unsigned char low, high, second_low, second_high;
        size_t len;
    } rows[] = {{0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2},
                {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
                {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
                {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
                {0xf4, 0xf4, 0x80, 0x8f, 4}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (p[0] < rows[i].low || p[0] > rows[i].high)
            continue;
        if (rows[i].len > 1 &&
            (p[1] < rows[i].second_low || p[1] > rows[i].second_high))
            return 0;
        for (size_t k = 2; k < rows[i].len; k++)
            if (p[k] < 0x80 || p[k] > 0xbf)
                return 0;
        return rows[i].len;
    }
    return 0;
}

/* As utf8_len(), 0 for control characters too. */
static size_t printable_len(const unsigned char *p)
{
    return p[0] < 0x20 || p[0] == 0x7f ? 0 : utf8_len(p);
}

/* Bytes that a receiver would refuse (libvirt's texts may hold newlines, a cut text
 * half a character) become '?'. */
char *field_put_text(struct arena *a, const char *text)
{
    size_t len = strlen(text);
    char *copy = arena_alloc(a, len + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, len + 1);
    for (size_t i = 0; i < len;) {
        size_t n = printable_len((const unsigned char *)copy + i);
        if (n == 0)
            copy[i] = '?';
        i += n == 0 ? 1 : n;
    }
    return copy;
}

int field_put_cpuset(struct arena *a, const struct cpuset *set,
                     protobuf_c_boolean *ret_has, ProtobufCBinaryData *ret_bytes)
{
    size_t len = 0;
    for (size_t i = 0; i < CPUSET_MAX / 8; i++)
        if ((uint8_t)(set->word[i / 8] >> (8 * (i % 8))) != 0)
            len = i + 1;
    if (len == 0)
        return 0;
    uint8_t *bytes = arena_alloc(a, len);
    if (bytes == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(set->word[i / 8] >> (8 * (i % 8)));
    *ret_has = 1;
    ret_bytes->data = bytes;
    ret_bytes->len = len;
    return 0;
}

int field_text(const char *from, char *to, size_t size, const char *name, struct err *e)
{
    if (from == NULL) {
        to[0] = '\0';
        return 0;
    }
    size_t len = strlen(from);
    if (len >= size)
        return err_set(e, -EINVAL, "%s: %zu bytes, at most %zu allowed", name, len,
                       size - 1);
    for (size_t i = 0; i < len;) {
        size_t n = printable_len((const unsigned char *)from + i);
        if (n == 0)
            return err_set(e, -EINVAL, "%s: byte %zu is not printable UTF-8", name, i);
        i += n;
    }
    memcpy(to, from, len + 1);
    return 0;
}

int field_name(const char *from, char *to, size_t size, const char *name, struct err *e)
{
    if (from == NULL || from[0] == '\0')
        return err_set(e, -EINVAL, "%s is missing", name);
    return field_text(from, to, size, name, e);
}

int field_uuid(const char *from, char *to, const char *name, struct err *e)
{
    if (from == NULL || from[0] == '\0') {
        to[0] = '\0';
        return 0;
    }
    size_t len = strlen(from);
    if (len != SNAPSHOT_UUID_MAX - 1 || strspn(from, "0123456789abcdefABCDEF-") != len)
        return err_set(e, -EINVAL, "%s is not a UUID", name);
    memcpy(to, from, SNAPSHOT_UUID_MAX);
    return 0;
}

int field_cpuset(protobuf_c_boolean has, const ProtobufCBinaryData *from,
                 struct cpuset *to, const char *name, struct err *e)
{
    cpuset_clear(to);
    if (!has)
        return 0;
    if (from->len > CPUSET_MAX / 8)
        return err_set(e, -EINVAL, "%s: %zu bytes, at most %u allowed", name, from->len,
                       CPUSET_MAX / 8);
    for (size_t i = 0; i < from->len; i++)
        to->word[i / 8] |= (uint64_t)from->data[i] << (8 * (i % 8));
    return 0;
}

static int too_great(const char *name, uint64_t from, uint64_t max, struct err *e)
{
    return err_set(e, -EINVAL, "%s: %llu, at most %llu allowed", name,
                   (unsigned long long)from, (unsigned long long)max);
}

int field_opt(protobuf_c_boolean has, uint64_t from, uint64_t max, struct opt_u64 *to,
              const char *name, struct err *e)
{
    if (has && from > max)
        return too_great(name, from, max, e);
    to->has = has != 0;
    to->value = has ? from : 0;
    return 0;
}

int field_u64(protobuf_c_boolean has, uint64_t from, uint64_t max, uint64_t *to,
              const char *name, struct err *e)
{
    if (has && from > max)
        return too_great(name, from, max, e);
    *to = has ? from : 0;
    return 0;
}

int field_u32(protobuf_c_boolean has, uint32_t from, uint32_t max, uint32_t *to,
              const char *name, struct err *e)
{
    if (has && from > max)
        return too_great(name, from, max, e);
    *to = has ? from : 0;
    return 0;
}

int field_i64(protobuf_c_boolean has, int64_t from, int64_t *to, const char *name,
              struct err *e)
{
    int64_t limit = (int64_t)FIELD_NS_MAX;
    if (has && (from > limit || from < -limit))
        return err_set(e, -EINVAL, "%s: %lld is out of range", name, (long long)from);
    *to = has ? from : 0;
    return 0;
}

int field_count(size_t n, size_t max, const char *name, struct err *e)
{
    if (n > max)
        return err_set(e, -EINVAL, "%s: %zu of them, at most %zu allowed", name, n,
                       max);
    return 0;
}
