/* recording.c - the recording's format, and its reader and writer.
 *
 * Both know one thing, the end of the last whole record: the reader takes the next one
 * from there, the writer puts it there.  Whatever lies behind it is not trusted. */
#include "common/recording.h"

#include "common/crc32.h"
#include "common/wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAGIC_LEN 6
#define VERSION 1
#define ARRIVED_MAX (INT64_C(1) << 62)

struct recording {
    char *path;
    int fd;
    off_t end;       /* of the last whole record */
    uint8_t *buffer; /* of the reader; grows up to WIRE_FRAME_MAX */
    size_t room;
    bool torn;
};

struct record_head {
    uint32_t len, crc;
    int64_t arrived_ns;
};

static const uint8_t file_header[RECORDING_HEADER_LEN] = {'V', 'M', 'B',    'R',
                                                          'E', 'C', VERSION};

/* ---- bytes ---- */

static void put_le(uint8_t *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_le(const uint8_t *from, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)from[i] << (8 * i);
    return value;
}

/* Of the length and the time of arrival; the frame's is to be added. */
static uint32_t crc_of_head(const uint8_t *head)
{
    return crc32_of(crc32_of(0, head, 4), head + 8, 8);
}

/* Reads up to len bytes; fewer only at the end of the file.  Returns them or -errno. */
static ssize_t read_at(const struct recording *r, void *to, size_t len, off_t at)
{
    size_t got = 0;
    while (got < len) {
        ssize_t n = pread(r->fd, (uint8_t *)to + got, len - got, at + (off_t)got);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            return -errno;
        got += n > 0 ? (size_t)n : 0;
    }
    return (ssize_t)got;
}

/* ---- opening ---- */

/* Only a regular file: a pipe would block, a device never ends. */
static int open_file(struct recording *r, int flags, struct err *e)
{
    struct stat st;
    r->fd = open(r->path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
    if (r->fd < 0 && errno == ELOOP)
        return err_set(e, -ELOOP, "%.300s is a symbolic link, which is not followed",
                       r->path);
    if (r->fd < 0)
        return err_set(e, -errno, "cannot open %.300s: %s", r->path, strerror(errno));
    if (fstat(r->fd, &st) < 0)
        return err_set(e, -errno, "cannot look at %.300s: %s", r->path,
                       strerror(errno));
    if (!S_ISREG(st.st_mode))
        return err_set(e, -EINVAL, "%.300s is not a regular file", r->path);
    return 0;
}

/* Looks at the header.  Returns 0; -ENODATA when the file ends within it. */
static int check_header(const struct recording *r, struct err *e)
{
    uint8_t got[RECORDING_HEADER_LEN];
    ssize_t n = read_at(r, got, sizeof(got), 0);
    if (n < 0)
        return err_set(e, (int)n, "cannot read %.300s: %s", r->path, strerror((int)-n));
    size_t magic = n < MAGIC_LEN ? (size_t)n : MAGIC_LEN;
    if (memcmp(got, file_header, magic) != 0)
        return err_set(e, -EINVAL, "%.300s is not a recording of vmctl record",
                       r->path);
    if (n > MAGIC_LEN && got[MAGIC_LEN] != VERSION)
        return err_set(e, -EPROTONOSUPPORT,
                       "%.300s is a recording of version %u; this program knows %u",
                       r->path, got[MAGIC_LEN], VERSION);
    if (memcmp(got, file_header, (size_t)n) != 0)
        return err_set(e, -EINVAL, "the header of %.300s is damaged", r->path);
    if (n == 0)
        return err_set(e, -ENODATA, "%.300s is empty, not a recording", r->path);
    if ((size_t)n < sizeof(got))
        return err_set(e, -ENODATA, "%.300s ends within its header: nothing is in it",
                       r->path);
    return 0;
}

static int make(const char *path, struct recording **ret)
{
    struct recording *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return -ENOMEM;
    r->fd = -1;
    r->end = RECORDING_HEADER_LEN;
    r->path = strdup(path);
    if (r->path == NULL) {
        free(r);
        return -ENOMEM;
    }
    *ret = r;
    return 0;
}

int recording_open(const char *path, struct recording **ret, struct err *e)
{
    struct recording *r;
    int rc = make(path, &r);
    if (rc < 0)
        return err_set(e, rc, "out of memory");
    rc = open_file(r, O_RDONLY, e);
    rc = rc < 0 ? rc : check_header(r, e);
    if (rc < 0) {
        recording_close(r);
        return rc == -ENODATA ? -EINVAL : rc;
    }
    *ret = r;
    return 0;
}

void recording_close(struct recording *r)
{
    if (r == NULL)
        return;
    if (r->fd >= 0)
        close(r->fd);
    free(r->buffer);
    free(r->path);
    free(r);
}

/* ---- reading ---- */

static int reserve(struct recording *r, size_t len)
{
    if (len <= r->room)
        return 0;
    uint8_t *bigger = realloc(r->buffer, len);
    if (bigger == NULL)
        return -ENOMEM;
    r->buffer = bigger;
    r->room = len;
    return 0;
}

static int damaged(const struct recording *r, const char *how, struct err *e)
{
    return err_set(e, -EIO, "%.300s is damaged: the record at byte %lld %s", r->path,
                   (long long)r->end, how);
}

/* Returns 1 when the file goes on behind at; 0; -errno. */
static int goes_on(const struct recording *r, off_t at)
{
    uint8_t one;
    return (int)read_at(r, &one, 1, at);
}

/* The head of the next record.  Returns 1; 0 at the end, torn or not; -EIO; -errno. */
static int next_head(struct recording *r, struct record_head *ret, uint32_t *ret_crc,
                     struct err *e)
{
    uint8_t raw[RECORDING_RECORD_LEN];
    ssize_t n = read_at(r, raw, sizeof(raw), r->end);
    if (n < 0)
        return err_set(e, (int)n, "cannot read %.300s: %s", r->path, strerror((int)-n));
    r->torn = n > 0 && (size_t)n < sizeof(raw);
    if ((size_t)n < sizeof(raw))
        return 0;
    *ret = (struct record_head){
        .len = (uint32_t)get_le(raw, 4),
        .crc = (uint32_t)get_le(raw + 4, 4),
        .arrived_ns = (int64_t)get_le(raw + 8, 8),
    };
    if (ret->len == 0 || ret->len > WIRE_FRAME_MAX)
        return damaged(r, "has an impossible length", e);
    if (ret->arrived_ns < 0 || ret->arrived_ns > ARRIVED_MAX)
        return damaged(r, "has an impossible time", e);
    *ret_crc = crc_of_head(raw);
    return 1;
}

int recording_next(struct recording *r, struct recording_frame *ret, struct err *e)
{
    struct record_head head = {0};
    uint32_t crc = 0;
    int rc = next_head(r, &head, &crc, e);
    if (rc <= 0)
        return rc;
    if (reserve(r, head.len) < 0)
        return err_set(e, -ENOMEM, "out of memory");
    off_t frame = r->end + RECORDING_RECORD_LEN;
    ssize_t n = read_at(r, r->buffer, head.len, frame);
    if (n < 0)
        return err_set(e, (int)n, "cannot read %.300s: %s", r->path, strerror((int)-n));
    bool whole = n == (ssize_t)head.len;
    if (!whole || crc32_of(crc, r->buffer, head.len) != head.crc) {
        if (whole && goes_on(r, frame + n) != 0)
            return damaged(r, "does not agree with its checksum", e);
        r->torn = true;
        return 0;
    }
    r->end = frame + n;
    *ret = (struct recording_frame){
        .arrived_ns = head.arrived_ns, .data = r->buffer, .len = head.len};
    return 1;
}

bool recording_is_torn(const struct recording *r)
{
    return r->torn;
}

uint64_t recording_size(const struct recording *r)
{
    return (uint64_t)r->end;
}

/* ---- writing ---- */

/* Writes it all at r->end, with one call unless the disk is full.  On failure the file
 * is as long as before. */
static int write_at_end(struct recording *r, const struct iovec parts[2])
{
    size_t len = parts[0].iov_len + parts[1].iov_len;
    ssize_t n;
    do
        n = pwritev(r->fd, parts, 2, r->end);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)len) {
        r->end += n;
        return 0;
    }
    int rc = n < 0 ? -errno : -ENOSPC; /* a part of it: there is no room for more */
    if (n > 0 && ftruncate(r->fd, r->end) < 0)
        return -errno; /* a torn tail is left, which the next write covers */
    return rc;
}

static int write_header(struct recording *r)
{
    struct iovec parts[2] = {
        {.iov_base = (void *)file_header, .iov_len = sizeof(file_header)}};
    r->end = 0;
    return write_at_end(r, parts);
}

static int cannot_write(const struct recording *r, int code, struct err *e)
{
    return err_set(e, code, "cannot write %.300s: %s", r->path, strerror(-code));
}

/* Finds the end of the last whole record, and cuts off what is behind it. */
static int go_to_end(struct recording *r, bool *ret_torn, struct err *e)
{
    struct recording_frame skipped;
    int rc = check_header(r, e);
    bool fresh = rc == -ENODATA;
    if (rc < 0 && !fresh)
        return rc;
    if (fresh) {
        rc = ftruncate(r->fd, 0) < 0 ? -errno : write_header(r);
        return rc < 0 ? cannot_write(r, rc, e) : 0;
    }
    do
        rc = recording_next(r, &skipped, e);
    while (rc > 0);
    if (rc < 0)
        return rc;
    if (r->torn && ftruncate(r->fd, r->end) < 0)
        return cannot_write(r, -errno, e);
    if (ret_torn != NULL)
        *ret_torn = r->torn;
    r->torn = false;
    return 0;
}

int recording_append(const char *path, struct recording **ret, bool *ret_torn,
                     struct err *e)
{
    struct recording *r;
    if (ret_torn != NULL)
        *ret_torn = false;
    int rc = make(path, &r);
    if (rc < 0)
        return err_set(e, rc, "out of memory");
    rc = open_file(r, O_RDWR | O_CREAT | O_NOFOLLOW, e);
    if (rc == 0 && flock(r->fd, LOCK_EX | LOCK_NB) < 0)
        rc =
            errno == EWOULDBLOCK
                ? err_set(e, -EBUSY, "%.300s is being written by another process", path)
                : err_set(e, -errno, "cannot lock %.300s: %s", path, strerror(errno));
    rc = rc < 0 ? rc : go_to_end(r, ret_torn, e);
    if (rc < 0) {
        recording_close(r);
        return rc;
    }
    *ret = r;
    return 0;
}

int recording_write(struct recording *r, const void *data, size_t len,
                    int64_t arrived_ns)
{
    uint8_t head[RECORDING_RECORD_LEN];
    if (len == 0 || len > WIRE_FRAME_MAX)
        return -EMSGSIZE;
    if (arrived_ns < 0 || arrived_ns > ARRIVED_MAX)
        return -ERANGE;
    put_le(head, len, 4);
    put_le(head + 8, (uint64_t)arrived_ns, 8);
    put_le(head + 4, crc32_of(crc_of_head(head), data, len), 4);
    const struct iovec parts[2] = {
        {.iov_base = head, .iov_len = sizeof(head)},
        {.iov_base = (void *)data, .iov_len = len},
    };
    return write_at_end(r, parts);
}
