/* test_cpu_placement.c - tables for placement and sharing, and an oracle: small
 * instances searched through completely, against what partition_solve() finds. */
#undef NDEBUG
#include "cpu_actor/num.h"
#include "cpu_actor/placement.h"
#include "cpu_actor/share.h"

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t g_random;

static uint32_t rnd(uint32_t below)
{
    g_random ^= g_random << 13;
    g_random ^= g_random >> 7;
    g_random ^= g_random << 17;
    return (uint32_t)((g_random >> 20) % below);
}

static void seed_random(uint64_t seed)
{
    if (getenv("SEED") != NULL)
        seed = strtoull(getenv("SEED"), NULL, 10);
    g_random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    print_message("seed %llu\n", (unsigned long long)seed);
}

static bool near(double a, double b)
{
    return num_abs(a - b) < 0.5;
}

/* ---- num, share ---- */

static void test_root(void **state)
{
    static const double table[] = {1e-12, 1e-4, 0.5, 1, 2, 4, 1e3, 1e6, 1e12};
    (void)state;
    assert_true(num_root(-1) <= 0.0 && num_root(0) <= 0.0);
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        double r = num_root(table[i]);
        assert_true(num_abs(r * r - table[i]) <= 1e-8 * table[i]);
    }
}

static void test_fair_shares(void **state)
{
    static const struct {
        double want[4], weight[4], total, share[4];
    } rows[] = {
        {{0, 0, 0, 0}, {1, 1, 1, 1}, 2000, {0, 0, 0, 0}},
        {{1000, 1000, 1000, 0}, {1, 1, 1, 1}, 0, {0, 0, 0, 0}},
        {{1000, 1000, 1000, 0}, {1, 1, 1, 1}, 2000, {666.67, 666.67, 666.67, 0}},
        {{1000, 100, 100, 100}, {1, 1, 1, 1}, 2000, {1000, 100, 100, 100}},
        {{1000, 1000, 100, 100}, {1, 1, 1, 1}, 1000, {400, 400, 100, 100}},
        {{1000, 1000, 1000, 1000}, {2, 1, 1, 1}, 2000, {800, 400, 400, 400}},
        {{500, 1000, 1000, 1000}, {8, 1, 1, 1}, 2000, {500, 500, 500, 500}},
    };
    (void)state;
    for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++) {
        double share[4];
        share_fair(rows[k].want, rows[k].weight, 4, rows[k].total, share);
        for (size_t i = 0; i < 4; i++)
            assert_true(near(share[i], rows[k].share[i]));
    }
}

static void test_pour(void **state)
{
    const struct cpu_pcpu pcpus[] = {{.id = 1}, {.id = 3}, {.id = 5}};
    const double capacity[] = {1000, 1000, 500};
    const struct share_pcpus on = {pcpus, capacity, 3};
    double load[] = {0, 600, 0}, added[3];
    struct cpuset none = cpuset_of(2), two = cpuset_of(1);
    (void)state;
    share_pour(&on, &none, 100, load, added);
    assert_true(near(load[0] + load[1] + load[2], 600));
    share_pour(&on, NULL, 300, load, added);
    assert_true(near(load[0], 200) && near(load[2], 100) && near(added[1], 0));
    cpuset_add(&two, 3);
    share_pour(&on, &two, 600, load, added);
    assert_true(near(load[0], 700) && near(load[1], 700) && near(added[0], 500));
}

/* ---- placement tables ---- */

struct host {
    struct placement pl;
    struct cpu_pcpu pcpus[16];
    struct cpuset all;
};

static void host_init(struct host *h, size_t m, size_t n)
{
    memset(h, 0, sizeof(*h));
    for (uint32_t p = 0; p < m; p++) {
        h->pcpus[p] = (struct cpu_pcpu){p, 0, 0, p, 1000};
        cpuset_add(&h->all, p);
    }
    assert_int_equal(placement_reserve(&h->pl, n, m), 0);
    h->pl.pcpus = h->pcpus;
    h->pl.npcpus = m;
    h->pl.nvcpus = 0;
    h->pl.tolerance = 0.05;
}

static struct placement_vcpu *host_add(struct host *h, double demand, int pcpu)
{
    struct placement_vcpu *v = &h->pl.vcpus[h->pl.nvcpus++];
    memset(v, 0, sizeof(*v));
    v->demand = demand;
    v->weight = 1024;
    v->allowed = &h->all;
    v->movable = true;
    v->adopt = pcpu < 0;
    v->mask = pcpu < 0 ? h->all : cpuset_of((uint32_t)pcpu);
    v->pcpu = pcpu < 0 ? PLACEMENT_WIDE : (uint32_t)pcpu;
    return v;
}

static void plan(struct host *h)
{
    placement_measure_now(&h->pl);
    placement_plan(&h->pl);
    for (size_t i = 0; i < h->pl.nvcpus; i++) {
        const struct placement_vcpu *v = &h->pl.vcpus[i];
        assert_true(!v->moves || cpuset_subset(&v->target, v->allowed));
        assert_true(!v->moves || v->movable);
    }
}

static void test_tables(void **state)
{
    static const struct {
        const char *name;
        size_t m;
        int n, at[9];
        double demand[9];
        uint32_t moves, sharers;
        double max, deviation;
    } rows[] = {
        {"nobody", 4, 0, {0}, {0}, 0, 0, 0, 0},
        {"one pCPU", 1, 3, {0, 0, 0}, {1000, 1000, 500}, 0, 0, 2500, 0},
        {"fixed by size", 2, 1, {0}, {1000}, 0, 0, 1000, 500},
        {"8 on pCPU 0 of 4",
         4,
         8,
         {0},
         {400, 400, 400, 400, 400, 400, 400, 400},
         6,
         0,
         800,
         0},
        {"4 and 4",
         4,
         8,
         {0, 0, 0, 0, 1, 1, 1, 1},
         {400, 400, 400, 400, 400, 400, 400, 400},
         4,
         0,
         800,
         0},
        {"balanced",
         4,
         8,
         {0, 1, 2, 3, 0, 1, 2, 3},
         {400, 400, 400, 400, 400, 400, 400, 400},
         0,
         0,
         800,
         0},
        {"unpinned",
         4,
         8,
         {-1, -1, -1, -1, -1, -1, -1, -1},
         {400, 400, 400, 400, 400, 400, 400, 400},
         8,
         0,
         800,
         0},
        {"8 on pCPU 0 of 2",
         2,
         8,
         {0},
         {250, 250, 250, 250, 250, 250, 250, 250},
         4,
         0,
         1000,
         0},
        {"heavy and light crossed",
         2,
         4,
         {0, 0, 1, 1},
         {600, 600, 200, 200},
         2,
         0,
         800,
         0},
        {"one swap", 2, 4, {0, 0, 1, 1}, {500, 400, 300, 200}, 2, 0, 700, 0},
        {"3 hogs, 2 pCPUs", 2, 3, {0, 0, 1}, {1000, 1000, 1000}, 1, 1, 1500, 0},
        {"9 hogs, 4 pCPUs",
         4,
         9,
         {0, 1, 2, 3, 0, 1, 2, 3, 0},
         {1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000},
         1,
         1,
         2250,
         0},
        {"3 of 600 on 2", 2, 3, {0, 0, 1}, {600, 600, 600}, 1, 1, 900, 0},
        {"5 of 300 on 2 need no sharing",
         2,
         5,
         {0, 0, 0, 1, 1},
         {300, 300, 300, 300, 300},
         0,
         0,
         900,
         150},
    };
    (void)state;
    for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++) {
        struct host h;
        host_init(&h, rows[k].m, 9);
        for (int i = 0; i < rows[k].n; i++)
            host_add(&h, rows[k].demand[i], rows[k].at[i]);
        plan(&h);
        if (h.pl.moves != rows[k].moves || h.pl.sharers != rows[k].sharers ||
            !near(h.pl.planned.max_level, rows[k].max) ||
            !near(h.pl.planned.deviation, rows[k].deviation))
            fail_msg("%s: %u moves, %u sharers, max %.1f, deviation %.1f", rows[k].name,
                     h.pl.moves, h.pl.sharers, h.pl.planned.max_level,
                     h.pl.planned.deviation);
        placement_fini(&h.pl);
    }
}

/* What may not move is load only; law holds. */
static void test_law(void **state)
{
    struct host h;
    struct cpuset two = cpuset_of(2);
    (void)state;
    host_init(&h, 4, 9);
    cpuset_add(&two, 3);
    host_add(&h, 900, 0)->movable = false;
    for (int i = 0; i < 4; i++)
        host_add(&h, 400, 2)->allowed = &two;
    host_add(&h, 700, 0);
    plan(&h);
    assert_false(h.pl.vcpus[0].moves);
    assert_int_equal(h.pl.vcpus[5].target_pcpu, 1);
    assert_int_equal(h.pl.moves, 3);
    assert_true(near(h.pl.load_planned[2], 800) && near(h.pl.load_planned[3], 800));
    placement_fini(&h.pl);
}

/* pCPU 0 carries two, and the idle pCPU can only be reached through pCPU 1. */
static void test_chain_through_masks(void **state)
{
    struct host h;
    struct cpuset first = cpuset_of(0), second = cpuset_of(1);
    (void)state;
    host_init(&h, 16, 16);
    cpuset_add(&first, 1);
    cpuset_add(&second, 15);
    for (int i = 0; i < 15; i++)
        host_add(&h, 900, i)->allowed = i == 0 ? &first : i == 1 ? &second : &h.all;
    host_add(&h, 900, 0)->allowed = &first;
    plan(&h);
    assert_true(near(h.pl.planned.max_level, 900));
    assert_int_equal(h.pl.moves, 2);
    placement_fini(&h.pl);
}

/* Threads of one core are filled last; a move stays near. */
static void test_locality(void **state)
{
    struct host h;
    (void)state;
    host_init(&h, 8, 9); /* 4 cores of 2 threads, 2 cells */
    for (uint32_t p = 0; p < 8; p++)
        h.pcpus[p] = (struct cpu_pcpu){p, p / 4, p / 4, p / 2, 1000};
    for (int i = 0; i < 4; i++)
        host_add(&h, 500, -1);
    plan(&h);
    uint32_t cores = 0;
    for (int i = 0; i < 4; i++)
        cores |= 1U << h.pcpus[h.pl.vcpus[i].target_pcpu].core;
    assert_int_equal(cores, 15);
    h.pl.nvcpus = 0;
    host_add(&h, 500, 4);
    host_add(&h, 500, 4);
    plan(&h);
    assert_int_equal(h.pl.moves, 1);
    for (int i = 0; i < 2; i++)
        assert_int_equal(h.pcpus[h.pl.vcpus[i].target_pcpu].cell, 1);
    assert_true(h.pl.vcpus[0].target_pcpu / 2 != h.pl.vcpus[1].target_pcpu / 2);
    placement_fini(&h.pl);
}

/* Kept at home where that costs little, and not where it costs much. */
static void test_home(void **state)
{
    static const struct {
        int left, right; /* hogs of 60 % with a home on 0-1, and on 2-3 */
        bool at_home;
    } rows[] = {{2, 2, true}, {0, 4, false}, {1, 3, false}, {1, 1, true}, {0, 2, true}};
    struct host h;
    struct cpuset home[2];
    (void)state;
    assert_int_equal(cpuset_parse("0-1", &home[0]), 0);
    assert_int_equal(cpuset_parse("2-3", &home[1]), 0);
    for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++) {
        host_init(&h, 4, 8);
        for (int i = 0; i < rows[k].left + rows[k].right; i++) {
            /* right ones first: the order must not be what brings them home */
            struct placement_vcpu *v = host_add(&h, 600, -1);
            v->home = v->mask = home[i < rows[k].right];
        }
        plan(&h);
        bool at_home = true;
        for (size_t i = 0; i < h.pl.nvcpus; i++)
            at_home &= cpuset_subset(&h.pl.vcpus[i].target, &h.pl.vcpus[i].home);
        assert_int_equal(at_home, rows[k].at_home);
        assert_true(h.pl.planned.max_level < 601.0);
        placement_fini(&h.pl);
    }
}

static void test_capacity_and_weights(void **state)
{
    struct host h;
    (void)state;
    host_init(&h, 2, 9);
    h.pcpus[1].capacity_permille = 500;
    for (int i = 0; i < 6; i++)
        host_add(&h, 200, i % 2);
    plan(&h);
    assert_int_equal(h.pl.moves, 1);
    assert_true(near(h.pl.load_planned[0], 800) && near(h.pl.load_planned[1], 400));

    h.pcpus[1].capacity_permille = 1000;
    h.pl.nvcpus =
        0; /* one counts double: it gets a pCPU, the others share the second */
    host_add(&h, 1000, 0)->weight = 2048;
    host_add(&h, 1000, 0);
    host_add(&h, 1000, 1);
    plan(&h);
    assert_int_equal(h.pl.moves, 1);
    assert_int_equal(h.pl.sharers, 0);
    assert_int_equal(h.pl.vcpus[1].target_pcpu, 1);
    placement_fini(&h.pl);
}

/* ---- the oracle ---- */

struct truth {
    struct partition *p;
    double load[8], least_max;
    double most_max, most_deviation; /* bar for the second search */
    uint32_t fewest;
    double least_deviation;
};

static double deviation_of(const struct truth *t)
{
    double sum = 0.0;
    for (size_t b = 0; b < t->p->nbins; b++) {
        double off = 1000.0 * t->load[b] / t->p->capacity[b] - t->p->mean;
        sum += off * off;
    }
    return num_root(sum / (double)t->p->nbins);
}

static void search(struct truth *t, uint32_t i, double max, uint32_t moves, bool second)
{
    if (max > (second ? t->most_max : t->least_max))
        return;
    if (i == t->p->nitems) {
        double deviation = deviation_of(t);
        if (!second) {
            t->least_max = max;
            return;
        }
        t->least_deviation = num_min(t->least_deviation, deviation);
        if (deviation <= t->most_deviation && moves < t->fewest)
            t->fewest = moves;
        return;
    }
    for (uint32_t b = 0; b < t->p->nbins; b++) {
        if (!partition_allowed(t->p, i, b))
            continue;
        double before = t->load[b];
        t->load[b] += t->p->items[i].size;
        double level = 1000.0 * t->load[b] / t->p->capacity[b];
        search(t, i + 1, num_max(max, level), moves + (b != t->p->items[i].now),
               second);
        t->load[b] = before;
    }
}

static void random_partition(struct partition *p, struct cpu_pcpu *pcpus,
                             struct cpuset *masks)
{
    uint32_t m = 2 + rnd(3), n = 1 + rnd(8), kind = rnd(5);
    bool masked = rnd(4) == 0, based = rnd(3) == 0, capped = rnd(4) == 0;

    assert_int_equal(partition_reserve(p, m, n), 0);
    p->nbins = m;
    p->nitems = n;
    p->pcpus = pcpus;
    p->tolerance = 0.05;
    for (uint32_t b = 0; b < m; b++) {
        p->capacity[b] = capped ? 500 + rnd(501) : 1000;
        p->base[b] = based ? rnd(400) : 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct partition_item *it = &p->items[i];
        it->size = kind == 0   ? 400
                   : kind == 1 ? 1 + rnd(1000)
                   : kind == 2 ? (i % 2 ? 700 : 150)
                   : kind == 3 ? 1000
                               : 300 + rnd(60);
        it->now = rnd(6) == 0 ? PARTITION_NOWHERE : rnd(rnd(2) ? m : 1);
        it->allowed = NULL;
        if (masked && rnd(2) == 0) {
            cpuset_clear(&masks[i]);
            cpuset_add(&masks[i], rnd(m));
            cpuset_add(&masks[i], rnd(m));
            it->allowed = &masks[i];
            if (it->now != PARTITION_NOWHERE && !cpuset_has(&masks[i], it->now))
                it->now = PARTITION_NOWHERE;
        }
    }
}

static void test_oracle(void **state)
{
    enum { ROUNDS = 6000 };
    struct partition p = {0};
    struct cpu_pcpu pcpus[4];
    struct cpuset masks[8];
    uint32_t worse_by[4] = {0}, exact = 0, within_1 = 0, bad = 0;
    double worst = 1.0;

    (void)state;
    seed_random(1);
    for (uint32_t b = 0; b < 4; b++)
        pcpus[b] = (struct cpu_pcpu){b, 0, 0, b, 1000};
    for (int round = 0; round < ROUNDS; round++) {
        struct partition_quality q;
        random_partition(&p, pcpus, masks);
        partition_solve(&p, &q);

        struct truth t = {
            .p = &p, .least_max = 1e9, .fewest = 99, .least_deviation = 1e9};
        double base = 0.0;
        for (size_t b = 0; b < p.nbins; b++) {
            t.load[b] = p.base[b];
            base = num_max(base, 1000.0 * p.base[b] / p.capacity[b]);
        }
        search(&t, 0, base, 0, false);
        t.most_max = q.max_level + 1e-6;
        t.most_deviation = q.deviation + 1e-6;
        search(&t, 0, base, 0, true);

        double ratio = q.max_level / t.least_max;
        uint32_t extra = q.moves - t.fewest;
        worst = num_max(worst, ratio);
        exact += ratio < 1.0 + 1e-6;
        within_1 += ratio < 1.01;
        worse_by[extra > 3 ? 3 : extra]++;
        bad += ratio > 1.02 || extra > 1;
    }
    printf("  greatest load: optimum %.1f %%, within 1 %%: %.1f %%, worst ratio %.4f\n",
           100.0 * exact / ROUNDS, 100.0 * within_1 / ROUNDS, worst);
    printf("  moves above the fewest: 0 %u, 1 %u, 2 %u, more %u of %d\n", worse_by[0],
           worse_by[1], worse_by[2], worse_by[3], ROUNDS);
    partition_fini(&p);
    assert_int_equal(bad, 0);
}

/* Larger ones have no oracle; the lower bound and evenness have to do. */
static void test_larger(void **state)
{
    static const struct {
        uint32_t n, m;
        double most_ratio;
    } rows[] = {
        {16, 4, 1.05}, {24, 4, 1.03}, {20, 8, 1.25}, {64, 16, 1.06}, {400, 64, 1.05}};
    struct partition p = {0};
    struct cpu_pcpu pcpus[64];
    (void)state;
    seed_random(2);
    for (uint32_t b = 0; b < 64; b++)
        pcpus[b] = (struct cpu_pcpu){b, b / 32, b / 8, b / 2, 1000};
    for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++) {
        double sum = 0.0, worst = 0.0, uneven = 0.0, moves = 0.0;
        enum { ROUNDS = 200 };
        for (int round = 0; round < ROUNDS; round++) {
            double greatest = 0.0;
            struct partition_quality q;
            assert_int_equal(partition_reserve(&p, rows[k].m, rows[k].n), 0);
            p.nbins = rows[k].m;
            p.nitems = rows[k].n;
            p.pcpus = pcpus;
            p.tolerance = 0.05;
            for (uint32_t b = 0; b < p.nbins; b++)
                p.capacity[b] = 1000, p.base[b] = 0;
            for (uint32_t i = 0; i < p.nitems; i++) {
                p.items[i] =
                    (struct partition_item){50 + rnd(950), rnd(rows[k].m), NULL};
                greatest = num_max(greatest, p.items[i].size);
            }
            partition_solve(&p, &q);
            double ratio = q.max_level / num_max(greatest, p.mean);
            sum += ratio;
            worst = num_max(worst, ratio);
            uneven += q.deviation / p.mean;
            moves += q.moves;
        }
        printf(
            "  %u on %u: greatest load / bound %.4f (worst %.4f), deviation %.2f %%, "
            "moves %.1f\n",
            rows[k].n, rows[k].m, sum / ROUNDS, worst, 100.0 * uneven / ROUNDS,
            moves / ROUNDS);
        assert_true(sum / ROUNDS <= rows[k].most_ratio);
    }
    partition_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_root),     cmocka_unit_test(test_fair_shares),
        cmocka_unit_test(test_pour),     cmocka_unit_test(test_tables),
        cmocka_unit_test(test_law),      cmocka_unit_test(test_chain_through_masks),
        cmocka_unit_test(test_locality), cmocka_unit_test(test_capacity_and_weights),
        cmocka_unit_test(test_home),     cmocka_unit_test(test_oracle),
        cmocka_unit_test(test_larger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
