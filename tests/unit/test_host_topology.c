/* test_host_topology.c - capabilities XML of several shapes, and /sys in its place. */
#undef NDEBUG
#include "host/topology.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *read_data(const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", HOST_TEST_DATA, name);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    char *text = calloc(1, 65536);
    assert_non_null(text);
    assert_true(fread(text, 1, 65535, f) > 0);
    fclose(f);
    return text;
}

static void test_bad(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "<capabilities>",
        "<domain/>",
        "<!DOCTYPE capabilities [<!ENTITY a 'b'>]><capabilities/>",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct topology t;
        struct err e = {""};
        assert_int_equal(topology_from_capabilities(rows[i], &t, &e), -EINVAL);
        assert_true(e.text[0] != '\0');
        assert_null(t.pcpus);
    }
}

#define CELL(cpus)                                                                     \
    "<capabilities><host><topology><cells><cell id='0'><cpus>" cpus                    \
    "</cpus></cell></cells></topology></host></capabilities>"

/* What each gives: pCPUs, left out, and the first one's core and LLC. */
static const struct {
    const char *xml;
    size_t npcpus;
    uint32_t ignored, core, llc;
} odd_rows[] = {
    {"<capabilities/>", 0, 0, 0, 0},
    {"<capabilities><host><topology><cells num='0'/></topology></host></capabilities>",
     0, 0, 0, 0},
    {CELL(""), 0, 0, 0, 0},
    {CELL("<cpu/>"), 0, 0, 0, 0},
    {CELL("<cpu id='x'/><cpu id='-1'/>"), 0, 0, 0, 0},
    {CELL("<cpu id='5'/>"), 1, 0, 5, 0}, /* offline: no socket, no core */
    {CELL("<cpu id='1024'/><cpu id='1023'/><cpu id='99999999999999999999'/>"), 1, 2,
     1023, 0},
    {CELL("<cpu id='1' siblings='0-1'/><cpu id='1' siblings='1'/>"), 1, 0, 0, 0},
    {CELL("<cpu id='1' siblings='garbage'/>"), 1, 0, 1, 0},
    {CELL("<cpu id='1' siblings='2-3'/>"), 1, 0, 1, 0}, /* not among its siblings */
    {CELL("<cpu id='1' siblings='0-4000000000'/>"), 1, 0, 0, 0},
};

static void test_odd(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(odd_rows) / sizeof(odd_rows[0]); i++) {
        struct topology t;
        assert_int_equal(topology_from_capabilities(odd_rows[i].xml, &t, NULL), 0);
        if (t.npcpus != odd_rows[i].npcpus || t.ignored != odd_rows[i].ignored)
            fail_msg("row %zu: %zu pCPUs, %u ignored", i, t.npcpus, t.ignored);
        if (t.npcpus > 0) {
            assert_int_equal(t.pcpus[0].core, odd_rows[i].core);
            assert_int_equal(t.pcpus[0].llc, odd_rows[i].llc);
        }
        topology_fini(&t);
    }
}

static void test_small(void **state)
{
    (void)state;
    char *text = read_data("caps-1x2.xml");
    struct topology t;
    assert_int_equal(topology_from_capabilities(text, &t, NULL), 0);
    assert_string_equal(t.uuid, "d4158065-6601-48ae-ab43-8bd19b33003e");
    assert_int_equal(t.npcpus, 2);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(t.pcpus[i].id, i);
        assert_int_equal(t.pcpus[i].cell, 0);
        assert_int_equal(t.pcpus[i].core, i);
        assert_int_equal(t.pcpus[i].llc, 0);
    }
    topology_fini(&t);
    free(text);
}

static void test_smt_and_caches(void **state)
{
    (void)state;
    char *text = read_data("caps-2x16.xml");
    struct topology t;
    assert_int_equal(topology_from_capabilities(text, &t, NULL), 0);
    assert_int_equal(t.npcpus, 32);
    for (uint32_t i = 0; i < 32; i++) {
        const struct snapshot_pcpu *p = &t.pcpus[i];
        assert_int_equal(p->id, i);
        assert_int_equal(p->cell, i % 16 / 8);
        assert_int_equal(p->core, i % 16);
        assert_int_equal(p->llc, i % 16 / 4);
    }
    topology_fini(&t);
    free(text);
}

/* Two sockets without banks: a last-level cache each.  CPU 2 is offline. */
static void test_sockets(void **state)
{
    (void)state;
    struct topology t;
    static const char xml[] =
        CELL("<cpu id='0' socket_id='0' die_id='0' siblings='0'/>"
             "<cpu id='1' socket_id='7' die_id='0' siblings='1'/>"
             "<cpu id='2'/>"
             "<cpu id='3' socket_id='7' die_id='0' siblings='3'/>"
             "<cpu id='4' socket_id='7' die_id='1' siblings='4'/>");
    static const uint32_t llc[] = {0, 1, 0, 1, 2};
    assert_int_equal(topology_from_capabilities(xml, &t, NULL), 0);
    assert_int_equal(t.npcpus, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(t.pcpus[i].llc, llc[i]);
    topology_fini(&t);
}

static void test_sysfs(void **state)
{
    (void)state;
    struct topology t;
    struct cpuset online;
    assert_int_equal(cpuset_parse("0-4", &online), 0);
    assert_int_equal(topology_from_sysfs(HOST_TEST_DATA "/sys", &online, &t), 0);
    static const uint32_t core[] = {0, 0, 2, 2, 4}, cell[] = {0, 0, 1, 1, 0},
                          llc[] = {0, 0, 2, 2, 0};
    assert_int_equal(t.npcpus, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(t.pcpus[i].id, i);
        assert_int_equal(t.pcpus[i].core, core[i]);
        assert_int_equal(t.pcpus[i].cell, cell[i]);
        assert_int_equal(t.pcpus[i].llc, llc[i]);
    }
    topology_fini(&t);
    assert_int_equal(topology_from_sysfs("/nowhere", &online, &t), 0); /* flat */
    assert_int_equal(t.npcpus, 5);
    assert_int_equal(t.pcpus[3].core, 3);
    topology_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad),     cmocka_unit_test(test_odd),
        cmocka_unit_test(test_small),   cmocka_unit_test(test_smt_and_caches),
        cmocka_unit_test(test_sockets), cmocka_unit_test(test_sysfs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
