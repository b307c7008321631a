/* main.c - simrun: scenarios under policies, scores, verdicts. */
#include "sim/recorded.h"
#include "sim/run/print.h"
#include "sim/run/run.h"
#include "sim/run/verdict.h"

#include "common/process.h"
#include "common/version.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FAILED = PROCESS_FAILED, USAGE = PROCESS_USAGE };
enum { POLICIES_MAX = 32, SCENARIOS_MAX = 1000, SETTINGS_MAX = 64 };

enum {
    KEY_POLICY = 'p',
    KEY_SEED = 's',
    KEY_TICKS = 'n',
    KEY_JSON = 0x1000,
    KEY_CSV,
    KEY_TRACE,
    KEY_POLICIES,
    KEY_VERDICTS,
    KEY_CHECK,
    KEY_RECORDING,
    KEY_SET,
};

struct arguments {
    const char *scenarios[SCENARIOS_MAX];
    bool recorded[SCENARIOS_MAX]; /* it is a recording */
    size_t nscenarios;
    struct {
        const char *key, *value;
    } settings[SETTINGS_MAX];
    size_t nsettings;
    const struct sim_policy *policies[POLICIES_MAX];
    size_t npolicies;
    bool all, json, trace, check, has_seed;
    uint64_t seed;
    uint32_t ticks;
    FILE *csv;
};

static const struct argp_option options[] = {
    {"policy", KEY_POLICY, "NAME", 0,
     "vmbalance (default), none, kernel, ... (see --policies); all = a table of all",
     0},
    {"seed", KEY_SEED, "N", 0, "of all randomness (default: the scenario's)", 0},
    {"ticks", KEY_TICKS, "N", 0, "so many samples, whatever the scenario's duration",
     0},
    {"json", KEY_JSON, NULL, 0, "a line of JSON per scenario and policy", 0},
    {"csv", KEY_CSV, "FILE", 0, "write a row per sample and VM", 0},
    {"trace", KEY_TRACE, NULL, 0, "print every decision and call, with reasons", 0},
    {"from-recording", KEY_RECORDING, "FILE", 0,
     "take the load of what vmctl record wrote", 0},
    {"set", KEY_SET, "KEY=VALUE", 0, "a setting, whatever the scenario has; repeatable",
     0},
    {"check", KEY_CHECK, NULL, 0, "read the scenarios and say whether they are good",
     0},
    {"policies", KEY_POLICIES, NULL, 0, "list the policies", 0},
    {"verdicts", KEY_VERDICTS, NULL, 0, "list the keys of [expect]", 0},
    {0},
};

static uint64_t number(struct argp_state *state, const char *what, const char *text,
                       uint64_t most)
{
    char *end;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || n > most)
        argp_error(state, "%s '%s' is not a whole number up to %llu", what, text,
                   (unsigned long long)most);
    return n;
}

static void list_policies(void)
{
    size_t n;
    const struct sim_policy *const *all = sim_policy_all(&n);
    for (size_t i = 0; i < n; i++)
        printf("%-12s %s\n", all[i]->name, all[i]->help != NULL ? all[i]->help : "");
}

static void list_verdicts(void)
{
    size_t n;
    const struct expect_row *rows = expect_table(&n);
    for (size_t i = 0; i < n; i++)
        printf("%-30s %s\n", rows[i].key, rows[i].help);
}

static void take_policy(struct arguments *a, struct argp_state *state, const char *name)
{
    size_t n;
    const struct sim_policy *const *all = sim_policy_all(&n);
    a->all = strcmp(name, "all") == 0;
    if (a->all) {
        for (a->npolicies = 0; a->npolicies < n && a->npolicies < POLICIES_MAX;
             a->npolicies++)
            a->policies[a->npolicies] = all[a->npolicies];
        return;
    }
    a->policies[0] = sim_policy_find(name);
    a->npolicies = 1;
    if (a->policies[0] == NULL)
        argp_error(state, "unknown policy '%s'; --policies lists them", name);
}

static void open_csv(struct arguments *a, struct argp_state *state, const char *path)
{
    if (a->csv == NULL)
        a->csv = fopen(path, "we");
    if (a->csv == NULL)
        argp_failure(state, FAILED, errno, "cannot write %s", path);
}

static void add_scenario(struct arguments *a, struct argp_state *state,
                         const char *path, bool recorded)
{
    if (a->nscenarios == SCENARIOS_MAX)
        argp_error(state, "more than %d scenarios", SCENARIOS_MAX);
    a->recorded[a->nscenarios] = recorded;
    a->scenarios[a->nscenarios++] = path;
}

static void add_setting(struct arguments *a, struct argp_state *state, char *arg)
{
    struct settings s;
    struct err e = {""};
    char *value = strchr(arg, '=');
    if (value == NULL) {
        argp_error(state, "--set '%s' is not KEY=VALUE", arg);
        return; /* it does not come back, but in a library it might */
    }
    if (a->nsettings == SETTINGS_MAX)
        argp_error(state, "more than %d settings", SETTINGS_MAX);
    *value++ = '\0';
    settings_init(&s);
    if (settings_set(&s, arg, value, &e) < 0)
        argp_error(state, "%s", e.text);
    a->settings[a->nsettings].key = arg;
    a->settings[a->nsettings++].value = value;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct arguments *a = state->input;
    switch (key) {
    case KEY_POLICY:
        take_policy(a, state, arg);
        return 0;
    case KEY_SEED:
        a->seed = number(state, "seed", arg, UINT64_MAX - 1);
        a->has_seed = true;
        return 0;
    case KEY_TICKS:
        a->ticks = (uint32_t)number(state, "ticks", arg, 100000000);
        return 0;
    case KEY_JSON:
        a->json = true;
        return 0;
    case KEY_CSV:
        open_csv(a, state, arg);
        return 0;
    case KEY_TRACE:
        a->trace = true;
        return 0;
    case KEY_CHECK:
        a->check = true;
        return 0;
    case KEY_POLICIES:
        list_policies();
        exit(EXIT_SUCCESS);
    case KEY_VERDICTS:
        list_verdicts();
        exit(EXIT_SUCCESS);
    case ARGP_KEY_ARG:
        add_scenario(a, state, arg, false);
        return 0;
    case KEY_RECORDING:
        add_scenario(a, state, arg, true);
        return 0;
    case KEY_SET:
        add_setting(a, state, arg);
        return 0;
    case ARGP_KEY_END:
        if (a->nscenarios == 0)
            argp_error(state, "a SCENARIO is missing, as in tests/scenarios/cpu2.ini");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- one scenario ---- */

static void run_one(const struct scenario *sc, const struct arguments *a,
                    const struct sim_policy *policy, struct result *ret)
{
    struct err e = {""};
    struct run_options o = {
        .policy = policy,
        .seed = a->has_seed ? a->seed : sc->seed,
        .ticks = a->ticks,
        .csv = a->csv,
        .trace = a->trace ? stdout : NULL,
    };
    memset(ret, 0, sizeof(*ret));
    ret->policy = policy;
    ret->ran = run_scenario(sc, &o, &ret->score, &e) == 0;
    memcpy(ret->why, e.text, sizeof(ret->why));
}

/* The kernel alone, quietly, when a verdict compares with it. */
static const struct score *run_kernel(const struct scenario *sc,
                                      const struct arguments *a, struct result *ret)
{
    struct arguments quiet = *a;
    quiet.csv = NULL;
    quiet.trace = false;
    if (!verdict_needs_kernel(sc))
        return NULL;
    run_one(sc, &quiet, &sim_policy_kernel, ret);
    return ret->ran ? &ret->score : NULL;
}

static void print(const struct scenario *sc, const char *path,
                  const struct arguments *a, const struct result *results,
                  const struct score *kernel)
{
    for (size_t i = 0; i < a->npolicies && a->json; i++)
        (void)print_json(stdout, sc, path, a->has_seed ? a->seed : sc->seed,
                         &results[i], kernel);
    if (!a->json && a->npolicies > 1)
        print_table(stdout, sc, path, results, a->npolicies, kernel);
    else if (!a->json)
        print_score(stdout, sc, path, &results[0], kernel);
}

/* With a table of all policies only ours has to meet the verdicts. */
static int run_scenarios_policies(const struct scenario *sc, const char *path,
                                  const struct arguments *a)
{
    struct result results[POLICIES_MAX], kernel_result;
    const struct score *kernel = run_kernel(sc, a, &kernel_result);
    unsigned failed = 0;
    for (size_t i = 0; i < a->npolicies; i++)
        run_one(sc, a, a->policies[i], &results[i]);
    print(sc, path, a, results, kernel);
    fflush(stdout);
    for (size_t i = 0; i < a->npolicies; i++)
        if (!a->all || a->policies[i] == &sim_policy_vmbalance)
            failed += print_failures(stderr, sc, path, &results[i], kernel);
    return failed > 0 ? FAILED : PROCESS_OK;
}

static int run_path(const char *path, bool recorded, const struct arguments *a)
{
    struct scenario *sc;
    struct err e = {""};
    if ((recorded ? recorded_read(path, &sc, &e) : scenario_read(path, &sc, &e)) < 0) {
        fprintf(stderr, "simrun: %s\n", e.text);
        return USAGE;
    }
    for (size_t i = 0; i < a->nsettings; i++)
        (void)settings_set(&sc->settings, a->settings[i].key, a->settings[i].value, &e);
    int status = PROCESS_OK;
    if (a->check)
        printf("%s: good: %zu VMs, %zu events, %zu verdicts\n", path, sc->nvms,
               sc->nevents, sc->nexpect);
    else
        status = run_scenarios_policies(sc, path, a);
    scenario_destroy(sc);
    return status;
}

static void print_version(FILE *out, struct argp_state *state)
{
    (void)state;
    fprintf(out, "simrun (vmbalance) %s\n", VMBALANCE_VERSION);
}

int main(int argc, char **argv)
{
    static struct arguments a = {.policies = {&sim_policy_vmbalance}, .npolicies = 1};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "SCENARIO...",
        .doc =
            "Runs scenarios on a simulated host, in virtual time, and scores what a "
            "policy "
            "makes of them.\vExit status: 0 all verdicts met, 1 not, 2 usage or a bad "
            "scenario.  The format of scenarios is in docs/simulator.md.",
    };
    argp_program_version_hook = print_version;
    argp_err_exit_status = USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &a);
    if (a.csv != NULL)
        run_csv_header(a.csv);
    int status = PROCESS_OK;
    for (size_t i = 0; i < a.nscenarios; i++) {
        int r = run_path(a.scenarios[i], a.recorded[i], &a);
        status = r > status ? r : status;
    }
    if (a.csv != NULL && fclose(a.csv) != 0)
        status = status > FAILED ? status : FAILED;
    return status;
}
