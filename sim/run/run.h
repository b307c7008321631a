/* run.h - one scenario under one policy, in virtual time. */
#ifndef SIM_RUN_RUN_H
#define SIM_RUN_RUN_H

#include "common/err.h"
#include "sim/policy.h"
#include "sim/run/score.h"
#include "sim/scenario/scenario.h"

#include <stdbool.h>
#include <stdio.h>

struct run_options {
    const struct sim_policy *policy;
    uint64_t seed;
    uint32_t ticks; /* samples after the first one; 0 = the scenario's duration */
    FILE *csv;      /* a row per sample and VM; NULL = none */
    FILE *trace;    /* every decision and call; NULL = none */
};

/* Runs it.  Returns 0 and the score; -ENOMEM or what the policy gave, with e. */
int run_scenario(const struct scenario *sc, const struct run_options *o,
                 struct score *ret, struct err *e);

/* Writes the header of the CSV rows. */
void run_csv_header(FILE *csv);

#endif
