/* test_policies_mom.c - MOM's balloon rule, by its vectors. */
#include "tests/unit/unit.h"

#include "sim/policies/mom.h"

#include <math.h>
#include <stdio.h>

#define GIB 1048576.0
#define NONE 0.0
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct row {
    double host_free, current, unused, min, max; /* GiB; the averages are the latest */
    double target;                               /* GiB */
} rows[] = {
    /* nothing to be done */
    {.30, 4, 1, 0, 4, NONE},
    {.15, 2, .3, 0, 4, NONE},
    {.15, 2, .302, 0, 4, NONE},
    {.05, 2, 0, 0, 4, NONE},
    {.199, 2, 1, 3, 4, NONE},
    /* plenty: grow */
    {.30, 2, 1, 0, 4, 2.1},
    {.30, 1, .02, 0, 4, 1.18},
    {.30, 1, .9, 0, 1.03, 1.03},
    {.20, 2, 1, 0, 4, 2.1},
    /* short: shrink */
    {.15, 2, 1, 0, 4, 1.9},
    {.15, 2, 1, 1.99, 4, 1.99},
    {.05, 2, .02, 0, 4, 1.98},
    {.02, 2, .02, 0, 4, 1.92},
    {.02, 2, 0, 0, 4, 1.94},
};

static void each_vector(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *r = &rows[i];
        struct mom_guest g = {r->current * GIB, r->current * GIB, r->unused * GIB,
                              r->min * GIB, r->max * GIB};
        double target = NONE;
        bool moves = mom_target(r->host_free, &g, &target);
        if (moves != (r->target > NONE) || fabs(target / GIB - r->target) > 1e-6)
            fail_msg("row %zu: %s %.4f, not %.4f", i, moves ? "to" : "stays",
                     target / GIB, r->target);
    }
}

static void averages_say_what_is_used_the_latest_where_to_start(void **state)
{
    (void)state;
    /* It was just shrunk from 2 to 1; over the window it used 1.9. */
    struct mom_guest g = {1 * GIB, 2 * GIB, .1 * GIB, 0, 4 * GIB};
    double target = NONE;
    assert_true(mom_target(.30, &g, &target));
    assert_true(fabs(target / GIB - 2.1) < 1e-6);
    g.avg_unused_kib = 1.9 * GIB; /* used .1 */
    assert_true(mom_target(.30, &g, &target));
    assert_true(fabs(target / GIB - 1.05) < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_vector),
        cmocka_unit_test(averages_say_what_is_used_the_latest_where_to_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
