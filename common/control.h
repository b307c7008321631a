/* control.h - what vmctl asks of the monitor, and what it answers.  Plain data; the
 * wire form is common/wire/wire.h. */
#ifndef COMMON_CONTROL_H
#define COMMON_CONTROL_H

#include "common/err.h"
#include "common/report.h"
#include "common/settings.h"
#include "common/snapshot.h"

#define CONTROL_ID_MAX 64       /* bytes of a request id, NUL included */
#define CONTROL_CHANGES_MAX 128 /* settings changed by one request */

enum control_verb {
    CONTROL_NONE = 0,
    CONTROL_PING = 1,
    CONTROL_STATE = 2,
    CONTROL_SET = 3, /* the admin socket only */
    CONTROL_ACT = 4, /* to a simulated host only */
};

struct control_change {
    char key[64];
    char value[SETTINGS_TEXT_MAX];
};

/* Zero-initialise; free what it owns with control_request_fini(). */
struct control_request {
    char id[CONTROL_ID_MAX]; /* the same when a request is sent again */
    enum control_verb verb;
    struct control_change *changes; /* all are applied, or none */
    size_t nchanges;
    bool has_action; /* CONTROL_ACT */
    struct report_action action;
};

struct control_report {
    bool has;
    int64_t received_ns; /* by the monitor, its mono */
    struct report report;
};

/* Zero-initialise; free what it owns with control_reply_fini(). */
struct control_reply {
    char id[CONTROL_ID_MAX];
    int32_t error; /* 0, or -errno: error_text then says why */
    char error_text[ERR_TEXT_MAX];
    char version[REPORT_WORD_MAX];
    int32_t pid;
    int64_t started_ns, mono_ns; /* the monitor's start, and now */
    uint64_t settings_version;
    struct settings settings;
    uint64_t reconnects, stuck_calls, bad_messages;
    bool has_snapshot;
    struct snapshot snapshot;
    struct control_report reports[REPORT_ACTORS]; /* by enum report_actor */
};

void control_request_fini(struct control_request *r);
void control_reply_fini(struct control_reply *r);

#endif
