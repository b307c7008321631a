/* test_mem_cases.c - the memory policy in a closed loop: growing and releasing guests
 * on roomy, tight and overcommitted hosts, at all speeds. */
#undef NDEBUG
#include "mem_model.h"

/* The four cases on a host where all can be at their maximum: 16 GiB. */
static void roomy_case(const char *what, unsigned int growers, unsigned int releasers,
                       uint64_t rate_kib_s)
{
    struct model m;
    unsigned int grown = 0, back = 0;
    uint64_t idle[4];

    model_init(&m, 16 * GIB, 4, START, MAX);
    model_run(&m, 15);
    check_quiet(&m, 10);
    for (size_t i = 0; i < 4; i++) {
        idle[i] = m.guests[i].actual_kib;
        assert_true(idle[i] < START); /* idle guests give */
    }
    for (size_t i = 0; i < growers; i++)
        program(&m, i, PROGRAM, rate_kib_s);
    for (size_t i = 0; i < growers; i++)
        grown += until(&m, i, true, MAX, 400);
    model_run(&m, 20);
    assert_int_equal(model_refused(&m), 0);
    for (size_t i = 0; i < releasers; i++)
        program(&m, i, 0, 0);
    for (size_t i = 0; i < releasers; i++)
        back += until(&m, i, false, idle[i] * 5 / 4, 40);
    for (size_t i = releasers; i < growers; i++)
        assert_int_equal(m.guests[i].actual_kib, MAX);
    model_run(&m, 20);
    check_quiet(&m, 10);
    check_law(&m);
    printf("# %s: at the maximum after %u, back after %u, refused %llu, lowest free "
           "%lld MiB, calls %llu\n",
           what, grown, back, refused(&m), (long long)m.lowest_free_kib / 1024,
           (unsigned long long)m.calls);
    assert_true(grown <= 100);
    assert_true(back <= 20);
    model_fini(&m);
}

static void test_cases_roomy(void **state)
{
    (void)state;
    roomy_case("roomy, one grows and releases", 1, 1, 20 * MIB);
    roomy_case("roomy, all grow and release", 4, 4, 20 * MIB);
    roomy_case("roomy, all grow, two release", 4, 2, 20 * MIB);
    roomy_case("roomy, two grow, one releases", 2, 1, 20 * MIB);
}

/* 4 GiB: 3140 MiB for four guests that want 2 GiB each. */
static void test_tight_one_grows(void **state)
{
    (void)state;
    struct model m;

    model_init(&m, 4 * GIB, 4, START, MAX);
    model_run(&m, 20);
    program(&m, 0, PROGRAM - 200 * MIB, 20 * MIB);
    unsigned int grown = until(&m, 0, true, 1739 * MIB, 200);
    model_run(&m, 20);
    printf("# tight, one grows: after %u, refused %llu, lowest free %lld MiB\n", grown,
           refused(&m), (long long)m.lowest_free_kib / 1024);
    assert_int_equal(model_refused(&m), 0);
    assert_true(grown <= 90);
    for (size_t i = 1; i < 4; i++)
        assert_true(m.guests[i].actual_kib < 460 * MIB); /* idle ones gave more */
    uint64_t calls = m.calls;
    model_run(&m, 10);
    assert_int_equal(m.calls, calls);
    program(&m, 0, 0, 0);
    unsigned int back = until(&m, 0, false, 460 * MIB * 5 / 4, 40);
    printf("# tight, one grows: back after %u\n", back);
    assert_true(back <= 20);
    check_law(&m);
    model_fini(&m);
}

/* All want more than there is: equal shares, and the host keeps its reserve.  Then
 * those that go on get what the others return. */
static void tight_case(const char *what, size_t growers, size_t releasers)
{
    struct model m;

    model_init(&m, 4 * GIB, 4, START, MAX);
    model_run(&m, 20);
    for (size_t i = 0; i < growers; i++)
        program(&m, i, PROGRAM, 20 * MIB);
    model_run(&m, 120);
    uint64_t least = UINT64_MAX, most = 0;
    for (size_t i = 0; i < growers; i++) {
        uint64_t actual = m.guests[i].actual_kib;
        least = actual < least ? actual : least;
        most = actual > most ? actual : most;
    }
    assert_true(most - least <= 64 * MIB);
    for (size_t i = 0; i < releasers; i++)
        program(&m, i, 0, 0);
    unsigned int back = 0;
    for (size_t i = 0; i < releasers; i++)
        back += until(&m, i, false, 460 * MIB * 5 / 4, 40);
    model_run(&m, 60);
    uint64_t after = releasers < growers ? m.guests[growers - 1].actual_kib : 0;
    printf("# tight, %s: %llu to %llu MiB each, back after %u, the others %llu, lowest "
           "free %lld MiB, calls %llu\n",
           what, (unsigned long long)(least / MIB), (unsigned long long)(most / MIB),
           back, (unsigned long long)(after / MIB), (long long)m.lowest_free_kib / 1024,
           (unsigned long long)m.calls);
    assert_true(back <= 20);
    assert_true(after == 0 || after >= most + 300 * MIB);
    check_law(&m);
    model_fini(&m);
}

static void test_cases_tight(void **state)
{
    (void)state;
    tight_case("all grow and release", 4, 4);
    tight_case("all grow, two release", 4, 2);
    tight_case("two grow, one releases", 2, 1);
}

/* 150 MiB/s from rest, and a second time after everything has settled: no allocation is
 * refused, wherever the start falls between two samples, and the samples between two
 * statistics, however libvirt rounds their time or lags behind the balloon. */
static uint64_t fast_grower(int phase, int start, bool whole, bool total, bool lag)
{
    struct model m;

    model_init(&m, 16 * GIB, 4, START, MAX);
    m.whole_seconds = whole;
    m.guests[0].phase_ns = phase * SEC / 5;
    m.guests[0].no_total = !total;
    m.guests[0].lag = lag;
    model_run(&m, 10);
    for (int again = 0; again < 2; again++) {
        /* the program starts in mid-interval: its first steps are lost ones */
        model_decide(&m);
        for (int k = 0; k < 100; k++) {
            m.now_ns += STEP_NS;
            if (k >= start * 20)
                program(&m, 0, PROGRAM, 150 * MIB);
            for (size_t i = 0; i < m.nguests; i++)
                model_step(&m, &m.guests[i]);
        }
        model_run(&m, 20);
        assert_int_equal(m.guests[0].actual_kib, MAX);
        program(&m, 0, 0, 0);
        model_run(&m, 40);
    }
    uint64_t sum = model_refused(&m);
    check_law(&m);
    model_fini(&m);
    return sum;
}

static void test_fast_grower(void **state)
{
    (void)state;
    uint64_t sum = 0;

    for (int phase = 0; phase < 5; phase++) {
        for (int start = 0; start < 5; start++) {
            for (int how = 0; how < 2; how++) {
                sum += fast_grower(phase, start, how, true, false);
                sum += fast_grower(phase, start, how, true, true);
                sum += fast_grower(phase, start, how, false, false);
            }
        }
    }
    printf("# 150 MiB/s, 150 runs: refused %llu\n", (unsigned long long)sum);
    assert_int_equal(sum, 0);
}

/* Eight guests want 2 GiB each of 8 GiB. */
static void test_shortage(void **state)
{
    (void)state;
    struct model m;
    uint64_t sum = 0;

    model_init(&m, 8 * GIB, 8, START, MAX);
    for (size_t i = 0; i < 8; i++)
        program(&m, i, PROGRAM, 50 * MIB);
    model_run(&m, 100);
    for (size_t i = 0; i < 8; i++) {
        sum += m.guests[i].actual_kib;
        assert_true(m.guests[i].actual_kib >= 750 * MIB);
    }
    printf("# shortage: %llu of %llu MiB out, lowest free %lld MiB\n",
           (unsigned long long)(sum / MIB),
           (unsigned long long)(m.plan.budget_kib / MIB),
           (long long)m.lowest_free_kib / 1024);
    assert_true(sum <= m.plan.budget_kib + 8 * 16 * MIB);
    assert_int_equal(m.guests[0].view.state, MEM_GUEST_TROUBLED);
    uint64_t before = m.calls;
    model_run(&m, 20);
    assert_int_equal(m.calls, before);
    check_law(&m);
    model_fini(&m);
}

/* Memory in use is not taken for a heavier guest; what comes free goes to it first, as
 * far as it needs it at that moment. */
static void test_weights(void **state)
{
    (void)state;
    struct model m;

    model_init(&m, 4 * GIB, 4, START, MAX);
    m.guests[0].weight = 2048;
    for (size_t i = 0; i < 4; i++)
        program(&m, i, PROGRAM, 20 * MIB);
    model_run(&m, 120);
    uint64_t before = m.guests[1].actual_kib;
    m.own_kib -= 200 * MIB; /* less than the needs of all four */
    model_run(&m, 40);
    assert_true(m.guests[0].actual_kib >= before + 90 * MIB);
    assert_true(m.guests[1].actual_kib <= before + 40 * MIB);
    check_law(&m);
    model_fini(&m);
}

static void test_cap(void **state)
{
    (void)state;
    struct model m;
    uint64_t sum = 0;

    model_init(&m, 16 * GIB, 4, START, MAX);
    m.cap_kib = 2400 * MIB;
    for (size_t i = 0; i < 4; i++)
        program(&m, i, PROGRAM, 50 * MIB);
    for (int k = 0; k < 80; k++) {
        model_run(&m, 1);
        sum = 0;
        for (size_t i = 0; i < 4; i++)
            sum += m.guests[i].actual_kib;
        assert_true(sum <= m.cap_kib);
    }
    assert_true(sum >= m.cap_kib - 64 * MIB);
    assert_int_equal(m.plan.budget_kib, m.cap_kib);
    model_fini(&m);
}

/* All that the guests may hold is just enough, and most of it lies idle in three that
 * grow no more: they come down to what they need as fast as the grower asks. */
static void test_cap_is_tight(void **state)
{
    (void)state;
    struct model m;

    model_init(&m, 16 * GIB, 4, 320 * MIB, 1024 * MIB);
    m.cap_kib = 1280 * MIB;
    m.whole_seconds = true;
    for (size_t i = 0; i < 4; i++)
        m.guests[i].base_kib = m.guests[i].touched_kib = 131 * MIB;
    model_run(&m, 10);
    program(&m, 0, 340 * MIB, 16 * MIB);
    model_run(&m, 40);
    for (size_t i = 1; i < 4; i++)
        assert_in_range(m.guests[i].actual_kib, 231 * MIB, 247 * MIB);
    printf("# tight cap: grower at %llu MiB, refused %llu\n",
           (unsigned long long)(m.guests[0].actual_kib / MIB), refused(&m));
    assert_int_equal(model_refused(&m), 0);
    assert_true(m.guests[0].actual_kib >= (340 + 131 + 60) * MIB);
    check_quiet(&m, 10);
    check_law(&m);
    model_fini(&m);
}

/* Four that grow and release in turn need each other's memory again and again: that
 * they regretted giving it is no reason to let another starve. */
static void test_sawteeth_in_turn(void **state)
{
    (void)state;
    struct model m;

    model_init(&m, 6 * GIB, 4, START, MAX);
    for (unsigned int k = 0; k < 240; k++) {
        for (unsigned int i = 0; i < 4; i++) {
            if (k >= 5 + i * 10 && (k - 5 - i * 10) % 40 == 0)
                program(&m, i, 1000 * MIB, 60 * MIB);
            if (k >= 28 + i * 10 && (k - 28 - i * 10) % 40 == 0)
                program(&m, i, 0, 0);
        }
        model_run(&m, 1);
    }
    printf("# sawteeth in turn: refused %llu, calls %llu\n", refused(&m),
           (unsigned long long)m.calls);
    assert_int_equal(model_refused(&m), 0);
    check_law(&m);
    model_fini(&m);
}

/* Guests that start at their maximum on a host too small for that: squeezed to what
 * they want, while one that was small and needs memory still gets it. */
static void test_overcommitted_start(void **state)
{
    (void)state;
    struct model m;

    model_init(&m, 8 * GIB, 8, MAX, MAX);
    m.guests[0].actual_kib = m.guests[0].target_kib = m.guests[0].reported_kib = START;
    program(&m, 0, 800 * MIB, 50 * MIB);
    model_run(&m, 25);
    printf("# overcommitted: refused %llu, lowest free %lld MiB\n", refused(&m),
           (long long)m.lowest_free_kib / 1024);
    assert_int_equal(m.guests[0].refused, 0);
    for (size_t i = 1; i < 8; i++)
        assert_true(m.guests[i].actual_kib < 520 * MIB);
    check_law(&m);
    model_fini(&m);
}

/* Any interval and any reclaim percentage settles, and stays quiet. */
static void test_intervals(void **state)
{
    (void)state;
    static const struct {
        int64_t interval_ns;
        uint32_t percent;
        unsigned int intervals;
    } rows[] = {
        {SEC / 5, 10, 300}, {SEC / 2, 10, 120}, {2 * SEC, 10, 60}, {10 * SEC, 10, 40},
        {60 * SEC, 10, 30}, {SEC, 1, 400},      {SEC, 100, 60},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct model m;

        model_init(&m, 16 * GIB, 2, MAX, MAX);
        m.interval_ns = rows[i].interval_ns;
        m.reclaim_percent = rows[i].percent;
        model_run(&m, rows[i].intervals);
        printf("# interval %g s, %u %%: %llu MiB, %llu calls\n",
               (double)m.interval_ns / 1e9, rows[i].percent,
               (unsigned long long)(m.guests[0].actual_kib / MIB),
               (unsigned long long)m.calls);
        assert_true(m.guests[0].actual_kib <= 600 * MIB);
        check_quiet(&m, 20);
        program(&m, 0, 1200 * MIB, 10 * MIB);
        model_run(&m, (unsigned int)(130 * SEC / m.interval_ns) + 2);
        if (m.interval_ns <= 10 * SEC)
            assert_int_equal(model_refused(&m), 0);
        check_law(&m);
        model_fini(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases_roomy),
        cmocka_unit_test(test_tight_one_grows),
        cmocka_unit_test(test_cases_tight),
        cmocka_unit_test(test_fast_grower),
        cmocka_unit_test(test_shortage),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_overcommitted_start),
        cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_cap_is_tight),
        cmocka_unit_test(test_sawteeth_in_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
