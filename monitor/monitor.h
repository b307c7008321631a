/* monitor.h - the monitor's state, shared by its parts. */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

#include "common/bus.h"
#include "common/control.h"
#include "common/process.h"
#include "common/report.h"
#include "common/settings.h"
#include "common/snapshot.h"
#include "common/wire/wire.h"
#include "host/host.h"
#include "monitor/replies.h"

#include <stdbool.h>
#include <stdint.h>

struct monitor_options {
    struct process_options process;
    const char *config;   /* NULL = none */
    uint32_t interval_ms; /* 0 = not given */
    bool once, json;
};

struct monitor {
    struct monitor_options options;
    struct host *host;
    struct settings settings;
    uint64_t settings_version;
    int64_t started_ns;
    int lock_fd, signal_fd;

    /* sampler.c */
    int64_t last_request_ns, next_sample_ns;
    uint64_t sequence;
    struct snapshot last; /* valid when sequence > 0 */

    /* publisher.c */
    struct bus *bus;
    struct bus_socket *publish, *collect, *read, *admin;
    struct wire_frame last_frame; /* of last, for those who join late */
    int64_t greeted_ns;           /* when it was last sent to those */
    bool greeting_owed;           /* somebody joined since */
    uint64_t events;
    uint64_t bad_messages;
    bool last_was_bad;

    /* watch.c */
    struct control_report reports[REPORT_ACTORS];
    bool silent[REPORT_ACTORS]; /* said so */

    /* control.c */
    struct replies replies;
};

/* ---- settings.c: which settings are in force ---- */

/* Reads defaults, then the config file, then the command line.  0 or -errno with e. */
int monitor_load_settings(const struct monitor_options *o, struct settings *ret,
                          struct err *e);
/* Puts new settings in force: a new version, an event, a sample at once. */
void monitor_use_settings(struct monitor *m, const struct settings *s);
/* Puts the settings that a killed monitor left behind in force; an orderly end forgets
 * them. */
void monitor_recall_settings(struct monitor *m);
void monitor_forget_settings(const struct monitor *m);
/* SIGHUP: reads the config file again; a bad one is refused whole. */
void monitor_reload(struct monitor *m);

/* ---- sampler.c: when to look ---- */

/* Asks the host for a sample when one is due.  Returns ms until the next one is. */
int sampler_run(struct monitor *m);
/* Makes a sample due now, though at most every 200 ms: a shorter one says nothing, run
 * time moves in steps of 10 ms. */
void sampler_hurry(struct monitor *m);
/* Takes a finished sample into m->last.  Returns 0, or -EAGAIN when there is none. */
int sampler_take(struct monitor *m);

/* ---- publisher.c: what others get ---- */

/* Opens the four sockets.  0 or -errno with e. */
int publisher_open(struct monitor *m, struct err *e);
void publisher_close(struct monitor *m);
/* Publishes m->last. */
void publisher_snapshot(struct monitor *m);
/* Sends the last snapshot again when somebody has subscribed since; at most every 50 ms,
 * so call it until greeting_owed is false. */
void publisher_greet(struct monitor *m);
/* Publishes and logs one edge; domain may be NULL. */
void publisher_event(struct monitor *m, const char *kind, const char *domain,
                     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Takes reports in, checks them, keeps the last of each actor, passes them on. */
void publisher_reports(struct monitor *m);
/* Counts an undecodable message, and says so once per run of them. */
void publisher_drop(struct monitor *m, const char *where, const struct err *e);

/* ---- watch.c: edges worth telling ---- */

/* Compares two consecutive snapshots; before may be empty. */
void watch_snapshot(struct monitor *m, const struct snapshot *before);
/* Notices actors that have fallen silent, or speak again. */
void watch_actors(struct monitor *m);

/* ---- control.c: questions and changes ---- */

/* Answers what has come in on the socket; changes are refused unless admin. */
void control_serve(struct monitor *m, struct bus_socket *socket, bool admin);

/* ---- once.c: --once ---- */

/* Samples once and prints it, as text or JSON.  Returns the exit status. */
int once_run(struct monitor *m);

#endif
