/* test_mem_allocation.c - budget, shares, the ledger behind them, and what is taken from
 * one guest for another: tables. */
#undef NDEBUG
#include "mem_actor/allocation.h"
#include "mem_actor/ledger.h"
#include "mem_actor/movement.h"
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

/* A guest at rest in all respects: it has its share. */
struct mover {
    struct balloon balloon;
    struct caution caution;
    struct need need;
    struct movement_state state;
};

static struct movement_guest mover(struct mover *m, uint64_t held, uint64_t need,
                                   uint64_t share)
{
    *m = (struct mover){.balloon = {.seen = true}};
    m->balloon.current_kib = m->balloon.target_kib = held * MIB;
    return (struct movement_guest){
        .state = &m->state,
        .balloon = &m->balloon,
        .caution = &m->caution,
        .need = &m->need,
        .sampled_ns = 100 * MEM_SECOND_NS,
        .weight = 1024,
        .need_kib = need * MIB,
        .share_kib = share * MIB,
        .least_kib = need * MIB,
    };
}

/* A giver of 1000 MiB that needs 300 and has a share of 400, 10 % at a time, seen for
 * the first time; and a taker of 500. */
static void test_claims(void **state)
{
    (void)state;
    static const struct {
        uint64_t need, share; /* MiB, of the taker */
        int64_t growth;
        uint64_t spare;  /* MiB */
        uint64_t coming; /* MiB, from a third guest that was told to give them */
        bool pressed, regret;
        uint32_t seen;
        uint64_t to; /* MiB, 0 = nothing is taken */
        enum movement_block block;
    } rows[] = {
        {500, 500, 0, 0, 0, false, false, 0, 0, MOVEMENT_CONFIRMING},
        {500, 500, 0, 0, 0, false, true, 1, 0, MOVEMENT_REGRET},
        {500, 500, 0, 0, 0, false, false, 1, 900, MOVEMENT_FREE},
        {850, 850, 0, 0, 0, false, false, 0, 650, MOVEMENT_FREE}, /* need: at once */
        {850, 850, 0, 0, 0, false, true, 0, 650, MOVEMENT_FREE},
        {850, 850, 0, 0, 0, true, false, 0, 650, MOVEMENT_FREE},
        {850, 850, 0, 350, 0, false, false, 0, 0, MOVEMENT_CONFIRMING}, /* paid */
        {850, 850, 0, 50, 0, false, false, 0, 700, MOVEMENT_FREE},
        {520, 520, 0, 0, 0, false, false, 0, 900, MOVEMENT_FREE},
        {1500, 1500, 0, 0, 0, false, false, 0, 300, MOVEMENT_FREE}, /* to its need */
        {850, 850, 0, 0, 300, false, false, 0, 900, MOVEMENT_FREE},
        {500, 850, 2048, 0, 0, false, false, 0, 650, MOVEMENT_FREE}, /* it grows */
        {500, 1500, 2048, 0, 0, false, true, 0, 400, MOVEMENT_FREE}, /* to its share */
        {500, 850, 2048, 0, 0, true, false, 0, 900, MOVEMENT_FREE},
        {500, 850, 2047, 0, 0, false, false, 0, 0, MOVEMENT_CONFIRMING}, /* a wish */
        {500, 850, 2047, 0, 0, false, true, 1, 900, MOVEMENT_FREE},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mover m[3];
        struct movement_guest g[3] = {
            mover(&m[0], 1000, 300, 400),
            mover(&m[1], 500, rows[i].need, rows[i].share),
            mover(&m[2], 400 + rows[i].coming, 300, 400),
        };
        struct allocation_part parts[3];
        const struct movement_host host = {
            .now_ns = 101 * MEM_SECOND_NS,
            .may_grant = true,
            .pressed = rows[i].pressed,
            .spare_kib = rows[i].spare * MIB,
            .urgent_kib = rows[i].spare * MIB,
            .reclaim_percent = 10,
        };

        m[0].state.excess_seen = rows[i].seen;
        m[0].caution.regrets = rows[i].regret;
        m[0].caution.hold_ns = 200 * MEM_SECOND_NS;
        m[1].need.growth_kib_s = rows[i].growth;
        m[2].balloon.target_kib = 400 * MIB;
        m[2].balloon.moving = rows[i].coming > 0;
        m[2].state.taken_ns = m[2].state.taken_sampled_ns = 100 * MEM_SECOND_NS;
        movement_plan(g, parts, 3, &host);
        if (g[0].to_kib != rows[i].to * MIB || g[0].block != rows[i].block)
            fail_msg("row %zu: to %llu MiB, block %d", i,
                     (unsigned long long)(g[0].to_kib / MIB), (int)g[0].block);
        assert_int_equal(g[0].kind, rows[i].to ? MOVEMENT_TAKE : MOVEMENT_NONE);
    }
}

/* Wants are given up for a need only where what is above the shares, and can be had,
 * does not meet it. */
static void test_deep_claims(void **state)
{
    (void)state;
    static const struct {
        uint64_t held, share, need; /* MiB, share of a giver and need of the taker */
        bool trouble, retry;        /* of another giver, with 600 MiB above its share */
        uint64_t to;                /* MiB */
    } rows[] = {
        {1000, 900, 700, false, false, 971},   {1000, 900, 700, true, false, 800},
        {1000, 900, 700, false, true, 800},    {1000, 1000, 700, false, false, 0},
        {1000, 1000, 1200, false, false, 650},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mover m[3];
        struct movement_guest g[3] = {mover(&m[0], rows[i].held, 300, rows[i].share),
                                      mover(&m[1], 500, rows[i].need, rows[i].need),
                                      mover(&m[2], 1000, 300, 400)};
        struct allocation_part parts[3];
        const struct movement_host host = {
            .now_ns = 101 * MEM_SECOND_NS, .may_grant = true, .reclaim_percent = 1};

        m[2].need.trouble = rows[i].trouble ? NEED_TROUBLE_SWAP_IN : NEED_TROUBLE_NONE;
        m[2].balloon.retry_ns = rows[i].retry ? 200 * MEM_SECOND_NS : 0;
        movement_plan(g, parts, 3, &host);
        assert_int_equal(g[0].to_kib / MIB, rows[i].to);
    }
}

/* A claim is rounded up to what is worth a call, but not below the guest's need. */
static void test_small_claims(void **state)
{
    (void)state;
    static const struct {
        uint64_t held, current, least, to; /* MiB */
    } rows[] = {{259, 259, 231, 243},
                {259, 259, 243, 243},
                {259, 259, 244, 0},
                {270, 259, 250, 0}};

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mover m[2];
        struct movement_guest g[2] = {mover(&m[0], rows[i].held, rows[i].least, 255),
                                      mover(&m[1], 500, 516, 516)};
        struct allocation_part parts[2];
        const struct movement_host host = {.now_ns = 101 * MEM_SECOND_NS,
                                           .may_grant = true,
                                           .urgent_kib = 12 * MIB,
                                           .reclaim_percent = 1};

        m[0].balloon.current_kib = rows[i].current * MIB;
        movement_plan(g, parts, 2, &host);
        assert_int_equal(g[0].to_kib, rows[i].to * MIB);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_budget),        cmocka_unit_test(test_share),
        cmocka_unit_test(test_fill_property), cmocka_unit_test(test_ledger),
        cmocka_unit_test(test_overhead),      cmocka_unit_test(test_claims),
        cmocka_unit_test(test_small_claims),  cmocka_unit_test(test_deep_claims),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
