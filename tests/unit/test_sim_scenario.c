/* test_sim_scenario.c - scenario files: bad ones first, each refused with its line and what
 * is allowed; then good ones; then thousands of damaged ones, none of which may crash. */
#include "tests/unit/unit.h"

#include "sim/scenario/scenario.h"
#include "sim/scenario/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB INT64_C(1024)
#define SECOND INT64_C(1000000000)

static int parse(const char *text, struct scenario **ret, struct err *e)
{
    return scenario_parse(text, strlen(text), "x.ini", ret, e);
}

static void bad_files_are_refused(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *says;
    } rows[] = {
        {"[vm a]\nfoo = 1\n", 2, "unknown key 'foo'"},
        {"[vm a]\nvcpus = none\n", 2, "a whole number, 1..512"},
        {"[vm a]\nvcpus = 0\n", 2, "out of range"},
        {"[vm a]\nvcpus = 4\nvcpus_max = 2\n", 3, "vcpus_max is less"},
        {"[vm a]\ndemand = 1.2\n", 2, "a share of a pCPU"},
        {"[vm a]\ndemand = 0.1,,0.2\n", 2, "demand"},
        {"[vm a]\npin = 4\n", 2, "below 4"},
        {"[vm a]\npin = each\n", 2, "pin"},
        {"[vm a]\npin = each 9\n", 2, "pin"},
        {"[vm a]\ncpuset = \n", 2, "cpuset"},
        {"[vm a]\nmemory = 1GiB\nmax = 512MiB\n", 3, "memory is more than max"},
        {"[vm a]\nmemory = 100MiB\n", 2, "does not hold kernel"},
        {"[vm a]\nmemory = nan\n", 2, "a size"},
        {"[vm a]\nmemory = 1e300\n", 2, "out of range"},
        {"[vm a]\nmemory = -5\n", 2, "out of range"},
        {"[vm a]\nballoon = maybe\n", 2, "ok, stuck, no-driver, none"},
        {"[vm a]\ncell = 3\n", 2, "the host has 1"},
        {"[vm a]\nat.x = start\n", 2, "not a time"},
        {"[vm a]\nat.5 = explode\n", 2, "unknown event 'explode'; allowed: demand"},
        {"[vm a]\nat.5 = grow fast\n", 2, "grow RATE to SIZE|full"},
        {"[vm a]\nat.5 = grow 10MiB/s to\n", 2, "grow RATE"},
        {"[vm a]\nat.5 = \n", 2, "empty"},
        {"[vm a]\nat.5 = demand 1 2 3 4 5 6 7\n", 2, "too long"},
        {"[vm a]\nat.5 = pin 99\n", 2, "pin PCPUS"},
        {"[vm a]\nat.5 = vcpus 0\n", 2, "vcpus N"},
        {"[vm a]\nvcpus = 1\nvcpus = 2\n", 3, "given before, in line 2"},
        {"[vm a]\nvcpus = 1\n[vm a1]\nvcpus = 1\n[vm a ]\nvcpus = 1\n", 6,
         "given before"},
        {"[vm a]\ncount = 2\n[vm a1]\nvcpus = 1\n", 4, "two VMs with the name a1"},
        {"[vm a]\ncount = 4096\nvcpus = 16\n", 3, "more than 16384 vCPUs"},
        {"[vm a]\ncount = 4097\n", 2, "out of range"},
        {"[vm]\nvcpus = 1\n", 2, "unknown section [vm]"},
        {"[host]\npcpus = 0\n[vm a]\nvcpus = 1\n", 2, "1..1024"},
        {"[host]\npcpus = 6\ncells = 4\n[vm a]\nvcpus = 1\n", 3, "no multiple"},
        {"[host]\nmemory = 1GiB\nused = 2GiB\n[vm a]\nvcpus = 1\n", 3,
         "not less than memory"},
        {"[host]\nat.5 = load 9 0.5\n[vm a]\nvcpus = 1\n", 2, "load PCPUS SHARE"},
        {"[host]\nat.5 = set cpu.adapt no\n[vm a]\nvcpus = 1\n", 2, "cpu.adopt"},
        {"[host]\nmigration_cost = 5\n[vm a]\nvcpus = 1\n", 2, "0..100ms"},
        {"[settings]\ninterval = 0\n[vm a]\nvcpus = 1\n", 2, "0.2..3600"},
        {"[settings]\nintervall = 1\n[vm a]\nvcpus = 1\n", 2,
         "did you mean 'interval'"},
        {"[expect]\nluck = 1\n[vm a]\nvcpus = 1\n", 2, "unknown verdict 'luck'"},
        {"[expect]\nkills = few\n[vm a]\nvcpus = 1\n", 2, "a whole number"},
        {"[weather]\nrain = 1\n[vm a]\nvcpus = 1\n", 2, "allowed: [scenario]"},
        {"[scenario]\nduration = 0\n[vm a]\nvcpus = 1\n", 2, "1..864000 s"},
        {"vcpus = 1\n", 1, "unknown section []"},
        {"[vm a]\nrubbish\n", 2, "neither '[section]'"},
        {"[vm a\n", 1, "neither '[section]'"},
        {"[vm a]\nvcpus = 1\nx\001y = 2\n", 3, "control character"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scenario *s = NULL;
        struct err e = {""};
        char head[32];
        int r = parse(rows[i].text, &s, &e);
        snprintf(head, sizeof(head), "x.ini:%u: ", rows[i].line);
        if (r != -EINVAL || s != NULL || strncmp(e.text, head, strlen(head)) != 0 ||
            strstr(e.text, rows[i].says) == NULL)
            fail_msg("row %zu: %d, \"%s\", not \"%s..%s\"", i, r, e.text, head,
                     rows[i].says);
    }
}

static void nothing_is_no_scenario(void **state)
{
    struct scenario *s = NULL;
    struct err e = {""};
    (void)state;
    assert_int_equal(parse("", &s, &e), -EINVAL);
    assert_int_equal(parse("; nothing\n", &s, &e), -EINVAL);
    assert_non_null(strstr(e.text, "no [vm NAME]"));
    assert_int_equal(scenario_read("/nonexistent/x.ini", &s, &e), -ENOENT);
    assert_null(s);
}

static void long_lines_and_zeros(void **state)
{
    char text[4096];
    struct scenario *s = NULL;
    struct err e = {""};
    (void)state;
    memset(text, 'x', sizeof(text));
    assert_int_equal(scenario_parse(text, sizeof(text), "x.ini", &s, &e), -EINVAL);
    assert_non_null(strstr(e.text, "x.ini:1: the line is too long"));
    memset(text, 0, sizeof(text));
    assert_int_equal(scenario_parse(text, sizeof(text), "x.ini", &s, &e), -EINVAL);
    assert_null(s);
}

static void values(void **state)
{
    double share;
    int64_t x;
    (void)state;
    assert_int_equal(value_share("25%", &share), 0);
    assert_true(share > 0.2499 && share < 0.2501);
    assert_int_equal(value_share("0x10", &share), -EINVAL);
    assert_int_equal(value_share("inf", &share), -EINVAL);
    assert_int_equal(value_time("1.5ms", &x), 0);
    assert_int_equal(x, 1500000);
    assert_int_equal(value_time("11000000", &x), -ERANGE);
    assert_int_equal(value_size("1.5 GiB", &x), 0);
    assert_int_equal(x, 1536 * MIB);
    assert_int_equal(value_rate("150MiB/s", &x), 0);
    assert_int_equal(x, 150 * MIB);
    assert_int_equal(value_rate("150MiB", &x), -EINVAL);
    assert_int_equal(value_rate("/s", &x), -EINVAL);
}

static const char good[] = "; a comment\n"
                           "[scenario]\n"
                           "title = of everything something\n"
                           "duration = 30s\n"
                           "seed = 7\n"
                           "[host]\n"
                           "pcpus = 8\n"
                           "cells = 2\n"
                           "threads = 2\n"
                           "migration_cost = 1ms\n"
                           "isolated = 7\n"
                           "at.5 = load 0-1 50%\n"
                           "at.6 = used 3GiB\n"
                           "at.7 = offline 3\n"
                           "at.8 = outage on\n"
                           "at.9 = outage off\n"
                           "at.10 = fail pin,period\n"
                           "at.11 = set cpu.adopt no\n"
                           "[settings]\n"
                           "interval = 1\n"
                           "mem.host_reserve = 300MiB\n"
                           "[vm web]\n"
                           "count = 3\n"
                           "vcpus = 2\n"
                           "vcpus_max = 4\n"
                           "pin = each 0-3\n"
                           "demand = 0.9,0.1\n"
                           "cell = each\n"
                           "stagger = 2\n"
                           "repeat = 10\n"
                           "at.1 = demand 0.5,0.2\n"
                           "at.2 = vcpus 4\n"
                           "at.3 = grow 50MiB/s to full\n"
                           "at.4 = release 10MiB/s to 5MiB\n"
                           "at.5 = cache 5MiB/s to 1GiB\n"
                           "at.6 = balloon stuck\n"
                           "at.6 = hang on\n"
                           "at.7 = fail memory\n"
                           "[vm late]\n"
                           "start = 5\n"
                           "stop = 9\n"
                           "swap = 1GiB\n"
                           "memory = 600MiB\n"
                           "max = 2GiB\n"
                           "shares = 2048\n"
                           "operator_pin = yes\n"
                           "pin = 2\n"
                           "[expect]\n"
                           "balanced_within_samples = 2\n"
                           "work_min = 98%\n"
                           "lowest_host_free_min = 200MiB\n";

static void a_good_file(void **state)
{
    struct scenario *s = NULL;
    struct err e = {""};
    (void)state;
    int r = parse(good, &s, &e);
    if (r != 0)
        fail_msg("%s", e.text);
    assert_int_equal(s->nvms, 4);
    assert_string_equal(s->vms[2].spec.name, "web3");
    assert_int_equal(s->vms[1].spec.cell, 1);
    assert_string_equal(s->vms[3].spec.name, "late");
    assert_false(s->vms[3].spec.started);
    assert_int_equal(s->vms[3].spec.guest.kernel_kib, 72 * MIB);
    assert_int_equal(s->duration_ns, 30 * SECOND);
    assert_int_equal(s->settings.interval_ms, 1000);
    assert_int_equal(s->nexpect, 3);
    assert_int_equal(s->nchanges, 1);
    assert_true(s->expect[1].value > 0.9799 && s->expect[1].value < 0.9801);
    struct sim_model *m = scenario_build(s, s->seed);
    assert_non_null(m);
    /* each 0-3: two of four vCPUs online, the next VM goes on after all four */
    assert_true(cpuset_has(&m->vms[0].vcpus[1].mask, 1));
    assert_true(cpuset_has(&m->vms[1].vcpus[0].mask, 0));
    struct cpuset two = cpuset_of(2);
    assert_true(cpuset_equal(&m->vms[3].vcpus[0].lawful, &two));
    assert_int_equal(sim_model_advance(m, 30 * SECOND), 0);
    sim_model_destroy(m);
    scenario_destroy(s);
    scenario_destroy(NULL);
}

/* Cuts, changes and doubles bytes of a good file; what still reads must also run. */
static void damaged_files(void **state)
{
    uint64_t seed = 4242;
    size_t size = sizeof(good) - 1, read = 0;
    (void)state;
    for (int round = 0; round < 4000; round++) {
        char text[sizeof(good) + 64];
        size_t n = size;
        struct scenario *s = NULL;
        struct err e = {""};
        memcpy(text, good, size);
        for (uint64_t k = unit_random(&seed) % 4; k > 0; k--)
            text[unit_random(&seed) % n] = (char)(unit_random(&seed) % 256);
        if (unit_random(&seed) % 3 == 0)
            n = unit_random(&seed) % n + 1;
        if (scenario_parse(text, n, "x.ini", &s, &e) < 0) {
            assert_null(s);
            assert_true(e.text[0] != '\0');
            continue;
        }
        read++;
        struct sim_model *m = scenario_build(s, 1);
        assert_non_null(m);
        if (round % 50 == 0)
            assert_int_equal(sim_model_advance(m, 12 * SECOND), 0);
        sim_model_destroy(m);
        scenario_destroy(s);
    }
    assert_true(read > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(nothing_is_no_scenario),
        cmocka_unit_test(long_lines_and_zeros),
        cmocka_unit_test(values),
        cmocka_unit_test(a_good_file),
        cmocka_unit_test(damaged_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
