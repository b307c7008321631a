/* test_cpu_input.c - a snapshot as the CPU policy's input: the operator's law above
 * all. */
#include "tests/unit/unit.h"

#include "cpu_actor/input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NOW_NS INT64_C(100000000000)
#define INTERVAL_NS INT64_C(2000000000)

/* 4 pCPUs, number 3 isolated, and one running, managed, fresh VM with two vCPUs. */
static struct snapshot a_host(void)
{
    struct snapshot s;
    snapshot_init(&s);
    settings_init(&s.settings);
    for (uint32_t i = 0; i < 4; i++)
        *snapshot_add_pcpu(&s) =
            (struct snapshot_pcpu){.id = i, .online = true, .isolated = i == 3};
    struct snapshot_domain *d = snapshot_add_domain(&s);
    snprintf(d->uuid, sizeof(d->uuid), "00000000-0000-0000-0000-000000000001");
    d->id = 7;
    d->state = SNAPSHOT_STATE_RUNNING;
    d->managed = true;
    d->sampled_ns = NOW_NS;
    for (uint32_t k = 0; k < 2; k++) {
        struct snapshot_vcpu *v = snapshot_add_vcpu(d);
        v->number = k;
        cpuset_parse("0-3", &v->allowed);
    }
    return s;
}

/* Fills and asks of vCPU 0: is it fixed, and what is it allowed? */
static bool fixed(struct snapshot *s, const char *allowed)
{
    struct cpu_input_buffer b = {.vcpus_room = 0};
    struct actor_turn turn = {
        .snapshot = s, .now_ns = NOW_NS, .interval_ns = INTERVAL_NS};
    char text[CPUSET_TEXT_MAX];
    assert_int_equal(cpu_input_fill(&b, &turn), 0);
    assert_int_equal(b.input.nvcpus, 2);
    assert_string_equal(cpuset_format(&b.vcpus[0].allowed, text, sizeof(text)),
                        allowed);
    assert_int_equal(b.vcpus[0].key.domain_id, 7);
    assert_int_equal(b.vcpus[1].key.vcpu, 1);
    bool r = b.vcpus[0].fixed;
    cpu_input_fini(&b);
    snapshot_fini(s);
    return r;
}

static void a_plain_vcpu_may_go_anywhere_but_to_isolated_pcpus(void **state)
{
    (void)state;
    struct snapshot s = a_host();
    assert_false(fixed(&s, "0-2"));
    s = a_host();
    s.host.pcpus[1].online = false;
    assert_false(fixed(&s, "0,2"));
}

static void the_setting_names_the_pcpus(void **state)
{
    (void)state;
    struct snapshot s = a_host();
    snprintf(s.settings.cpu_pcpus, SETTINGS_TEXT_MAX, "2-3,9");
    assert_false(fixed(&s, "2-3"));
    s = a_host();
    snprintf(s.settings.cpu_pcpus, SETTINGS_TEXT_MAX, "9");
    struct cpu_input_buffer b = {.vcpus_room = 0};
    struct actor_turn turn = {
        .snapshot = &s, .now_ns = NOW_NS, .interval_ns = INTERVAL_NS};
    assert_int_equal(cpu_input_fill(&b, &turn), -EINVAL);
    snapshot_fini(&s);
}

static void law_is_law(void **state)
{
    (void)state;
    struct snapshot s = a_host();
    cpuset_parse("1-3", &s.domains[0].vcpus[0].allowed);
    assert_false(fixed(&s, "1-2"));
    s = a_host();
    cpuset_parse("3", &s.domains[0].vcpus[0].allowed); /* nothing usable is left */
    assert_true(fixed(&s, ""));
    s = a_host();
    cpuset_clear(&s.domains[0].vcpus[0].allowed); /* the law is not known yet */
    assert_true(fixed(&s, ""));
    s = a_host();
    s.domains[0].vcpus[0].operator_pinned = true;
    assert_true(fixed(&s, "0-2"));
    s = a_host();
    s.domains[0].managed = false;
    assert_true(fixed(&s, "0-2"));
}

static void what_is_not_known_for_sure_is_not_moved(void **state)
{
    (void)state;
    struct snapshot s = a_host();
    s.domains[0].state = SNAPSHOT_STATE_PAUSED;
    assert_true(fixed(&s, "0-2"));
    s = a_host();
    s.domains[0].quarantined = true;
    assert_true(fixed(&s, "0-2"));
    s = a_host();
    s.domains[0].sampled_ns = NOW_NS - 3 * INTERVAL_NS;
    assert_false(fixed(&s, "0-2"));
    s = a_host();
    s.domains[0].sampled_ns = NOW_NS - 3 * INTERVAL_NS - 1;
    assert_true(fixed(&s, "0-2"));
}

static void shares_are_divided_among_the_vcpus(void **state)
{
    static const struct {
        struct opt_u64 shares;
        uint32_t weight;
    } rows[] = {{{0, false}, 512},
                {{4096, true}, 2048},
                {{2, true}, 2},
                {{1 << 20, true}, 262144}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cpu_input_buffer b = {.vcpus_room = 0};
        struct snapshot s = a_host();
        s.domains[0].cpu_shares = rows[i].shares;
        struct actor_turn turn = {
            .snapshot = &s, .now_ns = NOW_NS, .interval_ns = INTERVAL_NS};
        assert_int_equal(cpu_input_fill(&b, &turn), 0);
        assert_int_equal(b.vcpus[0].weight, rows[i].weight);
        cpu_input_fini(&b);
        snapshot_fini(&s);
    }
}

static void busy_time_and_steal_go_to_their_pcpu(void **state)
{
    (void)state;
    struct cpu_input_buffer b = {.vcpus_room = 0};
    struct snapshot s = a_host();
    struct actor_turn turn = {
        .snapshot = &s, .now_ns = NOW_NS, .interval_ns = INTERVAL_NS};
    s.mono_ns = NOW_NS - 5;
    s.host.pcpus[0].online = false;
    s.host.pcpus[1].busy_ns = (struct opt_u64){.value = 70, .has = true};
    s.host.pcpus[2].busy_ns = (struct opt_u64){.value = 30, .has = true};
    s.host.pcpus[2].steal_ns = (struct opt_u64){.value = 4, .has = true};
    assert_int_equal(cpu_input_fill(&b, &turn), 0);
    assert_int_equal(b.input.busy_sampled_ns, NOW_NS - 5);
    assert_true(b.input.busy[0].has && b.input.busy[1].has);
    assert_int_equal(b.input.busy[0].busy_ns, 70);
    assert_int_equal(b.input.busy[1].busy_ns, 34);
    s.host.pcpus[2].busy_ns.has = false; /* steal alone says nothing */
    assert_int_equal(cpu_input_fill(&b, &turn), 0);
    assert_false(b.input.busy[1].has);
    cpu_input_fini(&b);
    snapshot_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(busy_time_and_steal_go_to_their_pcpu),
        cmocka_unit_test(a_plain_vcpu_may_go_anywhere_but_to_isolated_pcpus),
        cmocka_unit_test(the_setting_names_the_pcpus),
        cmocka_unit_test(law_is_law),
        cmocka_unit_test(shares_are_divided_among_the_vcpus),
        cmocka_unit_test(what_is_not_known_for_sure_is_not_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
