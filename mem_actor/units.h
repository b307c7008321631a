/* units.h - the arithmetic that the memory policy's files share: bounded, never
 * wrapping. */
#ifndef MEM_ACTOR_UNITS_H
#define MEM_ACTOR_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#define MEM_MIB UINT64_C(1024)
#define MEM_KIB_MAX (UINT64_C(1) << 42) /* 4 EiB: above this an input is garbage */
#define MEM_SECOND_NS INT64_C(1000000000)

static inline uint64_t mem_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t mem_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* a - b, or 0 */
static inline uint64_t mem_sub(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static inline uint64_t mem_clamp(uint64_t v, uint64_t low, uint64_t high)
{
    return mem_min(mem_max(v, low), high);
}

static inline uint64_t mem_percent(uint64_t v, uint32_t percent)
{
    return v / 100 * percent + v % 100 * percent / 100;
}

/* a - b for times, which may come from a damaged message: saturates. */
static inline int64_t mem_elapsed_ns(int64_t a, int64_t b)
{
    int64_t d;

    if (__builtin_sub_overflow(a, b, &d))
        return a > b ? INT64_MAX : INT64_MIN;
    return d;
}

/* a + b for times: saturates. */
static inline int64_t mem_later_ns(int64_t a, int64_t b)
{
    int64_t t;

    if (__builtin_add_overflow(a, b, &t))
        return b > 0 ? INT64_MAX : INT64_MIN;
    return t;
}

/* libvirt stamps statistics with whole seconds of the wall clock.  On our clock the
 * stamps of the same statistics differ by the microseconds between two clock readings.
 */
#define MEM_SAME_STAMP_NS (MEM_SECOND_NS / 20)

/* Are statistics of <a> newer ones than those of <b>? */
static inline bool mem_newer(int64_t a, int64_t b)
{
    return mem_elapsed_ns(a, b) >= MEM_SAME_STAMP_NS;
}

/* What <rate> per second makes in <ns>; 0 for a rate or time below 0; bounded. */
static inline uint64_t mem_times(int64_t rate, int64_t ns)
{
    if (rate <= 0 || ns <= 0)
        return 0;
    double v = (double)rate * ((double)ns / 1e9);
    return v < (double)MEM_KIB_MAX ? (uint64_t)v : MEM_KIB_MAX;
}

/* Rise per second from <before> to <after> within <ns> > 0; negative when it fell. */
static inline int64_t mem_rate(uint64_t after, uint64_t before, int64_t ns)
{
    double v = ((double)after - (double)before) / ((double)ns / 1e9);
    double most = (double)MEM_KIB_MAX;

    return (int64_t)(v > most ? most : v < -most ? -most : v);
}

#endif
