/* test_host_procfs.c - /proc and /sys from fixture directories; text and CPU lists. */
#undef NDEBUG
#include "host/cpulist.h"
#include "host/procfs.h"
#include "host/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PROC HOST_TEST_DATA "/proc"
#define BARE HOST_TEST_DATA "/bare"

static void test_memory(void **state)
{
    (void)state;
    struct opt_u64 total, available;
    procfs_memory("/nowhere", &total, &available);
    assert_false(total.has || available.has);
    procfs_memory(BARE, &total, &available);
    assert_false(total.has || available.has);
    procfs_memory(PROC, &total, &available);
    assert_true(total.has && total.value == 24684084);
    assert_true(available.has && available.value == 23205868);
}

static void test_pressure(void **state)
{
    (void)state;
    struct opt_u64 p = {.value = 1, .has = true};
    procfs_pressure(BARE, "memory", &p);
    assert_false(p.has);
    procfs_pressure(PROC, "memory", &p);
    assert_true(p.has && p.value == 123); /* 12.34 % */
    procfs_pressure(PROC, "cpu", &p);
    assert_true(p.has && p.value == 1000);
}

static void test_cpu_times(void **state)
{
    (void)state;
    struct snapshot_pcpu pcpus[] = {
        {.id = 0}, {.id = 1}, {.id = 2}, {.id = 3}, {.id = 4}};
    uint64_t tick_ns = UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK);
    pcpus[2].busy_ns = (struct opt_u64){.value = 9, .has = true};
    procfs_cpu_times(PROC, pcpus, 5);
    assert_true(pcpus[0].busy_ns.value == (1000 + 10 + 100 + 5 + 7) * tick_ns);
    assert_true(pcpus[0].steal_ns.has && pcpus[0].steal_ns.value == 25 * tick_ns);
    assert_true(pcpus[1].busy_ns.value == (2000 + 20 + 200 + 5 + 13) * tick_ns);
    assert_false(pcpus[2].busy_ns.has); /* below "intr": not a CPU line */
    assert_true(pcpus[3].busy_ns.has && !pcpus[3].steal_ns.has); /* short line */
    assert_true(pcpus[4].busy_ns.value == 7 * tick_ns); /* nonsense is passed over */
    procfs_cpu_times("/nowhere", pcpus, 5);
    assert_false(pcpus[0].busy_ns.has || pcpus[0].steal_ns.has);
}

static void test_boot_id(void **state)
{
    (void)state;
    char id[SNAPSHOT_UUID_MAX];
    assert_string_equal(procfs_boot_id(BARE, id), "");
    assert_string_equal(procfs_boot_id(PROC, id),
                        "65630d7a-c72f-4bc0-b5d9-61f2b9f5fcd5");
}

static void test_sysfs(void **state)
{
    (void)state;
    struct cpuset set = cpuset_of(7);
    assert_int_equal(sysfs_cpus("/nowhere", "online", &set), -ENOENT);
    assert_int_equal(sysfs_cpus(HOST_TEST_DATA "/sys", "nohz_full", &set), -EINVAL);
    assert_true(cpuset_has(&set, 7)); /* untouched so far */
    assert_int_equal(sysfs_cpus(HOST_TEST_DATA "/sys", "isolated", &set), 0);
    assert_true(cpuset_empty(&set));
    assert_int_equal(sysfs_cpus(HOST_TEST_DATA "/sys", "online", &set), 0);
    assert_int_equal(cpuset_count(&set), 4);
}

static void test_cpulist(void **state)
{
    (void)state;
    static const char *const bad[] = {"-1",  "1-", ",",       "1,",   "3-2",    "a",
                                      "1 2", "^1", "0-3:1/2", "1,,2", "(null)", "0x1"};
    struct cpuset set = cpuset_of(9);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (cpulist_parse(bad[i], &set) != -EINVAL || !cpuset_has(&set, 9))
            fail_msg("'%s' was accepted", bad[i]);
    static const struct {
        const char *text, *result;
    } rows[] = {{"", ""},        {" \n", ""},
                {"0", "0"},      {"0-3,8\n", "0-3,8"},
                {"1, 2", "1-2"}, {"1023-2000,5", "5,1023"},
                {"4096", ""},    {"0-18446744073709551616", "0-1023"}};
    char text[CPUSET_TEXT_MAX];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(cpulist_parse(rows[i].text, &set), 0);
        assert_string_equal(cpuset_format(&set, text, sizeof(text)), rows[i].result);
    }
}

static void test_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        const char *result;
    } rows[] = {
        {NULL, 8, ""},
        {"", 1, ""},
        {"abc", 1, ""},
        {"abc", 4, "abc"},
        {"abcd", 4, "abc"},
        {"a\nb\x1b[0m\x7f", 32, "a?b?[0m?"},
        {"gr\xc3\xbc\xc3\x9f", 32, "gr\xc3\xbc\xc3\x9f"},
        {"gr\xc3\xbc", 4, "gr"}, /* cut between characters */
        {"\xe2\x82\xac\xf0\x9f\x98\x80", 32, "\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\xc3", 8, "?"}, /* cut short */
        {"\xe2\x82", 8, "??"},
        {"\xc0\xaf", 8, "??"}, /* overlong */
        {"\xe0\x80\xaf", 8, "???"},
        {"\xf0\x80\x80\xaf", 8, "????"},
        {"\xed\xa0\x80", 8, "???"},      /* surrogate */
        {"\xf4\x90\x80\x80", 8, "????"}, /* beyond U+10FFFF */
        {"\xff\xfe"
         "a",
         8, "??a"},
        {"\x80"
         "a",
         8, "?a"},
    };
    char buf[64];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(text_copy(buf, rows[i].size, rows[i].text), rows[i].result) != 0)
            fail_msg("row %zu: '%s'", i, buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),    cmocka_unit_test(test_pressure),
        cmocka_unit_test(test_cpu_times), cmocka_unit_test(test_boot_id),
        cmocka_unit_test(test_sysfs),     cmocka_unit_test(test_cpulist),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
