/* test_sim_cpu.c - the CPU side of the model against known cases: delay, siblings, remote
 * memory, moves, counters. */
#include "tests/unit/unit.h"

#include "sim/model/cpu.h"
#include "sim/model/event.h"
#include "sim/run/view.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
#define MIB INT64_C(1024)

static struct sim_host_spec host_of(uint32_t pcpus)
{
    return (struct sim_host_spec){
        .pcpus = pcpus,
        .cells = 1,
        .llcs = 1,
        .threads = 1,
        .smt_gain = 1.25,
        .remote_efficiency = 0.8,
        .memory_kib = 16384 * MIB,
        .used_kib = 1024 * MIB,
    };
}

static struct sim_vm_spec vm_named(const char *name)
{
    struct sim_vm_spec s = {
        .vcpus = 1,
        .vcpus_max = 1,
        .weight = 1024,
        .cell = SIM_NO_CELL,
        .started = true,
        .guest = {.maximum_kib = 512 * MIB,
                  .boot_kib = 512 * MIB,
                  .kernel_kib = 69 * MIB,
                  .os_kib = 121 * MIB,
                  .watermark_kib = 69 * MIB,
                  .least_free_kib = 51 * MIB,
                  .inflate_kib_s = 175 * MIB,
                  .deflate_kib_s = 1024 * MIB},
    };
    snprintf(s.name, sizeof(s.name), "%s", name);
    return s;
}

/* A host with n VMs that want demand; pcpu < 0: anywhere. */
static struct sim_model *model_of(const struct sim_host_spec *host, size_t n,
                                  double demand, int pcpu)
{
    struct sim_model *m = sim_model_create(host, 1);
    assert_non_null(m);
    for (size_t i = 0; i < n; i++) {
        char name[32];
        struct cpuset mask;
        cpuset_clear(&mask);
        if (pcpu >= 0)
            cpuset_add(&mask, (uint32_t)pcpu);
        snprintf(name, sizeof(name), "vm%zu", i);
        struct sim_vm_spec s = vm_named(name);
        assert_int_equal(sim_model_add_vm(m, &s, &mask, demand), (int)i);
    }
    assert_int_equal(sim_model_start(m), 0);
    return m;
}

static double ran_s(const struct sim_model *m, size_t vm)
{
    return m->vms[vm].vcpus[0].ran_ns / 1e9;
}

static void delay_of_a_closed_loop(void **state)
{
    (void)state;
    /* compute 1, sleep 1 alone (d = 1/2); four of them share a pCPU: each runs 1/4, sleeps
     * 1/4, waits 1/2 */
    assert_true(fabs(sim_cpu_wait(0.5, 0.25) - 0.5) < 1e-12);
    assert_true(fabs(sim_cpu_wait(1.0, 0.125) - 0.875) < 1e-12);
    assert_true(sim_cpu_wait(0.3, 0.3) <= 1e-12);
    assert_true(sim_cpu_wait(0.0, 0.0) <= 0.0);
    /* half as efficient: computing takes 2, sleeping 1 */
    assert_true(fabs(sim_cpu_stretched(0.5, 0.5) - 2.0 / 3) < 1e-12);
    assert_true(fabs(sim_cpu_stretched(1.0, 0.5) - 1.0) < 1e-12);
}

/* d = r / (1 - w), from the counters as libvirt gives them, finds the scripted demand. */
static void estimate_recovers_demand(void **state)
{
    (void)state;
    for (int step = 2; step <= 10; step++) {
        double demand = step / 10.0;
        struct sim_host_spec host = host_of(1);
        struct sim_model *m = model_of(&host, 8, demand, 0);
        struct snapshot s = {0}, t = {0};
        struct settings settings;
        settings_init(&settings);
        assert_int_equal(sim_model_advance(m, SECOND), 0);
        assert_int_equal(view_take(m, &settings, 1, &s), 0);
        assert_int_equal(sim_model_advance(m, 11 * SECOND), 0);
        assert_int_equal(view_take(m, &settings, 1, &t), 0);
        for (size_t i = 0; i < 8; i++) {
            const struct snapshot_vcpu *a = &s.domains[i].vcpus[0],
                                       *b = &t.domains[i].vcpus[0];
            double r = (double)(b->time_ns.value - a->time_ns.value) / 1e10;
            double w = (double)(b->delay_ns.value - a->delay_ns.value) / 1e10;
            assert_int_equal(b->time_ns.value % 10000000, 0);
            assert_true(fabs(r / (1.0 - w) - demand) < 0.03 * demand);
        }
        snapshot_fini(&s);
        snapshot_fini(&t);
        sim_model_destroy(m);
    }
}

static void siblings_share_a_core(void **state)
{
    struct sim_host_spec host = host_of(2);
    (void)state;
    host.threads = 2;
    struct sim_model *m = model_of(&host, 2, 1.0, 0);
    struct cpuset one = cpuset_of(1);
    assert_int_equal(sim_model_pin(m, 1, 0, &one), 0);
    assert_int_equal(sim_model_advance(m, SECOND), 0);
    double before = m->vms[0].vcpus[0].work_ns + m->vms[1].vcpus[0].work_ns;
    assert_int_equal(sim_model_advance(m, 11 * SECOND), 0);
    double work = m->vms[0].vcpus[0].work_ns + m->vms[1].vcpus[0].work_ns - before;
    assert_true(fabs(work / 1e10 - 1.25) < 0.01); /* both run all the time */
    assert_true(ran_s(m, 0) + ran_s(m, 1) > 20.5);
    sim_model_destroy(m);
}

static void remote_memory_costs_work(void **state)
{
    struct sim_host_spec host = host_of(2);
    (void)state;
    host.cells = 2;
    struct sim_model *m = sim_model_create(&host, 1);
    struct sim_vm_spec s = vm_named("far");
    struct cpuset one = cpuset_of(1);
    s.cell = 0;
    assert_int_equal(sim_model_add_vm(m, &s, &one, 1.0), 0);
    assert_int_equal(sim_model_start(m), 0);
    assert_int_equal(sim_model_advance(m, 10 * SECOND), 0);
    assert_true(fabs(ran_s(m, 0) - 10.0) < 1e-6);
    assert_true(fabs(m->vms[0].vcpus[0].work_ns / 1e9 - 8.0) < 1e-6);
    sim_model_destroy(m);
}

static void a_move_loses_work(void **state)
{
    struct sim_host_spec host = host_of(2);
    struct cpuset one = cpuset_of(1);
    (void)state;
    host.migration_ns = 750000.0;
    struct sim_model *m = model_of(&host, 1, 1.0, 0);
    assert_int_equal(sim_model_advance(m, SECOND), 0);
    assert_int_equal(sim_model_pin(m, 0, 0, &one), 0);
    assert_int_equal(sim_model_advance(m, 10 * SECOND), 0);
    double lost = m->vms[0].vcpus[0].ran_ns - m->vms[0].vcpus[0].work_ns;
    assert_int_equal(m->vms[0].vcpus[0].moves, 1);
    assert_true(fabs(lost - 500000.0) < 1.0); /* same LLC: 2/3 of it */
    sim_model_destroy(m);
}

static void kernel_roams_and_is_nearly_fair(void **state)
{
    struct sim_host_spec host = host_of(2);
    (void)state;
    host.kernel_moves_per_s = 0.6;
    host.kernel_unfairness = 0.05;
    struct sim_model *m = model_of(&host, 3, 1.0, -1);
    assert_int_equal(sim_model_advance(m, 100 * SECOND), 0);
    uint32_t moves = 0;
    for (size_t i = 0; i < 3; i++) {
        assert_true(fabs(ran_s(m, i) - 200.0 / 3) < 2.0);
        moves += m->vms[i].vcpus[0].moves;
    }
    assert_in_range(moves, 30, 180);
    assert_true(fabs(ran_s(m, 0) + ran_s(m, 1) + ran_s(m, 2) - 200.0) < 0.1);
    sim_model_destroy(m);
}

static void host_load_and_offline_pcpus(void **state)
{
    struct sim_host_spec host = host_of(2);
    (void)state;
    struct sim_model *m = model_of(&host, 2, 1.0, -1);
    struct sim_event load = {
        .kind = SIM_EVENT_LOAD, .cpus = cpuset_of(0), .number = 0.5, .vm = SIZE_MAX};
    struct sim_event off = {
        .kind = SIM_EVENT_ONLINE, .cpus = cpuset_of(1), .vm = SIZE_MAX};
    sim_event_apply(m, &load);
    assert_int_equal(sim_model_advance(m, 10 * SECOND), 0);
    assert_true(fabs(ran_s(m, 0) + ran_s(m, 1) - 15.0) < 0.05);
    sim_event_apply(m, &off);
    assert_int_equal(sim_model_advance(m, 20 * SECOND), 0);
    assert_true(fabs(ran_s(m, 0) + ran_s(m, 1) - 20.0) < 0.05);
    sim_model_destroy(m);
}

/* Random pins and events: counters never go backwards while a VM runs, and nobody gets
 * more than there is. */
static void counters_are_monotone(void **state)
{
    struct sim_host_spec host = host_of(4);
    uint64_t seed = 5;
    (void)state;
    host.kernel_moves_per_s = 1.0;
    host.kernel_unfairness = 0.1;
    host.migration_ns = 1e6;
    struct sim_model *m = model_of(&host, 10, 0.6, -1);
    double ran[10] = {0}, delay[10] = {0};
    int64_t last_ns = 0;
    for (int k = 1; k < 500; k++) {
        struct cpuset mask;
        cpuset_clear(&mask);
        mask.word[0] = unit_random(&seed) % 16;
        int r = sim_model_pin(m, unit_random(&seed) % 10, 0, &mask);
        assert_true(r == 0 || (r == -EINVAL && cpuset_empty(&mask)));
        int64_t to_ns = last_ns + (int64_t)(unit_random(&seed) % (uint64_t)SECOND) + 1;
        assert_int_equal(sim_model_advance(m, to_ns), 0);
        double sum = 0.0, dt = (double)(to_ns - last_ns);
        for (size_t i = 0; i < 10; i++) {
            const struct sim_vcpu *v = &m->vms[i].vcpus[0];
            assert_true(v->ran_ns >= ran[i] && v->delay_ns >= delay[i]);
            assert_true(v->ran_ns - ran[i] + v->delay_ns - delay[i] <=
                        dt * (1.0 + 1e-9));
            assert_true(v->work_ns <= v->ran_ns + 1.0);
            sum += v->ran_ns - ran[i];
            ran[i] = v->ran_ns;
            delay[i] = v->delay_ns;
        }
        assert_true(sum <= 4.0 * dt * (1.0 + 1e-9));
        last_ns = to_ns;
    }
    sim_model_destroy(m);
}

static void calls_are_refused(void **state)
{
    struct sim_host_spec host = host_of(2);
    struct cpuset none, far = cpuset_of(7), one = cpuset_of(1);
    (void)state;
    cpuset_clear(&none);
    struct sim_model *m = model_of(&host, 1, 0.5, -1);
    assert_int_equal(sim_model_pin(m, 1, 0, &one), -ENOENT);
    assert_int_equal(sim_model_pin(m, 0, 1, &one), -EINVAL);
    assert_int_equal(sim_model_pin(m, 0, 0, &none), -EINVAL);
    assert_int_equal(sim_model_pin(m, 0, 0, &far), -EINVAL);
    assert_int_equal(sim_model_set_memory(m, 0, 0), -EINVAL);
    assert_int_equal(sim_model_set_memory(m, 0, 513 * MIB), -EINVAL);
    m->failing = SIM_CALL_PIN;
    assert_int_equal(sim_model_pin(m, 0, 0, &one), -EIO);
    assert_int_equal(sim_model_set_memory(m, 0, 300 * MIB), 0);
    m->vms[0].hung = true;
    assert_int_equal(sim_model_set_memory(m, 0, 300 * MIB), -EBUSY);
    m->outage = true;
    assert_int_equal(sim_model_set_period(m, 0, 1), -ENOTCONN);
    sim_model_destroy(m);
}

static void certificate(void **state)
{
    struct sim_host_spec host = host_of(4);
    struct sim_balance b;
    (void)state;
    struct sim_model *m = model_of(&host, 8, 0.4, 0);
    assert_int_equal(sim_cpu_balance(m, &b), 0);
    assert_true(fabs(b.achieved - 3.2) < 1e-9 && fabs(b.bound - 0.8) < 1e-6);
    assert_int_equal(b.wide, 0);
    assert_true(fabs(b.deviation - sqrt(3.0)) < 1e-6);
    for (uint32_t i = 0; i < 8; i++) {
        struct cpuset to = cpuset_of(i % 4);
        assert_int_equal(sim_model_pin(m, i, 0, &to), 0);
    }
    assert_int_equal(sim_model_advance(m, SECOND), 0);
    assert_int_equal(sim_cpu_balance(m, &b), 0);
    assert_true(fabs(b.achieved - 0.8) < 1e-9 && b.deviation < 1e-9);
    sim_model_destroy(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_refused),
        cmocka_unit_test(delay_of_a_closed_loop),
        cmocka_unit_test(estimate_recovers_demand),
        cmocka_unit_test(siblings_share_a_core),
        cmocka_unit_test(remote_memory_costs_work),
        cmocka_unit_test(a_move_loses_work),
        cmocka_unit_test(kernel_roams_and_is_nearly_fair),
        cmocka_unit_test(host_load_and_offline_pcpus),
        cmocka_unit_test(counters_are_monotone),
        cmocka_unit_test(certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
