/* ask.h - one question to the monitor, and its answer. */
#ifndef CTL_ASK_H
#define CTL_ASK_H

#include "common/control.h"
#include "common/err.h"

#include <stdint.h>

struct ask {
    const char *runtime_dir;
    int64_t deadline_ns; /* CLOCK_MONOTONIC: give up then */
};

/* Asks verb (with changes, for CONTROL_SET) of the monitor that serves a->runtime_dir,
 * again and again until it answers or the time is over.  All repetitions carry one
 * request id. A change goes to the admin socket, everything else to the read socket.
 * Returns 0 and *ret (control_reply_fini() it), also when the monitor refuses: see
 * ret->error.  Else e says what to do about it:
 *   -ENOENT        there is no runtime directory, so nothing runs (found at once)
 *   -ETIMEDOUT     nobody answered
 *   -EACCES        the sockets are not for this user
 *   -EINVAL        a change that cannot be sent (too long, or control characters)
 *   -ENAMETOOLONG  the runtime directory's name does not fit into a socket address
 *   -EPROTO, -EPROTONOSUPPORT, -EMSGSIZE  the answer is not one of ours, or not our
 * version -errno. */
int ask_monitor(const struct ask *a, enum control_verb verb,
                const struct control_change *changes, size_t nchanges,
                struct control_reply *ret, struct err *e);

/* Whether talking to that socket has a point: the runtime directory is there, and the
 * socket is not forbidden.  Returns 0; -ENOENT; -EACCES (e says what to do). */
int ask_look(const char *dir, const char *socket_name, struct err *e);

/* Fills in one change.  Returns 0; -EINVAL when key or value is too long or cannot be
 * sent as it is (e names the reason). */
int ask_change(struct control_change *ret, const char *key, const char *value,
               struct err *e);

#endif
