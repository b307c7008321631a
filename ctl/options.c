/* options.c - vmctl's command line.
 *
 * Two argp parsers with the same options (a child of both): the first stops at the
 * command, the second reads the rest.  There, what begins with '-' and a digit is a
 * word ("set interval -1" must get as far as the monitor's answer that -1 is out of
 * range): digits are hidden options whose argument is the rest of the number. */
#include "ctl/options.h"

#include "common/clock.h"
#include "common/runtime_dir.h"
#include "common/version.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_S 2.0
#define TIMEOUT_LEAST_S 0.01
#define TIMEOUT_MOST_S 3600.0
#define SECONDS_MOST_S 31536000.0 /* a year */
#define SYSTEM_DIR "/run/vmbalance"

/* What both parsers fill in. */
struct parsing {
    struct command *command;
    const struct command_verb *verb; /* of the second */
    int command_at;                  /* of the first: index in argv, 0 = none */
};

static const struct argp_option common_options[] = {
    {"json", 'j', NULL, 0, "print JSON (docs/vmctl-json.md describes it)", 0},
    {"timeout", 't', "S", 0, "give up after S seconds (default: 2)", 0},
    {"runtime-dir", 'r', "DIR", 0,
     "where the stack's sockets are (default: $VMBALANCE_RUNTIME_DIR, else "
     "/run/vmbalance "
     "for root, else $XDG_RUNTIME_DIR/vmbalance)",
     0},
    {NULL, 'h', NULL, OPTION_HIDDEN, NULL, 0},
    {0},
};

static const struct argp_option record_options[] = {
    {"seconds", 's', "N", 0, "end after N seconds (default: go on)", 0},
    {0},
};

#define DIGIT_OPTION(digit)                                                            \
    {                                                                                  \
        NULL, digit, "", OPTION_ARG_OPTIONAL | OPTION_HIDDEN, NULL, 0                  \
    }

static const struct argp_option number_options[] = {
    DIGIT_OPTION('0'), DIGIT_OPTION('1'), DIGIT_OPTION('2'), DIGIT_OPTION('3'),
    DIGIT_OPTION('4'), DIGIT_OPTION('5'), DIGIT_OPTION('6'), DIGIT_OPTION('7'),
    DIGIT_OPTION('8'), DIGIT_OPTION('9'), DIGIT_OPTION('.'), {0},
};

static int64_t to_ns(const char *option, const char *text, double least, double most,
                     struct argp_state *state)
{
    char *end;
    double s = strtod(text, &end);
    if (end == text || *end != '\0' || !(s >= least && s <= most))
        argp_error(state, "%s: '%.40s' is not a number of seconds from %g to %.10g",
                   option, text, least, most);
    return (int64_t)(s * (double)CLOCK_NS_PER_S);
}

static void set_runtime_dir(struct command *c, const char *dir,
                            struct argp_state *state)
{
    if (dir[0] == '\0' || strlen(dir) >= sizeof(c->runtime_dir))
        argp_error(state, "--runtime-dir: '%.40s' is not a directory's name", dir);
    snprintf(c->runtime_dir, sizeof(c->runtime_dir), "%s", dir);
}

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
    struct command *c = ((struct parsing *)state->input)->command;
    switch (key) {
    case 'j':
        c->json = true;
        return 0;
    case 't':
        c->timeout_ns = to_ns("--timeout", arg, TIMEOUT_LEAST_S, TIMEOUT_MOST_S, state);
        return 0;
    case 'r':
        set_runtime_dir(c, arg, state);
        return 0;
    case 'h':
        argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp common_argp = {.options = common_options,
                                        .parser = parse_common};

static const struct argp_child common_child[] = {{&common_argp, 0, NULL, 0}, {0}};

static error_t parse_record(int key, char *arg, struct argp_state *state)
{
    struct command *c = ((struct parsing *)state->input)->command;
    if (key != 's')
        return ARGP_ERR_UNKNOWN;
    c->seconds_ns = to_ns("--seconds", arg, TIMEOUT_LEAST_S, SECONDS_MOST_S, state);
    return 0;
}

static const struct argp record_argp = {.options = record_options,
                                        .parser = parse_record};

static const struct argp_child record_children[] = {
    {&common_argp, 0, NULL, 0}, {&record_argp, 0, NULL, 0}, {0}};

static bool is_record(const struct command_verb *verb)
{
    return verb->run == command_record;
}

/* ---- the first parser: up to the command ---- */

static error_t parse_global(int key, char *arg, struct argp_state *state)
{
    (void)arg; /* it is at state->next - 1, too */
    struct parsing *p = state->input;
    if (key == ARGP_KEY_INIT)
        state->child_inputs[0] = p;
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    p->command_at = state->next - 1;
    state->next = state->argc; /* the rest is the second parser's */
    return 0;
}

/* The text around the options, made from the table; "" when memory is out. */
static char *global_doc(void)
{
    char *text = NULL;
    size_t size, n;
    const struct command_verb *verbs = command_table(&n);
    FILE *to = open_memstream(&text, &size);
    if (to == NULL)
        return NULL;
    fputs("vmctl talks to the monitor of a running vmbalance: it shows what the host's "
          "VMs get "
          "and what is decided about them, and changes settings.\n\nCommands:\n",
          to);
    for (size_t i = 0; i < n; i++) {
        char usage[64];
        snprintf(usage, sizeof(usage), "%s %s", verbs[i].name,
                 verbs[i].args != NULL ? verbs[i].args : "");
        fprintf(to, "  %-18s %s\n", usage, verbs[i].help);
    }
    fputs("\nOptions (before or behind the command):\v"
          "Exit status: 0 ok; 1 refused, failed, or (status) degraded; 2 wrong usage; "
          "3 nobody "
          "answers; 4 no such VM; 5 no permission.\n\n"
          "Examples:\n"
          "  vmctl status\n"
          "  vmctl set interval 1\n"
          "  vmctl --json vm web1\n\n"
          "'vmctl help COMMAND' explains a command, 'vmctl settings' the settings.",
          to);
    fclose(to);
    return text;
}

static struct argp global_argp(const char *doc)
{
    return (struct argp){.parser = parse_global,
                         .args_doc = "COMMAND [ARG...]",
                         .doc = doc,
                         .children = common_child};
}

/* ---- the second parser: the command's words ---- */

/* "-1" came as option '1', "-15" as option '1' with the argument "5". */
static error_t add_number(struct command *c, int key, const char *arg)
{
    size_t size = strlen(arg != NULL ? arg : "") + 3;
    char *word = malloc(size); /* lives as long as the process */
    if (word == NULL)
        return ENOMEM;
    snprintf(word, size, "-%c%s", key, arg != NULL ? arg : "");
    c->words[c->nwords++] = word;
    return 0;
}

static error_t parse_command(int key, char *arg, struct argp_state *state)
{
    struct parsing *p = state->input;
    struct command *c = p->command;
    if ((key >= '0' && key <= '9') || key == '.')
        return add_number(c, key, arg);
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = p;
        if (is_record(p->verb))
            state->child_inputs[1] = p;
        return 0;
    case ARGP_KEY_ARG:
        c->words[c->nwords++] = arg;
        return 0;
    case ARGP_KEY_END:
        if (c->nwords < p->verb->least)
            argp_error(state, "%s is missing", p->verb->args);
        if (c->nwords > p->verb->most)
            argp_error(state, "'%.64s' is too much: at most %zu argument%s",
                       c->words[p->verb->most], p->verb->most,
                       p->verb->most == 1 ? "" : "s");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static struct argp command_argp(const struct command_verb *verb, char *doc, size_t size)
{
    snprintf(doc, size, "%s: %s\v%s", verb->name, verb->help, verb->details);
    return (struct argp){.options = number_options,
                         .parser = parse_command,
                         .args_doc = verb->args,
                         .doc = doc,
                         .children = is_record(verb) ? record_children : common_child};
}

/* ---- both ---- */

static const struct command_verb *find_verb(const char *name)
{
    const struct command_verb *verb = command_find(name);
    if (verb != NULL)
        return verb;
    const struct command_verb *nearest = command_nearest(name);
    if (nearest != NULL)
        command_message("unknown command '%.64s'; did you mean '%s'?", name,
                        nearest->name);
    else
        command_message("unknown command '%.64s'; 'vmctl help' lists them", name);
    exit(COMMAND_USAGE);
}

/* A stack that root started is found by everybody who has none of their own. */
static void default_dir(struct command *c)
{
    runtime_dir_default(c->runtime_dir, sizeof(c->runtime_dir));
    const char *own = getenv("VMBALANCE_RUNTIME_DIR");
    if ((own == NULL || own[0] == '\0') && access(c->runtime_dir, F_OK) < 0 &&
        access(SYSTEM_DIR, F_OK) == 0)
        snprintf(c->runtime_dir, sizeof(c->runtime_dir), SYSTEM_DIR);
}

void options_parse(int argc, char **argv, struct command *ret,
                   const struct command_verb **ret_verb)
{
    struct parsing p = {.command = ret};
    char doc[1024], name[64];
    memset(ret, 0, sizeof(*ret));
    setenv("ARGP_HELP_FMT", "no-dup-args-note", 0);
    ret->timeout_ns = (int64_t)(TIMEOUT_S * (double)CLOCK_NS_PER_S);
    default_dir(ret);
    ret->words = calloc((size_t)argc + 1, sizeof(*ret->words));
    char *text = global_doc();
    if (ret->words == NULL || text == NULL)
        exit(COMMAND_FAILED);
    struct argp global = global_argp(text);
    argp_parse(&global, argc, argv, ARGP_IN_ORDER, NULL, &p);
    if (p.command_at == 0) {
        argp_help(&global, stderr, ARGP_HELP_STD_USAGE, "vmctl");
        exit(COMMAND_USAGE);
    }
    free(text);
    p.verb = find_verb(argv[p.command_at]);
    struct argp own = command_argp(p.verb, doc, sizeof(doc));
    snprintf(name, sizeof(name), "vmctl %s", p.verb->name);
    argv[p.command_at] = name;
    argp_parse(&own, argc - p.command_at, argv + p.command_at, ARGP_IN_ORDER, NULL, &p);
    ret->deadline_ns = clock_mono_ns() + ret->timeout_ns;
    *ret_verb = p.verb;
}

int command_help(const struct command *c)
{
    char help[] = "--help", name[64] = "vmctl", doc[1024];
    char *argv[] = {name, help, NULL};
    struct command unused = {.words = NULL};
    struct parsing p = {.command = &unused};
    if (c->nwords > 0) {
        const struct command_verb *verb = find_verb(c->words[0]);
        struct argp own = command_argp(verb, doc, sizeof(doc));
        snprintf(name, sizeof(name), "vmctl %s", verb->name);
        p.verb = verb;
        argp_parse(&own, 2, argv, 0, NULL, &p); /* ends the process */
    }
    char *text = global_doc();
    struct argp global = global_argp(text);
    argp_parse(&global, 2, argv, 0, NULL, &p);
    free(text);
    return COMMAND_OK;
}
