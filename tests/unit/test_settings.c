/* test_settings.c - the table of settings and the config file. */
#include "tests/unit/unit.h"

#include "common/config.h"
#include "common/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void assert_same(const struct settings *a, const struct settings *b)
{
    size_t n;
    const struct settings_row *rows = settings_table(&n);
    for (size_t i = 0; i < n; i++) {
        char x[SETTINGS_TEXT_MAX], y[SETTINGS_TEXT_MAX];
        assert_string_equal(settings_format(a, &rows[i], x, sizeof(x)),
                            settings_format(b, &rows[i], y, sizeof(y)));
    }
}

static void refuses_bad_values_and_says_what_is_allowed(void **state)
{
    static const struct {
        const char *key, *value;
        int result;
        const char *said;
    } rows[] = {
        {"interval", "-1", -ERANGE, "0.2..3600 s"},
        {"interval", "0.1", -ERANGE, "0.2..3600 s"},
        {"interval", "3600.1", -ERANGE, "0.2..3600 s"},
        {"interval", "two", -EINVAL, "0.2..3600 s"},
        {"interval", "", -EINVAL, "0.2..3600 s"},
        {"interval", "2s", -EINVAL, "0.2..3600 s"},
        {"interval", "nan", -EINVAL, "0.2..3600 s"},
        {"interval", "inf", -EINVAL, "0.2..3600 s"},
        {"interval", "0x10", -EINVAL, "0.2..3600 s"},
        {"interval", "1e400", -EINVAL, "0.2..3600 s"},
        {"interval", " 2", -EINVAL, "0.2..3600 s"},
        {"intervall", "2", -ENOENT, "did you mean 'interval'"},
        {"nonsense", "1", -ENOENT, "vmctl settings"},
        {"", "1", -ENOENT, "unknown setting ''"},
        {"cpu.adopt", "maybe", -EINVAL, "yes | no"},
        {"cpu.mode", "acting", -EINVAL, "act | observe | off"},
        {"cpu.tolerance", "5", -ERANGE, "10..500 permille"},
        {"cpu.tolerance", "50.5", -EINVAL, "10..500 permille"},
        {"cpu.pcpus", "0-", -EINVAL, "a list of pCPUs"},
        {"cpu.pcpus", "4096", -ERANGE, "up to 1023"},
        {"mem.guest_floor", "10MiB", -ERANGE, "64MiB..1024GiB"},
        {"mem.guest_floor", "200 parsecs", -EINVAL, "64MiB..1024GiB"},
        {"mem.host_reserve", "91%", -ERANGE, "a share of the host"},
        {"mem.host_reserve", "5%,6%", -EINVAL, "a share of the host"},
        {"mem.host_reserve", "-1MiB", -ERANGE, "a share of the host"},
        {"vms.include", "a\nb", -EINVAL, "name patterns"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct settings s, before;
        struct err e = {""};
        settings_init(&s);
        before = s;
        assert_int_equal(settings_set(&s, rows[i].key, rows[i].value, &e),
                         rows[i].result);
        if (strstr(e.text, rows[i].said) == NULL)
            fail_msg("%s = '%s': '%s' lacks '%s'", rows[i].key, rows[i].value, e.text,
                     rows[i].said);
        assert_same(&s, &before);
    }
}

static void takes_good_values(void **state)
{
    static const struct {
        const char *key, *value, *again;
    } rows[] = {
        {"interval", "2", "2"},
        {"interval", "0.2", "0.2"},
        {"interval", "3600", "3600"},
        {"interval", "1.5", "1.5"},
        {"cpu.adopt", "off", "no"},
        {"cpu.adopt", "true", "yes"},
        {"cpu.mode", "observe", "observe"},
        {"cpu.pcpus", "0-3,^1", "0-3,^1"},
        {"mem.guest_floor", "256", "256MiB"},
        {"mem.guest_floor", "1g", "1GiB"},
        {"mem.guest_floor", "1.5GiB", "1536MiB"},
        {"mem.guest_floor", "70000 KiB", "70000KiB"},
        {"mem.host_reserve", "1GiB", "1GiB"},
        {"mem.host_reserve", "10%", "10%"},
        {"mem.host_reserve", "10%, 1g", "1GiB,10%"},
        {"mem.host_budget", "0", "0MiB"},
        {"vms.include", "web*,db?", "web*,db?"},
        {"vms.include", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct settings s;
        struct err e = {""};
        char text[SETTINGS_TEXT_MAX];
        settings_init(&s);
        if (settings_set(&s, rows[i].key, rows[i].value, &e) < 0)
            fail_msg("%s", e.text);
        assert_string_equal(
            settings_format(&s, settings_find(rows[i].key), text, sizeof(text)),
            rows[i].again);
    }
}

static void every_row_is_whole_and_its_default_round_trips(void **state)
{
    size_t n;
    const struct settings_row *rows = settings_table(&n);
    struct settings s, again;
    (void)state;
    settings_init(&s);
    settings_init(&again);
    for (size_t i = 0; i < n; i++) {
        char text[SETTINGS_TEXT_MAX], range[SETTINGS_TEXT_MAX];
        struct err e = {""};
        assert_non_null(rows[i].help);
        assert_true(strlen(rows[i].help) > 10);
        assert_true(strlen(settings_range(&rows[i], range, sizeof(range))) > 0);
        settings_format(&s, &rows[i], text, sizeof(text));
        if (settings_set(&again, rows[i].key, text, &e) < 0)
            fail_msg("default of %s: %s", rows[i].key, e.text);
        assert_ptr_equal(settings_find(rows[i].key), &rows[i]);
    }
    assert_same(&s, &again);
    assert_int_equal(s.interval_ms, 2000);
    assert_int_equal(s.mem_guest_floor_kib, 200 * 1024);
    assert_true(s.cpu_adopt);
}

static void chooses_vms_by_pattern(void **state)
{
    static const struct {
        const char *include, *exclude, *name;
        bool chosen;
    } rows[] = {
        {"", "", "web1", true},          {"web*", "", "web1", true},
        {"web*", "", "db1", false},      {"web*, db?", "", "db1", true},
        {"web*", "web1", "web1", false}, {"", "web*", "web1", false},
        {"", "web*", "db1", true},       {"[ab]*", "", "beta", true},
        {" , ", "", "web1", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct settings s;
        settings_init(&s);
        assert_int_equal(settings_set(&s, "vms.include", rows[i].include, NULL), 0);
        assert_int_equal(settings_set(&s, "vms.exclude", rows[i].exclude, NULL), 0);
        assert_int_equal(settings_selects(&s, rows[i].name), rows[i].chosen);
    }
}

static void reserve_is_the_larger_of_size_and_share(void **state)
{
    (void)state;
    struct settings_reserve r = {.kib = 200 * 1024, .percent = 5};
    assert_int_equal(settings_reserve_kib(&r, 1024 * 1024), 200 * 1024);
    assert_int_equal(settings_reserve_kib(&r, 100 * 1024 * 1024), 5 * 1024 * 1024);
    assert_int_equal(settings_reserve_kib(&r, 0), 200 * 1024);
}

/* ---- the config file ---- */

static int read_text(const char *text, struct settings *s, struct err *e)
{
    char path[] = "/tmp/vmbalance-test-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    int r = config_read(path, s, e);
    unlink(path);
    return r;
}

static void refuses_a_bad_file_whole(void **state)
{
    char long_line[600] = "[vms]\ninclude = ";
    memset(long_line + strlen(long_line), 'x', 500);
    const struct {
        const char *text, *said;
    } rows[] = {
        {"interval = 5\n[cpu]\nadopt = perhaps\n", ":3: cpu.adopt"},
        {"interval = 5\n[disk]\nspeed = 1\n", ":3: unknown section [disk]"},
        {"interval = 5\nrubbish\n", ":2: neither"},
        {"interval = 5\n[cpu\n", ":2: neither"},
        {"interval = 99999\n", ":1: interval = 99999 is out of range"},
        {"[mem]\nfloor = 1\n", ":2: unknown setting 'mem.floor'"},
        {"rubbish\ninterval = -4\n", ":1: neither"},
        {"[vms]\nexclude = a\n  b\n", ":3: vms.exclude is given twice"},
        {"interval = 1\n[vmbalance]\ninterval = 2\n", ":3: interval is given twice"},
        {long_line, ":2: the line is longer"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct settings s, before;
        struct err e = {""};
        settings_init(&s);
        before = s;
        assert_int_equal(read_text(rows[i].text, &s, &e), -EINVAL);
        if (strstr(e.text, rows[i].said) == NULL)
            fail_msg("'%s' lacks '%s'", e.text, rows[i].said);
        assert_same(&s, &before);
    }
    struct settings s;
    struct err e = {""};
    settings_init(&s);
    assert_int_equal(config_read("/nonexistent/file", &s, &e), -ENOENT);
    assert_non_null(strstr(e.text, "/nonexistent/file"));
    assert_int_equal(config_read("/dev/zero", &s, &e), -EINVAL);
    assert_non_null(strstr(e.text, "not a file"));
}

static void reads_a_good_file(void **state)
{
    (void)state;
    struct settings s;
    struct err e = {""};
    settings_init(&s);
    if (read_text("; comment\n# another\ninterval = 1.5\n[vms]\nexclude = db*\n[cpu]\n"
                  "adopt = no ; for now\n[mem]\nguest_floor = 256MiB\n[vmbalance]\n",
                  &s, &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(s.interval_ms, 1500);
    assert_string_equal(s.vms_exclude, "db*");
    assert_false(s.cpu_adopt);
    assert_int_equal(s.mem_guest_floor_kib, 256 * 1024);
    assert_int_equal(read_text("", &s, &e), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_bad_values_and_says_what_is_allowed),
        cmocka_unit_test(takes_good_values),
        cmocka_unit_test(every_row_is_whole_and_its_default_round_trips),
        cmocka_unit_test(chooses_vms_by_pattern),
        cmocka_unit_test(reserve_is_the_larger_of_size_and_share),
        cmocka_unit_test(refuses_a_bad_file_whole),
        cmocka_unit_test(reads_a_good_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
