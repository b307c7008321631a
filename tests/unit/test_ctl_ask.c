/* test_ctl_ask.c - asking the monitor: answers, silence, repetitions, nonsense. */
#include "tests/unit/unit.h"

#include "common/clock.h"
#include "common/runtime_dir.h"
#include "ctl/ask.h"
#include "tests/unit/test_ctl_fake.h"
#include "tests/unit/test_ctl_fixture.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "/tmp/vmbalance-test-ctl-XXXXXX";

static struct ask within(int64_t ms)
{
    return (struct ask){.runtime_dir = directory,
                        .deadline_ns = clock_mono_ns() + ms * CLOCK_NS_PER_MS};
}

static void test_state(void **unused)
{
    (void)unused;
    struct control_reply said, r = {0};
    struct err e = {0};
    fixture_reply(&said, 4, 300);
    struct fake *f = fake_start(directory, &said, FAKE_WELL);
    struct ask a = within(5000);
    assert_int_equal(ask_monitor(&a, CONTROL_STATE, NULL, 0, &r, &e), 0);
    fake_stop(f, NULL, NULL);
    assert_int_equal(r.error, 0);
    assert_int_equal(r.pid, 4242);
    assert_true(r.has_snapshot);
    assert_int_equal(r.snapshot.ndomains, 300);
    assert_int_equal(r.reports[REPORT_ACTOR_CPU].report.cpu.nvcpus, 600);
    control_reply_fini(&r);
    control_reply_fini(&said);
}

/* The answer to the first request is lost: the second has the same id and changes
 * nothing. */
static void test_repeats_with_one_id(void **unused)
{
    (void)unused;
    struct control_reply said, r = {0};
    struct fake_seen seen[FAKE_SEEN_MAX];
    struct control_change change;
    struct err e = {0};
    size_t applied;
    fixture_reply(&said, 4, 1);
    assert_int_equal(ask_change(&change, "interval", "1", &e), 0);
    struct fake *f = fake_start(directory, &said, FAKE_FORGETFUL);
    struct ask a = within(5000);
    assert_int_equal(ask_monitor(&a, CONTROL_SET, &change, 1, &r, &e), 0);
    size_t n = fake_stop(f, seen, &applied);
    assert_true(n >= 2);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(seen[i].id, seen[0].id);
        assert_int_equal(seen[i].verb, CONTROL_SET);
    }
    assert_int_equal(strlen(seen[0].id), 32);
    assert_int_equal(applied, 1);
    assert_int_equal(r.settings.interval_ms, 1000);
    assert_int_equal(r.settings_version, 8);
    control_reply_fini(&r);
    control_reply_fini(&said);
}

static void test_ids_differ(void **unused)
{
    (void)unused;
    struct control_reply said, r = {0};
    struct fake_seen seen[FAKE_SEEN_MAX];
    fixture_reply(&said, 4, 1);
    struct fake *f = fake_start(directory, &said, FAKE_WELL);
    for (size_t i = 0; i < 2; i++) {
        struct ask a = within(5000);
        assert_int_equal(ask_monitor(&a, CONTROL_PING, NULL, 0, &r, NULL), 0);
        control_reply_fini(&r);
    }
    assert_int_equal(fake_stop(f, seen, NULL), 2);
    assert_string_not_equal(seen[0].id, seen[1].id);
    control_reply_fini(&said);
}

static void test_refusal_is_an_answer(void **unused)
{
    (void)unused;
    struct control_reply said, r = {0};
    struct control_change changes[2];
    fixture_reply(&said, 4, 1);
    ask_change(&changes[0], "mem.cache", "10", NULL);
    ask_change(&changes[1], "interval", "-1", NULL);
    struct fake *f = fake_start(directory, &said, FAKE_WELL);
    struct ask a = within(5000);
    assert_int_equal(ask_monitor(&a, CONTROL_SET, changes, 2, &r, NULL), 0);
    fake_stop(f, NULL, NULL);
    assert_int_equal(r.error, -ERANGE);
    assert_non_null(strstr(r.error_text, "interval"));
    assert_int_equal(r.settings.mem_cache_percent, 50);
    control_reply_fini(&r);
    control_reply_fini(&said);
}

static void test_bad_answers(void **unused)
{
    (void)unused;
    static const struct {
        enum fake_mood mood;
        int result;
        const char *text;
    } rows[] = {
        {FAKE_GARBAGE, -EPROTO, "not understood"},
        {FAKE_OTHER_VERSION, -EPROTONOSUPPORT, "version"},
        {FAKE_OTHER_ID, -EPROTO, "not to our question"},
        {FAKE_SILENT, -ETIMEDOUT, "vmbalance up --connect URI"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct control_reply said, r = {0};
        struct err e = {0};
        fixture_reply(&said, 4, 1);
        struct fake *f = fake_start(directory, &said, rows[i].mood);
        struct ask a = within(700);
        assert_int_equal(ask_monitor(&a, CONTROL_PING, NULL, 0, &r, &e),
                         rows[i].result);
        fake_stop(f, NULL, NULL);
        if (strstr(e.text, rows[i].text) == NULL)
            fail_msg("'%s' does not say '%s'", e.text, rows[i].text);
        assert_int_equal(r.pid, 0);
        control_reply_fini(&said);
    }
}

static void test_nobody(void **unused)
{
    (void)unused;
    struct control_reply r = {0};
    struct err e = {0};
    struct ask a = within(300);
    int64_t before_ns = clock_mono_ns();
    assert_int_equal(ask_monitor(&a, CONTROL_PING, NULL, 0, &r, &e), -ETIMEDOUT);
    int64_t took_ns = clock_mono_ns() - before_ns;
    assert_true(took_ns >= 250 * CLOCK_NS_PER_MS && took_ns < 2000 * CLOCK_NS_PER_MS);
    assert_non_null(strstr(e.text, "vmbalance up --connect URI"));
}

/* Without a runtime directory there is nothing to wait for. */
static void test_no_directory(void **unused)
{
    (void)unused;
    struct control_reply r = {0};
    struct err e = {0};
    struct ask a = {.runtime_dir = "/nonexistent/vmbalance",
                    .deadline_ns = clock_mono_ns() + 60 * CLOCK_NS_PER_S};
    int64_t before_ns = clock_mono_ns();
    assert_int_equal(ask_monitor(&a, CONTROL_PING, NULL, 0, &r, &e), -ENOENT);
    assert_true(clock_mono_ns() - before_ns < CLOCK_NS_PER_S);
    assert_non_null(strstr(e.text, "vmbalance up --connect URI"));

    char deep[200];
    memset(deep, 0, sizeof(deep));
    snprintf(deep, sizeof(deep), "%s/", directory);
    memset(deep + strlen(deep), 'x', 110);
    assert_int_equal(mkdir(deep, 0700), 0);
    a.runtime_dir = deep;
    assert_int_equal(ask_monitor(&a, CONTROL_PING, NULL, 0, &r, &e), -ENAMETOOLONG);
    rmdir(deep);
}

/* In a process of its own, as somebody who may not enter the directory. */
static int ask_as_nobody(void)
{
    struct control_reply r = {0};
    struct err e = {0};
    if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
        return 77;
    struct ask a = within(5000);
    int result = ask_monitor(&a, CONTROL_PING, NULL, 0, &r, &e);
    bool helps =
        strstr(e.text, "permission") != NULL && strstr(e.text, "daemon") != NULL;
    fprintf(stderr, "%s\n", e.text);
    return result == -EACCES && helps ? 0 : 1;
}

static void test_no_permission(void **unused)
{
    (void)unused;
    struct control_reply said;
    if (geteuid() != 0)
        skip(); /* only root can become somebody else */
    struct group *daemon = getgrnam("daemon");
    if (daemon == NULL) {
        skip();
        return;
    }
    fixture_reply(&said, 4, 1);
    assert_int_equal(chown(directory, 0, daemon->gr_gid), 0);
    assert_int_equal(chmod(directory, 0750), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(ask_as_nobody());
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    control_reply_fini(&said);
}

static void test_changes(void **unused)
{
    (void)unused;
    char long_key[100] = "", long_value[400] = "";
    memset(long_key, 'k', sizeof(long_key) - 1);
    memset(long_value, 'v', sizeof(long_value) - 1);
    const struct {
        const char *key, *value;
        int result;
    } rows[] = {
        {long_key, "1", -EINVAL},
        {"vms.exclude", long_value, -EINVAL},
        {"vms.exclude", "a\x1b[2J", -EINVAL},
        {"vms.exclude", "\xff", -EINVAL},
        {"inter\nval", "1", -EINVAL},
        {"interval", "-1", 0}, /* the monitor is to say that */
        {"vms.exclude", "", 0},
        {"vms.exclude", "gr\xc3\xbc*", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct control_change c;
        struct err e = {0};
        assert_int_equal(ask_change(&c, rows[i].key, rows[i].value, &e),
                         rows[i].result);
        assert_int_equal(e.text[0] == '\0', rows[i].result == 0);
        if (rows[i].result == 0)
            assert_string_equal(c.value, rows[i].value);
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
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_no_directory),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_bad_answers),
        cmocka_unit_test(test_state),
        cmocka_unit_test(test_repeats_with_one_id),
        cmocka_unit_test(test_ids_differ),
        cmocka_unit_test(test_refusal_is_an_answer),
        cmocka_unit_test(test_no_permission),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
