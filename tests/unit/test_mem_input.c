/* test_mem_input.c - a snapshot as the memory policy's input: staleness and absence. */
#include "tests/unit/unit.h"

#include "mem_actor/input.h"

#include <stdio.h>
#include <string.h>

#define S INT64_C(1000000000)
#define NOW_NS (100 * S)
#define WALL_S INT64_C(1795300000)
#define INTERVAL_NS (2 * S)

static struct snapshot a_host(void)
{
    struct snapshot s;
    snapshot_init(&s);
    settings_init(&s.settings);
    s.mono_ns = NOW_NS;
    s.wall_ns = WALL_S * S;
    s.host.memory_total_kib = (struct opt_u64){16 << 20, true};
    struct snapshot_domain *d = snapshot_add_domain(&s);
    snprintf(d->uuid, sizeof(d->uuid), "00000000-0000-0000-0000-000000000001");
    d->state = SNAPSHOT_STATE_RUNNING;
    d->managed = true;
    d->sampled_ns = NOW_NS;
    d->memory.balloon = SNAPSHOT_BALLOON_VIRTIO;
    d->memory.current_kib = (struct opt_u64){512 << 10, true};
    d->memory.maximum_kib = (struct opt_u64){2048 << 10, true};
    d->memory.usable_kib = (struct opt_u64){300 << 10, true};
    d->memory.period_s = (struct opt_u64){1, true};
    d->memory.last_update_s = (struct opt_u64){(uint64_t)WALL_S, true};
    return s;
}

static struct mem_guest guest_of(struct snapshot *s, struct mem_input *ret)
{
    struct mem_input_buffer b = {.room = 0};
    struct actor_turn turn = {
        .snapshot = s, .now_ns = NOW_NS, .interval_ns = INTERVAL_NS};
    assert_int_equal(mem_input_fill(&b, &turn), 0);
    struct mem_guest g = b.guests[0];
    if (ret != NULL)
        *ret = b.input;
    mem_input_fini(&b);
    snapshot_fini(s);
    return g;
}

static bool is_fresh(int64_t update_age_s, uint64_t period_s, int64_t sample_age_ns)
{
    struct snapshot s = a_host();
    s.domains[0].memory.last_update_s.value = (uint64_t)(WALL_S - update_age_s);
    s.domains[0].memory.period_s.value = period_s;
    s.domains[0].sampled_ns = NOW_NS - sample_age_ns;
    return guest_of(&s, NULL).fresh;
}

static void statistics_older_than_three_periods_are_stale(void **state)
{
    (void)state;
    assert_true(is_fresh(0, 1, 0));
    assert_true(is_fresh(4, 1, 0)); /* whole seconds: 3 periods and one */
    assert_false(is_fresh(5, 1, 0));
    assert_true(is_fresh(31, 10, 0)); /* somebody else set 10 s */
    assert_false(is_fresh(32, 10, 0));
    assert_true(is_fresh(4, 0, 0)); /* not known: what we would set */
    assert_false(is_fresh(5, 0, 0));
}

static void an_old_sample_is_judged_by_its_own_time(void **state)
{
    (void)state;
    assert_true(is_fresh(4, 1, 4 * S)); /* was new when it was sampled */
    assert_false(is_fresh(0, 1, 6 * S + 1));
}

static void what_is_absent_stays_absent(void **state)
{
    (void)state;
    struct snapshot s = a_host();
    s.domains[0].memory.usable_kib.has = false;
    assert_false(guest_of(&s, NULL).fresh); /* a driver that says nothing useful */
    s = a_host();
    s.domains[0].memory.last_update_s.value = 0;
    assert_false(guest_of(&s, NULL).fresh);
    s = a_host();
    struct mem_input in;
    struct mem_guest g = guest_of(&s, &in);
    assert_false(g.swap_in_kib.has);
    assert_false(in.host_available_kib.has);
    assert_int_equal(g.maximum_kib, 2048 << 10);
    assert_int_equal(in.host_reserve_kib, (16 << 20) / 100 * 5);
}

static void statistics_carry_the_time_of_the_answer(void **state)
{
    (void)state;
    struct snapshot s = a_host();
    s.domains[0].memory.last_update_s.value = (uint64_t)WALL_S - 3;
    assert_int_equal(guest_of(&s, NULL).sampled_ns, NOW_NS - 3 * S);
    s = a_host();
    s.domains[0].memory.last_update_s.has = false;
    assert_int_equal(guest_of(&s, NULL).sampled_ns, NOW_NS);
}

static void who_cannot_give(void **state)
{
    (void)state;
    struct snapshot s = a_host();
    assert_true(guest_of(&s, NULL).can_give);
    s = a_host();
    s.domains[0].memory.balloon = SNAPSHOT_BALLOON_NONE;
    assert_false(guest_of(&s, NULL).can_give);
    s = a_host();
    s.domains[0].memory.hostdev = true;
    assert_false(guest_of(&s, NULL).can_give);
    s = a_host();
    s.domains[0].memory.hugepages = true;
    assert_false(guest_of(&s, NULL).can_give);
    s = a_host();
    s.domains[0].memory.locked = true;
    assert_false(guest_of(&s, NULL).can_give);
    s = a_host();
    s.domains[0].state = SNAPSHOT_STATE_PAUSED;
    assert_false(guest_of(&s, NULL).running);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_older_than_three_periods_are_stale),
        cmocka_unit_test(an_old_sample_is_judged_by_its_own_time),
        cmocka_unit_test(what_is_absent_stays_absent),
        cmocka_unit_test(statistics_carry_the_time_of_the_answer),
        cmocka_unit_test(who_cannot_give),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
