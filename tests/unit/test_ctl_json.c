/* test_ctl_json.c - the JSON documents: their keys, absence, odd strings. */
#include "tests/unit/unit.h"

#include "common/json.h"
#include "ctl/render_json.h"
#include "tests/unit/test_ctl_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_text(void **unused)
{
    (void)unused;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"", ""},
        {"web1", "web1"},
        {"gr\xc3\xbcn", "gr\xc3\xbcn"},
        {"a\xff"
         "b",
         "a\xef\xbf\xbd"
         "b"},
        {"\xc3", "\xef\xbf\xbd"},
        {"\xe2\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xff\xf0\x9f\x90\xa7", "\xef\xbf\xbd\xf0\x9f\x90\xa7"},
        {"\x1b[2J", "\x1b[2J"}, /* json_print() escapes it */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *j = json_text(rows[i].in);
        assert_non_null(j);
        assert_string_equal(json_string_value(j), rows[i].out);
        json_decref(j);
    }
}

static void test_numbers(void **unused)
{
    (void)unused;
    json_t *j = json_u64(UINT64_MAX);
    assert_true(json_integer_value(j) == INT64_MAX);
    json_decref(j);
    j = json_opt((struct opt_u64){.has = false, .value = 5});
    assert_true(json_is_null(j));
    json_decref(j);
}

static char *printed(json_t *j)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    assert_non_null(j);
    assert_int_equal(json_print(j, to), 0);
    fclose(to);
    json_decref(j);
    return text;
}

/* Reads the text again, checks that it is ASCII and has our version. */
static json_t *document(json_t *j)
{
    char *text = printed(j);
    for (const char *p = text; *p != '\0'; p++)
        assert_true(*p == '\n' || (*p >= 0x20 && *p <= 0x7e));
    json_t *again = json_loads(text, 0, NULL);
    assert_non_null(again);
    assert_int_equal(json_integer_value(json_object_get(again, "schema_version")), 1);
    free(text);
    return again;
}

/* "vms.0.name": the value at the end of that path, which must be there. */
static const json_t *at(const json_t *j, const char *path)
{
    char copy[128], *rest = copy, *step;
    snprintf(copy, sizeof(copy), "%s", path);
    while ((step = strsep(&rest, "/")) != NULL) {
        j = json_is_array(j) ? json_array_get(j, strtoul(step, NULL, 10))
                             : json_object_get(j, step);
        if (j == NULL)
            fail_msg("no '%s' in %s", step, path);
    }
    return j;
}

static const char *text_at(const json_t *j, const char *path)
{
    return json_string_value(at(j, path));
}

static json_int_t number_at(const json_t *j, const char *path)
{
    assert_true(json_is_integer(at(j, path)));
    return json_integer_value(at(j, path));
}

static json_t *status_of(const struct control_reply *r)
{
    struct health h;
    struct view v;
    health_check(r, &h);
    assert_int_equal(view_init(&v, r, &h), 0);
    json_t *j = document(render_json_status(r, &h, &v));
    view_fini(&v);
    return j;
}

static void test_status(void **unused)
{
    (void)unused;
    struct control_reply r;
    fixture_reply(&r, 4, 2);
    json_t *j = status_of(&r);
    assert_string_equal(text_at(j, "status"), "healthy");
    assert_int_equal(json_array_size(at(j, "reasons")), 0);
    assert_int_equal(number_at(j, "monitor/pid"), 4242);
    assert_int_equal(number_at(j, "monitor/settings_version"), 7);
    assert_string_equal(text_at(j, "actors/cpu_actor/state"), "ok");
    assert_int_equal(number_at(j, "actors/cpu_actor/age_ns"), FIXTURE_S / 2);
    assert_string_equal(text_at(j, "actors/cpu_actor/report/verdict"), "balanced");
    assert_int_equal(number_at(j, "actors/cpu_actor/report/cpu/pcpus/1/load_permille"),
                     510);
    assert_true(json_is_null(at(j, "actors/cpu_actor/report/mem")));
    assert_int_equal(number_at(j, "actors/mem_actor/report/mem/guests/0/growth_kib_s"),
                     -2048);
    assert_string_equal(text_at(j, "settings/interval"), "2");
    assert_int_equal(json_array_size(at(j, "vms")), 2);
    assert_int_equal(number_at(j, "vms/0/demand_permille"), 500);
    assert_int_equal(number_at(j, "vms/0/used_kib"), 300 * 1024);
    assert_true(json_is_null(at(j, "vms/0/unmanaged_by")));
    assert_string_equal(text_at(j, "snapshot/domains/1/vcpus/0/affinity"), "2");
    assert_true(json_is_null(at(j, "snapshot/domains/0/memory/rss_kib")));
    assert_string_equal(text_at(j, "snapshot/host/uri"), "qemu:///system");
    json_decref(j);
    control_reply_fini(&r);
}

static void test_degraded(void **unused)
{
    (void)unused;
    struct control_reply r = {.version = "0.1.0"};
    settings_init(&r.settings);
    json_t *j = status_of(&r);
    assert_string_equal(text_at(j, "status"), "degraded");
    assert_int_equal(json_array_size(at(j, "reasons")), 1);
    assert_int_equal(json_array_size(at(j, "notes")), 2);
    assert_true(json_is_null(at(j, "snapshot")));
    assert_true(json_is_null(at(j, "snapshot_age_ns")));
    assert_true(json_is_null(at(j, "actors/mem_actor/report")));
    assert_int_equal(json_array_size(at(j, "vms")), 0);
    json_decref(j);
}

static void test_odd_strings(void **unused)
{
    (void)unused;
    struct control_reply r;
    fixture_reply(&r, 1, 1);
    strcpy(r.snapshot.domains[0].name, "\x1b[2J\xc2\x9b\xff");
    memset(r.reports[REPORT_ACTOR_CPU].report.reason, 0xfe, REPORT_TEXT_MAX - 1);
    strcpy(r.version, "\x80");
    json_t *j = status_of(&r);
    assert_string_equal(text_at(j, "vms/0/name"), "\x1b[2J\xc2\x9b\xef\xbf\xbd");
    json_decref(j);
    control_reply_fini(&r);
}

static void test_vm(void **unused)
{
    (void)unused;
    struct control_reply r;
    struct health h;
    struct view v;
    fixture_reply(&r, 4, 1);
    r.snapshot.domains[0].managed = false;
    health_check(&r, &h);
    assert_int_equal(view_init(&v, &r, &h), 0);
    json_t *j = document(render_json_vm(&r, &v, &v.vms[0]));
    assert_string_equal(text_at(j, "status"), "excluded");
    assert_string_equal(text_at(j, "unmanaged_by"), "metadata");
    assert_int_equal(number_at(j, "vcpu_count"), 2);
    assert_int_equal(number_at(j, "vcpus/1/demand_permille"), 250);
    assert_int_equal(number_at(j, "memory/unused_kib"), 250 * 1024);
    assert_string_equal(text_at(j, "guest/why"), "has what it wants");
    assert_int_equal(number_at(j, "balloon_age_ns"), 18 * FIXTURE_S / 10);
    json_decref(j);
    j = document(render_json_vms(&r, &v));
    assert_string_equal(text_at(j, "vms/0/affinity/1"), "1");
    json_decref(j);
    view_fini(&v);
    control_reply_fini(&r);
}

static void test_settings(void **unused)
{
    (void)unused;
    struct control_reply r;
    struct settings was;
    fixture_reply(&r, 1, 0);
    const struct settings_row *rows[] = {settings_find("interval")};
    json_t *j = document(render_json_get(&r, NULL));
    size_t n;
    settings_table(&n);
    assert_int_equal(json_object_size(at(j, "settings")), n);
    json_decref(j);
    j = document(render_json_get(&r, rows[0]));
    assert_int_equal(json_object_size(at(j, "settings")), 1);
    assert_string_equal(text_at(j, "settings/interval"), "2");
    json_decref(j);
    j = document(render_json_settings(&r));
    assert_int_equal(json_array_size(at(j, "settings")), n);
    assert_string_equal(text_at(j, "settings/0/key"), "interval");
    assert_string_equal(text_at(j, "settings/0/allowed"), "0.2..3600 s");
    json_decref(j);
    was = r.settings;
    r.settings.interval_ms = 1000;
    j = document(render_json_set(&was, &r, rows, 1));
    assert_string_equal(text_at(j, "changes/0/value"), "1");
    assert_string_equal(text_at(j, "changes/0/was"), "2");
    json_decref(j);
    j = document(render_json_ping(&r, 12345));
    assert_int_equal(number_at(j, "took_ns"), 12345);
    json_decref(j);
    j = document(render_json_version("0.1.0", NULL));
    assert_true(json_is_null(at(j, "monitor")));
    json_decref(j);
    control_reply_fini(&r);
}

static void test_actions(void **unused)
{
    (void)unused;
    struct report_action actions[] = {
        {.kind = REPORT_PIN, .name = "a", .vcpu = 1, .to_pcpus = cpuset_of(3)},
        {.kind = REPORT_SET_MEMORY, .name = "b", .from_value = 1, .to_value = 2},
        {.kind = REPORT_STATS_PERIOD,
         .to_value = 1,
         .error = -EPERM,
         .error_text = "no"},
        {.kind = (enum report_action_kind)99},
    };
    struct report r = {
        .actor = REPORT_ACTOR_CPU, .actions = actions, .nactions = 4, .mode = 7};
    json_t *j = json_report(&r);
    assert_string_equal(text_at(j, "mode"), "unknown");
    assert_string_equal(text_at(j, "actions/0/kind"), "pin");
    assert_string_equal(text_at(j, "actions/0/to_pcpus"), "3");
    assert_int_equal(number_at(j, "actions/1/to_kib"), 2);
    assert_int_equal(number_at(j, "actions/2/to_s"), 1);
    assert_int_equal(number_at(j, "actions/2/error"), -EPERM);
    assert_string_equal(text_at(j, "actions/3/kind"), "unknown");
    json_decref(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_status),      cmocka_unit_test(test_degraded),
        cmocka_unit_test(test_odd_strings), cmocka_unit_test(test_vm),
        cmocka_unit_test(test_settings),    cmocka_unit_test(test_actions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
