/* field.h - single fields: plain values to protobuf-c and back, every bound checked. */
#ifndef COMMON_WIRE_FIELD_H
#define COMMON_WIRE_FIELD_H

#include "common/cpuset.h"
#include "common/err.h"
#include "common/snapshot.h"
#include "common/wire/arena.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

/* Greatest number of KiB and of ns that is believed; sums of thousands of them still
 * fit into 64 bits. */
#define FIELD_KIB_MAX (UINT64_C(1) << 44)
#define FIELD_NS_MAX (UINT64_C(1) << 62)
#define FIELD_COUNT_MAX (UINT64_C(1) << 62)

/* Sets an optional scalar. */
#define FIELD_PUT(message, field, number)                                              \
    ((message)->has_##field = 1, (message)->field = (number))

/* Sets an optional scalar from a struct opt_u64, when it has a value within max: the
 * receiver would refuse a greater one. */
#define FIELD_PUT_OPT(message, field, opt, max)                                        \
    do {                                                                               \
        if ((opt).has && (opt).value <= (max))                                         \
            FIELD_PUT(message, field, (opt).value);                                    \
    } while (0)

/* Packing: strings and bitmaps point into the arena; NULL data when memory is out. */
char *field_put_text(struct arena *a, const char *text);
int field_put_cpuset(struct arena *a, const struct cpuset *set,
                     protobuf_c_boolean *ret_has, ProtobufCBinaryData *ret_bytes);

/* Unpacking.  Each returns 0, or -EINVAL with e naming the field. */

/* UTF-8 without control characters, shorter than size; absent = "". */
int field_text(const char *from, char *to, size_t size, const char *name,
               struct err *e);
/* The same, but it must be there and not be empty. */
int field_name(const char *from, char *to, size_t size, const char *name,
               struct err *e);
/* "" or 36 characters of hexadecimal digits and dashes. */
int field_uuid(const char *from, char *to, const char *name, struct err *e);
int field_cpuset(protobuf_c_boolean has, const ProtobufCBinaryData *from,
                 struct cpuset *to, const char *name, struct err *e);
int field_opt(protobuf_c_boolean has, uint64_t from, uint64_t max, struct opt_u64 *to,
              const char *name, struct err *e);
/* Absent = 0. */
int field_u64(protobuf_c_boolean has, uint64_t from, uint64_t max, uint64_t *to,
              const char *name, struct err *e);
int field_u32(protobuf_c_boolean has, uint32_t from, uint32_t max, uint32_t *to,
              const char *name, struct err *e);
int field_i64(protobuf_c_boolean has, int64_t from, int64_t *to, const char *name,
              struct err *e);
/* -EINVAL when n > max. */
int field_count(size_t n, size_t max, const char *name, struct err *e);

/* Same-named fields of a protobuf-c message m and a struct s. */
#define FIELD_U32(m, s, f, max, e)                                                     \
    field_u32((m)->has_##f, (m)->f, (max), &(s)->f, #f, (e))
#define FIELD_U64(m, s, f, max, e)                                                     \
    field_u64((m)->has_##f, (m)->f, (max), &(s)->f, #f, (e))
#define FIELD_OPT(m, s, f, max, e)                                                     \
    field_opt((m)->has_##f, (m)->f, (max), &(s)->f, #f, (e))
#define FIELD_I64(m, s, f, e) field_i64((m)->has_##f, (m)->f, &(s)->f, #f, (e))

#endif
