/* test_host_stats.c - typed parameters of a bulk record to a snapshot's domain. */
#undef NDEBUG
#include "host/libvirt_stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FIELD_MAX VIR_TYPED_PARAM_FIELD_LENGTH

static virTypedParameter ull(const char *name, unsigned long long value)
{
    virTypedParameter p = {.type = VIR_TYPED_PARAM_ULLONG, .value.ul = value};
    snprintf(p.field, FIELD_MAX, "%s", name);
    return p;
}

static virTypedParameter integer(const char *name, int value)
{
    virTypedParameter p = {.type = VIR_TYPED_PARAM_INT, .value.i = value};
    snprintf(p.field, FIELD_MAX, "%s", name);
    return p;
}

static struct snapshot_domain parse(const virTypedParameter *params, int n)
{
    struct snapshot_domain d;
    memset(&d, 0, sizeof(d));
    assert_int_equal(libvirt_stats_parse(params, n, &d), 0);
    return d;
}

static void test_nothing(void **state)
{
    (void)state;
    struct snapshot_domain d = parse(NULL, 0);
    assert_int_equal(d.state, SNAPSHOT_STATE_OTHER);
    assert_int_equal(d.nvcpus, 0);
    assert_true(d.partial);
    assert_false(d.memory.current_kib.has || d.memory.rss_kib.has);
}

static void test_hostile(void **state)
{
    (void)state;
    virTypedParameter params[] = {
        ull("vcpu.", 1),
        ull("vcpu.x.time", 1),
        ull("vcpu.-1.time", 1),
        ull("vcpu.4096.time", 1),
        ull("vcpu.99999999999999999999999.time", 1),
        ull("vcpu.0", 1),
        ull("vcpu.0.", 1),
        ull("vcpu.0.timely", 1),
        ull("vcpu.0.halt_wait_ns.sum", 1),
        ull("balloon.", 1),
        ull("balloon.unknown", 1),
        ull("", 1),
        integer("balloon.current", -1),
        integer("state.state", -5),
        {.field = "balloon.maximum", .type = VIR_TYPED_PARAM_STRING, .value.s = NULL},
        {.field = "balloon.rss", .type = 77},
    };
    struct snapshot_domain d = parse(params, (int)(sizeof(params) / sizeof(params[0])));
    assert_int_equal(d.nvcpus, 0);
    assert_int_equal(d.state, SNAPSHOT_STATE_OTHER);
    assert_false(d.memory.current_kib.has || d.memory.maximum_kib.has ||
                 d.memory.rss_kib.has);
}

static void test_full(void **state)
{
    (void)state;
    virTypedParameter params[] = {
        integer("state.state", VIR_DOMAIN_RUNNING),
        integer("state.reason", 1),
        ull("vcpu.current", 2),
        ull("vcpu.maximum", 4),
        integer("vcpu.0.state", 1),
        ull("vcpu.0.time", 28530000000),
        ull("vcpu.0.wait", 0),
        ull("vcpu.0.delay", 12345),
        integer("vcpu.3.state", 1), /* sparse after hot-plug */
        ull("vcpu.3.time", 10000000),
        ull("vcpu.3.delay", 0),
        ull("balloon.current", 262144),
        ull("balloon.maximum", 393216),
        ull("balloon.swap_in", 1),
        ull("balloon.swap_out", 2),
        ull("balloon.major_fault", 3),
        ull("balloon.minor_fault", 4),
        ull("balloon.unused", 5),
        ull("balloon.available", 6),
        ull("balloon.usable", 7),
        ull("balloon.last-update", 1795390586),
        ull("balloon.disk_caches", 0),
        ull("balloon.rss", 185432),
    };
    struct snapshot_domain d = parse(params, (int)(sizeof(params) / sizeof(params[0])));
    assert_int_equal(d.state, SNAPSHOT_STATE_RUNNING);
    assert_false(d.partial);
    assert_int_equal(d.nvcpus, 2);
    assert_int_equal(d.vcpus[1].number, 3);
    assert_true(d.vcpus[0].time_ns.value == 28530000000);
    assert_true(d.vcpus[1].delay_ns.has && d.vcpus[1].delay_ns.value == 0);
    const struct snapshot_memory *m = &d.memory;
    assert_true(m->current_kib.value == 262144 && m->maximum_kib.value == 393216);
    assert_true(m->swap_in_kib.value == 1 && m->swap_out_kib.value == 2);
    assert_true(m->major_faults.value == 3 && m->unused_kib.value == 5);
    assert_true(m->available_kib.value == 6 && m->usable_kib.value == 7);
    assert_true(m->disk_caches_kib.has && m->disk_caches_kib.value == 0);
    assert_true(m->last_update_s.value == 1795390586 && m->rss_kib.value == 185432);
    free(d.vcpus);
}

/* What a record lacks when another job ran: balloon.rss, or a vCPU. */
static void test_partial(void **state)
{
    (void)state;
    virTypedParameter params[] = {
        ull("balloon.current", 1), ull("balloon.maximum", 1), ull("balloon.rss", 1),
        ull("vcpu.current", 1),    ull("vcpu.0.time", 1),
    };
    struct snapshot_domain d = parse(params, 5);
    assert_false(d.partial);
    free(d.vcpus);
    for (int without = 0; without < 5; without++) {
        virTypedParameter some[4];
        for (int i = 0, n = 0; i < 5; i++)
            if (i != without)
                some[n++] = params[i];
        d = parse(some, 4);
        assert_true(d.partial);
        free(d.vcpus);
    }
    params[3] = ull("vcpu.current", 2); /* says 2, lists 1 */
    d = parse(params, 5);
    assert_true(d.partial);
    free(d.vcpus);
}

static void test_states(void **state)
{
    (void)state;
    static const struct {
        int from;
        enum snapshot_state to;
    } rows[] = {
        {VIR_DOMAIN_NOSTATE, SNAPSHOT_STATE_OTHER},
        {VIR_DOMAIN_RUNNING, SNAPSHOT_STATE_RUNNING},
        {VIR_DOMAIN_BLOCKED, SNAPSHOT_STATE_RUNNING},
        {VIR_DOMAIN_PAUSED, SNAPSHOT_STATE_PAUSED},
        {VIR_DOMAIN_SHUTDOWN, SNAPSHOT_STATE_OTHER},
        {VIR_DOMAIN_SHUTOFF, SNAPSHOT_STATE_OTHER},
        {VIR_DOMAIN_CRASHED, SNAPSHOT_STATE_OTHER},
        {VIR_DOMAIN_PMSUSPENDED, SNAPSHOT_STATE_PAUSED},
        {1000, SNAPSHOT_STATE_OTHER},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        virTypedParameter p = integer("state.state", rows[i].from);
        struct snapshot_domain d = parse(&p, 1);
        assert_int_equal(d.state, rows[i].to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing), cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_full),    cmocka_unit_test(test_partial),
        cmocka_unit_test(test_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
