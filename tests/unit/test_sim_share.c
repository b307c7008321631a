/* test_sim_share.c - weighted max-min sharing against known cases and a brute-force oracle
 * that tries every set of pCPUs; the even spread against its optimality condition. */
#include "tests/unit/unit.h"

#include "sim/model/share.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ITEMS_MAX = 12, PCPUS_MAX = 6, ROUNDS = 3000 };

static struct cpuset set_of(uint32_t bits)
{
    struct cpuset s;
    cpuset_clear(&s);
    for (uint32_t p = 0; p < 32; p++)
        if (((bits >> p) & 1U) != 0)
            cpuset_add(&s, p);
    return s;
}

struct instance {
    struct share_item items[ITEMS_MAX];
    uint32_t bits[ITEMS_MAX]; /* of each mask */
    struct cpuset masks[ITEMS_MAX];
    size_t nitems, nmasks, npcpus;
    double capacity[PCPUS_MAX];
};

static struct share_problem problem_of(const struct instance *x)
{
    return (struct share_problem){
        .items = x->items,
        .nitems = x->nitems,
        .masks = x->masks,
        .nmasks = x->nmasks,
        .capacity = x->capacity,
        .npcpus = x->npcpus,
    };
}

static void solve(const struct instance *x, double *rate)
{
    struct share *s = share_create();
    struct share_problem p = problem_of(x);
    assert_non_null(s);
    assert_int_equal(share_solve(s, &p, rate), 0);
    share_destroy(s);
}

/* ---- the oracle: the tightest set of pCPUs, again and again ---- */

static uint32_t bits_of(const struct instance *x, size_t i, uint32_t open)
{
    return x->bits[x->items[i].mask] & open;
}

static double level_of_set(const struct instance *x, uint32_t set, uint32_t open,
                           const bool *done)
{
    size_t index[ITEMS_MAX], n = 0;
    double capacity = 0.0;
    for (uint32_t p = 0; p < x->npcpus; p++)
        capacity += ((set >> p) & 1U) != 0 ? x->capacity[p] : 0.0;
    for (size_t i = 0; i < x->nitems; i++)
        if (!done[i] && (bits_of(x, i, open) & ~set) == 0)
            index[n++] = i;
    return n == 0 ? (double)INFINITY : share_level(x->items, index, n, capacity);
}

static void oracle(const struct instance *x, double *rate)
{
    bool done[ITEMS_MAX] = {false};
    uint32_t open = 0;
    for (uint32_t p = 0; p < x->npcpus; p++)
        open |= x->capacity[p] > 0.0 ? 1U << p : 0U;
    for (size_t i = 0; i < x->nitems; i++) {
        done[i] = bits_of(x, i, open) == 0;
        rate[i] = 0.0;
    }
    for (;;) {
        double least = INFINITY;
        uint32_t tightest = 0;
        for (uint32_t set = 1; set < 1U << x->npcpus; set++) {
            if ((set & ~open) != 0)
                continue;
            double level = level_of_set(x, set, open, done);
            if (level < least) {
                least = level;
                tightest = set;
            }
        }
        for (size_t i = 0; i < x->nitems; i++) {
            bool inside = tightest == 0 || (bits_of(x, i, open) & ~tightest) == 0;
            if (done[i] || !inside)
                continue;
            done[i] = true;
            rate[i] = fmin(x->items[i].demand, x->items[i].weight * least);
        }
        if (tightest == 0)
            return;
        open &= ~tightest;
    }
}

static void random_instance(struct instance *x, uint64_t *seed)
{
    memset(x, 0, sizeof(*x));
    x->npcpus = 1 + unit_random(seed) % PCPUS_MAX;
    x->nitems = unit_random(seed) % (ITEMS_MAX + 1);
    x->nmasks = 1 + unit_random(seed) % ITEMS_MAX;
    for (size_t p = 0; p < x->npcpus; p++) {
        static const double capacities[] = {1.0, 1.0, 0.5, 0.0, 0.8};
        x->capacity[p] = capacities[unit_random(seed) % 5];
    }
    for (size_t g = 0; g < x->nmasks; g++) {
        uint32_t bits = (uint32_t)(unit_random(seed) % (1U << x->npcpus));
        for (size_t k = 0; k < g; k++) /* masks are distinct */
            bits = x->bits[k] == bits ? bits | (1U << (16 + g)) : bits;
        x->bits[g] = bits;
        x->masks[g] = set_of(bits);
    }
    for (size_t i = 0; i < x->nitems; i++) {
        static const double weights[] = {1024, 1024, 2048, 512, 100};
        x->items[i] = (struct share_item){
            .demand = (double)(unit_random(seed) % 11) / 10.0,
            .weight = weights[unit_random(seed) % 5],
            .mask = (uint32_t)(unit_random(seed) % x->nmasks),
        };
    }
}

/* ---- tests ---- */

static void three_hogs_on_two_pcpus(void **state)
{
    struct instance x = {.nitems = 3, .nmasks = 1, .npcpus = 2, .capacity = {1, 1}};
    double rate[3];
    (void)state;
    x.masks[0] = set_of(3);
    for (size_t i = 0; i < 3; i++)
        x.items[i] = (struct share_item){1.0, 1024.0, 0};
    solve(&x, rate);
    for (size_t i = 0; i < 3; i++)
        assert_true(fabs(rate[i] - 2.0 / 3) < 1e-12);
}

/* {0} {0,1} {1}: the wide one makes it fair (McNaughton). */
static void one_wide_mask_is_fair(void **state)
{
    struct instance x = {.nitems = 3, .nmasks = 3, .npcpus = 2, .capacity = {1, 1}};
    double rate[3];
    (void)state;
    x.masks[0] = set_of(1);
    x.masks[1] = set_of(3);
    x.masks[2] = set_of(2);
    for (uint32_t i = 0; i < 3; i++)
        x.items[i] = (struct share_item){1.0, 1024.0, i};
    solve(&x, rate);
    for (size_t i = 0; i < 3; i++)
        assert_true(fabs(rate[i] - 2.0 / 3) < 1e-9);
}

static void pins_without_it_are_not(void **state)
{
    struct instance x = {.nitems = 3, .nmasks = 2, .npcpus = 2, .capacity = {1, 1}};
    double rate[3];
    (void)state;
    x.masks[0] = set_of(1);
    x.masks[1] = set_of(2);
    x.items[0] = (struct share_item){1.0, 1024.0, 0};
    x.items[1] = (struct share_item){1.0, 1024.0, 0};
    x.items[2] = (struct share_item){1.0, 1024.0, 1};
    solve(&x, rate);
    assert_true(fabs(rate[0] - 0.5) < 1e-12 && fabs(rate[1] - 0.5) < 1e-12);
    assert_true(fabs(rate[2] - 1.0) < 1e-12);
}

static void weights_divide_what_is_short(void **state)
{
    struct instance x = {.nitems = 3, .nmasks = 1, .npcpus = 1, .capacity = {1}};
    double rate[3];
    (void)state;
    x.masks[0] = set_of(1);
    x.items[0] = (struct share_item){1.0, 2048.0, 0};
    x.items[1] = (struct share_item){1.0, 1024.0, 0};
    x.items[2] = (struct share_item){0.1, 1024.0, 0}; /* has what it wants */
    solve(&x, rate);
    assert_true(fabs(rate[0] - 0.6) < 1e-12 && fabs(rate[1] - 0.3) < 1e-12);
    assert_true(fabs(rate[2] - 0.1) < 1e-12);
}

static void matches_the_oracle(void **state)
{
    uint64_t seed = 20240607;
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct instance x;
        double rate[ITEMS_MAX], right[ITEMS_MAX];
        uint64_t at = seed;
        random_instance(&x, &seed);
        solve(&x, rate);
        oracle(&x, right);
        for (size_t i = 0; i < x.nitems; i++) {
            if (fabs(rate[i] - right[i]) < 1e-6)
                continue;
            fail_msg("seed %llu: item %zu gets %.9f, not %.9f", (unsigned long long)at,
                     i, rate[i], right[i]);
        }
    }
}

/* Nothing is lost, nobody is outside of its mask, and no mask has time on a pCPU that is
 * relatively fuller than another one of its own. */
static void check_spread(const struct instance *x, uint64_t seed)
{
    double amount[ITEMS_MAX] = {0}, flow[ITEMS_MAX * PCPUS_MAX], load[PCPUS_MAX];
    struct share_problem p = problem_of(x);
    for (size_t i = 0; i < x->nitems; i++)
        amount[x->items[i].mask] += x->items[i].demand;
    share_spread(&p, amount, flow, load);
    for (size_t g = 0; g < x->nmasks; g++) {
        double sum = 0.0;
        bool any = false;
        for (size_t c = 0; c < x->npcpus; c++) {
            bool in = ((x->bits[g] >> c) & 1U) != 0 && x->capacity[c] > 0.0;
            any |= in;
            sum += flow[g * x->npcpus + c];
            assert_true(in || flow[g * x->npcpus + c] <= 0.0);
            for (size_t q = 0; q < x->npcpus && flow[g * x->npcpus + c] > 1e-4; q++)
                if (((x->bits[g] >> q) & 1U) != 0 && x->capacity[q] > 0.0 &&
                    load[c] / x->capacity[c] > load[q] / x->capacity[q] + 1e-4)
                    fail_msg("seed %llu: mask %zu is uneven", (unsigned long long)seed,
                             g);
        }
        assert_true(!any || fabs(sum - amount[g]) < 1e-6);
    }
}

static void spreads_evenly(void **state)
{
    uint64_t seed = 7;
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct instance x;
        uint64_t at = seed;
        random_instance(&x, &seed);
        check_spread(&x, at);
    }
}

/* One object solves problems of growing and shrinking size. */
static void is_reusable(void **state)
{
    struct share *s = share_create();
    uint64_t seed = 99;
    (void)state;
    for (int round = 0; round < 200; round++) {
        struct instance x;
        double again[ITEMS_MAX], rate[ITEMS_MAX];
        random_instance(&x, &seed);
        struct share_problem p = problem_of(&x);
        assert_int_equal(share_solve(s, &p, again), 0);
        solve(&x, rate);
        assert_memory_equal(again, rate, x.nitems * sizeof(rate[0]));
    }
    share_destroy(s);
    share_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_hogs_on_two_pcpus),
        cmocka_unit_test(one_wide_mask_is_fair),
        cmocka_unit_test(pins_without_it_are_not),
        cmocka_unit_test(weights_divide_what_is_short),
        cmocka_unit_test(matches_the_oracle),
        cmocka_unit_test(spreads_evenly),
        cmocka_unit_test(is_reusable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
