/* test_ctl_render.c - what vmctl prints for replies of all kinds. */
#include "tests/unit/unit.h"

#include "ctl/render_pcpus.h"
#include "ctl/render_settings.h"
#include "ctl/render_status.h"
#include "ctl/render_vms.h"
#include "ctl/text.h"
#include "tests/unit/test_ctl_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCREEN 100

/* ---- rendering into strings, and checks that hold for all of them ---- */

static void print_status(FILE *to, void *arg)
{
    struct health h;
    health_check(arg, &h);
    assert_int_equal(render_status(arg, &h, to), 0);
}

static void print_vms(FILE *to, void *arg)
{
    struct health h;
    struct view v;
    health_check(arg, &h);
    assert_int_equal(view_init(&v, arg, &h), 0);
    render_vms(arg, &v, to);
    for (size_t i = 0; i < v.nvms; i++)
        render_vm(arg, &v, &v.vms[i], to);
    view_fini(&v);
}

/* No line is wider than the screen, none has blanks at its end, nothing is unprintable.
 */
static char *rendered(void (*render)(FILE *to, void *arg), struct control_reply *r)
{
    char *text = fixture_text(render, r), *copy = strdup(text), *rest = copy, *line;
    while ((line = strsep(&rest, "\n")) != NULL) {
        size_t n = strlen(line);
        if (text_columns(line) > SCREEN || !text_is_plain(line) ||
            (n > 0 && line[n - 1] == ' '))
            fail_msg("bad line: '%s'", line);
    }
    free(copy);
    return text;
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("'%s' is not in:\n%s", part, text);
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        n++;
    return n;
}

/* ---- status ---- */

static void test_healthy(void **unused)
{
    (void)unused;
    struct control_reply r;
    fixture_reply(&r, 4, 2);
    char *text = rendered(print_status, &r);
    assert_string_equal(
        text,
        "vmbalance is healthy\n\n"
        "host     qemu:///system, libvirt connected, 4 pCPUs, 2 VMs\n"
        "monitor  version 0.1.0, up 1 h 2 min, interval 2 s, last snapshot 0.8 s ago "
        "(took "
        "3.1 ms)\n\n"
        "PROCESS     PID  STATE  VERDICT   SETTINGS  SNAPSHOTS  CALLS OK  FAILED\n"
        "monitor    4242  ok     -                7       1235         -       -\n"
        "cpu_actor  4243  ok     balanced         7       1234         6       0\n"
        "mem_actor  4244  ok     steady           7       1234         6       0\n"
        "cpu_actor: pCPU loads deviate by 1.2 % of their mean, 5 % is allowed\n"
        "mem_actor: every guest has its share\n\n"
        "PCPU  LOAD (# ran, = wants more)                 WANTS   RAN VCPUS\n"
        "   0  [###################=                    ]   50%   48%     1\n"
        "   1  [###################=                    ]   51%   49%     1\n"
        "   2  [####################=                   ]   52%   49%     1\n"
        "   3  [####################=                   ]   53%   50%     1\n\n"
        "MEMORY  host: total 16.0G, available 8.79G, reserve 819M\n"
        "        guests: hold 1.00G, budget 11.7G, may be given now 900M\n\n"
        "VM   STATE    VCPU  WANTS  RAN  WAIT  ACTUAL/MAX  USED  USABLE  TARGET  "
        "STATUS\n"
        "vm1  running     2    50%  48%    2%  512M/2.00G  300M    212M    512M  ok\n"
        "vm2  running     2    50%  48%    2%  512M/2.00G  300M    212M    512M  ok\n"
        "(WANTS, RAN, WAIT in % of one pCPU; USED is ACTUAL - USABLE)\n");
    free(text);
    control_reply_fini(&r);
}

static void test_empty_host(void **unused)
{
    (void)unused;
    struct control_reply r;
    fixture_reply(&r, 2, 0);
    char *text = rendered(print_status, &r);
    assert_has(text, "0 VMs");
    assert_has(text, "no VM is running\n");
    free(text);
    text = rendered(print_vms, &r);
    assert_string_equal(text, "no VM is running\n");
    free(text);
    control_reply_fini(&r);
}

static void test_many(void **unused)
{
    (void)unused;
    static const size_t pcpus[] = {1, 16, 17, 64, 65, 128, 1024};
    for (size_t i = 0; i < sizeof(pcpus) / sizeof(pcpus[0]); i++) {
        struct control_reply r;
        fixture_reply(&r, pcpus[i], 300);
        char *text = rendered(print_status, &r);
        assert_int_equal(count(text, "\nvm"), 300);
        assert_int_equal(count(text, " ["), pcpus[i]);
        assert_true(strstr(text, "\nvm9 ") < strstr(text, "\nvm10 "));
        free(text);
        control_reply_fini(&r);
    }
}

static void test_nothing_known(void **unused)
{
    (void)unused;
    struct control_reply r;
    struct snapshot_domain *d;
    fixture_reply(&r, 2, 1);
    d = fixture_vm(&r, "vm1");
    memset(&d->memory, 0, sizeof(d->memory));
    d->vcpus[0].time_ns.has = false;
    memset(&d->vcpus[0].affinity, 0, sizeof(d->vcpus[0].affinity));
    r.reports[REPORT_ACTOR_CPU].has = false;
    r.reports[REPORT_ACTOR_MEM].has = false;
    r.snapshot.host.memory_total_kib.has = false;
    r.snapshot.host.memory_available_kib.has = false;
    char *text = rendered(print_status, &r);
    assert_has(text, "vmbalance is DEGRADED");
    assert_has(
        text,
        "vm1  running     2      -    -     -         -/-     -       -       -  -\n");
    assert_has(text, "total -, available -");
    free(text);
    text = rendered(print_vms, &r);
    assert_has(text, "0:? 1:1");
    assert_has(text, "the VM has no balloon device");
    assert_has(text, "has said nothing about this VM");
    free(text);
    control_reply_fini(&r);
}

static void test_no_snapshot(void **unused)
{
    (void)unused;
    struct control_reply r = {.pid = 1, .version = "0.1.0"};
    settings_init(&r.settings);
    char *text = rendered(print_status, &r);
    assert_has(text, "DEGRADED");
    assert_has(text, "no snapshot yet");
    assert_null(strstr(text, "PCPU"));
    free(text);
}

static void test_odd_vms(void **unused)
{
    (void)unused;
    struct control_reply r;
    struct snapshot_domain *d;
    fixture_reply(&r, 4, 4);
    d = fixture_vm(&r, "vm1");
    strcpy(d->name, "evil\x1b[2J\r\xc2\x9b"
                    "name");
    d = fixture_vm(&r, "vm2");
    memset(d->name, 'n', 255);
    d->quarantined = true;
    d->sampled_ns -= 34 * FIXTURE_S;
    d = fixture_vm(&r, "vm3");
    d->managed = false;
    strcpy(r.snapshot.settings.vms_exclude, "db*,vm3");
    d->vcpus[0].operator_pinned = true;
    cpuset_add(&d->vcpus[0].affinity, 1);
    d = fixture_vm(&r, "vm4");
    d->managed = false;
    d->state = SNAPSHOT_STATE_PAUSED;
    memset(r.reports[REPORT_ACTOR_CPU].report.reason, 'x', REPORT_TEXT_MAX - 1);
    for (size_t i = 30; i < REPORT_TEXT_MAX - 1; i += 30)
        r.reports[REPORT_ACTOR_CPU].report.reason[i] = ' ';
    char *text = rendered(print_status, &r);
    assert_has(text, "\nevil\\x1b[2J\\x...");
    assert_has(text, "nnnnnnnnnnnnn...");
    assert_has(text, "quarantined\n");
    assert_has(text, "excluded\n");
    assert_has(text, "paused");
    assert_has(text,
               "   0  [###################=                    ]   50%   48%   1+1\n");
    free(text);
    text = rendered(print_vms, &r);
    assert_has(text, "no: vms.exclude");
    assert_has(text, "no: metadata");
    assert_has(text, "quarantined       35 s");
    assert_has(text, "0:0-1! 1:1\n");
    assert_has(text, "!: pinned in the VM's configuration");
    free(text);
    control_reply_fini(&r);
}

/* What a dead actor said before is not shown as if it were so now. */
static void test_silent_actor(void **unused)
{
    (void)unused;
    struct control_reply r;
    fixture_reply(&r, 4, 1);
    r.reports[REPORT_ACTOR_CPU].received_ns -= 60 * FIXTURE_S;
    char *text = rendered(print_status, &r);
    assert_has(text, "cpu_actor is silent: its last report came 1 min ago");
    assert_has(text, "cpu_actor, 1 min ago: pCPU loads");
    assert_has(text,
               "   0  [                                        ]     -     -     1\n");
    assert_has(text, "vm1  running     2      -    -     -  512M/2.00G");
    free(text);
    control_reply_fini(&r);
}

static void test_libvirt_gone(void **unused)
{
    (void)unused;
    struct control_reply r;
    fixture_reply(&r, 4, 1);
    r.snapshot.host.connected = false;
    memset(r.snapshot.host.trouble, 'y', 200);
    r.reconnects = 3;
    char *text = rendered(print_status, &r); /* in pieces, if it must be */
    assert_has(text, "libvirt NOT CONNECTED");
    assert_has(text, "\nmonitor    4242  no libvirt");
    assert_has(text, "reconnects to libvirt 3");
    free(text);
    control_reply_fini(&r);
}

static void test_bar(void **unused)
{
    (void)unused;
    static const struct {
        uint64_t load, ran;
        const char *bar;
    } rows[] = {
        {0, 0, "          "},
        {500, 500, "#####     "},
        {800, 500, "#####===  "},
        {300, 500, "#####     "},
        {1000, 1000, "##########"},
        {1700, 500, "#####====>"},
        {UINT32_MAX, UINT32_MAX, "#########>"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char bar[11];
        render_bar(rows[i].load, rows[i].ran, 10, bar);
        assert_string_equal(bar, rows[i].bar);
    }
}

/* ---- VMs ---- */

static void test_pins(void **unused)
{
    (void)unused;
    static const struct {
        const char *affinity[4]; /* of vCPUs 0, 1, ...; NULL = no more */
        size_t size;
        const char *text;
    } rows[] = {
        {{NULL}, 40, ""},
        {{"3", "0-1", "5"}, 40, "0:3 1:0-1 2:5"},
        {{"0-3", "0-3", "0-3"}, 40, "0-2:0-3"},
        {{"0", "0-3", "0-3", ""}, 40, "0:0 1-2:0-3 3:?"},
        {{"3", "0-1", "5", "6"}, 16, "0:3 1:0-1 ..."},
        {{"0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34"},
         60,
         "0:0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,..."},
        {{"0,2,4,6,8,10", "1"}, 10, "..."},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct snapshot_vcpu vcpus[4] = {0};
        struct snapshot_domain d = {.vcpus = vcpus};
        char text[64];
        for (; d.nvcpus < 4 && rows[i].affinity[d.nvcpus] != NULL; d.nvcpus++) {
            vcpus[d.nvcpus].number = (uint32_t)d.nvcpus;
            cpuset_parse(rows[i].affinity[d.nvcpus], &vcpus[d.nvcpus].affinity);
        }
        assert_string_equal(render_pins(&d, text, rows[i].size), rows[i].text);
    }
}

static void test_find(void **unused)
{
    (void)unused;
    struct control_reply r;
    struct health h;
    struct view v;
    fixture_reply(&r, 4, 12);
    strcpy(fixture_vm(&r, "vm7")->name, "3");
    health_check(&r, &h);
    assert_int_equal(view_init(&v, &r, &h), 0);
    assert_string_equal(view_find(&v, "vm12")->domain->name, "vm12");
    assert_string_equal(
        view_find(&v, "00000000-0000-4000-8000-00000000000C")->domain->name, "vm12");
    assert_int_equal(view_find(&v, "3")->domain->id, 7); /* a name goes before an id */
    assert_string_equal(view_find(&v, "4")->domain->name, "vm4");
    assert_null(view_find(&v, "vm"));
    assert_null(view_find(&v, ""));
    assert_null(view_find(&v, "99"));
    assert_string_equal(view_nearest(&v, "vm122"), "vm12");
    view_fini(&v);
    control_reply_fini(&r);
}

static void test_vm(void **unused)
{
    (void)unused;
    struct control_reply r;
    fixture_reply(&r, 4, 1);
    struct report *cpu = &r.reports[REPORT_ACTOR_CPU].report;
    cpu->actions = calloc(1, sizeof(*cpu->actions));
    cpu->nactions = 1;
    cpu->actions[0].kind = REPORT_PIN;
    memcpy(cpu->actions[0].uuid, r.snapshot.domains[0].uuid, SNAPSHOT_UUID_MAX);
    strcpy(cpu->actions[0].name, "vm1");
    strcpy(cpu->actions[0].reason, "pCPU 3 is idle");
    cpu->actions[0].to_pcpus = cpuset_of(3);
    char *text = rendered(print_vms, &r);
    assert_has(text, "mem_actor       ok: has what it wants\n");
    assert_has(text, "needs 332M, wants 400M, is due 512M\n");
    assert_has(text, "use falls by 2M/s\n");
    assert_has(text,
               "   0    25%  24%      1%    28.53        1.20  0           0-3\n");
    assert_has(text, "JUST DONE\npin vm=vm1 vcpu=0 pcpus=->3");
    assert_has(text, "guest's answer  1.8 s ago\n");
    free(text);
    control_reply_fini(&r);
}

/* ---- settings ---- */

static void print_settings(FILE *to, void *arg)
{
    render_settings(arg, 7, to);
}

static void print_get(FILE *to, void *arg)
{
    render_get(arg, to);
}

static void test_settings(void **unused)
{
    (void)unused;
    struct settings s;
    settings_init(&s);
    char *text = fixture_text(print_settings, &s);
    assert_has(text, "interval           2             2             0.2..3600 s\n");
    assert_int_equal(count(text, " * "), 1); /* in the legend: nothing is changed */
    free(text);
    strcpy(s.vms_exclude, "db*,web*,build-*");
    s.interval_ms = 500;
    text = fixture_text(print_settings, &s);
    assert_has(text, "interval         * 0.5           2 ");
    assert_has(text, "\n    = db*,web*,build-*\n");
    free(text);
}

static void test_get(void **unused)
{
    (void)unused;
    struct settings s;
    size_t n;
    settings_init(&s);
    strcpy(s.vms_exclude, "db*");
    char *text = fixture_text(print_get, &s);
    settings_table(&n);
    assert_int_equal(count(text, "\n"), n);
    assert_has(text, "interval = 2\nvms.include =\nvms.exclude = db*\n");
    free(text);
}

static void test_set(void **unused)
{
    (void)unused;
    struct settings s, was;
    size_t size;
    char *text = NULL;
    settings_init(&s);
    was = s;
    s.interval_ms = 500;
    FILE *to = open_memstream(&text, &size);
    render_set(settings_find("interval"), &was, &s, 8, to);
    render_set(settings_find("vms.include"), &was, &s, 8, to);
    fclose(to);
    assert_string_equal(text, "interval = 0.5 (was 2), settings version 8\n"
                              "vms.include = \"\" (was \"\"), settings version 8\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_healthy),      cmocka_unit_test(test_empty_host),
        cmocka_unit_test(test_many),         cmocka_unit_test(test_nothing_known),
        cmocka_unit_test(test_no_snapshot),  cmocka_unit_test(test_odd_vms),
        cmocka_unit_test(test_silent_actor), cmocka_unit_test(test_libvirt_gone),
        cmocka_unit_test(test_bar),          cmocka_unit_test(test_pins),
        cmocka_unit_test(test_find),         cmocka_unit_test(test_vm),
        cmocka_unit_test(test_settings),     cmocka_unit_test(test_get),
        cmocka_unit_test(test_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
