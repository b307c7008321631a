/* verdict.c - see verdict.h. */
#include "sim/run/verdict.h"

#include <math.h>
#include <stdio.h>

#define ROUNDING 1e-9

bool verdict_needs_kernel(const struct scenario *sc)
{
    for (size_t i = 0; i < sc->nexpect; i++)
        if (sc->expect[i].row->metric == EXPECT_WORK_OF_KERNEL ||
            sc->expect[i].row->metric == EXPECT_FAIRNESS_OF_KERNEL)
            return true;
    return false;
}

static double of_kernel(double ours, const struct score *kernel, double theirs)
{
    return kernel != NULL && theirs > 0.0 ? ours / theirs : 1.0;
}

static double cpu_value(enum expect_metric metric, const struct score *s,
                        const struct score *kernel)
{
    switch (metric) {
    case EXPECT_BALANCED_WITHIN:
        return s->balanced_within == SCORE_NEVER ? (double)INFINITY
                                                 : s->balanced_within;
    case EXPECT_BALANCED_SHARE:
        return s->balanced_share;
    case EXPECT_FINAL_DEVIATION:
        return s->final_deviation;
    case EXPECT_PIN_CHANGES:
    case EXPECT_PIN_CHANGES_MIN:
        return (double)s->pin_changes;
    case EXPECT_PINS_AFTER:
        return s->last_pin_sample;
    case EXPECT_WORK:
        return s->work;
    case EXPECT_WORK_OF_KERNEL:
        return of_kernel(s->work_ns, kernel, kernel != NULL ? kernel->work_ns : 0.0);
    case EXPECT_FAIRNESS:
        return s->fairness;
    case EXPECT_FAIRNESS_OF_KERNEL:
        return of_kernel(s->fairness, kernel, kernel != NULL ? kernel->fairness : 0.0);
    case EXPECT_WORST_GUEST:
        return s->worst_guest;
    default:
        return NAN;
    }
}

static double memory_value(enum expect_metric metric, const struct score *s)
{
    switch (metric) {
    case EXPECT_FAILED_ALLOCATIONS:
        return s->failed_allocations;
    case EXPECT_KILLS:
        return s->kills;
    case EXPECT_GUEST_USABLE:
        return (double)s->lowest_usable_kib;
    case EXPECT_GUEST_SIZE:
        return (double)s->lowest_size_kib;
    case EXPECT_HOST_AVAILABLE:
        return (double)s->lowest_host_kib;
    case EXPECT_GOALS:
        return s->goals_reached;
    case EXPECT_REACHED_MAX:
        return s->reached_max;
    case EXPECT_FINAL_SIZE:
        return (double)s->final_size_kib;
    case EXPECT_PROGRAMS:
        return (double)s->programs_kib;
    case EXPECT_SWAPPED_OUT:
        return (double)s->swapped_out_kib;
    case EXPECT_MEMORY_CALLS:
        return (double)s->memory_calls;
    case EXPECT_MEMORY_CALLS_AFTER:
        return s->last_memory_sample;
    case EXPECT_OSCILLATION:
        return s->oscillation;
    case EXPECT_FAILED_CALLS:
        return (double)s->failed_calls;
    default:
        return NAN;
    }
}

bool verdict_met(const struct expectation *x, const struct score *s,
                 const struct score *kernel, double *ret_value)
{
    double value = cpu_value(x->row->metric, s, kernel);
    if (isnan(value))
        value = memory_value(x->row->metric, s);
    *ret_value = value;
    return x->row->sense > 0 ? value >= x->value - ROUNDING
                             : value <= x->value + ROUNDING;
}

static void format_value(enum expect_type type, double value, char *buf, size_t size)
{
    if (isinf(value))
        snprintf(buf, size, "never");
    else if (type == EXPECT_COUNT)
        snprintf(buf, size, "%.0f", value);
    else if (type == EXPECT_SHARE)
        snprintf(buf, size, "%.4f", value);
    else
        snprintf(buf, size, "%.0fMiB", value / 1024.0);
}

char *verdict_format(const struct expectation *x, double value, char *buf, size_t size)
{
    char want[32], got[32];
    format_value(x->row->type, x->value, want, sizeof(want));
    format_value(x->row->type, value, got, sizeof(got));
    snprintf(buf, size, "%s = %s, got %s", x->row->key, want, got);
    return buf;
}
