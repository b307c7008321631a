/* test_host_live.c - the host API against libvirt's built-in test driver, and without a
 * daemon.  The test driver knows states, XML, pins and memory, no vCPU statistics. */
#undef NDEBUG
#include "host/host.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define URI "test:///default"
#define WAIT_MS 10000

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct host *open_uri(const char *uri, bool read_only)
{
    struct host_options opt = {.uri = uri, .read_only = read_only};
    struct host *h = NULL;
    struct err e = {""};
    assert_int_equal(host_open(&opt, &h, &e), 0);
    return h;
}

static struct snapshot sample(struct host *h)
{
    struct snapshot s;
    assert_int_equal(host_request(h), 0);
    assert_int_equal(host_wait(h, WAIT_MS, &s), 0);
    return s;
}

static void test_default_uri(void **state)
{
    (void)state;
    unsetenv("LIBVIRT_DEFAULT_URI");
    assert_string_equal(host_default_uri(), "qemu:///system");
    setenv("LIBVIRT_DEFAULT_URI", "", 1);
    assert_string_equal(host_default_uri(), "qemu:///system");
    setenv("LIBVIRT_DEFAULT_URI", URI, 1);
    assert_string_equal(host_default_uri(), URI);
    unsetenv("LIBVIRT_DEFAULT_URI");
}

static void test_bad_uri(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "", "qemu", "qemu:/system", "://", "http://x/", "qemux:///system", "/tmp/x"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct host_options opt = {.uri = rows[i]};
        struct host *h = NULL;
        struct err e = {""};
        assert_int_equal(host_open(&opt, &h, &e), -EINVAL);
        assert_true(e.text[0] != '\0');
        assert_null(h);
    }
    host_close(NULL);
}

static void test_sample(void **state)
{
    (void)state;
    struct host *h = open_uri(URI, true);
    struct snapshot s;
    assert_int_equal(host_take(h, &s), -EAGAIN); /* none was asked for */
    s = sample(h);
    assert_true(s.host.connected);
    assert_string_equal(s.host.trouble, "");
    assert_string_equal(s.host.uri, URI);
    assert_true(s.mono_ns > 0 && s.wall_ns > 0 && s.took_ns > 0);
    assert_int_equal(s.host.npcpus, 16);
    assert_int_equal(s.host.pcpus[15].cell, 1);
    assert_false(s.host.memory_available_kib.has); /* not this machine's */
    assert_int_equal(s.ndomains, 1);
    const struct snapshot_domain *d = &s.domains[0];
    assert_string_equal(d->name, "test");
    assert_int_equal(strlen(d->uuid), 36);
    assert_int_equal(d->state, SNAPSHOT_STATE_RUNNING);
    assert_true(d->partial && !d->quarantined && d->sampled_ns == s.mono_ns);
    assert_int_equal(d->nvcpus, 2);
    assert_false(d->vcpus[0].time_ns.has);
    assert_false(cpuset_empty(&d->vcpus[0].affinity));
    assert_false(d->vcpus[0].operator_pinned);
    snapshot_fini(&s);
    assert_int_equal(host_take(h, &s), -EAGAIN);
    assert_int_equal(host_wait(h, 20, &s), -ETIMEDOUT);
    struct host_health health;
    host_health(h, &health);
    assert_true(health.connected && health.samples == 1 && health.reconnects == 0);
    host_close(h);
}

static void test_fd(void **state)
{
    (void)state;
    struct host *h = open_uri(URI, false);
    struct snapshot s;
    host_request(h);
    host_request(h); /* while one is under way: nothing */
    struct pollfd p = {.fd = host_fd(h), .events = POLLIN};
    int64_t end_ms = now_ms() + WAIT_MS;
    while (host_take(h, &s) == -EAGAIN) {
        assert_true(now_ms() < end_ms);
        assert_true(poll(&p, 1, WAIT_MS) == 1);
        host_changed(h);
    }
    snapshot_fini(&s);
    host_changed(h);
    assert_int_equal(poll(&p, 1, 50), 0); /* level-triggered, and nothing is left */
    host_close(h);
}

/* The test driver keeps its state per connection, so pins are read back on the same
 * one. */
static void test_act(void **state)
{
    (void)state;
    struct host *h = open_uri(URI, false);
    struct snapshot s = sample(h);
    char uuid[SNAPSHOT_UUID_MAX];
    memcpy(uuid, s.domains[0].uuid, sizeof(uuid));
    snapshot_fini(&s);
    struct cpuset set = cpuset_of(2), none, many;
    cpuset_clear(&none);
    struct err e = {""};
    assert_int_equal(host_pin(h, uuid, 1, &none, &e), -EINVAL);
    many = cpuset_of(CPUSET_MAX - 1);
    assert_int_equal(host_pin(h, uuid, 1, &many, &e), -EINVAL);
    assert_int_equal(host_pin(h, uuid, 77, &set, &e), -EINVAL);
    assert_int_equal(host_pin(h, "garbage", 1, &set, &e), -EINVAL);
    assert_int_equal(host_pin(h, "00000000-0000-0000-0000-00000000abcd", 1, &set, &e),
                     -ENOENT);
    assert_true(strlen(e.text) > 0);
    assert_int_equal(host_pin(h, uuid, 1, &set, NULL), 0);
    s = sample(h);
    assert_true(cpuset_equal(&s.domains[0].vcpus[1].affinity, &set));
    assert_false(s.domains[0].vcpus[1].operator_pinned);
    snapshot_fini(&s);

    assert_int_equal(host_set_memory(h, uuid, 0, &e), -EINVAL);
    assert_int_equal(host_set_memory(h, uuid, UINT64_C(1) << 60, &e), -EINVAL);
    assert_int_equal(host_set_memory(h, uuid, 1000000, NULL), 0);
    assert_int_equal(host_set_stats_period(h, uuid, UINT32_MAX, &e), -EINVAL);
    assert_int_equal(host_set_stats_period(h, uuid, 7, NULL), 0);
    s = sample(h);
    assert_true(s.domains[0].memory.period_s.has &&
                s.domains[0].memory.period_s.value == 7);
    snapshot_fini(&s);
    host_close(h);
}

/* Acting needs no sample before it: the call waits for the first connection. */
static void test_act_at_once(void **state)
{
    (void)state;
    struct host *h = open_uri(URI, false);
    struct cpuset set = cpuset_of(0);
    assert_int_equal(host_pin(h, "6695eb01-f6a4-8304-79aa-97f2502e193f", 0, &set, NULL),
                     0);
    host_close(h);
}

static void test_read_only(void **state)
{
    (void)state;
    struct host *h = open_uri(URI, true);
    struct cpuset set = cpuset_of(0);
    struct err e = {""};
    assert_int_equal(host_pin(h, "x", 0, &set, &e), -EPERM);
    assert_true(strlen(e.text) > 0);
    assert_int_equal(host_set_memory(h, "x", 1024, &e), -EPERM);
    assert_int_equal(host_set_stats_period(h, "x", 1, &e), -EPERM);
    host_close(h);
}

/* No daemon: samples all the same, saying so, and acting calls fail at once. */
static void test_no_daemon(void **state)
{
    (void)state;
    struct host *h = open_uri("qemu+unix:///system?socket=/nonexistent/socket", false);
    int64_t start_ms = now_ms();
    for (int i = 0; i < 2; i++) {
        struct snapshot s = sample(h);
        assert_false(s.host.connected);
        assert_true(strlen(s.host.trouble) > 0);
        assert_int_equal(s.ndomains, 0);
        assert_true(s.host.memory_total_kib.has); /* a local host's /proc is there */
        snapshot_fini(&s);
    }
    struct cpuset set = cpuset_of(0);
    struct err e = {""};
    assert_int_equal(host_pin(h, "x", 0, &set, &e), -ENOTCONN);
    assert_true(strstr(e.text, "nonexistent") != NULL);
    assert_true(now_ms() - start_ms < 3000);
    struct host_health health;
    host_health(h, &health);
    assert_false(health.connected);
    host_close(h);
}

static unsigned count_entries(const char *path)
{
    DIR *dir = opendir(path);
    unsigned n = 0;
    while (dir != NULL && readdir(dir) != NULL)
        n++;
    if (dir != NULL)
        closedir(dir);
    return n;
}

static void test_cycles(void **state)
{
    (void)state;
    unsigned fds = 0, threads = 0;
    for (int i = 0; i < 300; i++) {
        struct host *h = open_uri(URI, i % 2 == 0);
        if (i % 3 != 0)
            host_request(h);
        if (i % 3 == 1) {
            struct snapshot s;
            assert_int_equal(host_wait(h, WAIT_MS, &s), 0);
            snapshot_fini(&s);
        }
        host_close(h);
        if (i == 20) {
            fds = count_entries("/proc/self/fd");
            threads = count_entries("/proc/self/task");
        }
    }
    /* glib frees what was closed in the event thread, so a little later */
    int64_t end_ms = now_ms() + WAIT_MS;
    while (count_entries("/proc/self/fd") > fds && now_ms() < end_ms)
        poll(NULL, 0, 10);
    assert_true(count_entries("/proc/self/fd") <= fds);
    assert_true(count_entries("/proc/self/task") <= threads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_uri), cmocka_unit_test(test_bad_uri),
        cmocka_unit_test(test_sample),      cmocka_unit_test(test_fd),
        cmocka_unit_test(test_act),         cmocka_unit_test(test_act_at_once),
        cmocka_unit_test(test_read_only),   cmocka_unit_test(test_no_daemon),
        cmocka_unit_test(test_cycles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
