/* record.c - the command record: what the monitor publishes, into a file.
 *
 * One subscription to everything, so that the file has the order in which the monitor
 * said it.  The monitor sends its last snapshot again for every subscriber: such a
 * repetition is not written. */
#include "ctl/command.h"

#include "common/bus.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/process.h"
#include "common/recording.h"
#include "common/runtime_dir.h"
#include "common/wire/wire.h"
#include "ctl/ask.h"
#include "ctl/text.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct recorder {
    const struct command *command;
    const char *path;
    int signal_fd;
    struct bus *bus;
    struct bus_socket *socket;
    struct recording *file;  /* opened when there is something to write */
    struct bus_message last; /* snapshot */
    int64_t end_ns;
    uint64_t frames, bytes; /* written by us */
};

static int subscribe(struct recorder *r, struct err *e)
{
    char endpoint[ENDPOINT_MAX];
    const char *dir = r->command->runtime_dir;
    int rc = ask_look(dir, ENDPOINT_SNAPSHOTS, e);
    rc = rc < 0 ? rc
                : endpoint_ipc(dir, ENDPOINT_SNAPSHOTS, endpoint, sizeof(endpoint), e);
    if (rc < 0)
        return rc;
    r->signal_fd = process_signals(false); /* before the bus makes its threads */
    signal(SIGXFSZ, SIG_IGN); /* too large a file is an error, not the end */
    if (r->signal_fd < 0)
        return err_set(e, r->signal_fd, "cannot take signals");
    rc = bus_create(&r->bus);
    if (rc < 0)
        return err_set(e, rc, "cannot set up the bus: %s", strerror(-rc));
    const struct bus_open how = {
        .kind = BUS_SUBSCRIBE, .endpoint = endpoint, .message_max = WIRE_FRAME_MAX};
    return bus_socket_open(r->bus, &how, &r->socket, e);
}

/* The first frame is there. */
static int open_file(struct recorder *r, int64_t now_ns, struct err *e)
{
    bool torn;
    int rc = recording_append(r->path, &r->file, &torn, e);
    if (rc < 0)
        return rc;
    if (torn)
        command_message("%s: its last record was torn (its writer was killed): cut off",
                        r->path);
    r->end_ns =
        r->command->seconds_ns > 0 ? now_ns + r->command->seconds_ns : INT64_MAX;
    return 0;
}

/* The very bytes of the last snapshot. */
static bool is_repetition(struct recorder *r, struct bus_message *m)
{
    const uint8_t *prefix = wire_prefix(WIRE_SNAPSHOT);
    if (m->len < WIRE_PREFIX_LEN || memcmp(m->data, prefix, WIRE_PREFIX_LEN - 1) != 0)
        return false;
    if (m->len == r->last.len && memcmp(m->data, r->last.data, m->len) == 0)
        return true;
    bus_message_fini(&r->last);
    r->last = *m; /* which is then ours: see take() */
    return false;
}

static int write_frame(struct recorder *r, const struct bus_message *m, int64_t now_ns,
                       struct err *e)
{
    int rc = r->file == NULL ? open_file(r, now_ns, e) : 0;
    if (rc < 0)
        return rc;
    rc = recording_write(r->file, m->data, m->len, now_ns);
    if (rc == -EMSGSIZE) /* an empty message is nobody's */
        return 0;
    if (rc < 0)
        return err_set(e, rc, "cannot write %.300s: %s; what was written is good",
                       r->path, strerror(-rc));
    r->frames++;
    r->bytes += m->len + RECORDING_RECORD_LEN;
    return 0;
}

/* All that has come.  Returns 0 or -errno. */
static int take(struct recorder *r, struct err *e)
{
    struct bus_message m;
    int rc;
    while ((rc = bus_recv(r->socket, &m)) == 0) {
        int64_t now_ns = clock_mono_ns();
        if (!is_repetition(r, &m))
            rc = write_frame(r, &m, now_ns, e);
        if (m.data != r->last.data)
            bus_message_fini(&m);
        if (rc < 0)
            return rc;
    }
    return rc == -EAGAIN ? 0 : err_set(e, rc, "cannot receive: %s", strerror(-rc));
}

/* Until a signal comes or the time is over.  Returns 0; -ETIMEDOUT; -errno. */
static int record(struct recorder *r, struct err *e)
{
    for (;;) {
        int64_t until_ns = r->file != NULL ? r->end_ns : r->command->deadline_ns;
        int64_t left_ms = (until_ns - clock_mono_ns()) / CLOCK_NS_PER_MS + 1;
        if (left_ms <= 0 || clock_mono_ns() >= until_ns)
            break;
        struct bus_poll items[] = {{.socket = NULL, .fd = r->signal_fd},
                                   {.socket = r->socket, .fd = -1}};
        int rc = bus_wait(items, 2, left_ms < 1000 ? (int)left_ms : 1000);
        if (rc < 0)
            return err_set(e, rc, "cannot wait: %s", strerror(-rc));
        rc = items[1].ready ? take(r, e) : 0;
        if (rc < 0)
            return rc;
        if (items[0].ready && process_next_signal(r->signal_fd) != 0)
            return 0;
    }
    if (r->file != NULL)
        return 0;
    return err_set(e, -ETIMEDOUT,
                   "no monitor publishes in %.200s; start it with 'vmbalance up "
                   "--connect URI'",
                   r->command->runtime_dir);
}

static int print(const struct recorder *r)
{
    char safe[4 * PATH_MAX];
    if (!r->command->json) {
        printf("%llu frames, %llu bytes, in %s\n", (unsigned long long)r->frames,
               (unsigned long long)r->bytes, text_safe(r->path, safe, sizeof(safe)));
        return COMMAND_OK;
    }
    json_t *to = json_object();
    json_object_set_new(to, "schema_version", json_integer(JSON_SCHEMA_VERSION));
    json_object_set_new(to, "file", json_text(r->path));
    json_object_set_new(to, "frames", json_u64(r->frames));
    json_object_set_new(to, "bytes", json_u64(r->bytes));
    int rc = json_print(to, stdout);
    json_decref(to);
    return rc < 0 ? COMMAND_FAILED : COMMAND_OK;
}

int command_record(const struct command *c)
{
    struct recorder r = {.command = c, .path = c->words[0], .signal_fd = -1};
    struct err e = {""};
    int rc = subscribe(&r, &e);
    rc = rc < 0 ? rc : record(&r, &e);
    bus_socket_close(r.socket);
    bus_destroy(r.bus);
    bus_message_fini(&r.last);
    recording_close(r.file);
    if (r.signal_fd >= 0)
        close(r.signal_fd);
    int status = COMMAND_OK;
    if (rc < 0) /* of a file's errors, each is a plain failure */
        status = r.frames > 0 ? command_fail(-EIO, &e) : command_fail(rc, &e);
    if (rc == 0 || r.frames > 0)
        status |= print(&r);
    return status;
}
