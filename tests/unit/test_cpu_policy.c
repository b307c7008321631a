/* test_cpu_policy.c - the whole CPU policy in a closed loop: the known cases, sharing
 * of what cannot be divided, noise. */
#undef NDEBUG
#include "tests/unit/cpu_model.h"

/* ---- the seven cases, on several machines and loads ---- */

enum where { ALL_ON_0, HALF_HALF, BALANCED, UNPINNED };

struct known_case {
    const char *name;
    size_t m, n;
    enum where where;
    double heavy, light;  /* odd and even vCPUs */
    uint32_t least, most; /* pin changes in all */
    double uneven;        /* deviation / mean that is left */
};

/* start: how much of an interval the load has run when the first sample sees it; 0 = it
 * runs already when the actor starts. */
static int check_case(const struct known_case *c, int64_t interval_ns, double start)
{
    int wrong = 0;
    struct model *x = model_new(c->m);
    x->interval_ns = interval_ns;
    for (size_t i = 0; i < c->n; i++) {
        int p = c->where == UNPINNED    ? -1
                : c->where == ALL_ON_0  ? 0
                : c->where == HALF_HALF ? (int)(i % 2)
                                        : (int)(i % c->m);
        add(x, 0.0, p);
    }
    if (start > 0.0) { /* idle at first */
        ticks(x, 3);
        run(x, 1.0 - start);
    }
    for (size_t i = 0; i < c->n; i++)
        x->v[i].demand = (i / (c->m < c->n ? c->m : 1)) % 2 ? c->heavy : c->light;
    run(x, start);
    tick(x);
    /* two samples; one more when the first saw next to nothing of it, and one more
     * where a sample is but 20 steps of 10 ms */
    ticks(x, 1 + (start > 0.0 && start < 0.2) + (interval_ns < SECOND));
    if (x->changes < c->least || x->changes > c->most || unevenness(x) > c->uneven)
        wrong = printf(
            "%s, start %.2f, %.1f s: %u changes, deviation %.1f %%, %s: %s\n", c->name,
            start, (double)interval_ns / 1e9, x->changes, 100 * unevenness(x),
            cpu_verdict_name(x->plan.verdict), x->plan.reason);
    ticks(x, 60);
    if (x->changes > c->most)
        wrong = printf("%s, %.1f s: %u changes later: %s\n", c->name,
                       (double)interval_ns / 1e9, x->changes, x->plan.reason);
    model_free(x);
    return wrong;
}

static void test_known_cases(void **state)
{
    static const struct known_case cases[] = {
        {"no load", 4, 8, BALANCED, 0, 0, 0, 0, 9e9},
        {"no load, all on 0", 4, 8, ALL_ON_0, 0, 0, 0, 0, 9e9},
        {"balanced pins", 4, 8, BALANCED, 0.4, 0.4, 0, 0, 0.01},
        {"balanced pins, hogs", 4, 8, BALANCED, 1, 1, 0, 0, 0.01},
        {"balanced pins, heavy and light", 4, 8, BALANCED, 0.6, 0.2, 0, 0, 0.01},
        {"all on 0", 4, 8, ALL_ON_0, 0.25, 0.25, 6, 6, 0.05},
        {"all on 0, busier", 4, 8, ALL_ON_0, 0.5, 0.5, 6, 6, 0.05},
        {"all on 0, hogs", 4, 8, ALL_ON_0, 1, 1, 6, 6, 0.01},
        {"all on 0, light", 4, 8, ALL_ON_0, 0.1, 0.1, 6, 6, 0.05},
        {"all on 0 of 2", 2, 8, ALL_ON_0, 0.2, 0.2, 4, 4, 0.05},
        {"all on 0 of 2, hogs", 2, 8, ALL_ON_0, 1, 1, 4, 4, 0.01},
        {"half on 0, half on 1", 4, 8, HALF_HALF, 0.4, 0.4, 4, 4, 0.05},
        {"half on 0, half on 1, hogs", 4, 8, HALF_HALF, 1, 1, 4, 4, 0.01},
        {"unpinned", 4, 8, UNPINNED, 0.4, 0.4, 8, 8, 0.05},
        {"unpinned, hogs", 4, 8, UNPINNED, 1, 1, 8, 8, 0.01},
        {"unpinned, heavy and light", 4, 8, UNPINNED, 0.7, 0.2, 8, 8, 0.05},
        {"unpinned, heavy and light, 2", 2, 8, UNPINNED, 0.3, 0.1, 8, 8, 0.05},
        {"unpinned, no load", 4, 8, UNPINNED, 0, 0, 0, 0, 9e9},
    };
    static const int64_t intervals[] = {SECOND, SECOND / 5, 12 * SECOND, 3600 * SECOND};
    static const double starts[] = {0.0, 0.05, 0.37, 0.95};
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        for (size_t k = 0; k < 4; k++)
            for (size_t j = 0; j < 4; j++)
                wrong |= check_case(&cases[i], intervals[k], starts[j]);
    assert_int_equal(wrong, 0);
}

static void test_half_turn_heavy_later(void **state)
{
    (void)state;
    struct model *x = model_new(4);
    for (int i = 0; i < 8; i++)
        add(x, 0.1, -1);
    ticks(x, 12);
    assert_int_equal(x->changes, 8);
    uint32_t p0 = cpuset_first(&x->v[0].mask); /* make those heavy that sit together */
    int heavy = 0;
    for (int i = 0; i < 8; i++)
        if (cpuset_first(&x->v[i].mask) == p0)
            x->v[i].demand = 0.6, heavy++;
    for (int i = 0; i < 8 && heavy < 4; i++)
        if (x->v[i].demand < 0.5)
            x->v[i].demand = 0.6, heavy++;
    ticks(x, 3);
    assert_true(unevenness(x) < 0.05);
    uint32_t changes = x->changes;
    assert_true(changes <= 8 + 4);
    ticks(x, 100);
    assert_int_equal(x->changes, changes);
    model_free(x);
}

/* ---- what cannot be divided ---- */

static void check_fair(size_t m, size_t n, double demand, bool pinned,
                       uint32_t most_wide)
{
    struct model *x = model_new(m);
    for (size_t i = 0; i < n; i++)
        add(x, demand, pinned ? (int)(i % m) : -1);
    ticks(x, 8);
    double want = demand * (double)n < (double)m ? demand : (double)m / (double)n,
           work = 0;
    uint32_t wide = 0, changes = x->changes;
    ticks(x, 40);
    for (size_t i = 0; i < n; i++) {
        wide += cpuset_count(&x->v[i].mask) > 1;
        work += x->v[i].got;
    }
    printf("  %zu x %.2f on %zu: %u changes, %u wide, Jain %.4f, work %.3f of %.3f\n",
           n, demand, m, changes, wide, jain(x), work, want * (double)n);
    assert_true(jain(x) >= 0.99);
    assert_true(work >= 0.99 * want * (double)n);
    assert_true(wide <= most_wide);
    assert_int_equal(x->changes, changes);
    model_free(x);
}

static void test_sharing(void **state)
{
    (void)state;
    for (int pinned = 0; pinned < 2; pinned++) {
        check_fair(2, 3, 1.0, pinned != 0, 1);
        check_fair(4, 9, 1.0, pinned != 0, 1);
        check_fair(4, 10, 1.0, pinned != 0, 3);
        check_fair(4, 11, 1.0, pinned != 0, 3);
        check_fair(3, 4, 0.7, pinned != 0, 2);
        check_fair(4, 3, 1.0, pinned != 0, 0);
        check_fair(4, 5, 1.0, pinned != 0, 3);
        check_fair(8, 12, 1.0, pinned != 0, 7);
        check_fair(4, 8, 1.0, pinned != 0, 0);
        check_fair(2, 5, 0.3, pinned != 0, 0);
    }
}

static void test_sharing_ends(void **state)
{
    (void)state;
    struct model *x = model_new(2);
    for (int i = 0; i < 3; i++)
        add(x, 1.0, i % 2);
    ticks(x, 10);
    assert_true(jain(x) >= 0.99);
    x->v[0].demand = 0.0; /* two hogs are left: one each */
    ticks(x, 12);
    assert_true(x->v[1].got > 0.99 && x->v[2].got > 0.99);
    uint32_t changes = x->changes;
    ticks(x, 50);
    assert_int_equal(x->changes, changes);
    model_free(x);
}

/* A restarted actor finds a shared vCPU and leaves it. */
static void test_sharing_recognised(void **state)
{
    (void)state;
    struct model *x = model_new(4);
    for (int i = 0; i < 9; i++)
        add(x, 1.0, i % 4);
    ticks(x, 10);
    uint32_t changes = x->changes;
    cpu_policy_destroy(x->policy);
    x->policy = cpu_policy_create();
    ticks(x, 20);
    assert_int_equal(x->changes, changes);
    model_free(x);
}

/* ---- noise ---- */

static void check_noise(size_t m, size_t n, double mean, double spread, bool absolute,
                        enum where where)
{
    uint32_t settled = 0;
    struct model *x = model_new(m);
    for (size_t i = 0; i < n; i++)
        add(x, mean, where == UNPINNED ? -1 : where == ALL_ON_0 ? 0 : (int)(i % m));
    for (int k = 0; k < 630; k++) {
        for (size_t i = 0; i < n; i++) {
            double u = ((double)rnd(2001) - 1000.0) / 1000.0 * spread;
            double d = absolute ? mean + u : mean * (1.0 + u);
            x->v[i].demand = d < 0.0 ? 0.0 : d > 1.0 ? 1.0 : d;
        }
        ticks(x, 1);
        if (k == 29)
            settled = x->changes;
    }
    printf("  %zu x %.2f%s%.2f on %zu: %u changes to settle, %u in 600 ticks\n", n,
           mean, absolute ? " +- " : " +-*", spread, m, settled, x->changes - settled);
    assert_true(x->changes - settled <= 6);
    model_free(x);
}

static void test_noise(void **state)
{
    uint64_t seed = getenv("SEED") != NULL ? strtoull(getenv("SEED"), NULL, 10) : 20;
    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    seed_random(seed);
    check_noise(4, 8, 0.5, 0.2, false, BALANCED);
    check_noise(4, 8, 0.5, 0.2, false, ALL_ON_0);
    check_noise(4, 8, 0.4, 0.2, false, UNPINNED);
    check_noise(4, 8, 0.9, 0.2, false, ALL_ON_0);
    check_noise(2, 8, 0.2, 0.2, false, UNPINNED);
    check_noise(4, 8, 0.4, 0.2, true, ALL_ON_0);
    check_noise(4, 8, 0.4, 0.2, true, UNPINNED);
    check_noise(2, 3, 0.8, 0.2, false, BALANCED);
    check_noise(16, 64, 0.3, 0.2, false, ALL_ON_0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_cases),
        cmocka_unit_test(test_half_turn_heavy_later),
        cmocka_unit_test(test_sharing),
        cmocka_unit_test(test_sharing_ends),
        cmocka_unit_test(test_sharing_recognised),
        cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
