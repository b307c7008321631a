/* verdict.h - a score against what the scenario expects. */
#ifndef SIM_RUN_VERDICT_H
#define SIM_RUN_VERDICT_H

#include "sim/run/score.h"
#include "sim/scenario/scenario.h"

#include <stdbool.h>
#include <stddef.h>

/* True when a verdict compares with the kernel alone: the scenario has to be run with that
 * policy, too. */
bool verdict_needs_kernel(const struct scenario *sc);

/* Whether it is met; kernel may be NULL when it is not needed.  *ret_value is what the run
 * had, in the unit of the expectation. */
bool verdict_met(const struct expectation *x, const struct score *s,
                 const struct score *kernel, double *ret_value);

/* "pin_changes_max = 6: 9" into buf; returns buf. */
char *verdict_format(const struct expectation *x, double value, char *buf, size_t size);

#endif
