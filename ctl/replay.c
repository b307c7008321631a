/* replay.c - the command replay: a recording, line by line. */
#include "ctl/command.h"

#include "common/recording.h"
#include "common/wire/wire.h"
#include "ctl/render_replay.h"

#include <errno.h>
#include <string.h>

struct replaying {
    const struct command *command;
    bool begun;
    int64_t first_ns;
    uint64_t frames;
};

static int print_json(const struct wire_message *m, const char *why, int64_t at_ns)
{
    json_t *line = render_replay_json(m, why, at_ns);
    bool bad = line == NULL ||
               json_dumpf(line, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) < 0 ||
               fputc('\n', stdout) == EOF;
    json_decref(line);
    return bad ? -EIO : 0;
}

static int decode(const struct recording_frame *f, struct wire_message *ret,
                  struct err *e)
{
    static const enum wire_topic topics[] = {WIRE_SNAPSHOT, WIRE_REPORT, WIRE_EVENT,
                                             WIRE_CONTROL};
    const size_t len = WIRE_PREFIX_LEN - 1;
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
        if (f->len >= len && memcmp(f->data, wire_prefix(topics[i]), len) == 0)
            return wire_decode(topics[i], f->data, f->len, ret, e);
    return err_set(e, -EPROTO, "a message of %zu bytes without a topic of ours",
                   f->len);
}

/* Returns 0; -EIO when stdout takes no more. */
static int print(struct replaying *p, const struct recording_frame *f)
{
    struct wire_message m;
    struct err e = {""};
    if (!p->begun)
        p->first_ns = f->arrived_ns;
    p->begun = true;
    int64_t at_ns = f->arrived_ns - p->first_ns;
    bool known = decode(f, &m, &e) == 0;
    int rc = 0;
    if (p->command->json)
        rc = print_json(known ? &m : NULL, e.text, at_ns);
    else if (known)
        render_replay(&m, at_ns, stdout);
    else
        render_replay_unknown(e.text, at_ns, stdout);
    if (known)
        wire_message_fini(&m);
    return ferror(stdout) ? -EIO : rc;
}

int command_replay(const struct command *c)
{
    struct replaying p = {.command = c};
    struct recording *from;
    struct recording_frame f;
    struct err e = {""};
    if (recording_open(c->words[0], &from, &e) < 0)
        return command_fail(-EIO, &e); /* a file that is not there is a plain failure */
    int rc;
    while ((rc = recording_next(from, &f, &e)) > 0) {
        rc = print(&p, &f);
        if (rc < 0) {
            err_set(&e, rc, "cannot write the answer");
            break;
        }
    }
    fflush(stdout); /* so that a message comes behind what it is about */
    if (rc < 0)
        rc = command_fail(-EIO, &e);
    else if (recording_is_torn(from))
        command_message("%s: the last record is torn (its writer was killed); left out",
                        c->words[0]);
    recording_close(from);
    return rc;
}
