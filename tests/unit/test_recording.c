/* test_recording.c - frames into a file and back, and files that are damaged, foreign or
 * cut off anywhere. */
#include "tests/unit/unit.h"

#include "common/crc32.h"
#include "common/recording.h"
#include "common/wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRAMES 3

static char directory[] = "/tmp/vmbalance-test-rec-XXXXXX";
static char path[64];

static const char *const frames[FRAMES] = {"SNAP\1first", "R", "EVNT\1the last one"};

static size_t record_len(size_t i)
{
    return RECORDING_RECORD_LEN + strlen(frames[i]);
}

static void write_file(const void *data, size_t len)
{
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    assert_int_equal(fwrite(data, 1, len, to), len);
    assert_int_equal(fclose(to), 0);
}

static size_t read_file(uint8_t *data, size_t size)
{
    FILE *from = fopen(path, "r");
    assert_non_null(from);
    size_t n = fread(data, 1, size, from);
    fclose(from);
    return n;
}

static void append_frames(size_t n)
{
    struct recording *r;
    struct err e = {""};
    bool torn = true;
    assert_int_equal(recording_append(path, &r, &torn, &e), 0);
    assert_false(torn);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(
            recording_write(r, frames[i], strlen(frames[i]), 1000 - (int64_t)i), 0);
    recording_close(r);
}

/* Counts the good frames; *ret_end is what recording_next() said at last. */
static size_t count(int *ret_end, bool *ret_torn)
{
    struct recording *r;
    struct recording_frame f;
    struct err e = {""};
    size_t n = 0;
    int rc = recording_open(path, &r, &e);
    assert_int_equal(rc, 0);
    while ((rc = recording_next(r, &f, &e)) > 0) {
        if (n < FRAMES) {
            assert_int_equal(f.len, strlen(frames[n]));
            assert_memory_equal(f.data, frames[n], f.len);
            assert_int_equal(f.arrived_ns, 1000 - (int64_t)n);
        }
        n++;
    }
    assert_int_equal(recording_next(r, &f, &e), rc); /* and it stays so */
    *ret_end = rc;
    *ret_torn = recording_is_torn(r);
    recording_close(r);
    return n;
}

static void expect_frames(size_t n, int end, bool torn)
{
    int got_end;
    bool got_torn;
    assert_int_equal(count(&got_end, &got_torn), n);
    assert_int_equal(got_end, end);
    assert_int_equal(got_torn, torn);
}

/* Neither a reader nor a writer takes it, and it stays as it is. */
static void expect_refused(int code, const char *why)
{
    struct recording *r = NULL;
    struct err e = {""};
    struct stat before, after;
    stat(path, &before);
    assert_int_equal(recording_open(path, &r, &e), code);
    assert_non_null(strstr(e.text, why));
    assert_int_equal(recording_append(path, &r, NULL, &e), code);
    assert_null(r);
    stat(path, &after);
    assert_int_equal(before.st_size, after.st_size);
}

/* ---- the tests ---- */

static void crc_is_zlibs(void **state)
{
    (void)state;
    assert_int_equal(crc32_of(0, NULL, 0), 0);
    assert_int_equal(crc32_of(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(crc32_of(crc32_of(0, "1234", 4), "56789", 5), 0xcbf43926);
}

static void frames_survive(void **state)
{
    (void)state;
    unlink(path);
    append_frames(0);
    expect_frames(0, 0, false);
    append_frames(FRAMES);
    expect_frames(FRAMES, 0, false);
    append_frames(1); /* a second session goes on behind the first */
    expect_frames(FRAMES + 1, 0, false);
}

static void longest_frame_survives(void **state)
{
    (void)state;
    struct recording *r;
    struct recording_frame f;
    struct err e = {""};
    char *big = calloc(1, WIRE_FRAME_MAX + 1);
    assert_non_null(big);
    big[WIRE_FRAME_MAX - 1] = 'x';
    unlink(path);
    assert_int_equal(recording_append(path, &r, NULL, &e), 0);
    assert_int_equal(recording_write(r, big, 0, 1), -EMSGSIZE);
    assert_int_equal(recording_write(r, big, WIRE_FRAME_MAX + 1, 1), -EMSGSIZE);
    assert_int_equal(recording_write(r, big, WIRE_FRAME_MAX, -1), -ERANGE);
    assert_int_equal(recording_write(r, big, WIRE_FRAME_MAX, INT64_MAX), -ERANGE);
    assert_int_equal(recording_write(r, big, WIRE_FRAME_MAX, 0), 0);
    uint64_t size = recording_size(r);
    recording_close(r);
    assert_int_equal(recording_open(path, &r, &e), 0);
    assert_int_equal(recording_next(r, &f, &e), 1);
    assert_int_equal(f.len, WIRE_FRAME_MAX);
    assert_true(f.arrived_ns == 0);
    assert_memory_equal(f.data, big, f.len);
    assert_int_equal(recording_size(r), size);
    recording_close(r);
    free(big);
}

/* The last record is cut off at each of its bytes: those before it are there, and a
 * writer goes on in its place. */
static void torn_tail_is_cut_off(void **state)
{
    (void)state;
    uint8_t whole[256];
    unlink(path);
    append_frames(FRAMES);
    size_t size = read_file(whole, sizeof(whole));
    size_t last = size - record_len(FRAMES - 1);
    for (size_t cut = last; cut < size; cut++) {
        struct recording *r;
        struct err e = {""};
        bool torn;
        write_file(whole, cut);
        expect_frames(FRAMES - 1, 0, cut != last);
        assert_int_equal(recording_append(path, &r, &torn, &e), 0);
        assert_int_equal(torn, cut != last);
        assert_int_equal(recording_write(r, frames[FRAMES - 1],
                                         strlen(frames[FRAMES - 1]),
                                         1000 - (FRAMES - 1)),
                         0);
        recording_close(r);
        expect_frames(FRAMES, 0, false);
    }
}

static void header_is_cut_off(void **state)
{
    (void)state;
    uint8_t whole[256];
    unlink(path);
    append_frames(0);
    assert_int_equal(read_file(whole, sizeof(whole)), RECORDING_HEADER_LEN);
    for (size_t cut = 0; cut < RECORDING_HEADER_LEN; cut++) {
        struct recording *r;
        struct err e = {""};
        write_file(whole, cut);
        assert_int_equal(recording_open(path, &r, &e), -EINVAL);
        assert_non_null(strstr(e.text, cut == 0 ? "is empty" : "ends within"));
        append_frames(1); /* a killed writer's: it begins anew */
        expect_frames(1, 0, false);
    }
}

/* Each bit of each byte behind the header turned over: never a wrong frame. */
static void damage_is_found(void **state)
{
    (void)state;
    uint8_t whole[256];
    unlink(path);
    append_frames(FRAMES);
    size_t size = read_file(whole, sizeof(whole));
    size_t starts[FRAMES + 1] = {RECORDING_HEADER_LEN};
    for (size_t i = 0; i < FRAMES; i++)
        starts[i + 1] = starts[i] + record_len(i);
    assert_int_equal(starts[FRAMES], size);
    for (size_t at = RECORDING_HEADER_LEN; at < size; at++) {
        size_t hit = 0;
        while (at >= starts[hit + 1])
            hit++;
        for (unsigned bit = 0; bit < 8; bit++) {
            int end;
            bool torn;
            whole[at] ^= (uint8_t)(1U << bit);
            write_file(whole, size);
            assert_int_equal(count(&end, &torn), hit);
            assert_true(end == -EIO || (end == 0 && torn));
            whole[at] ^= (uint8_t)(1U << bit);
        }
    }
}

static void damaged_middle_is_no_torn_tail(void **state)
{
    (void)state;
    uint8_t whole[256];
    unlink(path);
    append_frames(FRAMES);
    size_t size = read_file(whole, sizeof(whole));
    whole[RECORDING_HEADER_LEN + RECORDING_RECORD_LEN] ^= 1; /* in the first frame */
    write_file(whole, size);
    expect_frames(0, -EIO, false);
    struct recording *r;
    struct err e = {""};
    assert_int_equal(recording_append(path, &r, NULL, &e), -EIO);
    assert_non_null(strstr(e.text, "the record at byte 16"));
    assert_int_equal(read_file(whole, sizeof(whole)), size); /* nothing is cut off */
}

static void strange_files_are_refused(void **state)
{
    (void)state;
    static const char script[] = "#!/bin/sh\necho hello\n";
    write_file(script, sizeof(script));
    expect_refused(-EINVAL, "is not a recording");
    write_file("VMBREC\2\0\0\0\0\0\0\0\0\0", 16);
    expect_refused(-EPROTONOSUPPORT, "version 2");
    write_file("VMBREC\1\0\0\0\0\0\0\0\0\1", 16);
    expect_refused(-EINVAL, "header");
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0); /* nobody is at its other end */
    expect_refused(-EINVAL, "not a regular file");
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    struct recording *r;
    struct err e = {""};
    assert_int_equal(recording_open(path, &r, &e), -EINVAL);
    assert_int_equal(recording_append(path, &r, NULL, &e), -EISDIR);
    rmdir(path);
    assert_int_equal(recording_open(path, &r, &e), -ENOENT);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_int_equal(recording_append(path, &r, NULL, &e), -ELOOP);
    unlink(path);
}

/* Refused at once and with little memory, as is a recording with a hole behind it. */
static void zeros_are_refused(void **state)
{
    (void)state;
    const off_t gib = (off_t)1 << 30;
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    unlink(path);
    write_file("", 0);
    assert_int_equal(truncate(path, gib), 0);
    expect_refused(-EINVAL, "is not a recording");
    unlink(path);
    append_frames(FRAMES);
    assert_int_equal(truncate(path, gib), 0);
    expect_frames(FRAMES, -EIO, false);
    getrusage(RUSAGE_SELF, &after);
    assert_true(after.ru_maxrss - before.ru_maxrss < 4096); /* KiB */
    unlink(path);
}

static void one_writer_at_a_time(void **state)
{
    (void)state;
    struct recording *first, *second;
    struct err e = {""};
    unlink(path);
    assert_int_equal(recording_append(path, &first, NULL, &e), 0);
    assert_int_equal(recording_append(path, &second, NULL, &e), -EBUSY);
    assert_non_null(strstr(e.text, "another process"));
    assert_int_equal(recording_write(first, frames[0], strlen(frames[0]), 1000), 0);
    expect_frames(1, 0, false); /* readers may */
    recording_close(first);
    assert_int_equal(recording_append(path, &second, NULL, &e), 0);
    recording_close(second);
}

static void full_disk_leaves_whole_records(void **state)
{
    (void)state;
    struct recording *r;
    struct err e = {""};
    struct rlimit old, small;
    unlink(path);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(recording_append(path, &r, NULL, &e), 0);
    assert_int_equal(recording_write(r, frames[0], strlen(frames[0]), 1000), 0);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = recording_size(r) + RECORDING_RECORD_LEN; /* half a record */
    setrlimit(RLIMIT_FSIZE, &small);
    int rc = recording_write(r, frames[1], strlen(frames[1]), 999);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_true(rc == -ENOSPC || rc == -EFBIG);
    expect_frames(1, 0, false);
    assert_int_equal(recording_write(r, frames[1], strlen(frames[1]), 999), 0);
    expect_frames(2, 0, false);
    recording_close(r);
}

static int make_directory(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/rec", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeros_are_refused), /* first: it looks at the peak of memory */
        cmocka_unit_test(crc_is_zlibs),
        cmocka_unit_test(frames_survive),
        cmocka_unit_test(longest_frame_survives),
        cmocka_unit_test(torn_tail_is_cut_off),
        cmocka_unit_test(header_is_cut_off),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(damaged_middle_is_no_torn_tail),
        cmocka_unit_test(strange_files_are_refused),
        cmocka_unit_test(one_writer_at_a_time),
        cmocka_unit_test(full_disk_leaves_whole_records),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
