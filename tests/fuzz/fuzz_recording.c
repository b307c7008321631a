/* fuzz_recording.c - files that may be recordings: read to their end, and continued.
 * Each input is tried as it is, and once more with the checksums put right, which no
 * mutation would do. */
#include "tests/fuzz/fuzz.h"

#include "common/crc32.h"
#include "common/recording.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct outcome {
    size_t frames;
    int end; /* of recording_next(); of recording_open() when that failed */
    bool torn;
};

static struct outcome read_all(const char *path, size_t size)
{
    struct outcome o = {0};
    struct recording *r;
    struct recording_frame f;
    struct err e = {""};
    o.end = recording_open(path, &r, &e);
    if (o.end < 0) {
        assert(e.text[0] != '\0');
        return o;
    }
    while ((o.end = recording_next(r, &f, &e)) > 0) {
        uint32_t crc = crc32_of(0, f.data, f.len); /* each byte is readable */
        (void)crc;
        o.frames++;
        assert(f.len > 0 && recording_size(r) <= size);
    }
    assert(o.end == 0 || e.text[0] != '\0');
    assert(o.end == 0 || !recording_is_torn(r));
    o.torn = recording_is_torn(r);
    recording_close(r);
    return o;
}

/* A writer keeps what a reader saw, adds its own, and leaves alone what is damaged. */
static void append(const char *path, size_t size, const struct outcome *was)
{
    struct recording *r;
    struct err e = {""};
    bool torn;
    int rc = recording_append(path, &r, &torn, &e);
    if (rc < 0) {
        assert(was->end < 0 && e.text[0] != '\0');
        struct outcome again = read_all(path, size);
        assert(again.frames == was->frames && again.end == was->end);
        return;
    }
    assert(torn == was->torn);
    assert(recording_write(r, "SNAP", 4, 1) == 0);
    struct outcome now = read_all(path, recording_size(r));
    assert(now.frames == was->frames + 1 && now.end == 0 && !now.torn);
    recording_close(r);
}

static void try(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);
    struct outcome o = read_all(path, size);
    append(path, size, &o);
}

static void put_checksums_right(uint8_t *data, size_t size)
{
    size_t at = RECORDING_HEADER_LEN;
    while (at + RECORDING_RECORD_LEN < size) {
        uint8_t *head = data + at;
        size_t len = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 |
                     (size_t)head[3] << 24;
        if (len > size - at - RECORDING_RECORD_LEN)
            return;
        uint32_t crc = crc32_of(crc32_of(0, head, 4), head + 8, 8 + len);
        for (size_t i = 0; i < 4; i++)
            head[4 + i] = (uint8_t)(crc >> (8 * i));
        at += RECORDING_RECORD_LEN + len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try(data, size);
    uint8_t *copy = malloc(size + 1);
    assert(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    put_checksums_right(copy, size);
    try(copy, size);
    free(copy);
    return 0;
}
