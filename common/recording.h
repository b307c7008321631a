/* recording.h - bus frames in a file, as they came: what `vmctl record` writes, and what
 * `vmctl replay`, the actors' --replay and `simrun --from-recording` read.
 *
 * A file is a header of 16 bytes ("VMBREC", version 1 and zeros) and then records, each
 *
 *     0      4      8             16          16 + length
 *     | length | CRC | arrived     | frame ... |
 *
 * with the length of the frame (u32, little endian, 1..WIRE_FRAME_MAX), the CRC-32 of
 * all the rest of the record (u32), CLOCK_MONOTONIC of its arrival (i64, ns, 0..2^62), and the
 * frame (topic, version and message, see wire/wire.h).  A record is written with one
 * write(2), so a killed writer leaves whole records and at most one torn one at the end,
 * which a reader leaves out and the next writer cuts off.  A record is torn when the
 * file ends before it does, or when it is the last one and its CRC is wrong.
 *
 * Memory is bounded by the longest frame, whatever the file says.  Only regular files
 * are opened; a writer follows no symbolic link. */
#ifndef COMMON_RECORDING_H
#define COMMON_RECORDING_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORDING_HEADER_LEN 16 /* bytes, of the file */
#define RECORDING_RECORD_LEN 16 /* bytes, of a record in front of its frame */

struct recording;

struct recording_frame {
    int64_t arrived_ns;  /* CLOCK_MONOTONIC of the recorder */
    const uint8_t *data; /* the recording's, valid until the next call */
    size_t len;
};

/* Makes the file, or goes on behind the last whole record of one (a torn tail is cut
 * off: *ret_torn says so, and may be NULL).  The file is locked.
 * Returns 0; -EBUSY when another process writes it; -EINVAL for a file that is no
 * recording; -EPROTONOSUPPORT for one of another version; -EIO for one that is damaged
 * before its end (it is left as it is); -errno.  e says which and why. */
int recording_append(const char *path, struct recording **ret, bool *ret_torn,
                     struct err *e);

/* Writes one frame.  Returns 0; -EMSGSIZE for one that is empty or longer than
 * WIRE_FRAME_MAX; -ERANGE for an impossible time; -errno (a full disk leaves the file as
 * it was, to be tried again).  A limit of the file's size is -EFBIG only for who ignores
 * SIGXFSZ. */
int recording_write(struct recording *r, const void *data, size_t len,
                    int64_t arrived_ns);

/* Opens for reading, also while it is being written.  Returns 0; -EINVAL for a file that
 * is no recording; -EPROTONOSUPPORT for one of another version; -errno.  e says which
 * and why. */
int recording_open(const char *path, struct recording **ret, struct err *e);

/* The next frame.  Returns 1; 0 at the end; -EIO for a record that is damaged in the
 * middle (e names the offset), and again at each further call; -ENOMEM.  A torn tail is
 * the end: see recording_is_torn(). */
int recording_next(struct recording *r, struct recording_frame *ret, struct err *e);

/* True when the end that was reached is a torn record. */
bool recording_is_torn(const struct recording *r);

/* Bytes of the header and of the whole records written or read so far. */
uint64_t recording_size(const struct recording *r);

/* NULL is fine. */
void recording_close(struct recording *r);

#endif
