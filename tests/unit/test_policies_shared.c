/* test_policies_shared.c - what the reference policies' adapters share: time, averages,
 * memory. */
#include "tests/unit/unit.h"

#include "sim/policies/adapter.h"
#include "sim/policies/memo.h"

#include <math.h>
#include <stdio.h>

#define S INT64_C(1000000000)
#define MIB UINT64_C(1024) /* KiB */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct opt_u64 some(uint64_t v)
{
    return (struct opt_u64){.value = v, .has = true};
}

static void timers_keep_their_rate_on_any_grid(void **state)
{
    (void)state;
    struct adapter_timer t = {.set = false};
    unsigned n = 0;
    for (int64_t second = 0; second < 90; second += 3)
        n += adapter_timer_due(&t, second * S, 0, 10 * S);
    assert_int_equal(n, 9);
    assert_true(adapter_timer_due(&t, 500 * S, 0, 10 * S)); /* after a long pause */
    assert_false(adapter_timer_due(&t, 503 * S, 0, 10 * S));
}

static void windows_forget(void **state)
{
    (void)state;
    struct adapter_window w = {.n = 0};
    assert_true(fabs(adapter_window_mean(&w)) < 1e-9);
    adapter_window_add(&w, 1000);
    for (int i = 1; i <= 9; i++)
        adapter_window_add(&w, 0);
    assert_true(fabs(adapter_window_mean(&w) - 100) < 1e-9);
    adapter_window_add(&w, 0);
    assert_true(fabs(adapter_window_mean(&w)) < 1e-9);
}

static void what_balloons_may_take_is_not_free(void **state)
{
    (void)state;
    static const struct {
        bool has;
        uint64_t rss_mib;
        double free_mib;
    } rows[] = {
        {false, 0, 1100}, {true, 1024, 1100}, {true, 1200, 1100}, {true, 1000, 1076}};
    struct snapshot s;
    snapshot_init(&s);
    s.host.memory_available_kib = some(1100 * MIB);
    struct snapshot_domain *d = snapshot_add_domain(&s);
    assert_non_null(d);
    d->memory.current_kib = some(1024 * MIB);
    for (size_t i = 0; i < COUNT(rows); i++) {
        d->memory.rss_kib.has = rows[i].has;
        d->memory.rss_kib.value = rows[i].rss_mib * MIB;
        double free_kib = adapter_unassigned_kib(&s);
        assert_true(fabs(free_kib - rows[i].free_mib * (double)MIB) < 1);
    }
    snapshot_fini(&s);
}

/* Remembered while it is asked for, in whatever order; anew for another run. */
static void memos_last_as_long_as_they_are_asked_for(void **state)
{
    (void)state;
    struct memo m = {.size = sizeof(int)};
    struct snapshot_domain d = {.id = 1};
    for (int i = 0; i < 40; i++) {
        snprintf(d.uuid, sizeof(d.uuid), "%d", i % 20);
        int *value = memo_get(&m, &d, i >= 20);
        assert_non_null(value);
        assert_int_equal(*value, 0);
        *value = i;
    }
    for (int i = 39; i >= 0; i--) {
        snprintf(d.uuid, sizeof(d.uuid), "%d", i % 20);
        assert_int_equal(*(int *)memo_get(&m, &d, i >= 20), i);
    }
    assert_int_equal(memo_sweep(&m), 0);
    d.id = 2; /* uuid "0", restarted */
    assert_int_equal(*(int *)memo_get(&m, &d, 0), 0);
    assert_int_equal(memo_sweep(&m), 40);
    assert_int_equal(memo_sweep(&m), 1);
    memo_fini(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_keep_their_rate_on_any_grid),
        cmocka_unit_test(windows_forget),
        cmocka_unit_test(what_balloons_may_take_is_not_free),
        cmocka_unit_test(memos_last_as_long_as_they_are_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
