/* expect.c - the table of verdicts. */
#include "sim/scenario/expect.h"

#include <string.h>

static const struct expect_row table[] = {
    {"balanced_within_samples", EXPECT_BALANCED_WITHIN, EXPECT_COUNT, -1,
     "samples from a change of load until the placement is balanced, the worst case"},
    {"balanced_share_min", EXPECT_BALANCED_SHARE, EXPECT_SHARE, +1,
     "of the samples after the warm-up, balanced ones"},
    {"final_deviation_max", EXPECT_FINAL_DEVIATION, EXPECT_SHARE, -1,
     "deviation of pCPU loads from their mean, mean of the last 5 samples"},
    {"pin_changes_max", EXPECT_PIN_CHANGES, EXPECT_COUNT, -1, "pin calls in all"},
    {"pin_changes_min", EXPECT_PIN_CHANGES_MIN, EXPECT_COUNT, +1, "pin calls in all"},
    {"no_pins_after_sample", EXPECT_PINS_AFTER, EXPECT_COUNT, -1,
     "the sample after which no pin call came any more"},
    {"work_min", EXPECT_WORK, EXPECT_SHARE, +1, "guests' work, of the ideal"},
    {"work_of_kernel_min", EXPECT_WORK_OF_KERNEL, EXPECT_SHARE, +1,
     "guests' work, of what they do with no pins at all"},
    {"fairness_min", EXPECT_FAIRNESS, EXPECT_SHARE, +1,
     "Jain's index of work / ideal over the guests"},
    {"fairness_of_kernel_min", EXPECT_FAIRNESS_OF_KERNEL, EXPECT_SHARE, +1,
     "that index, of what it is with no pins at all"},
    {"worst_guest_min", EXPECT_WORST_GUEST, EXPECT_SHARE, +1,
     "least work / ideal of a guest"},
    {"failed_allocations", EXPECT_FAILED_ALLOCATIONS, EXPECT_COUNT, -1,
     "allocations refused to a guest that was below its maximum"},
    {"kills", EXPECT_KILLS, EXPECT_COUNT, -1,
     "guests that panicked for want of memory, or were killed by the host"},
    {"lowest_guest_usable_min", EXPECT_GUEST_USABLE, EXPECT_KIB, +1,
     "least usable memory of any guest"},
    {"lowest_guest_size_min", EXPECT_GUEST_SIZE, EXPECT_KIB, +1,
     "least size of any balloon"},
    {"lowest_host_free_min", EXPECT_HOST_AVAILABLE, EXPECT_KIB, +1,
     "least memory available on the host"},
    {"goals_reached_min", EXPECT_GOALS, EXPECT_COUNT, +1,
     "growth scripts that reached their goal"},
    {"reached_max_min", EXPECT_REACHED_MAX, EXPECT_COUNT, +1,
     "growth scripts that ended at the guest's maximum"},
    {"final_size_max", EXPECT_FINAL_SIZE, EXPECT_KIB, -1,
     "greatest balloon of a guest with a driver, at the end"},
    {"programs_hold_min", EXPECT_PROGRAMS, EXPECT_KIB, +1,
     "what the programs of all guests hold at the end"},
    {"swapped_out_max", EXPECT_SWAPPED_OUT, EXPECT_KIB, -1,
     "what all guests wrote to their swap"},
    {"memory_calls_max", EXPECT_MEMORY_CALLS, EXPECT_COUNT, -1,
     "set-memory calls in all"},
    {"no_memory_calls_after_sample", EXPECT_MEMORY_CALLS_AFTER, EXPECT_COUNT, -1,
     "the sample after which no set-memory call came any more"},
    {"oscillation_max", EXPECT_OSCILLATION, EXPECT_COUNT, -1,
     "changes that undo another one of the last 10 samples"},
    {"failed_calls_max", EXPECT_FAILED_CALLS, EXPECT_COUNT, -1, "calls that failed"},
};

const struct expect_row *expect_table(size_t *ret_count)
{
    *ret_count = sizeof(table) / sizeof(table[0]);
    return table;
}

const struct expect_row *expect_find(const char *key)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (strcmp(table[i].key, key) == 0)
            return &table[i];
    return NULL;
}
