/* test_replies.c - a change that is asked for again is answered again, not applied
 * again. */
#include "tests/unit/unit.h"

#include "monitor/replies.h"

#include <stdio.h>
#include <stdlib.h>

static struct wire_frame frame(uint8_t byte)
{
    struct wire_frame f = {.data = malloc(1), .len = 1};
    assert_non_null(f.data);
    f.data[0] = byte;
    return f;
}

static void remembers_the_last_ones(void **state)
{
    (void)state;
    struct replies r = {.next = 0};
    assert_null(replies_find(&r, "0"));
    assert_null(replies_find(&r, ""));
    for (int i = 0; i < REPLIES_KEPT + 5; i++) {
        char id[CONTROL_ID_MAX];
        snprintf(id, sizeof(id), "%d", i);
        replies_keep(&r, id, frame((uint8_t)i));
        assert_int_equal(replies_find(&r, id)->data[0], i);
    }
    assert_null(replies_find(&r, "4")); /* pushed out */
    assert_int_equal(replies_find(&r, "5")->data[0], 5);
    assert_null(replies_find(&r, ""));
    replies_fini(&r);
    assert_null(replies_find(&r, "5"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(remembers_the_last_ones)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
