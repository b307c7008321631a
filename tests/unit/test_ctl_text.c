/* test_ctl_text.c - numbers, names and tables for people. */
#include "tests/unit/unit.h"

#include "common/nearest.h"
#include "ctl/table.h"
#include "ctl/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_safe(void **unused)
{
    (void)unused;
    static const struct {
        const char *in, *out;
        size_t size, columns;
    } rows[] = {
        {"\x1b[2J", "\\x1b[2J", 64, 7},
        {"a\nb\tc\x7f", "a\\x0ab\\x09c\\x7f", 64, 15},
        {"\xc2\x9b", "\\xc2\\x9b", 64, 8}, /* C1: CSI in UTF-8 */
        {"\xe2\x80\xa8"
         "evil",
         "\\xe2\\x80\\xa8"
         "evil",
         64, 16}, /* U+2028 */
        {"\xff\xc3", "\\xff\\xc3", 64, 8},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80", 64, 12}, /* a surrogate */
        {"\xc0\x80", "\\xc0\\x80", 64, 8},           /* overlong NUL */
        {"gr\xc3\xbcn", "gr\xc3\xbcn", 64, 4},
        {"\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7", 64, 1},
        {"gr\xc3\xbcn", "gr", 4, 2}, /* no half characters */
        {"web1", "web", 4, 3},
        {"", "", 1, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char buf[64];
        text_safe(rows[i].in, buf, rows[i].size);
        assert_string_equal(buf, rows[i].out);
        assert_int_equal(text_columns(buf), rows[i].columns);
        assert_true(text_is_plain(buf));
    }
}

static void test_plain(void **unused)
{
    (void)unused;
    assert_true(text_is_plain(""));
    assert_true(text_is_plain("web1 gr\xc3\xbcn"));
    assert_false(text_is_plain("a\x1b"));
    assert_false(text_is_plain("\xe2\x80"));
    assert_false(text_is_plain("\xf8\x88\x80\x80\x80"));
}

static void test_kib(void **unused)
{
    (void)unused;
    static const struct {
        uint64_t kib;
        const char *text;
    } rows[] = {
        {0, "0K"},
        {1023, "1023K"},
        {1024, "1M"},
        {524288, "512M"},
        {1047552, "1023M"},
        {1048576, "1.00G"},
        {2097152, "2.00G"},
        {10485759, "10.0G"},
        {25270000, "24.1G"},
        {104857599, "100G"},
        {1073741823, "1.00T"},
        {UINT64_C(1) << 30, "1.00T"},
        {UINT64_MAX, "16384E"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char buf[TEXT_NUMBER_MAX];
        assert_string_equal(text_kib(rows[i].kib, buf, sizeof(buf)), rows[i].text);
    }
    char buf[TEXT_NUMBER_MAX];
    assert_string_equal(text_opt_kib((struct opt_u64){0}, buf, sizeof(buf)), "-");
}

static void test_duration(void **unused)
{
    (void)unused;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {-5, "0.0 ms"},   {9, "9.0 ms"},          {12, "12 ms"},
        {800, "0.8 s"},   {9940, "9.9 s"},        {34000, "34 s"},
        {60000, "1 min"}, {185000, "3 min 5 s"},  {11520000, "3 h 12 min"},
        {3600000, "1 h"}, {187200000, "2 d 4 h"},
    };
    char buf[TEXT_NUMBER_MAX];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(text_duration(rows[i].ms * 1000000, buf, sizeof(buf)),
                            rows[i].text);
    assert_string_equal(text_duration(INT64_MAX, buf, sizeof(buf)), "106751 d 23 h");
    assert_string_equal(text_percent(994, buf, sizeof(buf)), "99%");
    assert_string_equal(text_percent(995, buf, sizeof(buf)), "100%");
}

static const char *word_at(size_t i, const void *arg)
{
    return ((const char *const *)arg)[i];
}

static void test_nearest(void **unused)
{
    (void)unused;
    static const char *const words[] = {"status", "settings", "set",
                                        "get",    "vms",      "vm"};
    static const struct {
        const char *word, *nearest;
    } rows[] = {
        {"stauts", "status"}, {"stat", "status"}, {"statuss", "status"},
        {"sett", "settings"}, {"gte", "get"},     {"x", NULL},
        {"migrate", NULL},    {"", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *got = nearest_word(rows[i].word, 6, word_at, words);
        if (rows[i].nearest == NULL)
            assert_null(got);
        else
            assert_string_equal(got, rows[i].nearest);
    }
    char huge[1000];
    memset(huge, 's', sizeof(huge) - 1);
    huge[sizeof(huge) - 1] = '\0';
    assert_null(nearest_word(huge, 6, word_at, words));
}

static void test_table(void **unused)
{
    (void)unused;
    static const struct table_column columns[] = {
        {"NAME", false, 8}, {"N", true, 0}, {"", false, 0}};
    struct table t;
    char *text = NULL;
    size_t size;
    table_init(&t, columns, 3);
    table_add(&t, "web1");
    table_addf(&t, "%d", 7);
    table_add(&t, "note");
    table_add(&t, "gr\xc3\xbcn");
    table_add(&t, "1234");
    table_add(&t, "");
    table_add(&t, "a very long name");
    table_add(&t, "\r");
    FILE *to = open_memstream(&text, &size);
    table_print(&t, "> ", to);
    fclose(to);
    table_fini(&t);
    assert_string_equal(text, "> NAME         N\n"
                              "> web1         7  note\n"
                              "> gr\xc3\xbcn      1234\n"
                              "> a ver...  \\x0d\n");
    free(text);
}

static void test_wrapping(void **unused)
{
    (void)unused;
    char *text = NULL;
    size_t size;
    char words[300]; /* of four letters */
    for (size_t i = 0; i < sizeof(words); i++)
        words[i] = i % 5 == 4 ? ' ' : 'a';
    words[sizeof(words) - 1] = '\0';
    FILE *to = open_memstream(&text, &size);
    table_text("head: ", words, to);
    fclose(to);
    size_t longest = 0, lines = 0;
    for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL; lines++)
        longest = strlen(line) > longest ? strlen(line) : longest;
    assert_int_equal(longest, TABLE_WIDTH - 1);
    assert_int_equal(lines, 5); /* 18 words in each, and nothing behind the last */
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_safe),     cmocka_unit_test(test_plain),
        cmocka_unit_test(test_kib),      cmocka_unit_test(test_duration),
        cmocka_unit_test(test_nearest),  cmocka_unit_test(test_table),
        cmocka_unit_test(test_wrapping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
