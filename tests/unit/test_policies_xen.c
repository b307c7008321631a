/* test_policies_xen.c - squeezed, qmemman and ESX's idle tax. */
#include "tests/unit/unit.h"

#include "sim/policies/idle_tax.h"
#include "sim/policies/qmemman.h"
#include "sim/policies/squeezed.h"

#include <math.h>

#define MIB 1024.0
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void assert_near(double got, double want, double within)
{
    if (!(fabs(got - want) <= within))
        fail_msg("%.5f, not %.5f", got, want);
}

/* ---- squeezed ---- */

static void squeezed_vector(void **state)
{
    (void)state;
    struct squeezed_vm vms[] = {{.min_kib = 1, .max_kib = 4, .actual_kib = 3},
                                {.min_kib = 2, .max_kib = 8, .actual_kib = 5}};
    assert_near(squeezed_share(vms, 2, 3, 1, 0), .7778, 1e-4);
    assert_near(vms[0].target_kib, 3.333, 1e-3);
    assert_near(vms[1].target_kib, 6.667, 1e-3);
    assert_false(squeezed_must_shrink(vms, 2, 0));
    assert_int_equal(squeezed_direction(&vms[0], 0), 1);
    assert_int_equal(squeezed_direction(&vms[0], .5), 0);
    /* What a balloon may be off by cannot be counted on: 2 + (2 - 1) + (3 - 1). */
    assert_near(squeezed_share(vms, 2, 3, 1, .5), 5. / 9, 1e-9);
}

static void squeezed_bounds(void **state)
{
    (void)state;
    struct squeezed_vm vms[] = {{.min_kib = 1, .max_kib = 4, .actual_kib = 3},
                                {.min_kib = 2, .max_kib = 8, .actual_kib = 5}};
    assert_near(squeezed_share(vms, 2, 100, 1, 0), 1, 0);
    assert_near(vms[1].target_kib, 8, 0);
    assert_near(squeezed_share(vms, 2, 0, 100, 0), 0, 0);
    assert_near(vms[1].target_kib, 2, 0);
    assert_true(squeezed_must_shrink(vms, 2, 0));
    vms[1].excluded = true; /* its memory is not to be had: 3 + 2 - 1 over 3 */
    assert_near(squeezed_share(vms, 2, 1, 1, 0), 2. / 3, 1e-9);
    assert_near(vms[1].target_kib, 5, 0);
    vms[0].max_kib = vms[0].min_kib;
    assert_near(squeezed_share(vms, 1, 3, 1, 0), 0, 0);
    assert_near(squeezed_share(NULL, 0, 3, 1, 0), 0, 0);
}

/* ---- qmemman ---- */

static const struct qmemman_row {
    double free_mib;
    double used_mib[2], actual_mib[2], max_mib[2];
    double target_mib[2];
    bool worth_it;
} qmemman_rows[] = {
    /* plenty: prefs 200 and 1300, 1550-50-(200+1300-1500) = 1500 more over 1500 */
    {1550, {100, 1000}, {500, 1000}, {4000, 4000}, {399.6, 2597.4}, true},
    /* the second is full: what is above its maximum goes to the first */
    {1550, {100, 1000}, {500, 1000}, {4000, 2000}, {997, 2000}, true},
    /* short (prefs 260 and 1300): the donor first, nobody gains from what it still has */
    {50, {200, 1000}, {360, 1000}, {4000, 4000}, {260, 1000}, false},
    {34, {200, 1000}, {360, 1000}, {4000, 4000}, {260, 1000}, true},
    /* short, no donors: 100 by preference 260 : 1300 */
    {150, {200, 1000}, {200, 1000}, {4000, 4000}, {216.45, 1082.25}, true},
    /* nobody in need: only much to be moved is worth it */
    {60, {100, 100}, {500, 500}, {4000, 4000}, {504.49, 504.49}, false},
    {250, {100, 100}, {500, 500}, {4000, 4000}, {599.4, 599.4}, true},
    /* one in need gains 24 */
    {80, {200, 1000}, {200, 1000}, {4000, 4000}, {204.8, 1023.98}, true},
    /* a surplus below 10 is no donor */
    {50, {200, 1000}, {265, 1000}, {4000, 4000}, {265, 999}, false},
};

static void qmemman_by_hand(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(qmemman_rows); k++) {
        const struct qmemman_row *r = &qmemman_rows[k];
        struct qmemman_vm vms[2];
        for (int i = 0; i < 2; i++)
            vms[i] = (struct qmemman_vm){.used_kib = r->used_mib[i] * MIB,
                                         .actual_kib = r->actual_mib[i] * MIB,
                                         .max_kib = r->max_mib[i] * MIB};
        qmemman_plan(vms, 2, r->free_mib * MIB);
        for (int i = 0; i < 2; i++)
            if (!(fabs(vms[i].target_kib / MIB - r->target_mib[i]) <= .01))
                fail_msg("row %zu: VM %d at %.2f, not %.2f", k, i,
                         vms[i].target_kib / MIB, r->target_mib[i]);
        assert_int_equal(qmemman_is_worth_it(vms, 2, r->free_mib * MIB), r->worth_it);
    }
}

/* ---- idle tax ---- */

static void idle_tax_vectors(void **state)
{
    (void)state;
    assert_near(idle_tax_rho(1000, 1000, 1, IDLE_TAX), 1, 1e-9);
    assert_near(idle_tax_rho(1000, 1000, .5, IDLE_TAX), .4, 1e-9);
    assert_near(idle_tax_rho(1000, 1000, 0, IDLE_TAX), .25, 1e-9);
    assert_near(idle_tax_rho(1000, 1000, 0, 0), 1, 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(squeezed_vector),
        cmocka_unit_test(squeezed_bounds),
        cmocka_unit_test(qmemman_by_hand),
        cmocka_unit_test(idle_tax_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
