/* test_mem_property.c - the laws of the memory policy in 100,000 random ticks.
 *
 * Worlds of up to 12 guests wander at random, one tick a sample: consistent ones, for
 * which every law is checked, and garbage, which has to be survived within the guests'
 * bounds. */
#undef NDEBUG
#include "mem_actor/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MIB UINT64_C(1024)
#define SEC INT64_C(1000000000)
#define GUESTS 12
#define WORLDS 500
#define TICKS 120 /* wandering, then standing still */
#define STILL 80
#ifndef SEED
#define SEED UINT64_C(20261122)
#endif

static uint64_t state_word;

static uint64_t any(void) /* xorshift64* */
{
    state_word ^= state_word >> 12;
    state_word ^= state_word << 25;
    state_word ^= state_word >> 27;
    return state_word * UINT64_C(2685821657736338717);
}

static uint64_t below(uint64_t n)
{
    return n ? any() % n : 0;
}

static bool chance(unsigned int percent)
{
    return below(100) < percent;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

struct world {
    struct mem_input in;
    struct mem_guest guests[GUESTS];
    uint64_t target_kib[GUESTS];
    bool stuck[GUESTS];
    uint64_t used_kib[GUESTS], touched_kib[GUESTS];
    uint64_t own_kib;
    struct mem_policy *policy;
    uint64_t before_kib[GUESTS]; /* target in force before the plan */
};

static struct mem_opt some(uint64_t v)
{
    return (struct mem_opt){.value = v, .has = true};
}

static void make_guest(struct world *w, size_t i)
{
    struct mem_guest *g = &w->guests[i];
    uint64_t maximum = (256 + below(8192)) * MIB;
    uint64_t current = greater(maximum / (1 + below(4)), 200 * MIB);

    current = lesser(current, maximum);
    *g = (struct mem_guest){
        .key = {.domain_id = (int32_t)i},
        .managed = chance(95),
        .running = chance(95),
        .can_give = chance(95),
        .weight = (uint32_t)below(4096),
        .maximum_kib = maximum,
        .current_kib = some(current),
    };
    snprintf(g->key.uuid, sizeof(g->key.uuid), "%zu", i);
    w->target_kib[i] = current;
    w->stuck[i] = chance(5);
    w->used_kib[i] = current * below(101) / 100;
    w->touched_kib[i] = greater(w->used_kib[i], current * below(101) / 100);
}

static void make_world(struct world *w)
{
    *w = (struct world){.policy = mem_policy_create()};
    assert_non_null(w->policy);
    w->in = (struct mem_input){
        .now_ns = (int64_t)below(1000) * SEC,
        .interval_ns = SEC,
        .guests = w->guests,
        .nguests = below(GUESTS + 1),
        .host_total_kib = (2048 + below(65536)) * MIB,
        .host_reserve_kib = 200 * MIB,
        .budget_cap_kib = chance(20) ? (500 + below(16384)) * MIB : 0,
        .floor_kib = 200 * MIB,
        .usable_min_kib = 100 * MIB,
        .reclaim_percent = chance(80) ? 10 : (uint32_t)below(20) * 5,
        .headroom_percent = (uint32_t)below(50),
        .cache_percent = (uint32_t)below(101),
    };
    w->own_kib = below(w->in.host_total_kib / 2);
    for (size_t i = 0; i < w->in.nguests; i++)
        make_guest(w, i);
}

/* The balloon follows, the guest uses more or less, the sample is taken. */
static void wander(struct world *w, size_t i, bool still)
{
    struct mem_guest *g = &w->guests[i];
    uint64_t current = g->current_kib.value, target = w->target_kib[i];

    if (!w->stuck[i] && target > current)
        current += lesser(target - current, 1024 * MIB);
    else if (!w->stuck[i] && target < current)
        current -= lesser(current - greater(lesser(w->used_kib[i], current), target),
                          (still ? 100000 : below(200)) * MIB);
    if (!still && chance(30))
        w->used_kib[i] += below(300 * MIB);
    if (!still && chance(30))
        w->used_kib[i] = less(w->used_kib[i], below(600 * MIB));
    w->used_kib[i] = lesser(w->used_kib[i], current);
    w->touched_kib[i] = lesser(greater(w->touched_kib[i], w->used_kib[i]), current);
    g->current_kib = some(current);
    g->fresh = still || chance(95);
    g->sampled_ns = g->fresh ? w->in.now_ns - SEC / 2 : w->in.now_ns - 10 * SEC;
    g->available_kib = some(current - current / 20);
    g->usable_kib = some(current - w->used_kib[i]);
    g->unused_kib = some(current - w->used_kib[i]);
    g->disk_caches_kib = some((current - w->used_kib[i]) / 2);
    g->swap_in_kib = some(still ? 0 : chance(3) ? below(100000) : 0);
    g->rss_kib = some(w->touched_kib[i] + 50 * MIB);
}

/* Standing still takes 45 s a tick, two hours in all, so that every back-off ends. */
static void sample(struct world *w, bool still)
{
    uint64_t taken;

    w->in.now_ns += still ? 45 * SEC : SEC;
    if (!still && chance(3))
        w->own_kib = below(w->in.host_total_kib / 2);
    taken = w->own_kib;
    for (size_t i = 0; i < w->in.nguests; i++) {
        wander(w, i, still);
        taken += w->guests[i].rss_kib.value;
    }
    w->in.host_available_kib = some(less(w->in.host_total_kib, taken));
}

static bool touchable(const struct mem_guest *g)
{
    return g->managed && g->running && g->can_give && g->fresh;
}

static uint64_t held(const struct world *w, size_t i, const uint64_t *target)
{
    return greater(w->guests[i].current_kib.value, target[i]);
}

/* Bounds of one move: these hold for garbage too. */
static void check_bounds(const struct world *w, const struct mem_plan *plan,
                         const struct mem_move *m)
{
    const struct mem_guest *g = &w->guests[m->guest];
    uint64_t floor = lesser(w->in.floor_kib, g->maximum_kib);

    assert_true(m->guest < w->in.nguests);
    assert_true(touchable(g));
    assert_true(m->to_kib <= g->maximum_kib);
    assert_true(m->to_kib >= lesser(floor, g->current_kib.value));
    assert_in_range(strlen(m->reason), 1, MEM_REASON_MAX - 1);
    assert_int_equal(plan->guests[m->guest].target_kib, m->to_kib);
}

/* What guests lack after the plan's grants, of their need or, unless <needs>, because
 * they grow. */
static uint64_t lacking(const struct world *w, const struct mem_plan *plan, bool needs)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < w->in.nguests; i++) {
        const struct mem_guest_view *v = &plan->guests[i];
        bool grows = !needs && v->growth_kib_s >= 2048;
        uint64_t due = grows ? v->share_kib : lesser(v->share_kib, v->need_kib);

        sum += less(due, greater(v->target_kib, w->guests[i].current_kib.value));
    }
    return sum;
}

/* Returns what is taken in a step above the percentage. */
static uint64_t check_move(const struct world *w, const struct mem_plan *plan,
                           const struct mem_move *m)
{
    size_t i = m->guest;
    uint64_t current = w->guests[i].current_kib.value, size = held(w, i, w->before_kib);
    uint64_t step = greater(size / 100 * w->in.reclaim_percent + MIB, 16 * MIB);
    uint64_t change = m->to_kib > w->before_kib[i] ? m->to_kib - w->before_kib[i]
                                                   : w->before_kib[i] - m->to_kib;

    check_bounds(w, plan, m);
    assert_true(m->to_kib == current || change >= 16 * MIB - 1 ||
                less(m->to_kib, current) + less(current, m->to_kib) >= 16 * MIB - 1);
    if (m->to_kib >= lesser(w->before_kib[i], current))
        return 0; /* a grant, or a squeeze called off */
    assert_true(m->to_kib >= plan->guests[i].share_kib || lacking(w, plan, true) > 0);
    assert_true(m->to_kib >= lesser(plan->guests[i].need_kib, size));
    assert_true(m->to_kib >= lesser(plan->guests[i].floor_kib, size));
    return size - m->to_kib <= greater(step, size / 100 + 1) ? 0 : size - m->to_kib;
}

/* Free first, then give; and what is given fits the budget. */
static void check_sums(const struct world *w, const struct mem_plan *plan)
{
    uint64_t granted = 0, before = 0, after = 0, shares = 0, fixed = 0;
    uint64_t promised = 0, available = w->in.host_available_kib.value;
    uint64_t free_now = less(available, w->in.host_reserve_kib);

    for (size_t i = 0; i < w->in.nguests; i++) {
        const struct mem_guest_view *v = &plan->guests[i];
        uint64_t was = held(w, i, w->before_kib), is = held(w, i, w->target_kib);
        bool stuck = v->state == MEM_GUEST_STUCK;
        uint64_t least = lesser(was, v->need_kib);
        uint64_t floor = lesser(w->in.floor_kib, w->guests[i].maximum_kib);

        granted += less(is, was);
        before += was;
        after += is;
        shares += v->share_kib;
        fixed += !touchable(&w->guests[i]) || stuck ? was : greater(least, floor);
        promised += less(was, w->guests[i].rss_kib.value);
        assert_in_range(strlen(v->why), 1, MEM_REASON_MAX - 1);
        assert_true(v->need_kib <= v->want_kib);
    }
    assert_true(granted <= plan->spare_kib);
    assert_true(granted <= free_now);
    if (before <= plan->budget_kib) {
        assert_true(after <= plan->budget_kib);
        assert_true(granted <= less(free_now, promised));
    }
    assert_true(shares <= greater(plan->budget_kib, fixed));
    if (w->in.budget_cap_kib > 0)
        assert_true(granted == 0 || after <= w->in.budget_cap_kib);
}

static size_t tick(struct world *w, bool still)
{
    struct mem_plan plan;
    bool granting = false;
    uint64_t hurried = 0;

    sample(w, still);
    assert_int_equal(mem_policy_step(w->policy, &w->in, &plan), 0);
    memcpy(w->before_kib, w->target_kib, sizeof(w->before_kib));
    for (size_t k = 0; k < plan.nmoves; k++) {
        const struct mem_move *m = &plan.moves[k];
        bool grant = m->to_kib > m->from_kib;

        assert_true(grant || !granting); /* takes come first */
        granting = grant;
        hurried += check_move(w, &plan, m);
        if (!still && chance(5)) {
            mem_policy_result(w->policy, &w->guests[m->guest].key, m->to_kib, -5,
                              w->in.now_ns);
            continue;
        }
        w->target_kib[m->guest] = m->to_kib;
        mem_policy_result(w->policy, &w->guests[m->guest].key, m->to_kib, 0,
                          w->in.now_ns);
    }
    assert_true(hurried <= lacking(w, &plan, false)); /* never for its own sake */
    check_sums(w, &plan);
    return plan.nmoves;
}

/* Every law, in consistent worlds; and once nothing changes any more, the calls end.  A
 * stuck balloon is tried again after a minute or more: those worlds are not counted. */
static void test_laws(void **state)
{
    (void)state;
    size_t ticks = 0, moves = 0, quiet = 0;

    state_word = SEED;
    printf("# seed %llu\n", (unsigned long long)SEED);
    for (int k = 0; k < WORLDS; k++) {
        struct world w;
        size_t late = 0;
        bool stuck = false;

        make_world(&w);
        for (int t = 0; t < TICKS; t++, ticks++)
            moves += tick(&w, false);
        for (int t = 0; t < 2 * STILL; t++, ticks++) {
            size_t n = tick(&w, true);
            late += t >= 2 * STILL - 20 ? n : 0;
        }
        for (size_t i = 0; i < w.in.nguests; i++)
            stuck |= w.stuck[i];
        if (!stuck) {
            if (late > 0)
                printf("# world %d is not quiet\n", k);
            assert_int_equal(late, 0);
            quiet++;
        }
        mem_policy_destroy(w.policy);
    }
    printf("# %zu ticks, %zu moves, %zu worlds came to rest\n", ticks, moves, quiet);
    assert_true(ticks >= 100000);
    assert_true(moves > ticks / 20);
}

static uint64_t garbage(void)
{
    static const uint64_t odd[] = {0,
                                   1,
                                   UINT64_MAX,
                                   UINT64_MAX - 1,
                                   INT64_MAX,
                                   UINT64_C(1) << 63,
                                   UINT64_C(1) << 42,
                                   256 * 1024,
                                   512 * 1024};
    return chance(60) ? odd[below(sizeof(odd) / sizeof(odd[0]))] : any() >> below(64);
}

static struct mem_opt maybe(void)
{
    return (struct mem_opt){.value = garbage(), .has = chance(80)};
}

static void spoil(struct mem_guest *g)
{
    *g = (struct mem_guest){
        .key = {.domain_id = (int32_t)below(6)},
        .managed = chance(90),
        .running = chance(90),
        .can_give = chance(90),
        .fresh = chance(90),
        .sampled_ns = (int64_t)garbage(),
        .weight = (uint32_t)garbage(),
        .maximum_kib = chance(50) ? 2048 * MIB : garbage(),
        .current_kib = maybe(),
        .available_kib = maybe(),
        .unused_kib = maybe(),
        .usable_kib = maybe(),
        .disk_caches_kib = maybe(),
        .swap_in_kib = maybe(),
        .swap_out_kib = maybe(),
        .major_faults = maybe(),
        .rss_kib = maybe(),
    };
    memset(g->key.uuid, chance(50) ? 'x' : 0, sizeof(g->key.uuid)); /* no NUL */
}

static void test_garbage(void **state)
{
    (void)state;
    struct world w = {.policy = mem_policy_create()};
    size_t moves = 0;

    state_word = SEED + 1;
    printf("# seed %llu\n", (unsigned long long)SEED + 1);
    for (int t = 0; t < 30000; t++) {
        struct mem_plan plan;

        w.in = (struct mem_input){
            .now_ns = chance(80) ? t * SEC : (int64_t)garbage(),
            .interval_ns = chance(80) ? SEC : (int64_t)garbage(),
            .guests = w.guests,
            .nguests = below(GUESTS + 1),
            .host_total_kib = chance(50) ? 8192 * MIB : garbage(),
            .host_available_kib = maybe(),
            .host_psi_permille = maybe(),
            .host_reserve_kib = garbage(),
            .budget_cap_kib = garbage(),
            .floor_kib = chance(50) ? 200 * MIB : garbage(),
            .usable_min_kib = garbage(),
            .reclaim_percent = (uint32_t)below(101),
            .headroom_percent = (uint32_t)below(101),
            .cache_percent = (uint32_t)below(101),
        };
        for (size_t i = 0; i < w.in.nguests; i++)
            spoil(&w.guests[i]);
        assert_int_equal(mem_policy_step(w.policy, &w.in, &plan), 0);
        moves += plan.nmoves;
        for (size_t k = 0; k < plan.nmoves; k++) {
            check_bounds(&w, &plan, &plan.moves[k]);
            mem_policy_result(w.policy, &w.guests[plan.moves[k].guest].key,
                              plan.moves[k].to_kib, chance(20) ? -22 : 0,
                              (int64_t)garbage());
        }
        assert_in_range(strlen(plan.reason), 1, MEM_REASON_MAX - 1);
    }
    printf("# %zu moves\n", moves);
    mem_policy_destroy(w.policy);
}

/* A new domain_id is another guest: nothing of the old one's counters or size counts.
 */
static void test_new_domain(void **state)
{
    (void)state;
    struct world w;
    struct mem_plan plan;

    state_word = SEED + 2;
    make_world(&w);
    w.in.nguests = 1;
    make_guest(&w, 0);
    w.guests[0].managed = w.guests[0].running = w.guests[0].can_give = true;
    w.guests[0].maximum_kib = 4096 * MIB;
    w.guests[0].current_kib = some(1024 * MIB);
    w.target_kib[0] = 1024 * MIB;
    w.used_kib[0] = 100 * MIB;
    for (int t = 0; t < 5; t++)
        tick(&w, true);
    w.guests[0].key.domain_id++;
    w.target_kib[0] = 2048 * MIB;
    w.guests[0].current_kib = some(2048 * MIB);
    w.used_kib[0] = 1500 * MIB;
    sample(&w, true);
    w.guests[0].swap_in_kib = some(99999);
    assert_int_equal(mem_policy_step(w.policy, &w.in, &plan), 0);
    assert_int_equal(plan.guests[0].growth_kib_s, 0);
    assert_int_not_equal(plan.guests[0].state, MEM_GUEST_TROUBLED);
    mem_policy_destroy(w.policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_new_domain),
        cmocka_unit_test(test_laws),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
