/* print.h - scores for people and for programs. */
#ifndef SIM_RUN_PRINT_H
#define SIM_RUN_PRINT_H

#include "sim/policy.h"
#include "sim/run/score.h"
#include "sim/scenario/scenario.h"

#include <stdio.h>

struct result {
    const struct sim_policy *policy;
    struct score score;
    bool ran; /* false: it could not; why */
    char why[ERR_TEXT_MAX];
};

/* The score of one policy, a line per figure, and the verdicts. */
void print_score(FILE *out, const struct scenario *sc, const char *path,
                 const struct result *r, const struct score *kernel);

/* All policies side by side. */
void print_table(FILE *out, const struct scenario *sc, const char *path,
                 const struct result *results, size_t n, const struct score *kernel);

/* The verdicts that are not met, a line each; returns their number. */
unsigned print_failures(FILE *out, const struct scenario *sc, const char *path,
                        const struct result *r, const struct score *kernel);

/* One JSON object on one line.  Returns 0 or -ENOMEM. */
int print_json(FILE *out, const struct scenario *sc, const char *path, uint64_t seed,
               const struct result *r, const struct score *kernel);

#endif
