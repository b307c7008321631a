/* process.h - what every daemon's main() does the same way: common options, signals,
 * readiness, living and dying with the parent.
 *
 * Exit statuses of all programs: 0 ok, 1 failed or refused, 2 usage, 3 nobody answers,
 * 125 misconfigured: a supervisor should not start it again. */
#ifndef COMMON_PROCESS_H
#define COMMON_PROCESS_H

#include "common/err.h"

#include <argp.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum process_exit {
    PROCESS_OK = 0,
    PROCESS_FAILED = 1,
    PROCESS_USAGE = 2,
    PROCESS_UNREACHABLE = 3,
    PROCESS_MISCONFIGURED = 125,
};

/* Options that all daemons have. */
struct process_options {
    const char *uri;            /* --connect; never NULL after parsing */
    char runtime_dir[PATH_MAX]; /* --runtime-dir */
    int ready_fd;               /* --ready-fd; -1 = none */
    pid_t parent;               /* --exit-with-parent; 0 = not asked for */
    bool verbose;               /* --verbose */
};

/* The argp parser of these options, to be used as a child; its input is a
 * struct process_options * . */
extern const struct argp process_argp;

/* For `exit status 2` on every bad command line. */
void process_options_init(struct process_options *o, const char *default_uri);

/* "interval" in seconds as the setting of that name: 0.2..3600.  0 or -EINVAL/-ERANGE.
 */
int process_parse_interval(const char *text, uint32_t *ret_ms, struct err *e);

/* Blocks SIGTERM, SIGINT and SIGHUP and returns a descriptor they can be read from;
 * ignores SIGPIPE; with a parent (not 0), asks the kernel for SIGTERM when it dies.
 * Call before any thread is made.  Returns the descriptor or -errno. */
int process_signals(pid_t parent);

/* The next signal number from that descriptor, or 0. */
int process_next_signal(int signal_fd);

/* Writes a newline to fd and closes it (s6's readiness protocol); -1 does nothing. */
void process_ready(int fd);

#endif
