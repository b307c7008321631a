/* test_sim_rescale.c - a model's snapshot on the clocks of the real world. */
#include "tests/unit/unit.h"

#include "sim/run/view.h"
#include "sim/simhost/rescale.h"

#define S INT64_C(1000000000)

static void assert_near(double a, double b, double apart)
{
    assert_true(a - b <= apart && b - a <= apart);
}

static void stamps_and_counters_fit_together_at_any_speed(void **state)
{
    static const double speeds[] = {0.5, 1, 10};
    (void)state;
    for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
        struct rescale r = {
            .mono_ns = 500 * S, .wall_ns = 9000 * S, .speed = speeds[i]};
        struct snapshot s;
        snapshot_init(&s);
        /* 100 s into the script, having run 40 of them */
        s.mono_ns = VIEW_MONO_NS + 100 * S;
        s.wall_ns = VIEW_WALL_NS + 100 * S;
        struct snapshot_domain *d = snapshot_add_domain(&s);
        d->sampled_ns = s.mono_ns;
        d->memory.last_update_s =
            (struct opt_u64){(uint64_t)(VIEW_WALL_NS / S) + 90, true};
        snapshot_add_vcpu(d)->time_ns = (struct opt_u64){(uint64_t)(40 * S), true};
        rescale_snapshot(&r, &s);
        double elapsed = (double)(s.mono_ns - r.mono_ns);
        assert_near(elapsed, 100e9 / speeds[i], 10);
        assert_int_equal(s.domains[0].sampled_ns, s.mono_ns);
        assert_near((double)s.domains[0].vcpus[0].time_ns.value / elapsed, 0.4, 1e-6);
        assert_near((double)rescale_to_model_ns(&r, s.mono_ns), 100e9, 100);
        double age_s =
            (double)s.wall_ns / 1e9 - (double)s.domains[0].memory.last_update_s.value;
        assert_near(age_s, 10 / speeds[i], 1.01); /* whole seconds */
        snapshot_fini(&s);
    }
}

static void what_never_happened_stays_so(void **state)
{
    (void)state;
    struct rescale r = {.mono_ns = 1, .wall_ns = 1, .speed = 3};
    struct snapshot s;
    snapshot_init(&s);
    s.mono_ns = VIEW_MONO_NS;
    s.wall_ns = VIEW_WALL_NS;
    struct snapshot_domain *d = snapshot_add_domain(&s);
    d->memory.last_update_s = (struct opt_u64){0, true};
    d->memory.period_s = (struct opt_u64){0, true};
    rescale_snapshot(&r, &s);
    assert_int_equal(s.domains[0].memory.last_update_s.value, 0);
    assert_int_equal(s.domains[0].memory.period_s.value, 0);
    assert_int_equal(s.mono_ns, 1);
    snapshot_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stamps_and_counters_fit_together_at_any_speed),
        cmocka_unit_test(what_never_happened_stays_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
