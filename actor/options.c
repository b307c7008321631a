/* options.c - an actor's command line, and that of its alias. */
#include "actor/options.h"

#include "common/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_ENDPOINT = 0x2000,
    KEY_STANDALONE,
    KEY_DRY_RUN,
    KEY_ONCE,
    KEY_REPLAY,
};

static const struct argp_option options[] = {
    {"endpoint", KEY_ENDPOINT, "ENDPOINT", 0,
     "where snapshots come from (default: ipc://RUNTIME-DIR/pub.sock)", 0},
    {"standalone", KEY_STANDALONE, NULL, 0,
     "sample the host itself: no monitor, no bus", 0},
    {"interval", 'i', "S", 0, "seconds between samples, with --standalone (default 2)",
     0},
    {"config", 'f', "FILE", 0, "settings, with --standalone or --replay", 0},
    {"replay", KEY_REPLAY, "FILE", 0,
     "judge the snapshots of a recording ('vmctl record') and print the plan for each; "
     "touches nothing, needs no libvirt and no monitor",
     0},
    {"dry-run", KEY_DRY_RUN, NULL, 0, "say what would be done, touch nothing", 0},
    {"once", KEY_ONCE, NULL, 0, "end after the first decision", 0},
    {0},
};

/* What does not go together. */
static void check(const struct actor_options *o, struct argp_state *state)
{
    if (o->replay != NULL &&
        (o->standalone || o->once || o->endpoint != NULL || o->interval_ms != 0))
        argp_error(state, "--replay takes snapshots, and their times, from its file: "
                          "--standalone, --endpoint, --interval and --once do not go "
                          "with it");
    else if (o->replay == NULL && !o->standalone &&
             (o->interval_ms != 0 || o->config != NULL))
        argp_error(state, "--interval and --config go with --standalone; otherwise the "
                          "monitor's settings hold");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct actor_options *o = state->input;
    struct err e;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->process;
        return 0;
    case KEY_ENDPOINT:
        o->endpoint = arg;
        return 0;
    case KEY_STANDALONE:
        o->standalone = true;
        return 0;
    case 'i':
        if (process_parse_interval(arg, &o->interval_ms, &e) < 0)
            argp_error(state, "%s", e.text);
        return 0;
    case 'f':
        o->config = arg;
        return 0;
    case KEY_DRY_RUN:
        o->dry_run = true;
        return 0;
    case KEY_ONCE:
        o->once = true;
        return 0;
    case KEY_REPLAY:
        o->replay = arg;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is one argument too many", arg);
        return 0;
    case ARGP_KEY_END:
        check(o, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The alias: one INTERVAL, and the options that make sense with it. */
static error_t parse_alias(int key, char *arg, struct argp_state *state)
{
    struct actor_options *o = state->input;
    struct err e;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->process;
        return 0;
    case KEY_DRY_RUN:
        o->dry_run = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "one INTERVAL is enough; '%s' is too many", arg);
        arg += arg[0] == ' '; /* see shield_negative_number() */
        if (process_parse_interval(arg, &o->interval_ms, &e) < 0)
            argp_error(state, "%s", e.text);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state,
                   "INTERVAL is missing: the seconds between two samples, as in '%s 2'",
                   state->name);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_version(FILE *out, struct argp_state *state)
{
    fprintf(out, "%s (vmbalance) %s\n", state->name, VMBALANCE_VERSION);
}

/* "-1" must be an INTERVAL out of range, not an unknown option. */
static void shield_negative_number(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        static char shielded[64];
        if (argv[i][0] != '-' || strspn(argv[i] + 1, "0123456789.") == 0)
            continue;
        snprintf(shielded, sizeof(shielded), " %s", argv[i]);
        argv[i] = shielded;
        return;
    }
}

void actor_options_parse(const struct actor_ops *ops, int argc, char **argv,
                         struct actor_options *ret)
{
    static const struct argp_option alias_options[] = {
        {"dry-run", KEY_DRY_RUN, NULL, 0, "say what would be done, touch nothing", 0},
        {0},
    };
    const struct argp_child children[] = {{.argp = &process_argp}, {0}};
    const char *slash = strrchr(argv[0], '/');
    bool alias = strcmp(slash != NULL ? slash + 1 : argv[0], ops->alias) == 0;
    char doc[512];
    snprintf(doc, sizeof(doc), "%s\vExample: %s", ops->help,
             alias ? "INTERVAL is the seconds between two samples, as in 2"
                   : "--standalone --interval 1 --connect qemu:///system --dry-run");
    const struct argp argp = {
        .options = alias ? alias_options : options,
        .parser = alias ? parse_alias : parse,
        .args_doc = alias ? "INTERVAL" : NULL,
        .doc = doc,
        .children = children,
    };
    memset(ret, 0, sizeof(*ret));
    process_options_init(&ret->process, host_default_uri());
    ret->standalone = alias;
    argp_program_version_hook = print_version;
    argp_err_exit_status = PROCESS_USAGE;
    if (alias)
        shield_negative_number(argc, argv);
    argp_parse(&argp, argc, argv, 0, NULL, ret);
    if (ret->interval_ms == 0)
        ret->interval_ms = 2000;
}
