/* test_sim_recorded.c - a simulated run, recorded, and made into a scenario again: the
 * load that comes out is the load that went in. */
#include "tests/unit/unit.h"

#include "common/recording.h"
#include "common/wire/wire.h"
#include "sim/recorded.h"
#include "sim/run/view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)
#define MIB 1024

/* a, b, c and d want 2.4 of the two pCPUs, then 1.8; c grows, d goes, e comes. */
static const char text[] = "[scenario]\nduration = 60\n"
                           "[host]\npcpus = 2\nkernel_unfairness = 0\nmemory = 8GiB\n"
                           "[settings]\ninterval = 1\ncpu.tolerance = 70\n"
                           "[vm a]\npin = 0\ndemand = 0.9\nat.30 = demand 0.3\n"
                           "[vm b]\npin = 0\ndemand = 0.5\n"
                           "[vm c]\ndemand = 0.7\nstats_period = 1\nmax = 1GiB\n"
                           "memory = 1GiB\nat.10 = grow 10MiB/s to 200MiB\n"
                           "[vm d]\nvcpus = 2\ndemand = 0.3,0\nstop = 40\n"
                           "[vm e]\ndemand = 0.5\nstart = 45\n";

static char path[] = "/tmp/test_sim_recorded.XXXXXX";

static struct scenario *parse(void)
{
    struct scenario *s = NULL;
    struct err e = {""};
    if (scenario_parse(text, sizeof(text) - 1, "test", &s, &e) < 0)
        fail_msg("%s", e.text);
    return s;
}

static void write_frame(struct recording *to, const struct snapshot *s)
{
    struct wire_origin o = {
        .sender = "test", .sequence = s->sequence, .mono_ns = s->mono_ns};
    struct wire_frame frame;
    assert_int_equal(wire_encode_snapshot(&o, s, &frame), 0);
    assert_int_equal(recording_write(to, frame.data, frame.len, s->mono_ns), 0);
    free(frame.data);
}

/* Runs it and records a snapshot a second. */
static void record(const struct scenario *s, int seconds)
{
    struct recording *to;
    struct snapshot snapshot = {0};
    struct err e = {""};
    bool torn;
    struct sim_model *m = scenario_build(s, 1);
    assert_non_null(m);
    int rc = recording_append(path, &to, &torn, &e);
    if (rc < 0)
        fail_msg("%s", e.text);
    for (int t = 0; t <= seconds; t++) {
        assert_int_equal(sim_model_advance(m, t * SECOND), 0);
        assert_int_equal(view_take(m, &s->settings, 1, &snapshot), 0);
        write_frame(to, &snapshot);
    }
    snapshot_fini(&snapshot);
    sim_model_destroy(m);
    recording_close(to);
}

static int setup(void **state)
{
    (void)state;
    memcpy(strrchr(path, '.') + 1, "XXXXXX", 6);
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd) + unlink(path);
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(path);
    return 0;
}

static const struct sim_vm *vm_of(const struct sim_model *m, const char *name)
{
    for (size_t i = 0; i < m->nvms; i++)
        if (strcmp(m->vms[i].spec.name, name) == 0)
            return &m->vms[i];
    fail_msg("no VM %s", name);
    return NULL;
}

static void assert_demand(const struct sim_model *m, const char *name, uint32_t vcpu,
                          double wanted)
{
    double got = vm_of(m, name)->vcpus[vcpu].demand;
    if (got < 0.97 * wanted || got > 1.03 * wanted)
        fail_msg("%s at %g s: demand %g, not %g", name, (double)m->now_ns / 1e9, got,
                 wanted);
}

static void test_round_trip(void **state)
{
    struct scenario *was = parse(), *s = NULL;
    struct err e = {""};
    (void)state;
    record(was, 60);
    if (recorded_read(path, &s, &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(s->nvms, 5);
    assert_int_equal(s->host.pcpus, 2);
    assert_int_equal(s->duration_ns, 60 * SECOND);
    assert_int_equal(s->settings.cpu_tolerance_permille, 70);
    struct sim_model *m = scenario_build(s, 1);
    assert_non_null(m);
    assert_int_equal(sim_model_advance(m, 15 * SECOND), 0);
    assert_demand(m, "a", 0, 0.9);
    assert_demand(m, "b", 0, 0.5);
    assert_demand(m, "c", 0, 0.7);
    assert_demand(m, "d", 0, 0.3);
    assert_demand(m, "d", 1, 0.0);
    assert_true(cpuset_equal(&vm_of(m, "a")->vcpus[0].mask, &(struct cpuset){{1}}));
    assert_int_equal(vm_of(m, "e")->state, SIM_OFF);
    int64_t before = sim_guest_usable_kib(&vm_of(m, "c")->guest);
    assert_int_equal(sim_model_advance(m, 35 * SECOND), 0);
    assert_demand(m, "a", 0, 0.3);
    assert_demand(m, "b", 0, 0.5);
    assert_int_equal(vm_of(m, "d")->state, SIM_RUNNING);
    int64_t taken = before - sim_guest_usable_kib(&vm_of(m, "c")->guest);
    assert_in_range(taken, 130 * MIB, 160 * MIB); /* 60 of 200 MiB were there at 15 s */
    assert_int_equal(sim_model_advance(m, 55 * SECOND), 0);
    assert_int_equal(vm_of(m, "d")->state, SIM_OFF);
    assert_int_equal(vm_of(m, "e")->state, SIM_RUNNING);
    assert_demand(m, "e", 0, 0.5);
    sim_model_destroy(m);
    scenario_destroy(s);
    scenario_destroy(was);
}

static void test_nothing_in_it(void **state)
{
    struct scenario *was = parse(), *s = NULL;
    struct err e = {""};
    (void)state;
    assert_int_equal(recorded_read(path, &s, &e), -ENOENT);
    record(was, 0);
    e.text[0] = '\0';
    assert_int_equal(recorded_read(path, &s, &e), -ENODATA);
    assert_non_null(strstr(e.text, path));
    assert_null(s);
    scenario_destroy(was);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_in_it, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
