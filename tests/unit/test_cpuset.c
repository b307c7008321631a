/* test_cpuset.c - pCPU lists in and out of text. */
#include "tests/unit/unit.h"

#include "common/cpuset.h"

#include <errno.h>
#include <string.h>

static void parses_lists(void **state)
{
    static const struct {
        const char *text;
        int result;
        const char *again; /* as formatted */
    } rows[] = {
        {"x", -EINVAL, NULL},
        {"1,", -EINVAL, NULL},
        {",1", -EINVAL, NULL},
        {"1-", -EINVAL, NULL},
        {"3-1", -EINVAL, NULL},
        {"1 2", -EINVAL, NULL},
        {"-1", -EINVAL, NULL},
        {"1024", -ERANGE, NULL},
        {"0-99999", -ERANGE, NULL},
        {"^", -EINVAL, NULL},
        {"0x1", -EINVAL, NULL},
        {"99999999999999999999", -ERANGE, NULL},
        {"", 0, ""},
        {" ", 0, ""},
        {"0", 0, "0"},
        {"0-3", 0, "0-3"},
        {"3,1,2", 0, "1-3"},
        {"0-7,^3", 0, "0-2,4-7"},
        {" 0 , 2 ", 0, "0,2"},
        {"1023", 0, "1023"},
        {"62-65", 0, "62-65"},
        {"0-1023", 0, "0-1023"},
        {"5,^5", 0, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cpuset set, untouched;
        memset(&set, 0x5a, sizeof(set));
        untouched = set;
        assert_int_equal(cpuset_parse(rows[i].text, &set), rows[i].result);
        if (rows[i].result < 0) {
            assert_true(cpuset_equal(&set, &untouched));
            continue;
        }
        char text[CPUSET_TEXT_MAX];
        assert_string_equal(cpuset_format(&set, text, sizeof(text)), rows[i].again);
    }
}

static void formats_any_set_within_the_promised_room(void **state)
{
    (void)state;
    struct cpuset set, again;
    char text[CPUSET_TEXT_MAX];
    cpuset_clear(&set);
    for (uint32_t cpu = 0; cpu < CPUSET_MAX; cpu += 2)
        cpuset_add(&set, cpu); /* the longest list there is */
    cpuset_format(&set, text, sizeof(text));
    assert_int_equal(cpuset_parse(text, &again), 0);
    assert_true(cpuset_equal(&set, &again));
    char small[4];
    cpuset_format(&set, small, sizeof(small));
    assert_true(strlen(small) < sizeof(small));
}

static void random_sets_survive_the_round_trip(void **state)
{
    (void)state;
    uint64_t seed = 20261122;
    for (int round = 0; round < 2000; round++) {
        struct cpuset set, again;
        cpuset_clear(&set);
        uint32_t n = (uint32_t)(unit_random(&seed) % 40), members = 0;
        for (uint32_t i = 0; i < n; i++)
            cpuset_add(&set, (uint32_t)(unit_random(&seed) % CPUSET_MAX));
        for (uint32_t c = cpuset_first(&set); c < CPUSET_MAX;
             c = c + 1 < CPUSET_MAX ? cpuset_next(&set, c + 1) : CPUSET_MAX)
            members++;
        assert_int_equal(members, cpuset_count(&set));
        char text[CPUSET_TEXT_MAX];
        assert_int_equal(cpuset_parse(cpuset_format(&set, text, sizeof(text)), &again),
                         0);
        assert_true(cpuset_equal(&set, &again));
    }
}

static void ignores_numbers_that_do_not_exist(void **state)
{
    (void)state;
    struct cpuset set;
    cpuset_clear(&set);
    cpuset_add(&set, CPUSET_MAX);
    cpuset_remove(&set, UINT32_MAX);
    assert_true(cpuset_empty(&set));
    assert_false(cpuset_has(&set, CPUSET_MAX));
    struct cpuset one = cpuset_of(7), all;
    assert_int_equal(cpuset_parse("0-1023", &all), 0);
    assert_true(cpuset_subset(&one, &all));
    assert_false(cpuset_subset(&all, &one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_lists),
        cmocka_unit_test(formats_any_set_within_the_promised_room),
        cmocka_unit_test(random_sets_survive_the_round_trip),
        cmocka_unit_test(ignores_numbers_that_do_not_exist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
