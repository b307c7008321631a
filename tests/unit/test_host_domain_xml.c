/* test_host_domain_xml.c - tables of domain XML, bad ones first. */
#undef NDEBUG
#include "host/domain_xml.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *xml;
    int result;
} bad_rows[] = {
    {"", -EINVAL},
    {"   ", -EINVAL},
    {"no XML at all", -EINVAL},
    {"<domain>", -EINVAL},
    {"<domain></domian>", -EINVAL},
    {"<domain/><domain/>", -EINVAL},
    {"<capabilities/>", -EINVAL},
    {"<domain>\x01</domain>", -EINVAL},
    {"<domain>\xff\xfe</domain>", -EINVAL},
    {"<domain>&nothing;</domain>", -EINVAL},
    /* billion laughs, and an external entity */
    {"<?xml version='1.0'?><!DOCTYPE domain [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>"
     "<!ENTITY c '&b;&b;&b;&b;'><!ENTITY d "
     "'&c;&c;&c;&c;'>]><domain><name>&d;</name></domain>",
     -EINVAL},
    {"<!DOCTYPE domain SYSTEM 'file:///etc/passwd'><domain/>", -EINVAL},
    {"<domain><vcpu>0</vcpu></domain>", -EINVAL},
    {"<domain><vcpu>4097</vcpu></domain>", -EINVAL},
    {"<domain><vcpu>-1</vcpu></domain>", -EINVAL},
    {"<domain><vcpu>two</vcpu></domain>", -EINVAL},
    {"<domain><vcpu/></domain>", -EINVAL},
    {"<domain><vcpu>99999999999999999999999</vcpu></domain>", -EINVAL},
    {"<domain><vcpu cpuset='0-'>1</vcpu></domain>", -EINVAL},
    {"<domain><vcpu cpuset='3-1'>1</vcpu></domain>", -EINVAL},
    {"<domain><vcpu cpuset='a'>1</vcpu></domain>", -EINVAL},
    {"<domain><vcpu cpuset='0-1024'>1</vcpu></domain>", -ERANGE},
    {"<domain><cputune><vcpupin vcpu='0'/></cputune></domain>", -EINVAL},
    {"<domain><cputune><vcpupin cpuset='0'/></cputune></domain>", -EINVAL},
    {"<domain><cputune><vcpupin vcpu='x' cpuset='0'/></cputune></domain>", -EINVAL},
    {"<domain><cputune><vcpupin vcpu='4096' cpuset='0'/></cputune></domain>", -EINVAL},
    {"<domain><cputune><vcpupin vcpu='0' cpuset='0,,1'/></cputune></domain>", -EINVAL},
    {"<domain><cputune><vcpupin vcpu='0' cpuset='1024'/></cputune></domain>", -ERANGE},
    {"<domain><cputune><vcpupin vcpu='0' cpuset='0'/><vcpupin vcpu='0' cpuset='1'/>"
     "</cputune></domain>",
     -EINVAL},
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_rows) / sizeof(bad_rows[0]); i++) {
        struct domain_xml d, zero;
        struct err e = {""};
        memset(&zero, 0, sizeof(zero));
        memset(&d, 0x55, sizeof(d));
        int r = domain_xml_parse(bad_rows[i].xml, &d, &e);
        if (r != bad_rows[i].result)
            fail_msg("row %zu: %d instead of %d: %s", i, r, bad_rows[i].result,
                     bad_rows[i].xml);
        assert_true(e.text[0] != '\0');
        assert_memory_equal(&d, &zero, sizeof(d));
    }
}

static void test_huge(void **state)
{
    (void)state;
    struct domain_xml d;
    size_t size = (size_t)9 << 20;
    char *text = malloc(size + 1);
    assert_non_null(text);
    memset(text, ' ', size);
    text[size] = '\0';
    memcpy(text, "<domain>", 8);
    assert_int_equal(domain_xml_parse(text, &d, NULL), -E2BIG);
    /* deep nesting: refused by the parser, not by the stack */
    for (size_t i = 0; i < 100000; i++)
        memcpy(text + i * 8, "<domain>", 8);
    text[800000] = '\0';
    assert_int_equal(domain_xml_parse(text, &d, NULL), -EINVAL);
    free(text);
}

static void test_many_pins(void **state)
{
    (void)state;
    struct domain_xml d;
    size_t size = 600000, used;
    char *text = malloc(size);
    assert_non_null(text);
    for (int n = 4096; n <= 4097; n++) {
        used = (size_t)snprintf(text, size, "<domain><vcpu>4096</vcpu><cputune>");
        for (int i = n - 1; i >= 0; i--)
            used += (size_t)snprintf(text + used, size - used,
                                     "<vcpupin vcpu='%d' cpuset='%d'/>", i, i % 7);
        snprintf(text + used, size - used, "</cputune></domain>");
        int r = domain_xml_parse(text, &d, NULL);
        assert_int_equal(r, n == 4096 ? 0 : -EINVAL);
        if (r == 0) {
            assert_int_equal(d.npins, 4096);
            assert_int_equal(d.pins[4095].vcpu, 4095);
            assert_true(cpuset_has(&d.pins[10].pcpus, 3));
        }
        domain_xml_fini(&d);
    }
    free(text);
}

static void test_empty(void **state)
{
    (void)state;
    struct domain_xml d;
    assert_int_equal(domain_xml_parse("<domain/>", &d, NULL), 0);
    assert_int_equal(d.vcpus_max, 1);
    assert_false(d.placement_auto || d.has_cpuset || d.has_emulatorpin || d.hostdev ||
                 d.hugepages || d.locked || d.cpu_shares.has || d.period_s.has);
    assert_int_equal(d.npins, 0);
    assert_int_equal(d.balloon, SNAPSHOT_BALLOON_NONE);
    domain_xml_fini(&d);
}

static const char full[] =
    "<domain type='kvm' id='3'><name>web</name><memory unit='KiB'>4194304</memory>"
    "<memoryBacking><hugepages/><locked/></memoryBacking>"
    "<vcpu placement='static' cpuset='0-3,^2' current='2'>8</vcpu>"
    "<cputune><shares>2048</shares><vcpupin vcpu='1' cpuset='2-3'/>"
    "<vcpupin vcpu='0' cpuset='1'/><emulatorpin cpuset='0'/></cputune>"
    "<devices><hostdev mode='subsystem' type='pci'/>"
    "<memory model='virtio-mem'><target><size unit='KiB'>1048576</size>"
    "<current unit='KiB'>524288</current></target></memory>"
    "<memory model='virtio-mem'><target><size "
    "unit='KiB'>1048576</size></target></memory>"
    "<memory model='dimm'><target><size unit='KiB'>77</size></target></memory>"
    "<memballoon model='virtio-non-transitional'><stats period='5'/></memballoon>"
    "</devices></domain>";

static void test_full(void **state)
{
    (void)state;
    struct domain_xml d;
    char text[CPUSET_TEXT_MAX];
    assert_int_equal(domain_xml_parse(full, &d, NULL), 0);
    assert_int_equal(d.vcpus_max, 8);
    assert_true(d.has_cpuset && d.has_emulatorpin && d.hostdev && d.hugepages &&
                d.locked);
    assert_false(d.placement_auto);
    assert_string_equal(cpuset_format(&d.cpuset, text, sizeof(text)), "0-1,3");
    assert_int_equal(d.npins, 2);
    assert_int_equal(d.pins[0].vcpu, 0);
    assert_string_equal(cpuset_format(&d.pins[1].pcpus, text, sizeof(text)), "2-3");
    assert_true(d.cpu_shares.has && d.cpu_shares.value == 2048);
    assert_int_equal(d.balloon, SNAPSHOT_BALLOON_VIRTIO);
    assert_true(d.period_s.has && d.period_s.value == 5);
    assert_true(d.virtio_mem_kib == 2097152 && d.virtio_mem_current_kib == 524288);
    domain_xml_fini(&d);
}

/* One element each: what it sets. */
static const struct {
    const char *xml;
    bool hostdev, locked, automatic, balloon, shares, period;
} rows[] = {
    {"<domain><devices><hostdev type='usb'/></devices></domain>", false, false, false,
     false, false, false},
    {"<domain><devices><hostdev type='mdev'/></devices></domain>", true, false, false,
     false, false, false},
    {"<domain><devices><interface type='hostdev'/></devices></domain>", true, false,
     false, false, false, false},
    {"<domain><launchSecurity type='sev'/></domain>", false, true, false, false, false,
     false},
    {"<domain><vcpu placement='auto'>2</vcpu></domain>", false, false, true, false,
     false, false},
    {"<domain><devices><memballoon model='none'/></devices></domain>", false, false,
     false, false, false, false},
    {"<domain><devices><memballoon model='virtio'/></devices></domain>", false, false,
     false, true, false, true},
    {"<domain><cputune><shares>1</shares></cputune></domain>", false, false, false,
     false, false, false},
    {"<domain><cputune><shares>262145</shares></cputune></domain>", false, false, false,
     false, false, false},
    {"<domain><cputune><shares> 2 </shares></cputune></domain>", false, false, false,
     false, true, false},
    {"<domain><x:vcpu xmlns:x='urn:x'>0</x:vcpu></domain>", false, false, false, false,
     false, false},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct domain_xml d;
        assert_int_equal(domain_xml_parse(rows[i].xml, &d, NULL), 0);
        assert_int_equal(d.hostdev, rows[i].hostdev);
        assert_int_equal(d.locked, rows[i].locked);
        assert_int_equal(d.placement_auto, rows[i].automatic);
        assert_int_equal(d.balloon == SNAPSHOT_BALLOON_VIRTIO, rows[i].balloon);
        assert_int_equal(d.cpu_shares.has, rows[i].shares);
        assert_int_equal(d.period_s.has, rows[i].period);
        domain_xml_fini(&d);
    }
}

/* Every prefix of a good text, and the text with one byte changed: no crash, no leak.
 */
static void test_mutations(void **state)
{
    (void)state;
    char text[sizeof(full)];
    struct domain_xml d;
    unsigned seed = 1;
    for (size_t n = 0; n + 1 < sizeof(full); n++) {
        memcpy(text, full, n);
        text[n] = '\0';
        assert_true(domain_xml_parse(text, &d, NULL) < 0);
        memcpy(text, full, sizeof(full));
        text[n] = (char)(1 + rand_r(&seed) % 255);
        if (domain_xml_parse(text, &d, NULL) == 0)
            domain_xml_fini(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad),       cmocka_unit_test(test_huge),
        cmocka_unit_test(test_many_pins), cmocka_unit_test(test_empty),
        cmocka_unit_test(test_full),      cmocka_unit_test(test_rows),
        cmocka_unit_test(test_mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
