/* test_sim_run.c - the runner: what a policy is shown, when its calls take effect, what is
 * counted, and that a run can be repeated. */
#include "tests/unit/unit.h"

#include "sim/run/run.h"
#include "sim/run/verdict.h"
#include "sim/run/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

static struct scenario *scenario_of(const char *text)
{
    struct scenario *s = NULL;
    struct err e = {""};
    if (scenario_parse(text, strlen(text), "test", &s, &e) < 0)
        fail_msg("%s", e.text);
    return s;
}

/* A policy whose decision is a function of the test's; it sees every snapshot. */
static int (*g_decide)(const struct actor_turn *turn, struct report *report);
static unsigned g_turns;

static void *probe_create(void)
{
    g_turns = 0;
    return calloc(1, 1);
}

static int probe_decide(void *self, const struct actor_turn *turn,
                        struct report *report)
{
    (void)self;
    g_turns++;
    return g_decide(turn, report);
}

static const struct sim_policy probe = {
    .name = "probe", .create = probe_create, .destroy = free, .decide = probe_decide};

static struct score run(const char *text, const struct sim_policy *policy,
                        uint64_t seed)
{
    struct scenario *sc = scenario_of(text);
    struct run_options o = {.policy = policy, .seed = seed};
    struct score s;
    struct err e = {""};
    if (run_scenario(sc, &o, &s, &e) < 0)
        fail_msg("%s", e.text);
    scenario_destroy(sc);
    return s;
}

static void pin(const struct actor_turn *turn, struct report *r, size_t vm,
                uint32_t pcpu)
{
    struct report_action *a =
        actor_add_action(r, REPORT_PIN, &turn->snapshot->domains[vm]);
    assert_non_null(a);
    a->from_pcpus = turn->snapshot->domains[vm].vcpus[0].affinity;
    a->to_pcpus = cpuset_of(pcpu);
    actor_perform(turn, r, a);
}

/* ---- what is seen ---- */

static int look(const struct actor_turn *turn, struct report *report)
{
    const struct snapshot *s = turn->snapshot;
    (void)report;
    assert_int_equal(s->sequence, g_turns);
    assert_int_equal(s->mono_ns, VIEW_MONO_NS + (int64_t)(g_turns - 1) * SECOND);
    assert_int_equal(turn->now_ns, s->mono_ns);
    assert_int_equal(turn->interval_ns, SECOND);
    assert_int_equal(s->host.npcpus, 2);
    if (g_turns < 6) {
        assert_int_equal(s->ndomains, 3);
        assert_false(
            s->domains[0].memory.usable_kib.has); /* no period: no statistics */
        assert_int_equal(s->domains[0].memory.last_update_s.value, 0);
        assert_int_equal(s->domains[1].memory.balloon, SNAPSHOT_BALLOON_NONE);
        assert_false(s->domains[2].managed);
        assert_true(s->domains[2].cpu_shares.has);
        assert_int_equal(s->domains[0].vcpus[0].time_ns.value % 10000000, 0);
        assert_int_equal(s->settings_version, 1);
    } else {
        assert_int_equal(s->ndomains, 2);
        assert_true(s->domains[0].partial && !s->domains[0].memory.rss_kib.has);
        assert_true(s->domains[1].quarantined);
        assert_true(s->domains[1].sampled_ns < s->mono_ns);
        assert_int_equal(s->settings_version, 2);
        assert_false(s->settings.cpu_adopt);
    }
    return 0;
}

static void snapshots_are_as_the_monitors(void **state)
{
    static const char text[] = "[scenario]\nduration = 10\n[settings]\ninterval = 1\n"
                               "vms.exclude = c\n"
                               "[host]\npcpus = 2\nat.4.5 = set cpu.adopt no\n"
                               "[vm a]\ndemand = 0.33\nat.4.5 = partial on\n"
                               "[vm b]\nballoon = none\nat.4.5 = stop\n"
                               "[vm c]\nshares = 2048\nat.4.5 = hang on\n";
    (void)state;
    g_decide = look;
    struct score s = run(text, &probe, 1);
    assert_int_equal(g_turns, 11);
    assert_int_equal(s.samples, 11);
}

/* ---- what is done ---- */

static int64_t g_clock_ns;

static int move_once(const struct actor_turn *turn, struct report *report)
{
    if (g_turns == 2) {
        for (uint32_t i = 0; i < 4; i++)
            pin(turn, report, i, i);
        g_clock_ns = turn->hands->clock(turn->context) - turn->now_ns;
        assert_int_equal(report->calls_ok, 4);
        for (uint32_t i = 0; i < 4; i++) /* takes effect when the call is over */
            assert_false(cpuset_has(&turn->snapshot->domains[i].vcpus[0].affinity, i) &&
                         i > 0);
    }
    if (g_turns == 3)
        assert_true(cpuset_has(&turn->snapshot->domains[3].vcpus[0].affinity, 3));
    return 0;
}

static const char stacked[] = "[scenario]\nduration = 30\nwarmup_samples = 0\n"
                              "[settings]\ninterval = 1\n[host]\npcpus = 4\n"
                              "[vm v]\ncount = 4\npin = 0\ndemand = 1\n";

static void calls_take_time_and_effect(void **state)
{
    (void)state;
    g_decide = move_once;
    struct score s = run(stacked, &probe, 1);
    assert_int_equal(g_clock_ns, 4 * 1500000);
    assert_int_equal(s.pin_changes, 4);
    assert_int_equal(s.last_pin_sample, 1);
    assert_int_equal(s.balanced_within, 1);
    assert_true(s.final_deviation < 1e-9);
    /* one second of 30 with a quarter of the work, and four calls until the last moves */
    assert_true(s.work > 0.974 && s.work < 0.9755);
}

static int to_and_fro(const struct actor_turn *turn, struct report *report)
{
    pin(turn, report, 0, g_turns % 2 == 0 ? 0 : 1);
    return 0;
}

static void oscillation_is_counted(void **state)
{
    (void)state;
    g_decide = to_and_fro;
    struct score s = run(stacked, &probe, 1);
    assert_int_equal(s.pin_changes, 31);
    assert_int_equal(s.oscillation, 30);
    assert_int_equal(s.balanced_within, SCORE_NEVER);
}

static int fails(const struct actor_turn *turn, struct report *report)
{
    pin(turn, report, 0, 1);
    assert_int_equal(report->actions[0].error, g_turns > 5 ? -EIO : 0);
    return 0;
}

static void failures_are_told(void **state)
{
    char text[512];
    (void)state;
    g_decide = fails;
    snprintf(text, sizeof(text),
             "%s[scenario]\npin_takes = 1ms\n[host]\nat.4.5 = fail pin\n", stacked);
    struct score s = run(text, &probe, 1);
    assert_int_equal(s.failed_calls, 26);
    assert_int_equal(s.pin_changes, 5);
}

static int never_called(const struct actor_turn *turn, struct report *report)
{
    (void)report;
    assert_true(turn->snapshot->host.connected);
    return 0;
}

static void nobody_decides_in_an_outage(void **state)
{
    char text[512];
    (void)state;
    g_decide = never_called;
    snprintf(text, sizeof(text), "%s[host]\nat.4.5 = outage on\nat.9.5 = outage off\n",
             stacked);
    run(text, &probe, 1);
    assert_int_equal(g_turns, 31 - 5);
}

/* ---- repeatable ---- */

static void same_seed_same_score(void **state)
{
    static const char text[] = "[scenario]\nduration = 60\n[settings]\ninterval = 1\n"
                               "[vm v]\ncount = 9\ndemand = 0.6\nnoise = 0.3\n"
                               "at.5 = grow 20MiB/s to 200MiB\n";
    (void)state;
    struct score a = run(text, &sim_policy_vmbalance, 5);
    struct score b = run(text, &sim_policy_vmbalance, 5);
    struct score c = run(text, &sim_policy_vmbalance, 6);
    assert_memory_equal(&a.work_ns, &b.work_ns, sizeof(a.work_ns));
    assert_memory_equal(&a.final_deviation, &b.final_deviation,
                        sizeof(a.final_deviation));
    assert_int_equal(a.pin_changes, b.pin_changes);
    assert_true(a.work_ns < c.work_ns || a.work_ns > c.work_ns);
}

static void verdicts(void **state)
{
    struct score s = {
        .work = 0.97, .balanced_within = SCORE_NEVER, .lowest_host_kib = 2048};
    struct expectation work = {expect_find("work_min"), 0.98, 1};
    struct expectation balanced = {expect_find("balanced_within_samples"), 2, 1};
    struct expectation host = {expect_find("lowest_host_free_min"), 1024, 1};
    double value;
    char text[160];
    (void)state;
    assert_false(verdict_met(&work, &s, NULL, &value));
    assert_string_equal(verdict_format(&work, value, text, sizeof(text)),
                        "work_min = 0.9800, got 0.9700");
    assert_false(verdict_met(&balanced, &s, NULL, &value));
    assert_non_null(
        strstr(verdict_format(&balanced, value, text, sizeof(text)), "never"));
    assert_true(verdict_met(&host, &s, NULL, &value));
    size_t n;
    const struct expect_row *rows = expect_table(&n);
    for (size_t i = 0; i < n; i++) { /* every key has a value */
        struct expectation x = {&rows[i], 0, 1};
        verdict_met(&x, &s, &s, &value);
        assert_true(value == value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snapshots_are_as_the_monitors),
        cmocka_unit_test(calls_take_time_and_effect),
        cmocka_unit_test(oscillation_is_counted),
        cmocka_unit_test(failures_are_told),
        cmocka_unit_test(nobody_decides_in_an_outage),
        cmocka_unit_test(same_seed_same_score),
        cmocka_unit_test(verdicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
