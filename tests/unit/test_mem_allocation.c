/* test_mem_allocation.c - budget, shares, and the ledger behind them: tables. */
#undef NDEBUG
#include "mem_actor/allocation.h"
#include "mem_actor/ledger.h"
#include "mem_actor/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MIB UINT64_C(1024)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define GUESTS 4

static void test_budget(void **state)
{
    (void)state;
    static const struct {
        struct allocation_host host;
        uint64_t budget;
    } rows[] = {
        {{0}, 0},
        {{.total_kib = 100, .reserve_kib = 200}, 0},
        {{.total_kib = 100, .own_kib = UINT64_MAX}, 0},
        {{.total_kib = 100, .overhead_kib = 101}, 0},
        {{.total_kib = 1000, .reserve_kib = 100, .own_kib = 200, .overhead_kib = 50},
         650},
        {{.total_kib = 1000, .cap_kib = 300}, 300},
        {{.total_kib = 1000, .cap_kib = 3000}, 1000},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(allocation_budget(&rows[i].host), rows[i].budget);
}

/* lower, need, want, held, used, weight; fixed guests have held alone */
struct line {
    uint64_t lower, need, want, held, used;
    uint32_t weight;
    bool fixed;
    uint64_t share;
};

static const struct {
    const char *what;
    uint64_t budget;
    bool is_short;
    struct line lines[GUESTS];
    size_t n;
} share_rows[] = {
    {"no guests", 1000, false, {{0}}, 0},
    {"no budget: lower bounds stand",
     0,
     true,
     {{200, 300, 400, 300, 200, 1024, false, 200},
      {100, 300, 400, 300, 200, 1024, false, 100}},
     2},
    {"fixed guests above the budget",
     500,
     true,
     {{.held = 800, .fixed = true, .weight = 1, .share = 800},
      {200, 300, 400, 300, 200, 1024, false, 200}},
     2},
    {"needs do not fit: the same level",
     1000,
     true,
     {{0, 200, 400, 200, 100, 1024, false, 200},
      {0, 600, 900, 200, 100, 1024, false, 400},
      {0, 900, 900, 200, 100, 1024, false, 400}},
     3},
    {"needs do not fit: by weight",
     900,
     true,
     {{0, 900, 900, 0, 0, 2048, false, 600}, {0, 900, 900, 0, 0, 1024, false, 300}},
     2},
    {"what is held and needed stays",
     1000,
     true,
     {{800, 800, 900, 800, 700, 1024, false, 800},
      {0, 600, 900, 100, 50, 1024, false, 200}},
     2},
    {"needs fit, wants at the same level",
     1000,
     false,
     {{0, 300, 700, 300, 300, 1024, false, 500},
      {0, 300, 900, 300, 300, 1024, false, 500}},
     2},
    {"wants: the idle guest is taxed fourfold",
     1000,
     false,
     {{0, 300, 900, 300, 300, 1024, false, 620},
      {0, 300, 900, 300, 0, 1024, false, 380}},
     2},
    {"all wants fit, the host keeps the rest",
     9000,
     false,
     {{0, 300, 700, 2000, 300, 1024, false, 700},
      {.held = 800, .fixed = true, .weight = 1, .share = 800}},
     2},
};

static void test_share(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(share_rows); i++) {
        struct allocation_guest guests[GUESTS] = {0};
        struct allocation_part parts[GUESTS];

        for (size_t k = 0; k < share_rows[i].n; k++) {
            const struct line *l = &share_rows[i].lines[k];

            guests[k] = (struct allocation_guest){
                .fixed = l->fixed,
                .held_kib = l->held * MIB,
                .lower_kib = l->lower * MIB,
                .need_kib = l->need * MIB,
                .want_kib = l->want * MIB,
                .used_kib = l->used * MIB,
                .weight = l->weight,
            };
        }
        printf("# %s\n", share_rows[i].what);
        assert_int_equal(allocation_share(guests, parts, share_rows[i].n,
                                          share_rows[i].budget * MIB),
                         share_rows[i].is_short);
        for (size_t k = 0; k < share_rows[i].n; k++) {
            uint64_t share =
                (guests[k].share_kib + 1) / MIB; /* filled to 1 KiB below */
            assert_int_equal(share, share_rows[i].lines[k].share);
        }
    }
}

/* Any parts: bounds hold, the total is not passed unless the low bounds do, and nobody
 * is below its high bound while another of its weight has more (max-min). */
static void test_fill_property(void **state)
{
    (void)state;
    const unsigned int seed = 20261122;

    printf("# seed %u\n", seed);
    srand(seed);
    for (int round = 0; round < 20000; round++) {
        struct allocation_part p[8];
        size_t n = (size_t)(rand() % 8) + 1;
        uint64_t total = (uint64_t)(rand() % 4000) * MIB, low = 0, sum = 0;

        for (size_t i = 0; i < n; i++) {
            p[i].weight = rand() % 2 ? 1024 : 512;
            p[i].low_kib = (uint64_t)(rand() % 300) * MIB;
            p[i].high_kib = p[i].low_kib + (uint64_t)(rand() % 900) * MIB;
            low += p[i].low_kib;
        }
        allocation_fill(p, n, total);
        for (size_t i = 0; i < n; i++) {
            assert_in_range(p[i].filled_kib, p[i].low_kib, p[i].high_kib);
            sum += p[i].filled_kib;
        }
        assert_true(sum <= mem_max(total, low));
        for (size_t i = 0; i < n; i++) {
            for (size_t k = 0; k < n; k++) {
                if (p[i].filled_kib < p[i].high_kib && p[k].filled_kib > p[k].low_kib)
                    assert_true((double)p[i].filled_kib / p[i].weight + 1 >=
                                (double)p[k].filled_kib / p[k].weight);
            }
        }
    }
}

static struct mem_opt some(uint64_t v)
{
    return (struct mem_opt){.value = v, .has = true};
}

static const struct {
    const char *what;
    uint64_t total, available, reserve, cap, psi; /* MiB, permille */
    struct ledger_guest guest[2];                 /* MiB */
    size_t n;
    bool pressed;
    uint64_t budget, spare, urgent;
} ledger_rows[] = {
    {"empty", 0, 0, 0, 0, 0, {{0}}, 0, false, 0, 0, 0},
    {"more RSS than the host uses",
     1000,
     900,
     0,
     0,
     0,
     {{500, 500, 64, true, 300}},
     1,
     false,
     936,
     436,
     436},
    {"under its reserve",
     4000,
     100,
     200,
     0,
     0,
     {{500, 500, 64, true, 300}},
     1,
     true,
     336,
     0,
     0},
    {"stalls while roomy", 4000, 3000, 200, 0, 500, {{0}}, 0, false, 2800, 2800, 2800},
    {"stalls while short", 4000, 900, 200, 0, 100, {{0}}, 0, true, 700, 700, 700},
    /* own 500; budget = 4000 - 200 - 500 - 128 */
    {"plenty",
     4000,
     2800,
     200,
     0,
     0,
     {{500, 400, 64, true, 300}, {500, 300, 64, true, 300}},
     2,
     false,
     3172,
     2172,
     2172},
    {"capped",
     4000,
     2800,
     200,
     1200,
     0,
     {{500, 400, 64, true, 300}, {500, 300, 64, true, 300}},
     2,
     false,
     1200,
     200,
     200},
    /* the guests may touch 8000, and will touch 2 * 364 - 700 soon */
    {"overcommitted: needs are paid from what is free now",
     4000,
     2800,
     200,
     0,
     0,
     {{4000, 400, 64, true, 400}, {4000, 300, 64, true, 300}},
     2,
     false,
     3172,
     0,
     2472},
    {"overcommitted, and one is not known",
     4000,
     2800,
     200,
     0,
     0,
     {{4000, 400, 64, true, 400}, {4000, 300, 64, false, 0}},
     2,
     false,
     3172,
     0,
     0},
};

static void test_ledger(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ledger_rows); i++) {
        struct ledger_guest guests[2];
        struct mem_input in = {
            .host_total_kib = ledger_rows[i].total * MIB,
            .host_available_kib = some(ledger_rows[i].available * MIB),
            .host_psi_permille = some(ledger_rows[i].psi),
            .host_reserve_kib = ledger_rows[i].reserve * MIB,
            .budget_cap_kib = ledger_rows[i].cap * MIB,
        };

        for (size_t k = 0; k < ledger_rows[i].n; k++) {
            guests[k] = ledger_rows[i].guest[k];
            guests[k].held_kib *= MIB;
            guests[k].rss_kib *= MIB;
            guests[k].overhead_kib *= MIB;
            guests[k].soon_kib *= MIB;
        }
        struct ledger l = ledger_close(&in, guests, ledger_rows[i].n);
        printf("# %s: %llu %llu %llu\n", ledger_rows[i].what,
               (unsigned long long)(l.budget_kib / MIB),
               (unsigned long long)(l.spare_kib / MIB),
               (unsigned long long)(l.urgent_kib / MIB));
        assert_int_equal(l.pressed, ledger_rows[i].pressed);
        assert_int_equal(l.budget_kib, ledger_rows[i].budget * MIB);
        assert_int_equal(l.spare_kib, ledger_rows[i].spare * MIB);
        assert_int_equal(l.urgent_kib, ledger_rows[i].urgent * MIB);
    }
}

static void test_overhead(void **state)
{
    (void)state;
    uint64_t learned = 0;

    assert_int_equal(ledger_overhead(&learned, 0, 512 * MIB, true), 64 * MIB);
    assert_int_equal(ledger_overhead(&learned, 700 * MIB, 512 * MIB, false), 188 * MIB);
    assert_int_equal(learned, 0);
    assert_int_equal(ledger_overhead(&learned, 612 * MIB, 512 * MIB, true), 100 * MIB);
    assert_int_equal(ledger_overhead(&learned, 300 * MIB, 512 * MIB, true), 100 * MIB);
    ledger_overhead(&learned, UINT64_C(1) << 42, 0, true);
    assert_int_equal(learned, 512 * MIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_budget),        cmocka_unit_test(test_share),
        cmocka_unit_test(test_fill_property), cmocka_unit_test(test_ledger),
        cmocka_unit_test(test_overhead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
