/* test_ctl_fake.h - a stand-in for the monitor on a real bus, for tests of ctl/ only.
 */
#ifndef TEST_CTL_FAKE_H
#define TEST_CTL_FAKE_H

#include "common/control.h"

#include <stdatomic.h>
#include <stddef.h>

#define FAKE_SEEN_MAX 64

enum fake_mood {
    FAKE_WELL,
    FAKE_FORGETFUL,     /* the first answer is lost: only repetitions are answered */
    FAKE_SILENT,        /* takes requests, never answers */
    FAKE_GARBAGE,       /* answers what is no message */
    FAKE_OTHER_VERSION, /* answers in another major version */
    FAKE_OTHER_ID,      /* answers to a question nobody put */
};

struct fake_seen {
    char id[CONTROL_ID_MAX];
    enum control_verb verb;
};

struct fake; /* the running thread */

/* Serves read.sock and admin.sock in directory with what reply says, in that mood;
 * the fake owns reply until fake_stop().  The test fails when it cannot. */
struct fake *fake_start(const char *directory, struct control_reply *reply,
                        enum fake_mood mood);

/* Ends it.  *ret_seen (FAKE_SEEN_MAX, may be NULL) are the requests it got; returns how
 * many.  *ret_applied is how often it changed settings. */
size_t fake_stop(struct fake *f, struct fake_seen *ret_seen, size_t *ret_applied);

#endif
