/* options.h - an actor's command line. */
#ifndef ACTOR_OPTIONS_H
#define ACTOR_OPTIONS_H

#include "actor/actor.h"
#include "common/process.h"
#include "host/host.h"

struct actor_options {
    struct process_options process;
    const char *endpoint; /* snapshots; NULL = the runtime directory's */
    const char *replay;   /* a recording to judge instead of the host; NULL = none */
    const char *config;   /* --standalone and --replay only; NULL = none */
    bool standalone;
    bool dry_run;
    bool once;
    uint32_t interval_ms; /* --standalone */
};

/* Parses the command line; called under ops->alias, it takes one INTERVAL instead.
 * Exits by itself: 0 after --help and --version, 2 for a usage error. */
void actor_options_parse(const struct actor_ops *ops, int argc, char **argv,
                         struct actor_options *ret);

#endif
