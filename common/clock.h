/* clock.h - the two clocks, in ns. */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>

#define CLOCK_NS_PER_MS INT64_C(1000000)
#define CLOCK_NS_PER_S INT64_C(1000000000)

/* CLOCK_MONOTONIC: for differences. */
int64_t clock_mono_ns(void);
/* CLOCK_REALTIME: for people, and for the guests' "last update" stamps. */
int64_t clock_wall_ns(void);

#endif
