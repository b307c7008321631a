/* expect.h - what a scenario expects of the run: one row per key of [expect].  Pure. */
#ifndef SIM_SCENARIO_EXPECT_H
#define SIM_SCENARIO_EXPECT_H

#include <stddef.h>
#include <stdint.h>

enum expect_metric {
    EXPECT_BALANCED_WITHIN,
    EXPECT_BALANCED_SHARE,
    EXPECT_FINAL_DEVIATION,
    EXPECT_PIN_CHANGES,
    EXPECT_PIN_CHANGES_MIN,
    EXPECT_PINS_AFTER,
    EXPECT_WORK,
    EXPECT_WORK_OF_KERNEL,
    EXPECT_FAIRNESS,
    EXPECT_FAIRNESS_OF_KERNEL,
    EXPECT_WORST_GUEST,
    EXPECT_FAILED_ALLOCATIONS,
    EXPECT_KILLS,
    EXPECT_GUEST_USABLE,
    EXPECT_GUEST_SIZE,
    EXPECT_HOST_AVAILABLE,
    EXPECT_GOALS,
    EXPECT_REACHED_MAX,
    EXPECT_FINAL_SIZE,
    EXPECT_PROGRAMS,
    EXPECT_SWAPPED_OUT,
    EXPECT_MEMORY_CALLS,
    EXPECT_MEMORY_CALLS_AFTER,
    EXPECT_OSCILLATION,
    EXPECT_FAILED_CALLS,
};

enum expect_type {
    EXPECT_COUNT,
    EXPECT_SHARE,
    EXPECT_KIB,
};

struct expect_row {
    const char *key;
    enum expect_metric metric;
    enum expect_type type;
    int sense; /* +1: at least the value, -1: at most */
    const char *help;
};

/* One line of [expect]. */
struct expectation {
    const struct expect_row *row;
    double value; /* count, share or KiB */
    unsigned line;
};

const struct expect_row *expect_table(size_t *ret_count);

/* The row of that key, or NULL. */
const struct expect_row *expect_find(const char *key);

#endif
