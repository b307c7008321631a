/* ask.c - is anybody there, may we talk to them, and what do they say? */
#include "ctl/ask.h"

#include "common/bus.h"
#include "common/clock.h"
#include "common/runtime_dir.h"
#include "common/wire/wire.h"
#include "ctl/text.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOW_TO_START "start it with 'vmbalance up --connect URI'"

/* ---- before asking: what the file system tells ---- */

/* path is the nearest thing we may look at: its group is the one to join. */
static int no_permission(const char *path, struct err *e)
{
    struct stat st;
    struct group entry, *found = NULL;
    char names[4096];
    if (stat(path, &st) < 0 || st.st_gid == 0 ||
        getgrgid_r(st.st_gid, &entry, names, sizeof(names), &found) != 0 ||
        found == NULL)
        return err_set(e, -EACCES, "no permission for %.200s; run vmctl as root", path);
    return err_set(
        e, -EACCES,
        "no permission for %.200s: it is for group %.64s; join that (usermod -aG "
        "%.64s USER, then log in again), or run vmctl as root",
        path, entry.gr_name, entry.gr_name);
}

/* A missing socket is no failure: a monitor that is being restarted is back in a moment.
 */
int ask_look(const char *dir, const char *socket_name, struct err *e)
{
    char path[PATH_MAX];
    struct stat st;
    if (stat(dir, &st) < 0 && (errno == ENOENT || errno == ENOTDIR))
        return err_set(e, -ENOENT,
                       "vmbalance is not running (there is no %.200s); " HOW_TO_START,
                       dir);
    snprintf(path, sizeof(path), "%s/%s", dir, socket_name);
    if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 || errno != EACCES)
        return 0;
    return no_permission(stat(path, &st) == 0 ? path : dir, e);
}

/* ---- the request ---- */

static int make_id(char *ret, size_t size)
{
    unsigned char raw[16];
    if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
        return -EIO;
    for (size_t i = 0; i < sizeof(raw) && 2 * i + 2 < size; i++)
        snprintf(ret + 2 * i, 3, "%02x", raw[i]);
    return 0;
}

int ask_change(struct control_change *ret, const char *key, const char *value,
               struct err *e)
{
    char shown[128];
    if (!text_is_plain(key) || !text_is_plain(value))
        return err_set(e, -EINVAL,
                       "%s: control characters and broken UTF-8 are not allowed",
                       text_safe(key, shown, sizeof(shown)));
    if (strlen(key) >= sizeof(ret->key))
        return err_set(e, -EINVAL,
                       "unknown setting '%.40s...'; 'vmctl settings' lists them", key);
    if (strlen(value) >= sizeof(ret->value))
        return err_set(e, -EINVAL,
                       "%s: the value has %zu bytes, at most %zu are allowed", key,
                       strlen(value), sizeof(ret->value) - 1);
    memset(ret, 0, sizeof(*ret));
    snprintf(ret->key, sizeof(ret->key), "%s", key);
    snprintf(ret->value, sizeof(ret->value), "%s", value);
    return 0;
}

static int encode(enum control_verb verb, const struct control_change *changes,
                  size_t nchanges, struct control_request *q, struct wire_frame *ret)
{
    struct wire_origin origin = {.sender = "vmctl",
                                 .sequence = 1,
                                 .mono_ns = clock_mono_ns(),
                                 .wall_ns = clock_wall_ns()};
    q->verb = verb;
    q->nchanges = nchanges;
    q->changes = calloc(nchanges + 1, sizeof(*changes));
    if (q->changes == NULL)
        return -ENOMEM;
    if (nchanges > 0)
        memcpy(q->changes, changes, nchanges * sizeof(*changes));
    int r = make_id(q->id, sizeof(q->id));
    return r < 0 ? r : wire_encode_request(&origin, q, ret);
}

/* ---- the answer ---- */

static int decode(const struct bus_message *m, const char *id,
                  struct control_reply *ret, struct err *e)
{
    struct wire_message answer;
    struct err why = {.text = "not a message of ours"};
    int r = wire_decode(WIRE_CONTROL, m->data, m->len, &answer, &why);
    if (r < 0)
        return err_set(e, r, "the monitor's answer is not understood: %.300s",
                       why.text);
    if (answer.kind != WIRE_KIND_REPLY || strcmp(answer.u.reply.id, id) != 0) {
        wire_message_fini(&answer);
        return err_set(e, -EPROTO, "the monitor's answer is not to our question");
    }
    *ret = answer.u.reply; /* takes over what it owns */
    return 0;
}

static int exchange(const struct ask *a, const char *endpoint,
                    const struct wire_frame *f, struct bus_message *ret, struct err *e)
{
    struct bus *b;
    int r = bus_create(&b);
    if (r < 0)
        return err_set(e, r, "cannot set up the bus: %s", strerror(-r));
    int64_t left_ms = (a->deadline_ns - clock_mono_ns()) / CLOCK_NS_PER_MS;
    const struct bus_question q = {.endpoint = endpoint,
                                   .data = f->data,
                                   .len = f->len,
                                   .reply_max = WIRE_FRAME_MAX,
                                   .timeout_ms = left_ms > 0 ? (int)left_ms : 0};
    r = bus_ask(b, &q, ret, e);
    bus_destroy(b);
    return r;
}

int ask_monitor(const struct ask *a, enum control_verb verb,
                const struct control_change *changes, size_t nchanges,
                struct control_reply *ret, struct err *e)
{
    const char *name = verb == CONTROL_SET ? ENDPOINT_ADMIN : ENDPOINT_READ;
    char endpoint[ENDPOINT_MAX];
    struct control_request request = {0};
    struct wire_frame frame = {0};
    struct bus_message answer = {0};
    int r = ask_look(a->runtime_dir, name, e);
    r = r < 0 ? r : endpoint_ipc(a->runtime_dir, name, endpoint, sizeof(endpoint), e);
    if (r < 0)
        return r;
    r = encode(verb, changes, nchanges, &request, &frame);
    if (r < 0)
        err_set(e, r, "cannot make the request: %s", strerror(-r));
    else
        r = exchange(a, endpoint, &frame, &answer, e);
    if (r == -ETIMEDOUT) { /* a socket that came up meanwhile may not be for us */
        r = ask_look(a->runtime_dir, name, e);
        r = r < 0
                ? r
                : err_set(e, -ETIMEDOUT, "no monitor answers in %.200s; " HOW_TO_START,
                          a->runtime_dir);
    } else if (r == 0) {
        r = decode(&answer, request.id, ret, e);
    }
    bus_message_fini(&answer);
    free(frame.data);
    control_request_fini(&request);
    return r;
}
