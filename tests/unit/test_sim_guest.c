/* test_sim_guest.c - a guest's memory in the model: balloon, program, cache, swap, death,
 * statistics; and the host's books over all of them. */
#include "tests/unit/unit.h"

#include "sim/model/event.h"
#include "sim/model/host_memory.h"
#include "sim/model/model.h"

#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
#define STEP (SECOND / 20)
#define MIB INT64_C(1024)

static struct sim_guest_spec spec_of(int64_t boot_mib, int64_t max_mib)
{
    return (struct sim_guest_spec){
        .maximum_kib = max_mib * MIB,
        .boot_kib = boot_mib * MIB,
        .kernel_kib = 72 * MIB,
        .os_kib = 121 * MIB,
        .watermark_kib = 69 * MIB,
        .least_free_kib = 51 * MIB,
        .qemu_kib = 60 * MIB,
        .inflate_kib_s = 175 * MIB,
        .deflate_kib_s = 1024 * MIB,
        .period_s = 1,
    };
}

static struct sim_guest boot(const struct sim_guest_spec *spec)
{
    struct sim_random r = {1};
    struct sim_guest g;
    sim_guest_boot(&g, spec, 0, &r);
    return g;
}

static void run(struct sim_guest *g, int64_t *now_ns, double seconds)
{
    int64_t end_ns = *now_ns + (int64_t)(seconds * (double)SECOND);
    while (*now_ns < end_ns) {
        *now_ns += STEP;
        sim_guest_run(g, *now_ns, STEP);
        assert_true(sim_guest_resident_kib(g) <= g->actual_kib);
        assert_true(sim_guest_resident_kib(g) + sim_guest_free_kib(g) == g->actual_kib);
        assert_true(g->touched_kib <= g->actual_kib);
        assert_true(g->swapped_kib <= g->program_kib);
        assert_true(g->swapped_kib <= g->spec.swap_kib);
    }
}

static void grow(struct sim_guest *g, int64_t mib, int64_t mib_s)
{
    g->program_goal_kib = mib * MIB;
    g->program_rate_kib_s = mib_s * MIB;
}

static void at_rest_as_measured(void **state)
{
    struct sim_guest_spec spec = spec_of(512, 2048);
    struct sim_guest g = boot(&spec);
    int64_t now_ns = 0;
    (void)state;
    run(&g, &now_ns, 3);
    /* measured on a 512/2048 guest: unused 322, usable 253, available 443 MiB */
    assert_in_range(g.stats.unused_kib, 310 * MIB, 330 * MIB);
    assert_in_range(g.stats.usable_kib, 243 * MIB, 263 * MIB);
    assert_in_range(g.stats.available_kib, 433 * MIB, 453 * MIB);
}

static void balloon_speeds(void **state)
{
    struct sim_guest_spec spec = spec_of(2048, 2048);
    struct sim_guest g = boot(&spec);
    int64_t now_ns = 0;
    (void)state;
    sim_guest_set_target(&g, 512 * MIB);
    run(&g, &now_ns, 4);
    assert_int_equal(g.actual_kib, 2048 * MIB - 700 * MIB);
    run(&g, &now_ns, 5); /* 10 s measured for all of it */
    assert_int_equal(g.actual_kib, 512 * MIB);
    sim_guest_set_target(&g, 2048 * MIB);
    run(&g, &now_ns, 1);
    assert_true(labs(g.actual_kib - 1536 * MIB) < MIB);
    run(&g, &now_ns, 1);
    assert_int_equal(g.actual_kib, 2048 * MIB);
}

static void libvirt_hears_once_a_second(void **state)
{
    struct sim_guest_spec spec = spec_of(1024, 1024);
    struct sim_guest g = boot(&spec);
    int64_t now_ns = 0, last = 0, changes = 0;
    (void)state;
    sim_guest_set_target(&g, 300 * MIB);
    for (int k = 0; k < 100; k++) {
        last = g.reported_kib;
        run(&g, &now_ns, 0.05);
        changes += g.reported_kib != last;
    }
    assert_in_range(changes, 4, 6);
    run(&g, &now_ns, 1);
    assert_int_equal(g.reported_kib, g.actual_kib);
}

static void inflating_ends_where_nothing_is_left(void **state)
{
    struct sim_guest_spec spec = spec_of(512, 2048);
    struct sim_guest g = boot(&spec);
    int64_t now_ns = 0;
    (void)state;
    g.process_due_ns = INT64_MAX;
    sim_guest_set_target(&g, 1);
    run(&g, &now_ns, 10);
    assert_int_equal(sim_guest_free_kib(&g), 51 * MIB); /* measured: unused 51 MiB */
    assert_int_equal(sim_guest_usable_kib(&g), 0);
    assert_true(g.alive);
    g.process_due_ns = now_ns;
    run(&g, &now_ns, 1); /* the next process start */
    assert_false(g.alive);
    assert_int_equal(g.deaths, 1);
    sim_guest_set_target(&g, 2048 * MIB); /* does not help any more */
    run(&g, &now_ns, 5);
    assert_false(g.alive);
}

static void allocation_fails_below_the_maximum_only(void **state)
{
    struct sim_guest_spec spec = spec_of(512, 2048);
    struct sim_guest g = boot(&spec);
    int64_t now_ns = 0;
    (void)state;
    grow(&g, 1000, 100);
    run(&g, &now_ns, 20);
    assert_int_equal(g.failed_allocations, 1);
    assert_int_equal(g.goals_reached, 0);
    assert_true(g.program_kib < 300 * MIB);
    sim_guest_set_target(&g, 2048 * MIB);
    run(&g, &now_ns, 3);
    grow(&g, 1000, 100);
    run(&g, &now_ns, 20);
    assert_int_equal(g.goals_reached, 1);
    g.program_full = true;
    run(&g, &now_ns, 20);
    assert_int_equal(g.reached_max, 1);
    assert_int_equal(g.failed_allocations, 1);
    run(&g, &now_ns, 30);
    assert_true(g.alive); /* full, but not dead */
}

static void cache_goes_first(void **state)
{
    struct sim_guest_spec spec = spec_of(1024, 1024);
    struct sim_guest g = boot(&spec);
    int64_t now_ns = 0;
    (void)state;
    g.cache_goal_kib = 2048 * MIB;
    g.cache_rate_kib_s = 100 * MIB;
    run(&g, &now_ns, 20);
    assert_int_equal(sim_guest_free_kib(&g), 69 * MIB);
    assert_int_equal(g.cache_kib, (1024 - 72 - 121 - 69) * MIB);
    assert_int_equal(sim_guest_usable_kib(&g), g.cache_kib);
    grow(&g, 400, 100);
    run(&g, &now_ns, 10);
    assert_int_equal(g.failed_allocations, 0);
    assert_int_equal(g.program_kib, 400 * MIB);
}

static void swap_takes_what_does_not_fit(void **state)
{
    struct sim_guest_spec spec = spec_of(512, 2048);
    int64_t now_ns = 0;
    (void)state;
    spec.swap_kib = 1024 * MIB;
    struct sim_guest g = boot(&spec);
    grow(&g, 600, 50);
    run(&g, &now_ns, 20);
    assert_int_equal(g.failed_allocations, 0);
    assert_int_equal(g.program_kib, 600 * MIB);
    assert_true(g.swapped_kib > 200 * MIB);
    int64_t in = g.swap_in_kib, faults = g.major_faults;
    run(&g, &now_ns, 2);
    assert_true(g.swap_in_kib > in && g.major_faults > faults); /* it thrashes */
    sim_guest_set_target(&g, 2048 * MIB);
    run(&g, &now_ns, 30);
    assert_int_equal(g.swapped_kib, 0);
}

static void rss_is_what_was_touched(void **state)
{
    struct sim_guest_spec spec = spec_of(1024, 1024);
    struct sim_guest g = boot(&spec);
    int64_t now_ns = 0;
    (void)state;
    assert_int_equal(sim_guest_rss_kib(&g), (72 + 121 + 60) * MIB);
    grow(&g, 500, 100);
    run(&g, &now_ns, 10);
    grow(&g, 0, 0);
    run(&g, &now_ns, 1);
    assert_int_equal(sim_guest_rss_kib(&g), (72 + 121 + 60 + 500) * MIB);
    sim_guest_set_target(&g, 512 * MIB); /* the host gets its share of them back */
    run(&g, &now_ns, 10);
    assert_true(sim_guest_rss_kib(&g) < (72 + 121 + 60 + 260) * MIB);
    spec.reporting = true;
    g = boot(&spec);
    grow(&g, 500, 100);
    run(&g, &now_ns, 10);
    grow(&g, 0, 0);
    run(&g, &now_ns, 2);
    assert_int_equal(sim_guest_rss_kib(&g), (72 + 121 + 60) * MIB);
}

static void statistics_stand_still(void **state)
{
    struct sim_guest_spec spec = spec_of(512, 512);
    int64_t now_ns = 0;
    (void)state;
    spec.period_s = 0;
    struct sim_guest g = boot(&spec);
    run(&g, &now_ns, 5);
    assert_false(g.stats.any);
    sim_guest_set_period(&g, 1, now_ns);
    run(&g, &now_ns, 2);
    assert_true(g.stats.any && now_ns - g.stats.taken_ns <= SECOND);
    int64_t taken_ns = g.stats.taken_ns;
    g.mute = true;
    run(&g, &now_ns, 5);
    assert_int_equal(g.stats.taken_ns, taken_ns);
    g.mute = false;
    g.spec.age_s = 4;
    run(&g, &now_ns, 4.2);
    taken_ns = g.stats.taken_ns;
    run(&g, &now_ns, 3);
    assert_true(g.stats.taken_ns == taken_ns ||
                g.stats.taken_ns >= taken_ns + 4 * SECOND);
    g.spec.balloon = SIM_BALLOON_NO_DRIVER;
    taken_ns = g.stats.taken_ns;
    sim_guest_set_target(&g, 300 * MIB);
    run(&g, &now_ns, 10);
    assert_int_equal(g.stats.taken_ns, taken_ns);
    assert_int_equal(g.actual_kib, 512 * MIB);
}

static struct sim_model *two_guests(int64_t host_mib)
{
    struct sim_host_spec host = {.pcpus = 1,
                                 .cells = 1,
                                 .llcs = 1,
                                 .threads = 1,
                                 .memory_kib = host_mib * MIB,
                                 .used_kib = 500 * MIB,
                                 .psi_below_kib = 100 * MIB};
    struct sim_model *m = sim_model_create(&host, 3);
    struct cpuset anywhere;
    cpuset_clear(&anywhere);
    for (int i = 0; i < 2; i++) {
        struct sim_vm_spec s = {.vcpus = 1,
                                .vcpus_max = 1,
                                .weight = 1024,
                                .cell = SIM_NO_CELL,
                                .started = true,
                                .guest = spec_of(2048, 2048)};
        s.name[0] = (char)('a' + i);
        assert_int_equal(sim_model_add_vm(m, &s, &anywhere, 0.0), i);
    }
    assert_int_equal(sim_model_start(m), 0);
    return m;
}

static void host_books_balance(void **state)
{
    struct sim_model *m = two_guests(8192);
    uint64_t seed = 11;
    (void)state;
    for (int k = 0; k < 400; k++) {
        size_t i = unit_random(&seed) % 2;
        struct sim_guest *g = &m->vms[i].guest;
        if (unit_random(&seed) % 2 == 0)
            assert_int_equal(
                sim_model_set_memory(m, i,
                                     (int64_t)(unit_random(&seed) % 1700 + 348) * MIB),
                0);
        else
            grow(g, (int64_t)(unit_random(&seed) % 1200), 200);
        assert_int_equal(sim_model_advance(m, m->now_ns + SECOND), 0);
        int64_t sum = sim_host_available_kib(m) + m->used_kib;
        for (size_t v = 0; v < 2; v++)
            sum += m->vms[v].state != SIM_OFF ? sim_guest_rss_kib(&m->vms[v].guest) : 0;
        assert_int_equal(sum, 8192 * MIB);
    }
    sim_model_destroy(m);
}

static void host_out_of_memory_kills(void **state)
{
    struct sim_model *m = two_guests(2600);
    (void)state;
    grow(&m->vms[0].guest, 1500, 200);
    grow(&m->vms[1].guest, 1200, 100);
    assert_int_equal(sim_model_advance(m, 4 * SECOND), 0);
    assert_int_equal(m->vms[0].kills + m->vms[1].kills, 0);
    assert_int_equal(sim_model_advance(m, 20 * SECOND), 0);
    assert_int_equal(m->vms[0].kills, 1); /* the greatest */
    assert_int_equal(m->vms[0].state, SIM_OFF);
    assert_int_equal(m->vms[1].kills, 0);
    assert_true(m->lowest_available_kib <= 0);
    sim_model_destroy(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_rest_as_measured),
        cmocka_unit_test(balloon_speeds),
        cmocka_unit_test(libvirt_hears_once_a_second),
        cmocka_unit_test(inflating_ends_where_nothing_is_left),
        cmocka_unit_test(allocation_fails_below_the_maximum_only),
        cmocka_unit_test(cache_goes_first),
        cmocka_unit_test(swap_takes_what_does_not_fit),
        cmocka_unit_test(rss_is_what_was_touched),
        cmocka_unit_test(statistics_stand_still),
        cmocka_unit_test(host_books_balance),
        cmocka_unit_test(host_out_of_memory_kills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
