/* test_ctl_cli.c - command lines of the real vmctl against a stand-in for the monitor:
 * exit status, stdout, stderr.  VMCTL is the program's path. */
#include "tests/unit/unit.h"

#include "common/clock.h"
#include "tests/unit/test_ctl_fake.h"
#include "tests/unit/test_ctl_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX 65536

static char directory[] = "/tmp/vmbalance-test-cli-XXXXXX";
static char output[OUTPUT_MAX], messages[OUTPUT_MAX];

struct row {
    const char *args; /* as for a shell */
    int status;
    const char *out; /* part of stdout; "" = empty */
    const char *err; /* part of stderr; "" = empty */
};

static void read_file(const char *name, char *ret)
{
    char path[sizeof(directory) + 8];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *from = fopen(path, "r");
    assert_non_null(from);
    size_t n = fread(ret, 1, OUTPUT_MAX - 1, from);
    ret[n] = '\0';
    fclose(from);
}

static int run(const char *args)
{
    char command[1024];
    snprintf(command, sizeof(command),
             "env VMBALANCE_RUNTIME_DIR=%s " VMCTL " %s >%s/out 2>%s/err", directory,
             args, directory, directory);
    int status = system(command);
    read_file("out", output);
    read_file("err", messages);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void check(const struct row *row)
{
    int status = run(row->args);
    bool out =
        row->out[0] == '\0' ? output[0] == '\0' : strstr(output, row->out) != NULL;
    bool err =
        row->err[0] == '\0' ? messages[0] == '\0' : strstr(messages, row->err) != NULL;
    if (status != row->status || !out || !err)
        fail_msg("vmctl %s\nstatus %d, not %d\nstdout: %s\nstderr: %s", row->args,
                 status, row->status, output, messages);
}

/* ---- without a monitor ---- */

static const struct row alone[] = {
    {"", 2, "", "Usage: vmctl"},
    {"frobnicate", 2, "", "unknown command 'frobnicate'"},
    {"stat", 2, "", "did you mean 'status'"},
    {"se interval 1", 2, "", "did you mean 'set'"},
    {"--bogus status", 2, "", "unrecognized option"},
    {"status --bogus", 2, "", "unrecognized option"},
    {"status now", 2, "", "'now' is too much"},
    {"vm", 2, "", "NAME is missing"},
    {"get a b", 2, "", "too much"},
    {"set", 2, "", "KEY VALUE... is missing"},
    {"set interval", 2, "", "no value for interval"},
    {"set =1", 2, "", "has no name"},
    {"pause disk", 2, "", "neither cpu nor mem"},
    {"--timeout 0 ping", 2, "", "not a number of seconds"},
    {"--timeout nan ping", 2, "", "not a number of seconds"},
    {"ping --timeout", 2, "", "requires an argument"},
    {"record", 2, "", "FILE is missing"},
    {"record a b", 2, "", "too much"},
    {"record --seconds 0 a", 2, "", "--seconds: '0' is not a number of seconds"},
    {"record --seconds -1 a", 2, "", "not a number of seconds"},
    {"replay --seconds 1 a", 2, "", "unrecognized option"},
    {"help record", 0, "--seconds=N", ""},
    {"record --timeout 0.1 /nonexistent/a", 3, "", "vmbalance up --connect URI"},
    {"replay", 2, "", "FILE is missing"},
    {"replay /nonexistent/a", 1, "", "cannot open /nonexistent/a: No such file"},
    {"replay --json /dev/null", 1, "", "/dev/null is not a regular file"},
    {"--runtime-dir '' ping", 2, "", "not a directory"},
    {"help frobnicate", 2, "", "unknown command"},
    {"--help", 0, "vmctl set interval 1", ""},
    {"-h", 0, "Commands:", ""},
    {"help", 0, "Exit status", ""},
    {"help set", 0, "Example: vmctl set interval 1", ""},
    {"set --help", 0, "Example: vmctl set interval 1", ""},
    {"--version", 0, "vmctl 0.", ""},
    {"--timeout 0.1 version", 0, "monitor: none answers", ""},
    {"version --json -t 0.1", 0, "\"monitor\": null", ""},
    {"--timeout 0.2 status", 3, "", "vmbalance up --connect URI"},
    {"status --json -t 0.2", 3, "", "vmbalance up --connect URI"},
    {"-t 0.2 set interval 1", 3, "", "vmbalance up --connect URI"},
    {"settings -t 0.2", 3, "", "vmbalance up --connect URI"},
    {"--runtime-dir /nonexistent/x status", 3, "", "vmbalance up --connect URI"},
};

static void test_alone(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++)
        check(&alone[i]);
}

static void test_ends_in_time(void **unused)
{
    (void)unused;
    int64_t before_ns = clock_mono_ns();
    assert_int_equal(run("set interval 1"), 3);
    int64_t took_ns = clock_mono_ns() - before_ns;
    assert_true(took_ns > 1800 * CLOCK_NS_PER_MS && took_ns < 3000 * CLOCK_NS_PER_MS);
}

/* ---- with one: rows in order, as changes last ---- */

static const struct row answered[] = {
    {"ping", 0, "monitor 0.1.0 (pid 4242, up ", ""},
    {"ping --json", 0, "\"pid\": 4242", ""},
    {"status", 0, "vmbalance is healthy", ""},
    {"--json status", 0, "\"status\": \"healthy\"", ""},
    {"status --json", 0, "\"schema_version\": 1", ""},
    {"vms", 0, "vm2", ""},
    {"vms --json", 0, "\"affinity\"", ""},
    {"vm vm1", 0, "has what it wants", ""},
    {"vm vm1 --json", 0, "\"guest\": {", ""},
    {"vm 2", 0, "name            vm2", ""},
    {"vm vm11", 4, "", "did you mean 'vm1'"},
    {"vm \"$(printf 'a\\033b')\"", 4, "", "a\\x1bb"},
    {"get", 0, "interval = 2\n", ""},
    {"get interval", 0, "2\n", ""},
    {"get --json mem.cache", 0, "\"mem.cache\": \"50\"", ""},
    {"get intervall", 1, "", "did you mean 'interval'"},
    {"settings", 0, "0.2..3600 s", ""},
    {"settings --json", 0, "\"used_by\"", ""},
    {"set interval -1", 1, "", "interval = -1 is out of range"},
    {"set interval -.5", 1, "", "interval = -.5 is out of range"},
    {"set interval=-15", 1, "", "interval = -15 is out of range"},
    {"set intervall 1", 1, "", "did you mean 'interval'"},
    {"set mem.cache 10 interval 0", 1, "", "interval = 0 is out of range"},
    {"set vms.exclude \"$(printf 'a\\nb')\"", 1, "", "control characters"},
    {"get mem.cache", 0, "50\n", ""},
    {"set interval 1", 0, "interval = 1 (was 2), settings version 8\n", ""},
    {"set interval=0.5 mem.cache 10", 0,
     "mem.cache = 10 (was 50), settings version 9\n", ""},
    {"set --json interval 2", 0, "\"was\": \"0.5\"", ""},
    {"set -- vms.exclude -x*", 0, "vms.exclude = -x* (was \"\"), settings version 11\n",
     ""},
    {"set vms.exclude ''", 0, "vms.exclude = \"\" (was -x*), settings version 12\n",
     ""},
    {"pause", 0, "mem.paused = yes (was no), settings version 13\n", ""},
    {"status", 0, "cpu_actor is paused ('vmctl resume cpu'", ""},
    {"resume cpu", 0, "cpu.paused = no (was yes), settings version 14\n", ""},
    {"get mem.paused", 0, "yes\n", ""},
    {"version", 0, "monitor 0.1.0 (pid 4242)", ""},
};

static void test_answered(void **unused)
{
    (void)unused;
    struct control_reply said;
    fixture_reply(&said, 4, 2);
    struct fake *f = fake_start(directory, &said, FAKE_WELL);
    for (size_t i = 0; i < sizeof(answered) / sizeof(answered[0]); i++)
        check(&answered[i]);
    fake_stop(f, NULL, NULL);
    control_reply_fini(&said);
}

static void test_degraded(void **unused)
{
    (void)unused;
    static const struct row rows[] = {
        {"status", 1, "vmbalance is DEGRADED", ""},
        {"status --json", 1, "\"status\": \"degraded\"", ""},
        {"vms", 1, "", "no snapshot"},
        {"ping", 0, "answered", ""},
    };
    struct control_reply said;
    fixture_reply(&said, 4, 2);
    said.has_snapshot = false;
    struct fake *f = fake_start(directory, &said, FAKE_WELL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(&rows[i]);
    fake_stop(f, NULL, NULL);
    said.has_snapshot = true;
    control_reply_fini(&said);
}

static void test_strange_answers(void **unused)
{
    (void)unused;
    static const struct {
        enum fake_mood mood;
        struct row row;
    } rows[] = {
        {FAKE_GARBAGE, {"ping", 1, "", "not understood"}},
        {FAKE_OTHER_VERSION, {"status", 1, "", "version"}},
        {FAKE_OTHER_ID, {"get", 1, "", "not to our question"}},
        {FAKE_SILENT, {"-t 0.3 ping", 3, "", "no monitor answers"}},
        {FAKE_FORGETFUL,
         {"-t 5 set interval 1", 0, "(was 2), settings version 8\n", ""}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct control_reply said;
        fixture_reply(&said, 4, 2);
        struct fake *f = fake_start(directory, &said, rows[i].mood);
        check(&rows[i].row);
        fake_stop(f, NULL, NULL);
        control_reply_fini(&said);
    }
}

static int make_directory(void **unused)
{
    (void)unused;
    return mkdtemp(directory) != NULL ? 0 : -1;
}

static int remove_directory(void **unused)
{
    (void)unused;
    char command[sizeof(directory) + 16];
    snprintf(command, sizeof(command), "rm -rf %s", directory);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone),           cmocka_unit_test(test_ends_in_time),
        cmocka_unit_test(test_answered),        cmocka_unit_test(test_degraded),
        cmocka_unit_test(test_strange_answers),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
