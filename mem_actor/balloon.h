/* balloon.h - what one guest's balloon was told, and whether it follows.  Pure.
 *
 *   told a target -> moving -> reached (within the dead band)
 *                      |           |
 *                 5 s no progress  moved without order (autodeflate, an operator):
 *                      v           taken as it is, and left alone for a while
 *                    stuck */
#ifndef MEM_ACTOR_BALLOON_H
#define MEM_ACTOR_BALLOON_H

#include <stdbool.h>
#include <stdint.h>

/* All zero is a balloon never seen. */
struct balloon {
    uint64_t current_kib;
    int64_t current_ns;  /* when current was first seen at this size */
    uint64_t target_kib; /* in force; current itself where we ordered nothing */
    uint64_t gap_kib;    /* least distance to the target seen so far */
    int64_t progress_ns; /* when the gap last shrank */
    int64_t free_ns;     /* stuck: when it may be tried again */
    int64_t drift_ns;    /* when it last moved without order */
    int64_t retry_ns;    /* no call before this */
    uint32_t failures;   /* set-memory calls refused in a row */
    uint32_t stuck_times;
    bool seen;
    bool fell;   /* the last change of size was downwards */
    bool moving; /* the target is not reached yet */
    bool stuck;
    bool drifted;
};

/* A change smaller than this is not made: 16 MiB or 1 % of the size. */
uint64_t balloon_dead_band(uint64_t size_kib);

/* Takes in the current size, and the most that the guest can be. */
void balloon_observe(struct balloon *b, uint64_t current_kib, uint64_t maximum_kib,
                     int64_t now_ns);

enum balloon_motion {
    BALLOON_REST = 0, /* stood still since before the statistics were taken */
    BALLOON_FALLING = 1,
    BALLOON_RISING = 2,
};

/* How the size compares with statistics that were taken at <sampled_ns>. */
enum balloon_motion balloon_motion(const struct balloon *b, int64_t sampled_ns);

/* What the guest may touch at any time: its size, or a target above it. */
uint64_t balloon_held(const struct balloon *b);

/* What it is told to be, or is. */
uint64_t balloon_base(const struct balloon *b);

/* A set-memory call for <target_kib> returned: error 0, or -errno (then nothing
 * changed, and the next call is put off, longer each time). */
void balloon_told(struct balloon *b, uint64_t target_kib, int error, int64_t now_ns);

#endif
