/* test_cpu_demand.c - what a vCPU wants, from its counters; what a pCPU has left for
 * guests, from its own. */
#undef NDEBUG
#include "cpu_actor/capacity.h"
#include "cpu_actor/demand.h"
#include "cpu_actor/num.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)

static uint64_t g_random = 99;

static double noise(double spread)
{
    g_random ^= g_random << 13;
    g_random ^= g_random >> 7;
    g_random ^= g_random << 17;
    return ((double)((g_random >> 20) % 2001) / 1000.0 - 1.0) * spread;
}

/* A vCPU's counters, as a closed loop would drive them. */
struct source {
    double ran_ns, delay_ns;
    int64_t now_ns;
};

static bool feed(struct source *s, struct demand *d, double ran, double waited,
                 int64_t in_ns, int64_t interval_ns)
{
    s->ran_ns += ran * (double)in_ns;
    s->delay_ns += waited * (double)in_ns;
    s->now_ns += in_ns;
    struct demand_sample x = {true, true, (uint64_t)(s->ran_ns / 1e7) * 10000000U,
                              (uint64_t)s->delay_ns, s->now_ns};
    return demand_update(d, &x, interval_ns);
}

static void test_of_interval(void **state)
{
    static const struct {
        double ran, waited, step, demand, off;
    } rows[] = {
        /* bad first: more than there is, less than nothing */
        {1500, 1500, 10, 1000, 0},
        {-5, -5, 10, 0, 0},
        {600, 700, 10, 1000, 0},
        {0, 2000, 10, 1000, 0},
        {0, 0, 0, 0, 0},
        /* alone: what it ran */
        {1000, 0, 10, 1000, 0},
        {300, 0, 10, 300, 0},
        {20, 0, 10, 20, 0},
        /* two who want half share a pCPU: r = 1/3, w = 1/3 */
        {333, 333, 10, 500, 1},
        /* eight hogs on one pCPU, 10 ms steps and waits that do not quite add up */
        {125, 875, 10, 1000, 0},
        {120, 875, 10, 1000, 0},
        {130, 875, 10, 1000, 0},
        {120, 870, 10, 1000, 0},
        {125, 860, 10, 890, 5},
        /* the same in 0.2 s samples, where a step is 50 permille */
        {110, 875, 50, 1000, 0},
        {150, 875, 50, 1000, 0},
        /* light ones on a full pCPU do not become hogs */
        {125, 750, 50, 500, 1},
        {50, 900, 50, 500, 1},
        /* starved all the time */
        {0, 1000, 10, 1000, 0},
        {0, 999.5, 10, 1000, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        double room = -1.0;
        double d = demand_of_interval(rows[i].ran, rows[i].waited, rows[i].step, &room);
        if (num_abs(d - rows[i].demand) > rows[i].off + 0.01 || room < 1.0 ||
            room > 1000.0)
            fail_msg("ran %g waited %g: demand %g, room %g", rows[i].ran,
                     rows[i].waited, d, room);
    }
}

static void test_no_change(void **state)
{
    struct demand d = {0};
    struct demand_sample s = {.has_time = false, .sampled_ns = SECOND};
    (void)state;
    assert_false(demand_update(&d, &s, SECOND)); /* absent */
    assert_false(d.seen);
    s = (struct demand_sample){true, true, 0, 0, SECOND};
    assert_false(demand_update(&d, &s, SECOND)); /* the first */
    assert_int_equal(d.valid, 0);
    s = (struct demand_sample){true, true, 500000000, 0, 2 * SECOND};
    assert_true(demand_update(&d, &s, SECOND));
    struct demand before = d;
    assert_false(demand_update(&d, &s, SECOND)); /* the same again */
    s.time_ns += 100000000;
    assert_false(demand_update(&d, &s, SECOND)); /* the same moment */
    s.sampled_ns -= SECOND;
    assert_false(demand_update(&d, &s, SECOND)); /* the past */
    s.sampled_ns = 2 * SECOND + SECOND / 10;
    assert_false(demand_update(&d, &s, SECOND)); /* too soon after it */
    s.has_time = false;
    s.sampled_ns = 3 * SECOND;
    assert_false(demand_update(&d, &s, SECOND)); /* a partial sample */
    assert_memory_equal(&before, &d, sizeof(d));
    /* and the next whole one covers the time since the last whole one */
    s = (struct demand_sample){true, true, 1500000000, 0, 4 * SECOND};
    assert_true(demand_update(&d, &s, SECOND));
    assert_true(num_abs(d.permille - 500) < 1);
}

static void test_starts_anew(void **state)
{
    static const struct demand_sample bad[] = {
        {true, true, 100000000, 5000000000, 4 * SECOND},   /* run time fell */
        {true, true, 2000000000, 0, 4 * SECOND},           /* delay fell */
        {true, true, 90000000000, 5000000000, 4 * SECOND}, /* faster than a clock */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct demand d = {0};
        struct demand_sample s = {true, true, 1000000000, 1000000000, 2 * SECOND};
        (void)demand_update(&d, &s, SECOND);
        s = (struct demand_sample){true, true, 1500000000, 1000000000, 3 * SECOND};
        assert_true(demand_update(&d, &s, SECOND));
        assert_false(demand_update(&d, &bad[i], SECOND));
        assert_int_equal(d.valid, 0);
        assert_true(d.permille <= 0.0);
        s = bad[i];
        s.time_ns += 300000000;
        s.sampled_ns += SECOND;
        assert_true(demand_update(&d, &s, SECOND));
        assert_true(num_abs(d.permille - 300) < 1);
    }
}

static void test_without_delay(void **state)
{
    struct demand d = {0};
    struct demand_sample s = {true, false, 0, 0, SECOND};
    (void)state;
    (void)demand_update(&d, &s, SECOND);
    for (int i = 0; i < 4; i++) {
        s.time_ns += 400000000;
        s.sampled_ns += SECOND;
        assert_true(demand_update(&d, &s, SECOND));
        assert_false(d.has_delay);
        assert_true(num_abs(d.permille - 400) < 1);
    }
    s.has_delay = true; /* it comes: known from the interval after */
    s.time_ns += 400000000;
    s.sampled_ns += SECOND;
    s.delay_ns = 123456789;
    assert_true(demand_update(&d, &s, SECOND));
    assert_false(d.has_delay);
    s.time_ns += 400000000;
    s.sampled_ns += SECOND;
    assert_true(demand_update(&d, &s, SECOND));
    assert_true(d.has_delay);
}

/* The demand of a closed loop is found whatever the waiting, the interval and the
 * steps. */
static void test_closed_loop(void **state)
{
    static const double demands[] = {0.05, 0.2, 0.5, 0.75, 1.0};
    static const int64_t intervals[] = {SECOND / 5, SECOND, 12 * SECOND, 3600 * SECOND};
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        for (size_t i = 0; i < 5; i++) {
            for (int crowd = 0; crowd < 4; crowd++) {
                struct demand d = {0};
                struct source s = {.now_ns = SECOND};
                double want = demands[i], ran = want / (1 << crowd);
                double waited = 1.0 - ran - ran * (1.0 - want) / want;
                for (int t = 0; t < 24; t++)
                    (void)feed(&s, &d, ran, waited, intervals[k], intervals[k]);
                double step = 1e10 / (double)intervals[k] / (1.0 - waited);
                double off = num_abs(d.permille - 1000.0 * want);
                if (off > 12.0 + 0.6 * step)
                    fail_msg("%g behind %d, %g s: %g", want, crowd,
                             (double)intervals[k] / 1e9, d.permille);
            }
        }
    }
}

static void test_change_is_taken_at_once(void **state)
{
    struct demand d = {0};
    struct source s = {.now_ns = SECOND};
    (void)state;
    for (int t = 0; t < 20; t++)
        (void)feed(&s, &d, 0.2, 0.0, SECOND, SECOND);
    assert_false(d.changing);
    (void)feed(&s, &d, 0.7, 0.0, SECOND, SECOND);
    assert_true(num_abs(d.permille - 700) < 15);
    assert_true(d.changing);
    (void)feed(&s, &d, 0.7, 0.0, SECOND, SECOND);
    assert_false(d.changing);
    for (int t = 0; t < 6; t++) /* 4 points: smoothed, and there after some intervals */
        (void)feed(&s, &d, 0.74, 0.0, SECOND, SECOND);
    assert_true(num_abs(d.permille - 740) < 25);
}

static void test_noise_is_smoothed(void **state)
{
    struct demand d = {0};
    struct source s = {.now_ns = SECOND};
    double worst = 0.0;
    (void)state;
    for (int t = 0; t < 600; t++) {
        (void)feed(&s, &d, 0.5 + noise(0.1), 0.0, SECOND, SECOND);
        if (t > 30)
            worst = num_max(worst, num_abs(d.permille - 500));
    }
    printf("  noise of 100 permille leaves at most %.0f, sd of one %.0f, of the mean "
           "%.0f\n",
           worst, num_root(d.variance), num_root(demand_mean_variance(&d)));
    assert_true(worst < 60);
    assert_true(num_root(d.variance) > 35 && num_root(d.variance) < 90);
}

/* ---- capacity ---- */

static void test_capacity_explain(void **state)
{
    static const struct {
        const char *mask; /* NULL = all */
        double amount, left[3], then[3];
    } rows[] = {
        {"7", 500, {300, 200, 100}, {300, 200, 100}},
        {NULL, 0, {300, 200, 100}, {300, 200, 100}},
        {NULL, 2000, {300, 200, 100}, {0, 0, 0}},
        {NULL, 900, {950, 450, 450}, {317, 317, 317}},
        {NULL, 100, {300, 200, 100}, {200, 200, 100}},
        {"1-2", 200, {300, 200, 100}, {300, 50, 50}},
        {"0", 100, {300, 200, 100}, {200, 200, 100}},
    };
    const struct cpu_pcpu pcpus[] = {{.id = 0}, {.id = 1}, {.id = 2}};
    const struct cpu_input in = {.pcpus = pcpus, .npcpus = 3};
    (void)state;
    for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++) {
        struct cpuset mask;
        double left[3];
        memcpy(left, rows[k].left, sizeof(left));
        if (rows[k].mask != NULL)
            assert_int_equal(cpuset_parse(rows[k].mask, &mask), 0);
        capacity_explain(&in, rows[k].mask != NULL ? &mask : NULL, rows[k].amount,
                         left);
        for (size_t p = 0; p < 3; p++)
            assert_true(num_abs(left[p] - rows[k].then[p]) < 1.0);
    }
}

/* What is believed after each of a row of intervals. */
static void test_capacity_believe(void **state)
{
    static const struct {
        double host[8], believed[8];
    } rows[] = {
        /* emulator threads, a single burst, a load that roams: none of it is news */
        {{90, 60, 110, 20, 80, 95, 115, 0}, {0, 0, 0, 0, 0, 0, 0, 0}},
        {{0, 900, 0, 0, 700, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0}},
        {{900, 0, 900, 0, 900, 0, 900, 0}, {0, 0, 0, 0, 0, 0, 0, 0}},
        /* half of it in the first interval; then it wobbles */
        {{250, 500, 490, 560, 420, 510, 440, 560},
         {0, 0, 490, 490, 490, 490, 490, 490}},
        /* a little that is gone is gone */
        {{150, 150, 100, 90, 30, 20, 10, 10}, {0, 150, 150, 150, 150, 0, 0, 0}},
    };
    (void)state;
    for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++) {
        struct capacity_pcpu c = {.seen = true};
        for (size_t i = 0; i < 8; i++) {
            double before = c.host;
            bool changed = capacity_believe(&c, rows[k].host[i], SECOND);
            assert_true(changed == (num_abs(before - c.host) > 1.0));
            assert_true(num_abs(c.host - rows[k].believed[i]) < 1.0);
        }
    }
}

/* A load that comes and goes every four intervals is followed ever more rarely. */
static void test_capacity_restless(void **state)
{
    struct capacity_pcpu c = {.seen = true};
    uint32_t changes = 0;
    (void)state;
    for (int i = 0; i < 200; i++)
        changes += capacity_believe(&c, i / 4 % 2 ? 600 : 0, SECOND);
    assert_true(changes >= 1 && changes <= 4);
}

static void test_capacity_observe(void **state)
{
    static struct capacity c;
    const struct cpu_pcpu pcpus[] = {{.id = 1, .capacity_permille = 1000},
                                     {.id = 3, .capacity_permille = 1000}};
    struct cpu_busy busy[] = {{true, 0}, {true, 0}};
    struct capacity_guest g[] = {{450, cpuset_of(1)}, {300, cpuset_of(1)}};
    struct cpu_input in = {
        .pcpus = pcpus, .npcpus = 2, .nvcpus = 2, .interval_ns = SECOND};
    (void)state;
    /* not known: all of it */
    assert_false(capacity_observe(&c, &in, g));
    in.busy = busy;
    for (int i = 0; i < 4; i++) { /* 1 has two guests, 3 has 40 % of the host's */
        capacity_observe(&c, &in, g);
        in.busy_sampled_ns += SECOND;
        busy[0].busy_ns += 770000000;
        busy[1].busy_ns += 400000000;
    }
    assert_int_equal(capacity_left(&c, &pcpus[0]), 1000);
    assert_int_equal(capacity_left(&c, &pcpus[1]), 600);
    /* the same sample again, no sample, and a counter that starts anew say nothing */
    capacity_observe(&c, &in, g);
    busy[1].has = false;
    in.busy_sampled_ns += SECOND;
    capacity_observe(&c, &in, g);
    busy[1] = (struct cpu_busy){true, 5};
    capacity_observe(&c, &in, g);
    assert_int_equal(capacity_left(&c, &pcpus[1]), 600);
    /* a guest that may run on both explains it, and so does one of unknown time */
    g[1] = (struct capacity_guest){CAPACITY_RAN_UNKNOWN, cpuset_of(1)};
    cpuset_add(&g[1].where, 3);
    for (int i = 0; i < 8; i++) {
        in.busy_sampled_ns += SECOND;
        busy[0].busy_ns += 1000000000;
        busy[1].busy_ns += 400000000;
        capacity_observe(&c, &in, g);
    }
    assert_int_equal(capacity_left(&c, &pcpus[1]), 1000);
    /* it takes all: guests keep something */
    g[0].ran = g[1].ran = 0;
    for (int i = 0; i < 40; i++) {
        in.busy_sampled_ns += SECOND;
        busy[0].busy_ns += 1000000000;
        capacity_observe(&c, &in, g);
    }
    assert_int_equal(capacity_left(&c, &pcpus[0]), CAPACITY_LEAST_PERMILLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_interval),
        cmocka_unit_test(test_no_change),
        cmocka_unit_test(test_starts_anew),
        cmocka_unit_test(test_without_delay),
        cmocka_unit_test(test_closed_loop),
        cmocka_unit_test(test_change_is_taken_at_once),
        cmocka_unit_test(test_noise_is_smoothed),
        cmocka_unit_test(test_capacity_explain),
        cmocka_unit_test(test_capacity_believe),
        cmocka_unit_test(test_capacity_restless),
        cmocka_unit_test(test_capacity_observe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
