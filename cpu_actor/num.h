/* num.h - the few functions on numbers that the CPU policy needs.  libm is not among
 * what a policy may link, and its sqrt() sets errno. */
#ifndef CPU_ACTOR_NUM_H
#define CPU_ACTOR_NUM_H

#include <stdint.h>

static inline double num_min(double a, double b)
{
    return a < b ? a : b;
}

static inline double num_max(double a, double b)
{
    return a > b ? a : b;
}

static inline double num_abs(double a)
{
    return a < 0.0 ? -a : a;
}

static inline double num_clamp(double x, double least, double greatest)
{
    return x < least ? least : (x > greatest ? greatest : x);
}

/* The square root of x, to about nine digits; 0 for x <= 0.  Newton's method from
 * above, so it falls until it can fall no more. */
static inline double num_root(double x)
{
    if (!(x > 0.0))
        return 0.0;
    double y = x > 1.0 ? x : 1.0;
    for (int i = 0; i < 600; i++) {
        double next = 0.5 * (y + x / y);
        if (!(next < y * (1.0 - 1e-10)))
            return next;
        y = next;
    }
    return y;
}

/* Rounds to a whole number for a report; negative counts as 0. */
static inline uint32_t num_whole(double x)
{
    return x <= 0.0 ? 0 : (x >= 4e9 ? 4000000000U : (uint32_t)(x + 0.5));
}

#endif
