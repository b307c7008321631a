/* words.h - the CPU policy's reasons, in words for an operator.  Pure. */
#ifndef CPU_ACTOR_WORDS_H
#define CPU_ACTOR_WORDS_H

#include "cpu_actor/placement.h"
#include "cpu_actor/policy.h"
#include "cpu_actor/stability.h"

/* What the sentence for a whole step needs. */
struct words_step {
    const struct placement *placement;
    struct stability_want want;
    uint32_t held;     /* busy vCPUs that are left alone for now */
    uint32_t adopting; /* busy vCPUs with no pCPU of their own */
    uint32_t shared;   /* busy vCPUs that share pCPUs on purpose */
    uint32_t min_load_permille;
    bool fresh; /* there was a new interval to judge */
};

/* Writes why the step came to this verdict into text[CPU_REASON_MAX]. */
void words_verdict(enum cpu_verdict verdict, const struct words_step *s, char *text);

/* Writes why vCPU number i of the placement moves into text[CPU_REASON_MAX]. */
void words_move(const struct placement *pl, size_t i, bool at_least, char *text);

#endif
