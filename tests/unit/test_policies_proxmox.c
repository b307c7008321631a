/* test_policies_proxmox.c - Proxmox's auto-ballooning, by its vectors (decimal MB). */
#include "tests/unit/unit.h"

#include "sim/policies/proxmox.h"

#include <string.h>

#define MB INT64_C(1000000)
#define STEP (100 * MB)
#define VMS 3
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct vm {
    int64_t max, shares, current, min, free; /* MB; max 0 = there is none */
};

enum { S1, S2, S3, S3_FULL };

static const struct vm sets[][VMS] = {
    [S1] = {{2000, 2000, 1000, 1000, 0}, {2000, 1000, 1000, 1000, 0}},
    [S2] = {{2000, 2000, 2000, 2000, 0}, {2000, 1000, 1000, 1000, 0}},
    [S3] = {{2000, 2000, 2000, 2000, 0},
            {2000, 1000, 1007, 1000, 0},
            {2000, 1000, 1000, 1000, 512}},
};

static const struct row {
    int set;
    int64_t goal;
    int64_t want[VMS];
} one_round[] =
    {
        /* less than 10 MiB is nothing */
        {S1, 0, {1000, 1000}},
        {S1, 10, {1000, 1000}},
        {S1, -10, {1000, 1000}},
        /* the vectors */
        {S1, 90, {1060, 1030}},
        {S1, 150, {1100, 1050}},
        {S1, 270, {1100, 1090}},
        {S2, 18, {2000, 1018}},
        {S2, 500, {2000, 1100}},
        {S3, 11, {2000, 1018, 1000}},
        {S3, 80, {2000, 1087, 1000}},
        {S3, 200, {2000, 1107, 1000}},
},
  to_the_end[] = {
      {S1, 180, {1120, 1060}},
      {S1, 270, {1180, 1090}},
      {S1, 600, {1300, 1300}},
      {S1, 900, {1600, 1300}},
      {S3, 593, {2000, 1300, 1300}},
      /* from there */
      {S3_FULL, -200, {2000, 1200, 1200}},
      {S3_FULL, -400, {2000, 1200, 1000}},
      {S3_FULL, -593, {2000, 1007, 1000}},
};

static size_t load(int set, struct proxmox_vm *vms)
{
    size_t n = 0;
    for (; n < VMS && sets[set][n].max > 0; n++) {
        const struct vm *from = &sets[set][n];
        vms[n] = (struct proxmox_vm){
            .min_bytes = from->min * MB,
            .max_bytes = from->max * MB,
            .current_bytes = from->current * MB,
            .free_bytes = from->free * MB,
            .has_free = true,
            .shares = from->shares,
        };
    }
    return n;
}

/* Tick by tick: what a VM is given is free in it at first. */
static void converge(struct proxmox_vm *vms, size_t n, int64_t goal)
{
    for (int tick = 0; tick < 100; tick++) {
        int64_t moved = proxmox_plan(vms, n, goal, STEP);
        bool changed = false;
        for (size_t i = 0; i < n; i++) {
            int64_t change = vms[i].target_bytes - vms[i].current_bytes;
            changed |= change != 0;
            vms[i].current_bytes += change;
            vms[i].free_bytes += change;
            if (vms[i].free_bytes < 0)
                vms[i].free_bytes = 0;
        }
        goal -= moved;
        if (!changed)
            return;
    }
    fail_msg("no end");
}

/* Rounded to MB, as the vectors are. */
static void compare(const char *what, const struct row *r, const struct proxmox_vm *vms,
                    size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t got = (vms[i].target_bytes + MB / 2) / MB;
        if (got != r->want[i])
            fail_msg("%s, goal %+ld: VM %zu at %ld, not %ld", what, (long)r->goal,
                     100 + i, (long)got, (long)r->want[i]);
    }
}

static void one_round_each(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(one_round); k++) {
        struct proxmox_vm vms[VMS];
        size_t n = load(one_round[k].set, vms);
        proxmox_plan(vms, n, one_round[k].goal * MB, STEP);
        compare("one round", &one_round[k], vms, n);
    }
}

static void to_the_end_each(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(to_the_end); k++) {
        const struct row *r = &to_the_end[k];
        struct proxmox_vm vms[VMS];
        size_t n = load(r->set == S3_FULL ? S3 : r->set, vms);
        if (r->set == S3_FULL)
            converge(vms, n, 593 * MB);
        converge(vms, n, r->goal * MB);
        compare("to the end", r, vms, n);
    }
}

static void shares_0_stays(void **state)
{
    (void)state;
    struct proxmox_vm vms[VMS];
    size_t n = load(S1, vms);
    vms[0].shares = 0;
    assert_int_equal(proxmox_plan(vms, n, 90 * MB, STEP), 90 * MB);
    assert_int_equal(vms[0].target_bytes, 1000 * MB);
    assert_int_equal(vms[1].target_bytes, 1090 * MB);
    vms[1].shares = 0;
    assert_int_equal(proxmox_plan(vms, n, 90 * MB, STEP), 0);
    assert_int_equal(proxmox_plan(vms, 0, 90 * MB, STEP), 0);
}

static void goal_is_what_is_left_to_the_target(void **state)
{
    (void)state;
    assert_int_equal(proxmox_goal(1000, 600, 80), 400);
    assert_int_equal(proxmox_goal(1000, 100, 80), -100);
    assert_int_equal(proxmox_goal(1001, 1001, 80), 800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_round_each),
        cmocka_unit_test(to_the_end_each),
        cmocka_unit_test(shares_0_stays),
        cmocka_unit_test(goal_is_what_is_left_to_the_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
