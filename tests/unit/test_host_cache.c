/* test_host_cache.c - when facts are fetched, and how law and affinity reach a
 * snapshot. */
#undef NDEBUG
#include "host/domain_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S_NS INT64_C(1000000000)

static struct cpuset cpus(const char *text)
{
    struct cpuset set;
    assert_int_equal(cpuset_parse(text, &set), 0);
    return set;
}

/* Facts from a live and a persistent XML (NULL: transient), all vCPUs on one CPU list.
 */
static struct domain_facts facts(const char *live, const char *law,
                                 const char *affinity)
{
    struct domain_facts f;
    memset(&f, 0, sizeof(f));
    assert_int_equal(domain_xml_parse(live, &f.live, NULL), 0);
    f.persistent = law != NULL;
    if (law != NULL)
        assert_int_equal(domain_xml_parse(law, &f.law, NULL), 0);
    f.naffinity = f.live.vcpus_max;
    f.affinity = calloc(f.naffinity, sizeof(*f.affinity));
    assert_non_null(f.affinity);
    for (size_t i = 0; i < f.naffinity; i++)
        f.affinity[i] = cpus(affinity);
    return f;
}

static void test_order_and_sweep(void **state)
{
    (void)state;
    struct domain_cache c = {0};
    char uuid[SNAPSHOT_UUID_MAX];
    unsigned seed = 7;
    domain_cache_begin(&c);
    for (int i = 0; i < 500; i++) {
        snprintf(uuid, sizeof(uuid), "%08x", (unsigned)rand_r(&seed) % 300);
        assert_non_null(domain_cache_see(&c, uuid, i));
    }
    for (size_t i = 1; i < c.n; i++)
        assert_true(strcmp(c.entries[i - 1].uuid, c.entries[i].uuid) < 0);
    assert_null(domain_cache_find(&c, "no such"));
    domain_cache_sweep(&c);
    assert_true(c.n > 200);
    domain_cache_begin(&c);
    memcpy(uuid, c.entries[5].uuid, sizeof(uuid));
    domain_cache_see(&c, uuid, c.entries[5].id);
    domain_cache_sweep(&c);
    assert_int_equal(c.n, 1);
    assert_string_equal(c.entries[0].uuid, uuid);
    domain_cache_fini(&c);
}

static void test_due(void **state)
{
    (void)state;
    struct domain_cache c = {0};
    struct domain_entry *entry = domain_cache_see(&c, "a", 1);
    assert_int_equal(domain_cache_due(entry, S_NS), DOMAIN_STALE_ALL);
    entry->tried_ns = S_NS; /* failed */
    assert_int_equal(domain_cache_due(entry, 2 * S_NS), DOMAIN_FRESH);
    assert_int_equal(domain_cache_due(entry, 7 * S_NS), DOMAIN_STALE_ALL);

    struct domain_facts f = facts("<domain/>", NULL, "0");
    domain_cache_store(entry, DOMAIN_STALE_ALL, entry->marks, 8 * S_NS, &f);
    assert_int_equal(domain_cache_due(entry, 9 * S_NS), DOMAIN_FRESH);
    assert_int_equal(domain_cache_due(entry, 8 * S_NS + DOMAIN_CACHE_MAX_AGE_NS + 1),
                     DOMAIN_STALE_ALL);

    domain_cache_mark(&c, "other", DOMAIN_STALE_ALL);
    assert_int_equal(domain_cache_due(entry, 9 * S_NS), DOMAIN_FRESH);
    domain_cache_mark(&c, "a", DOMAIN_STALE_PINS);
    assert_int_equal(domain_cache_due(entry, 9 * S_NS), DOMAIN_STALE_PINS);
    domain_cache_mark(&c, NULL, DOMAIN_STALE_ALL);
    domain_cache_mark(&c, "a", DOMAIN_STALE_PINS); /* never lowers it */
    assert_int_equal(domain_cache_due(entry, 9 * S_NS), DOMAIN_STALE_ALL);
    entry->quarantined = true;
    assert_int_equal(domain_cache_due(entry, 9 * S_NS), DOMAIN_FRESH);
    domain_cache_fini(&c);
}

/* A pin made while a fetch was under way must not be lost. */
static void test_mark_during_fetch(void **state)
{
    (void)state;
    struct domain_cache c = {0};
    struct domain_entry *entry = domain_cache_see(&c, "a", 1);
    uint64_t marks = entry->marks;
    struct domain_facts f = facts("<domain><vcpu>2</vcpu></domain>", NULL, "0");
    domain_cache_mark(&c, "a", DOMAIN_STALE_PINS);
    domain_cache_store(entry, DOMAIN_STALE_ALL, marks, S_NS, &f);
    assert_int_equal(domain_cache_due(entry, 2 * S_NS), DOMAIN_STALE_ALL);

    f = facts("<domain/>", NULL, "1");
    entry->stale = DOMAIN_STALE_PINS;
    domain_cache_store(entry, DOMAIN_STALE_PINS, entry->marks, 2 * S_NS, &f);
    assert_int_equal(domain_cache_due(entry, 2 * S_NS), DOMAIN_FRESH);
    assert_int_equal(entry->facts.live.vcpus_max, 2); /* only the affinity was taken */
    assert_true(cpuset_has(&entry->facts.affinity[0], 1));
    domain_cache_fini(&c);
}

static void test_new_id(void **state)
{
    (void)state;
    struct domain_cache c = {0};
    struct domain_entry *entry = domain_cache_see(&c, "a", 1);
    struct domain_facts f = facts("<domain/>", NULL, "0");
    domain_cache_store(entry, DOMAIN_STALE_ALL, 0, S_NS, &f);
    entry->quarantined = true;
    entry = domain_cache_see(&c, "a", 2);
    assert_false(entry->quarantined);
    assert_int_equal(entry->fetched_ns, 0);
    assert_null(entry->facts.affinity);
    domain_cache_fini(&c);
}

/* live XML, persistent XML, affinity -> vCPU 0's allowed, affinity and law, online 0-3.
 */
static const struct {
    const char *live, *law, *affinity, *allowed, *shown;
    bool pinned;
} law_rows[] = {
    {"<domain/>", NULL, "0-7", "0-3", "0-3", false},
    {"<domain/>", "<domain/>", "0-3", "0-3", "0-3", false},
    /* only offline pCPUs: shown as it is */
    {"<domain/>", NULL, "6-7", "0-3", "6-7", false},
    /* a live pin is not law, of a transient domain neither */
    {"<domain><cputune><vcpupin vcpu='0' cpuset='1'/></cputune></domain>", "<domain/>",
     "1", "0-3", "1", false},
    {"<domain><cputune><vcpupin vcpu='0' cpuset='1'/></cputune></domain>", NULL, "1",
     "0-3", "1", false},
    {"<domain/>", "<domain><cputune><vcpupin vcpu='0' cpuset='2'/></cputune></domain>",
     "1", "2", "1", true},
    {"<domain/>", "<domain><cputune><vcpupin vcpu='1' cpuset='2'/></cputune></domain>",
     "1", "0-3", "1", false},
    {"<domain><vcpu cpuset='0-1'>1</vcpu></domain>", NULL, "0-1", "0-1", "0-1", false},
    /* changed for the next boot: the stricter word is the newer one */
    {"<domain><vcpu cpuset='0-1'>1</vcpu></domain>",
     "<domain><vcpu cpuset='2-3'>1</vcpu></domain>", "0-1", "2-3", "0-1", false},
};

static void test_law(void **state)
{
    (void)state;
    struct cpuset online = cpus("0-3");
    char text[CPUSET_TEXT_MAX];
    for (size_t i = 0; i < sizeof(law_rows) / sizeof(law_rows[0]); i++) {
        struct domain_cache c = {0};
        struct domain_entry *entry = domain_cache_see(&c, "a", 1);
        struct domain_facts f =
            facts(law_rows[i].live, law_rows[i].law, law_rows[i].affinity);
        domain_cache_store(entry, DOMAIN_STALE_ALL, 0, S_NS, &f);
        struct snapshot_vcpu v = {.number = 0};
        struct snapshot_domain d = {.vcpus = &v, .nvcpus = 1};
        domain_cache_apply(entry, &online, &d);
        assert_string_equal(cpuset_format(&v.allowed, text, sizeof(text)),
                            law_rows[i].allowed);
        assert_string_equal(cpuset_format(&v.affinity, text, sizeof(text)),
                            law_rows[i].shown);
        assert_int_equal(v.operator_pinned, law_rows[i].pinned);
        domain_cache_fini(&c);
    }
}

static void test_auto_placement(void **state)
{
    (void)state;
    struct cpuset online = cpus("0-7");
    struct domain_cache c = {0};
    struct domain_entry *entry = domain_cache_see(&c, "a", 1);
    struct domain_facts f =
        facts("<domain><vcpu placement='auto'>1</vcpu></domain>", NULL, "2");
    f.has_auto_cpus = true;
    f.auto_cpus = cpus("0-3");
    domain_cache_store(entry, DOMAIN_STALE_ALL, 0, S_NS, &f);
    struct snapshot_vcpu v = {.number = 0};
    struct snapshot_domain d = {.vcpus = &v, .nvcpus = 1};
    domain_cache_apply(entry, &online, &d);
    struct cpuset expected = cpus("0-3");
    assert_true(cpuset_equal(&v.allowed, &expected));
    domain_cache_fini(&c);
}

static void test_never_fetched(void **state)
{
    (void)state;
    struct cpuset online = cpus("0-3");
    struct domain_cache c = {0};
    struct domain_entry *entry = domain_cache_see(&c, "a", 1);
    struct snapshot_vcpu v = {.number = 0};
    struct snapshot_domain d = {.vcpus = &v, .nvcpus = 1};
    domain_cache_apply(entry, &online, &d);
    assert_true(v.operator_pinned && d.partial);
    assert_true(cpuset_empty(&v.allowed) && cpuset_empty(&v.affinity));
    domain_cache_fini(&c);
}

static void test_memory(void **state)
{
    (void)state;
    static const char xml[] =
        "<domain><vcpu>1</vcpu><cputune><shares>512</shares></cputune><devices>"
        "<memory "
        "model='virtio-mem'><target><size>1000</size><current>400</current></target>"
        "</memory><memballoon model='virtio'><stats period='2'/></memballoon></devices>"
        "</domain>";
    struct cpuset online = cpus("0-3");
    struct domain_cache c = {0};
    struct domain_entry *entry = domain_cache_see(&c, "a", 1);
    struct domain_facts f = facts(xml, NULL, "0");
    domain_cache_store(entry, DOMAIN_STALE_ALL, 0, S_NS, &f);
    struct snapshot_domain d = {
        .memory = {.maximum_kib = {5000, true}, .current_kib = {300, true}}};
    domain_cache_apply(entry, &online, &d);
    assert_true(d.memory.maximum_kib.value == 4000 && d.memory.current_kib.value == 0);
    assert_true(d.cpu_shares.has && d.cpu_shares.value == 512);
    assert_true(d.memory.period_s.value == 2);
    assert_int_equal(d.nvcpus, 1); /* no vCPU statistics: taken from the affinity */
    free(d.vcpus);
    struct snapshot_domain none = {.name = ""};
    domain_cache_apply(entry, &online, &none);
    assert_false(none.memory.maximum_kib.has); /* absent stays absent */
    free(none.vcpus);
    domain_cache_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_sweep),
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_mark_during_fetch),
        cmocka_unit_test(test_new_id),
        cmocka_unit_test(test_law),
        cmocka_unit_test(test_auto_placement),
        cmocka_unit_test(test_never_fetched),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
