/* test_ctl_health.c - what counts as degraded, as a table. */
#include "tests/unit/unit.h"

#include "ctl/health.h"
#include "tests/unit/test_ctl_fixture.h"

#include <stdio.h>
#include <string.h>

#define CPU REPORT_ACTOR_CPU
#define MEM REPORT_ACTOR_MEM

static void as_it_is(struct control_reply *r)
{
    (void)r;
}

static void no_snapshot(struct control_reply *r)
{
    r->has_snapshot = false;
}

static void snapshot_of_three_intervals(struct control_reply *r)
{
    r->snapshot.mono_ns = r->mono_ns - 6 * FIXTURE_S;
}

static void snapshot_too_old(struct control_reply *r)
{
    r->snapshot.mono_ns = r->mono_ns - 6 * FIXTURE_S - 1;
}

/* The interval was just made shorter: the last snapshot was taken by the longer one. */
static void interval_just_shortened(struct control_reply *r)
{
    snapshot_too_old(r);
    r->snapshot.settings.interval_ms = 60000;
    r->reports[CPU].report.interval_ms = 60000;
}

static void snapshot_of_the_future(struct control_reply *r)
{
    r->snapshot.mono_ns = r->mono_ns + FIXTURE_S;
}

static void libvirt_gone(struct control_reply *r)
{
    r->snapshot.host.connected = false;
    strcpy(r->snapshot.host.trouble, "client socket is closed");
}

static void cpu_late_but_in_time(struct control_reply *r)
{
    r->reports[CPU].received_ns = r->mono_ns - 7 * FIXTURE_S;
}

static void cpu_silent(struct control_reply *r)
{
    r->reports[CPU].received_ns = r->mono_ns - 7 * FIXTURE_S - 1;
}

static void mem_never_came(struct control_reply *r)
{
    r->reports[MEM].has = false;
}

static void mem_is_starting(struct control_reply *r)
{
    r->reports[MEM].has = false;
    r->started_ns = r->mono_ns - 2 * FIXTURE_S;
}

static void mem_lost_libvirt(struct control_reply *r)
{
    r->reports[MEM].report.connected = false;
}

static void mem_silent_but_off(struct control_reply *r)
{
    r->settings.mem_mode = SETTINGS_MODE_OFF;
    r->reports[MEM].has = false;
}

static void cpu_paused(struct control_reply *r)
{
    r->settings.cpu_paused = true;
}

static void cpu_dry_run(struct control_reply *r)
{
    r->reports[CPU].report.mode = SETTINGS_MODE_OBSERVE;
}

static void mem_observes(struct control_reply *r)
{
    r->settings.mem_mode = SETTINGS_MODE_OBSERVE;
}

static void one_quarantined(struct control_reply *r)
{
    fixture_vm(r, "vm2")->quarantined = true;
}

static void two_quarantined(struct control_reply *r)
{
    one_quarantined(r);
    fixture_vm(r, "vm3")->quarantined = true;
}

static void everything(struct control_reply *r)
{
    libvirt_gone(r);
    snapshot_too_old(r);
    cpu_silent(r);
    mem_lost_libvirt(r);
    two_quarantined(r);
}

static const struct row {
    const char *name;
    void (*change)(struct control_reply *r);
    bool degraded;
    enum health_actor cpu, mem;
    size_t nlines;
    const char *first; /* part of the first line */
} rows[] = {
    {"no snapshot", no_snapshot, true, HEALTH_ACTOR_OK, HEALTH_ACTOR_OK, 1,
     "no snapshot"},
    {"too old", snapshot_too_old, true, HEALTH_ACTOR_OK, HEALTH_ACTOR_OK, 1, "old"},
    {"libvirt gone", libvirt_gone, true, HEALTH_ACTOR_OK, HEALTH_ACTOR_OK, 1,
     "client socket is closed"},
    {"cpu silent", cpu_silent, true, HEALTH_ACTOR_SILENT, HEALTH_ACTOR_OK, 1,
     "cpu_actor is silent"},
    {"mem never came", mem_never_came, true, HEALTH_ACTOR_OK, HEALTH_ACTOR_SILENT, 1,
     "mem_actor has never reported"},
    {"mem lost libvirt", mem_lost_libvirt, true, HEALTH_ACTOR_OK, HEALTH_ACTOR_LOST, 1,
     "mem_actor has no connection"},
    {"everything", everything, true, HEALTH_ACTOR_SILENT, HEALTH_ACTOR_LOST, 5,
     "libvirt does not answer"},
    {"well", as_it_is, false, HEALTH_ACTOR_OK, HEALTH_ACTOR_OK, 0, ""},
    {"three intervals", snapshot_of_three_intervals, false, HEALTH_ACTOR_OK,
     HEALTH_ACTOR_OK, 0, ""},
    {"shortened", interval_just_shortened, false, HEALTH_ACTOR_OK, HEALTH_ACTOR_OK, 0,
     ""},
    {"future", snapshot_of_the_future, false, HEALTH_ACTOR_OK, HEALTH_ACTOR_OK, 0, ""},
    {"cpu late", cpu_late_but_in_time, false, HEALTH_ACTOR_OK, HEALTH_ACTOR_OK, 0, ""},
    {"mem starting", mem_is_starting, false, HEALTH_ACTOR_OK, HEALTH_ACTOR_STARTING, 1,
     "not reported yet"},
    {"mem off", mem_silent_but_off, false, HEALTH_ACTOR_OK, HEALTH_ACTOR_OFF, 1,
     "mem.mode"},
    {"cpu paused", cpu_paused, false, HEALTH_ACTOR_PAUSED, HEALTH_ACTOR_OK, 1,
     "vmctl resume cpu"},
    {"cpu dry run", cpu_dry_run, false, HEALTH_ACTOR_OBSERVE, HEALTH_ACTOR_OK, 1,
     "changes nothing"},
    {"mem observes", mem_observes, false, HEALTH_ACTOR_OK, HEALTH_ACTOR_OBSERVE, 1,
     "mem_actor only observes"},
    {"quarantined", one_quarantined, false, HEALTH_ACTOR_OK, HEALTH_ACTOR_OK, 1,
     "VM vm2"},
    {"two quarantined", two_quarantined, false, HEALTH_ACTOR_OK, HEALTH_ACTOR_OK, 1,
     "2 VMs"},
};

static void test_table(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct control_reply r;
        struct health h;
        fixture_reply(&r, 4, 4);
        row->change(&r);
        health_check(&r, &h);
        if (h.degraded != row->degraded || h.actors[CPU] != row->cpu ||
            h.actors[MEM] != row->mem || h.nlines != row->nlines)
            fail_msg("%s: degraded %d, cpu %s, mem %s, %zu lines ('%s')", row->name,
                     h.degraded, health_actor_word(h.actors[CPU]),
                     health_actor_word(h.actors[MEM]), h.nlines, h.lines[0].text);
        if (row->nlines > 0 && strstr(h.lines[0].text, row->first) == NULL)
            fail_msg("%s: '%s'", row->name, h.lines[0].text);
        r.has_snapshot = true; /* so that all of it is freed */
        control_reply_fini(&r);
    }
}

static void test_bad_lines_come_first(void **unused)
{
    (void)unused;
    struct control_reply r;
    struct health h;
    fixture_reply(&r, 4, 4);
    cpu_paused(&r);
    mem_never_came(&r);
    one_quarantined(&r);
    health_check(&r, &h);
    assert_int_equal(h.nlines, 3);
    assert_true(h.lines[0].bad);
    assert_false(h.lines[1].bad || h.lines[2].bad);
    assert_non_null(strstr(h.lines[1].text, "paused"));
    control_reply_fini(&r);
}

/* What a silent actor said is no news. */
static void test_report(void **unused)
{
    (void)unused;
    struct control_reply r;
    struct health h;
    fixture_reply(&r, 4, 1);
    cpu_silent(&r);
    health_check(&r, &h);
    assert_null(health_report(&r, &h, CPU));
    assert_ptr_equal(health_report(&r, &h, MEM), &r.reports[MEM].report);
    assert_int_equal(health_report_age_ns(&r, CPU), 7 * FIXTURE_S + 1);
    control_reply_fini(&r);
}

/* All zero is a reply of nothing: no crash, and certainly not healthy. */
static void test_zero(void **unused)
{
    (void)unused;
    struct control_reply r = {0};
    struct health h;
    health_check(&r, &h);
    assert_true(h.degraded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_bad_lines_come_first),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
