/* balloon.c - a balloon's target, progress, and getting stuck. */
#include "mem_actor/balloon.h"

#include "mem_actor/units.h"

/* squeezed and the design: no progress towards the target for 5 s is stuck.  It moves
 * at 150-200 MiB/s here, and says "out of puff" five times a second when it cannot. */
#define STUCK_NS (5 * MEM_SECOND_NS)
#define STUCK_BACKOFF_NS (60 * MEM_SECOND_NS)
#define STUCK_DOUBLINGS 5 /* 60 s .. 32 min */
#define RETRY_NS MEM_SECOND_NS
#define RETRY_DOUBLINGS 6 /* 1 s .. 64 s */

/* Smaller moves than this are a guest's own business (a page here and there). */
#define STILL_KIB (4 * MEM_MIB)

uint64_t balloon_dead_band(uint64_t size_kib)
{
    return mem_max(16 * MEM_MIB, size_kib / 100);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

static void start_moving(struct balloon *b, int64_t now_ns)
{
    b->gap_kib = distance(b->current_kib, b->target_kib);
    b->moving = b->gap_kib >= balloon_dead_band(b->target_kib);
    b->progress_ns = now_ns;
}

static void free_again(struct balloon *b)
{
    b->stuck = false;
}

static void get_stuck(struct balloon *b, int64_t now_ns)
{
    uint32_t doublings = b->stuck_times;

    b->stuck = true;
    b->free_ns = mem_later_ns(now_ns, STUCK_BACKOFF_NS << doublings);
    if (b->stuck_times < STUCK_DOUBLINGS)
        b->stuck_times++;
}

static void watch_progress(struct balloon *b, int64_t now_ns)
{
    uint64_t gap = distance(b->current_kib, b->target_kib);

    if (gap < balloon_dead_band(b->target_kib)) {
        b->moving = false;
        b->stuck_times = 0;
        free_again(b);
    } else if (gap + MEM_MIB <= b->gap_kib) {
        b->gap_kib = gap;
        b->progress_ns = now_ns;
        free_again(b);
    } else if (!b->stuck && mem_elapsed_ns(now_ns, b->progress_ns) >= STUCK_NS) {
        get_stuck(b, now_ns);
    }
}

/* At its target, and then elsewhere with no order of ours. */
static void watch_drift(struct balloon *b, int64_t now_ns)
{
    uint64_t gap = distance(b->current_kib, b->target_kib);

    if (gap < balloon_dead_band(b->target_kib))
        return;
    b->target_kib = b->current_kib;
    b->drifted = true;
    b->drift_ns = now_ns;
}

void balloon_observe(struct balloon *b, uint64_t current_kib, uint64_t maximum_kib,
                     int64_t now_ns)
{
    if (!b->seen) {
        b->seen = true;
        b->current_kib = b->target_kib = current_kib;
        b->current_ns = INT64_MIN;
        return;
    }
    if (distance(current_kib, b->current_kib) >= STILL_KIB) {
        b->current_ns = now_ns;
        b->fell = current_kib < b->current_kib;
    }
    b->current_kib = current_kib;
    b->target_kib = mem_min(b->target_kib, mem_max(maximum_kib, current_kib));
    if (b->moving)
        watch_progress(b, now_ns);
    else
        watch_drift(b, now_ns);
    if (b->stuck && !b->moving && mem_elapsed_ns(now_ns, b->free_ns) >= 0)
        free_again(b);
}

enum balloon_motion balloon_motion(const struct balloon *b, int64_t sampled_ns)
{
    if ((!b->moving || b->stuck) && sampled_ns >= b->current_ns)
        return BALLOON_REST;
    if (b->moving ? b->target_kib < b->current_kib : b->fell)
        return BALLOON_FALLING;
    return BALLOON_RISING;
}

uint64_t balloon_held(const struct balloon *b)
{
    return mem_max(b->current_kib, b->target_kib);
}

uint64_t balloon_base(const struct balloon *b)
{
    return b->moving ? b->target_kib : b->current_kib;
}

void balloon_told(struct balloon *b, uint64_t target_kib, int error, int64_t now_ns)
{
    if (error != 0) {
        b->retry_ns = mem_later_ns(now_ns, RETRY_NS << b->failures);
        if (b->failures < RETRY_DOUBLINGS)
            b->failures++;
        return;
    }
    b->failures = 0;
    b->target_kib = target_kib;
    start_moving(b, now_ns);
}
