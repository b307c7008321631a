/* test_period.c - when the balloon statistics period is set. */
#include "tests/unit/unit.h"

#include "mem_actor/period.h"

#include <stdbool.h>

#define S INT64_C(1000000000)
#define WALL_S 1795300000U

static struct period_guest guest(int32_t id, bool fresh, uint64_t period_s)
{
    return (struct period_guest){
        .uuid = "uuid-1", .domain_id = id, .on_time = fresh, .period_s = period_s};
}

/* Asks, and sets when told to; says whether it was. */
static bool turn(struct period_book *b, struct period_guest g, uint32_t period_s,
                 int64_t at_ns)
{
    bool due = period_is_due(b, &g, period_s, at_ns);
    if (due)
        period_was_set(b, &g, period_s, at_ns, 0);
    period_sweep(b);
    return due;
}

static void set_once_while_the_guest_answers(void **state)
{
    (void)state;
    struct period_book b = {.n = 0};
    assert_true(turn(&b, guest(1, false, 0), 1, 0));
    for (int64_t s = 1; s < 9; s++)
        assert_false(turn(&b, guest(1, false, 0), 1, s * S)); /* booting */
    for (int64_t s = 9; s < 1000; s++)
        assert_false(turn(&b, guest(1, true, 0), 1, s * S));
    period_fini(&b);
}

static void not_set_when_somebody_has(void **state)
{
    (void)state;
    struct period_book b = {.n = 0};
    assert_false(turn(&b, guest(1, true, 1), 1, 0));
    assert_true(turn(&b, guest(1, true, 1), 5, S)); /* the setting was changed */
    assert_false(turn(&b, guest(1, true, 1), 5, 2 * S));
    assert_true(turn(&b, guest(2, false, 1), 5, 3 * S)); /* restarted */
    period_fini(&b);
}

static void set_again_when_the_statistics_dry_up_but_ever_less_often(void **state)
{
    (void)state;
    struct period_book b = {.n = 0};
    int calls = 0;
    assert_true(turn(&b, guest(1, false, 0), 1, 0));
    assert_false(turn(&b, guest(1, true, 1), 1, 100 * S));
    assert_true(turn(&b, guest(1, false, 1), 1, 101 * S)); /* somebody took it away */
    for (int64_t s = 102; s < 3702; s++) /* and it never answers again */
        calls += turn(&b, guest(1, false, 1), 1, s * S);
    assert_in_range(calls, 5, 14);
    period_fini(&b);
}

static void what_was_said_before_is_not_an_answer(void **state)
{
    (void)state;
    struct period_book b = {.n = 0};
    struct period_guest g = guest(1, true, 0);
    g.answered_s = WALL_S;
    assert_true(turn(&b, g, 1, 0));
    assert_false(period_is_answered(&b, &g));
    g.answered_s = WALL_S + 1;
    assert_true(period_is_answered(&b, &g));
    g.answered_s = WALL_S - 3600; /* the host's clock was set back */
    assert_true(period_is_answered(&b, &g));
    g.domain_id = 2;
    assert_false(period_is_answered(&b, &g));
    period_fini(&b);

    g = guest(1, true, 1); /* somebody else set it: what it says is good */
    g.answered_s = WALL_S;
    assert_false(turn(&b, g, 1, 0));
    assert_true(period_is_answered(&b, &g));
    period_fini(&b);
}

static void one_that_somebody_made_slower_is_set_back(void **state)
{
    (void)state;
    struct period_book b = {.n = 0};
    assert_true(turn(&b, guest(1, false, 0), 1, 0));
    for (int64_t s = 1; s < 20; s++)
        assert_false(turn(&b, guest(1, true, 1), 1, s * S));
    assert_true(turn(&b, guest(1, false, 30), 1, 20 * S)); /* answers each 30 s */
    assert_false(turn(&b, guest(1, true, 1), 1, 21 * S));
    period_fini(&b);
}

/* What is only proposed is not set: it is due as soon as it may be done, and said once. */
static void a_dry_run_changes_nothing(void **state)
{
    (void)state;
    struct period_book b = {.n = 0};
    struct period_guest g = guest(1, false, 0);
    for (int64_t s = 0; s < 300; s++) {
        assert_true(period_is_due(&b, &g, 1, s * S));
        assert_int_equal(period_is_news(&b, &g), s == 0);
        assert_true(period_is_answered(&b, &g));
        period_sweep(&b);
    }
    assert_true(turn(&b, g, 1, 300 * S));
    assert_false(turn(&b, g, 1, 301 * S));
    period_fini(&b);
}

static void a_call_that_failed_is_tried_again_soon(void **state)
{
    (void)state;
    struct period_book b = {.n = 0};
    struct period_guest g = guest(1, false, 0);
    int calls = 0;
    for (int64_t s = 0; s < 60; s++) {
        if (period_is_due(&b, &g, 1, s * S)) {
            period_was_set(&b, &g, 1, s * S, -5);
            calls++;
        }
        period_sweep(&b);
    }
    assert_in_range(calls, 7, 12);
    period_fini(&b);
}

static void guests_that_went_are_forgotten(void **state)
{
    (void)state;
    struct period_book b = {.n = 0};
    assert_true(turn(&b, guest(1, false, 0), 1, 0));
    assert_int_equal(b.n, 1);
    period_sweep(&b);
    assert_int_equal(b.n, 0);
    period_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_once_while_the_guest_answers),
        cmocka_unit_test(not_set_when_somebody_has),
        cmocka_unit_test(set_again_when_the_statistics_dry_up_but_ever_less_often),
        cmocka_unit_test(what_was_said_before_is_not_an_answer),
        cmocka_unit_test(one_that_somebody_made_slower_is_set_back),
        cmocka_unit_test(a_dry_run_changes_nothing),
        cmocka_unit_test(a_call_that_failed_is_tried_again_soon),
        cmocka_unit_test(guests_that_went_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
