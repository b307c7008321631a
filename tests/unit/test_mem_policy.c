/* test_mem_policy.c - the memory policy and guests that misbehave, bad input first. */
#undef NDEBUG
#include "mem_actor/caution.h"
#include "mem_model.h"

#include <errno.h>

static void test_stale(void **state)
{
    (void)state;
    struct model m;

    model_init(&m, 16 * GIB, 2, 1024 * MIB, MAX);
    m.guests[0].mute = true;
    model_run(&m, 1);
    assert_int_equal(m.guests[0].view.state, MEM_GUEST_UNKNOWN);
    m.guests[0].mute = false;
    model_run(&m, 3);
    m.guests[0].mute = true;
    model_run(&m, 5);
    uint64_t calls = m.guests[0].calls, held = m.guests[0].target_kib;
    program(&m, 0, 900 * MIB, 50 * MIB);
    model_run(&m, 20);
    assert_int_equal(m.guests[0].calls, calls);
    assert_int_equal(m.guests[0].view.state, MEM_GUEST_STALE);
    assert_true(m.guests[0].view.share_kib >= held);
    m.guests[0].mute = false;
    model_run(&m, 3);
    assert_true(m.guests[0].calls > calls);
    model_fini(&m);
}

/* A guest whose balloon never moves is squeezed once, and then left alone and named. */
static void test_stuck(void **state)
{
    (void)state;
    struct model m;

    model_init(&m, 16 * GIB, 2, 1024 * MIB, MAX);
    m.guests[0].least_kib = 1024 * MIB;
    model_run(&m, 9);
    assert_int_equal(m.guests[0].view.state, MEM_GUEST_STUCK);
    assert_int_equal(m.guests[0].view.share_kib, 1024 * MIB);
    model_run(&m, 40);
    printf("# stuck: %llu calls in 50 s; %s\n", (unsigned long long)m.guests[0].calls,
           m.guests[0].view.why);
    assert_true(m.guests[0].calls <= 6);
    assert_int_equal(m.guests[0].target_kib, 1024 * MIB); /* called off */
    assert_true(m.guests[1].actual_kib < 500 * MIB);
    program(&m, 0, 900 * MIB, 20 * MIB); /* it still grows */
    model_run(&m, 60);
    assert_int_equal(model_refused(&m), 0);
    check_law(&m);
    model_fini(&m);
}

/* It is not squeezed for another in need either: it would strain, and give nothing. */
static void test_stuck_for_others(void **state)
{
    (void)state;
    struct model m;

    model_init(&m, 16 * GIB, 4, 1024 * MIB, MAX);
    m.guests[0].least_kib = 1024 * MIB;
    m.cap_kib = 2237 * MIB; /* 16 MiB more than all need in the end */
    model_run(&m, 15);
    assert_int_equal(m.guests[0].view.state, MEM_GUEST_STUCK);
    program(&m, 1, 120 * MIB, 16 * MIB);
    uint64_t calls = m.guests[0].calls;
    model_run(&m, 30);
    assert_in_range(m.guests[1].actual_kib, 463 * MIB, 500 * MIB);
    assert_in_range(m.guests[2].actual_kib, 359 * MIB, 375 * MIB);
    assert_int_equal(m.guests[0].calls, calls);
    assert_int_equal(m.guests[0].target_kib, 1024 * MIB);
    check_law(&m);
    model_fini(&m);
}

static void test_no_driver(void **state)
{
    (void)state;
    struct model m;

    model_init(&m, 4 * GIB, 2, START, MAX);
    m.guests[0].no_driver = true;
    model_run(&m, 20);
    assert_int_equal(m.guests[0].calls, 0);
    assert_int_equal(m.guests[0].view.state, MEM_GUEST_UNKNOWN);
    assert_int_equal(m.guests[0].view.share_kib, START);
    assert_true(strlen(m.guests[0].view.why) > 0);
    check_law(&m);
    model_fini(&m);
}

/* Squeezed into swap, a guest gets all of it back at once, and is squeezed less deep
 * and less soon from then on. */
static void test_swap(void **state)
{
    (void)state;
    struct model m;

    model_init(&m, 16 * GIB, 1, 1024 * MIB, MAX);
    model_run(&m, 6);
    uint64_t squeezed = m.guests[0].actual_kib;
    assert_true(squeezed < 1000 * MIB);
    m.guests[0].swap_kib = GIB; /* pages it needs, but does not show as used */
    m.guests[0].swapped_kib = m.guests[0].program_kib = 20 * MIB;
    m.guests[0].goal_kib = 20 * MIB;
    unsigned int back = until(&m, 0, true, 1000 * MIB, 10);
    printf("# swap: given back after %u intervals: %s\n", back, m.guests[0].view.why);
    assert_true(back <= 3);
    assert_true(m.guests[0].view.floor_kib >= m.guests[0].lowest_kib + 16 * MIB);
    uint64_t calls = m.guests[0].calls;
    model_run(&m, 7);
    assert_int_equal(m.guests[0].calls, calls);
    model_run(&m, 50);
    assert_true(m.guests[0].actual_kib >= 600 * MIB);
    model_run(&m, 40);
    assert_true(m.guests[0].actual_kib < 520 * MIB); /* forgotten in the end */
    check_law(&m);
    model_fini(&m);
}

/* A guest that swings every 20 s is soon left at its crest. */
static void test_sawtooth(void **state)
{
    (void)state;
    struct model m;
    uint64_t early = 0;

    model_init(&m, 16 * GIB, 1, START, MAX);
    for (int cycle = 0; cycle < 30; cycle++) {
        program(&m, 0, 800 * MIB, 100 * MIB);
        model_run(&m, 12);
        program(&m, 0, 0, 0);
        model_run(&m, 8);
        if (cycle == 4)
            early = m.calls;
    }
    printf(
        "# sawtooth: %llu calls in the first 5 cycles, %llu in 25 more, refused %llu\n",
        (unsigned long long)early, (unsigned long long)(m.calls - early), refused(&m));
    assert_int_equal(model_refused(&m), 0);
    assert_true((m.calls - early) / 25 <= early / 5);
    check_law(&m);
    model_fini(&m);
}

/* Regret is of a guest that uses more again, not of pages that only look used after the
 * balloon gave them back, nor of one that was squeezed for others and gets it back. */
static void test_regret(void **state)
{
    (void)state;
    static const struct {
        uint64_t used_kib;
        uint32_t regrets;
    } rows[] = {{0, 0}, {300 * MIB, 0}, {364 * MIB, 0}, {364 * MIB + 1, 1}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct caution c = {0};

        caution_granted(&c, rows[i].used_kib, SEC, 50 * SEC);
        assert_int_equal(c.regrets, 0); /* never squeezed */
        caution_squeezed(&c, 600 * MIB, 300 * MIB, 100 * SEC);
        caution_granted(&c, rows[i].used_kib, SEC, 101 * SEC);
        caution_granted(&c, rows[i].used_kib, SEC, 102 * SEC);
        assert_int_equal(c.regrets, rows[i].regrets);
        assert_int_equal(c.hold_ns, rows[i].regrets > 0 ? 105 * SEC : 0);
    }
}

/* The host itself takes 2 GiB: guests give until it has its reserve again. */
static void test_host_jump(void **state)
{
    (void)state;
    struct model m;

    model_init(&m, 8 * GIB, 4, START, MAX);
    for (size_t i = 0; i < 4; i++)
        program(&m, i, 1000 * MIB, 100 * MIB);
    model_run(&m, 20);
    for (size_t i = 0; i < 3; i++)
        program(&m, i, 0, 0);
    model_run(&m, 1);
    m.own_kib += 2900 * MIB;
    model_run(&m, 1);
    assert_int_equal(m.plan.verdict, MEM_VERDICT_PRESSED);
    unsigned int k = 0;
    while (k < 40 && model_available(&m) < m.reserve_kib) {
        model_run(&m, 1);
        k++;
    }
    printf("# host jump: reserve again after %u intervals; %s\n", k, m.plan.reason);
    assert_true(k <= 6);
    model_run(&m, 30);
    assert_true(m.plan.verdict != MEM_VERDICT_PRESSED);
    uint64_t sum = 0;
    for (size_t i = 0; i < 4; i++) {
        assert_true(m.guests[i].lowest_kib >= m.floor_kib);
        sum += m.guests[i].actual_kib;
    }
    assert_true(sum <= m.plan.budget_kib + 4 * 32 * MIB);
    assert_true(model_usable(&m.guests[3]) >=
                90 * MIB); /* the busy one keeps its need */
    model_fini(&m);
}

/* The guest takes memory back by itself: not fought at once. */
static void test_autodeflate(void **state)
{
    (void)state;
    struct model m;

    model_init(&m, 16 * GIB, 1, START, MAX);
    m.guests[0].autodeflate = true;
    model_run(&m, 20);
    m.guests[0].actual_kib = m.guests[0].target_kib = 1024 * MIB;
    uint64_t calls = m.calls;
    model_run(&m, 8);
    assert_int_equal(m.calls, calls);
    model_run(&m, 30);
    assert_true(m.guests[0].actual_kib < 500 * MIB);
    program(&m, 0, PROGRAM, 20 * MIB);
    model_run(&m, 100);
    assert_int_equal(m.guests[0].actual_kib, MAX);
    check_law(&m);
    model_fini(&m);
}

/* Page cache is given some room and no more, and the calls end. */
static void test_page_cache(void **state)
{
    (void)state;
    struct model m;

    model_init(&m, 16 * GIB, 1, START, MAX);
    model_run(&m, 20);
    m.guests[0].cache_rate_kib_s = 100 * MIB;
    model_run(&m, 60);
    printf("# page cache: %llu MiB, %llu calls\n",
           (unsigned long long)(m.guests[0].actual_kib / MIB),
           (unsigned long long)m.calls);
    assert_true(m.guests[0].actual_kib <= 1024 * MIB);
    check_quiet(&m, 20);
    check_law(&m);
    model_fini(&m);
}

static void test_failed_calls(void **state)
{
    (void)state;
    struct mem_policy *p = mem_policy_create();
    struct mem_guest g = {
        .key = model_key(0),
        .managed = true,
        .running = true,
        .can_give = true,
        .fresh = true,
        .weight = 1024,
        .maximum_kib = MAX,
        .current_kib = model_opt(START, true),
        .usable_kib = model_opt(10 * MIB, true),
    };
    struct mem_input in = {
        .interval_ns = SEC,
        .guests = &g,
        .nguests = 1,
        .host_total_kib = 16 * GIB,
        .host_available_kib = model_opt(8 * GIB, true),
        .usable_min_kib = 100 * MIB,
        .reclaim_percent = 10,
    };
    struct mem_plan plan;
    unsigned int tries = 0;

    for (int k = 1; k <= 64; k++) {
        in.now_ns = k * SEC;
        g.sampled_ns = in.now_ns;
        assert_int_equal(mem_policy_step(p, &in, &plan), 0);
        assert_true(plan.nmoves <= 1);
        if (plan.nmoves == 1) {
            mem_policy_result(p, &g.key, plan.moves[0].to_kib, -EIO, in.now_ns);
            tries++;
        } else {
            assert_int_equal(plan.verdict, MEM_VERDICT_HOLDING);
        }
    }
    assert_in_range(tries, 5, 8); /* 1, 2, 4 .. 32 s apart */
    mem_policy_destroy(p);
}

/* One guest of <current> that uses 259 MiB, on a host of 16 GiB. */
struct bench {
    struct mem_policy *policy;
    struct mem_guest guest;
    struct mem_input in;
    struct mem_plan plan;
};

static void bench_init(struct bench *b, uint64_t current_kib)
{
    *b = (struct bench){.policy = mem_policy_create()};
    b->guest = (struct mem_guest){
        .key = model_key(0),
        .managed = true,
        .running = true,
        .can_give = true,
        .fresh = true,
        .weight = 1024,
        .maximum_kib = MAX,
        .current_kib = model_opt(current_kib, true),
        .usable_kib = model_opt(current_kib - 259 * MIB, true),
        .rss_kib = model_opt(300 * MIB, true),
    };
    b->in = (struct mem_input){
        .interval_ns = SEC,
        .nguests = 1,
        .host_total_kib = 16 * GIB,
        .host_available_kib = model_opt(3 * GIB, true),
        .host_reserve_kib = 200 * MIB,
        .floor_kib = 200 * MIB,
        .usable_min_kib = 100 * MIB,
        .reclaim_percent = 10,
    };
}

static size_t bench_step(struct bench *b)
{
    b->in.guests = &b->guest;
    b->in.now_ns += SEC;
    b->guest.sampled_ns = b->in.now_ns;
    assert_int_equal(mem_policy_step(b->policy, &b->in, &b->plan), 0);
    return b->plan.nmoves;
}

/* One sample with little use in it takes nothing; two do. */
static void test_confirmation(void **state)
{
    (void)state;
    struct bench b;

    bench_init(&b, 1024 * MIB);
    assert_int_equal(bench_step(&b), 0);
    assert_int_equal(b.plan.verdict, MEM_VERDICT_HOLDING);
    assert_int_equal(bench_step(&b), 1);
    mem_policy_destroy(b.policy);
}

static void test_no_take_in_trouble(void **state)
{
    (void)state;
    struct bench b;

    bench_init(&b, 1024 * MIB);
    for (uint64_t k = 0; k < 20; k++) {
        b.guest.major_faults = model_opt(500 * k, true);
        assert_int_equal(bench_step(&b), 0);
    }
    assert_int_equal(b.plan.guests[0].state, MEM_GUEST_TROUBLED);
    assert_int_equal(b.plan.verdict, MEM_VERDICT_HOLDING);
    mem_policy_destroy(b.policy);
}

/* Under pressure a guest is given what it needs, not what it wants. */
static void test_pressed_grants(void **state)
{
    (void)state;
    static const struct {
        uint64_t current, psi, to; /* MiB, permille, MiB or 0 */
    } rows[] = {{300, 99, 459}, {300, 100, 359}, {380, 99, 459}, {380, 100, 0}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bench b;

        bench_init(&b, rows[i].current * MIB);
        b.in.host_psi_permille = model_opt(rows[i].psi, true);
        size_t moves = bench_step(&b);
        assert_int_equal(moves, rows[i].to > 0);
        if (moves > 0)
            assert_int_equal(b.plan.moves[0].to_kib, rows[i].to * MIB);
        mem_policy_destroy(b.policy);
    }
}

static void test_watching_only(void **state)
{
    (void)state;
    struct bench b;

    bench_init(&b, 300 * MIB);
    b.in.host_available_kib.has = false;
    assert_int_equal(bench_step(&b), 0);
    assert_int_equal(b.plan.verdict, MEM_VERDICT_HOLDING);
    assert_int_equal(b.plan.spare_kib, 0);
    mem_policy_destroy(b.policy);
}

/* Who is not touched, and what is said of it. */
static void test_untouched(void **state)
{
    (void)state;
    static const enum mem_guest_state states[] = {
        MEM_GUEST_UNABLE, MEM_GUEST_UNABLE, MEM_GUEST_UNABLE,  MEM_GUEST_UNABLE,
        MEM_GUEST_UNABLE, MEM_GUEST_STALE,  MEM_GUEST_UNKNOWN, MEM_GUEST_UNKNOWN,
    };

    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        struct bench b;

        bench_init(&b, 300 * MIB);
        b.guest.managed = i != 0;
        b.guest.running = i != 1;
        b.guest.can_give = i != 2;
        b.guest.maximum_kib = i == 3 ? 0 : i == 4 ? 200 * MIB : MAX;
        b.guest.fresh = i != 5;
        b.guest.usable_kib.has = i != 6;
        if (i == 7)
            b.guest.current_kib.value = UINT64_MAX; /* garbage is not a size */
        assert_int_equal(bench_step(&b), 0);
        printf("# %s\n", b.plan.guests[0].why);
        assert_int_equal(b.plan.guests[0].state, states[i]);
        assert_true(strlen(b.plan.guests[0].why) > 10);
        mem_policy_destroy(b.policy);
    }
}

static void test_bad_input(void **state)
{
    (void)state;
    struct mem_policy *p = mem_policy_create();
    struct mem_plan plan = {.nmoves = 77};
    struct mem_input in = {.reclaim_percent = 101};

    mem_policy_destroy(NULL);
    assert_int_equal(mem_policy_step(p, &in, &plan), -EINVAL);
    in = (struct mem_input){.headroom_percent = 101};
    assert_int_equal(mem_policy_step(p, &in, &plan), -EINVAL);
    in = (struct mem_input){.cache_percent = 101};
    assert_int_equal(mem_policy_step(p, &in, &plan), -EINVAL);
    assert_int_equal(plan.nmoves, 77); /* untouched */
    in.cache_percent = 0;
    assert_int_equal(mem_policy_step(p, &in, &plan), 0);
    assert_int_equal(plan.nmoves, 0);
    assert_true(strlen(plan.reason) > 0);
    mem_policy_result(p, &(struct mem_guest_key){.domain_id = 5}, 1, 0, 1);
    for (int v = -1; v < 12; v++) {
        assert_non_null(mem_verdict_name((enum mem_verdict)v));
        assert_non_null(mem_guest_state_name((enum mem_guest_state)v));
    }
    mem_policy_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_failed_calls),
        cmocka_unit_test(test_untouched),
        cmocka_unit_test(test_watching_only),
        cmocka_unit_test(test_stale),
        cmocka_unit_test(test_stuck),
        cmocka_unit_test(test_stuck_for_others),
        cmocka_unit_test(test_no_driver),
        cmocka_unit_test(test_swap),
        cmocka_unit_test(test_sawtooth),
        cmocka_unit_test(test_regret),
        cmocka_unit_test(test_host_jump),
        cmocka_unit_test(test_autodeflate),
        cmocka_unit_test(test_page_cache),
        cmocka_unit_test(test_confirmation),
        cmocka_unit_test(test_no_take_in_trouble),
        cmocka_unit_test(test_pressed_grants),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
