/* command.h - one command as the user gave it, and the table of all commands. */
#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

#include "common/err.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum command_exit {
    COMMAND_OK = 0,
    COMMAND_FAILED = 1, /* or refused, or (status) degraded */
    COMMAND_USAGE = 2,
    COMMAND_UNREACHABLE = 3, /* nobody answers */
    COMMAND_NO_VM = 4,
    COMMAND_PERMISSION = 5,
};

struct command {
    char runtime_dir[PATH_MAX];
    int64_t timeout_ns;  /* --timeout: of the whole command */
    int64_t deadline_ns; /* CLOCK_MONOTONIC */
    int64_t seconds_ns;  /* --seconds, of record; 0 = until a signal comes */
    bool json;
    char **words; /* what stands behind the command's name, options taken out */
    size_t nwords;
};

struct command_verb {
    const char *name;
    const char *args;    /* for the usage line, or NULL */
    const char *help;    /* one line, for the list */
    const char *details; /* further lines for `help NAME`, with an example */
    size_t least, most;  /* words behind the name */
    int (*run)(const struct command *c); /* returns an enum command_exit */
};

/* The table, in the order of the help text. */
const struct command_verb *command_table(size_t *ret_count);

/* The verb of exactly that name, or NULL. */
const struct command_verb *command_find(const char *name);

/* The verb a mistyped name may have meant, or NULL. */
const struct command_verb *command_nearest(const char *name);

/* Says "vmctl: text" on stderr, made safe for terminals. */
void command_message(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Says what e says and returns the exit status for what ask_monitor() returned. */
int command_fail(int code, const struct err *e);

/* The commands, in read.c, change.c, record.c, replay.c and options.c; each prints to stdout. */
int command_status(const struct command *c);
int command_get(const struct command *c);
int command_settings(const struct command *c);
int command_ping(const struct command *c);
int command_version(const struct command *c);
int command_vms(const struct command *c);
int command_vm(const struct command *c);
int command_set(const struct command *c);
int command_pause(const struct command *c);
int command_resume(const struct command *c);
int command_record(const struct command *c);
int command_replay(const struct command *c);
int command_help(const struct command *c);

#endif
