/* random.h - seeded random numbers (splitmix64): the same seed gives the same run on
 * every machine.  Pure. */
#ifndef SIM_MODEL_RANDOM_H
#define SIM_MODEL_RANDOM_H

#include <stdint.h>

struct sim_random {
    uint64_t state;
};

static inline uint64_t sim_random_next(struct sim_random *r)
{
    uint64_t z = (r->state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* In [0, 1). */
static inline double sim_random_unit(struct sim_random *r)
{
    return (double)(sim_random_next(r) >> 11) * 0x1p-53;
}

/* In [-1, 1). */
static inline double sim_random_sign(struct sim_random *r)
{
    return 2.0 * sim_random_unit(r) - 1.0;
}

/* 0 .. n - 1; n > 0. */
static inline uint32_t sim_random_below(struct sim_random *r, uint32_t n)
{
    return (uint32_t)(sim_random_unit(r) * n);
}

#endif
