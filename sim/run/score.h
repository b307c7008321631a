/* score.h - how well a policy did on a model, as it goes and in the end.  No I/O. */
#ifndef SIM_RUN_SCORE_H
#define SIM_RUN_SCORE_H

#include "common/report.h"
#include "sim/model/model.h"

#include <stdbool.h>
#include <stdint.h>

#define SCORE_NEVER UINT32_MAX
#define SCORE_RECENT 5 /* samples that "final" looks back */

struct score_pin;
struct score_balloon;

struct score {
    uint32_t warmup_samples;
    double
        tolerance; /* of the greatest pCPU load over its bound, and of the deviation */
    double min_load; /* mean pCPU load that is not worth balancing */
    /* as it goes */
    uint32_t samples, counted, balanced;
    uint64_t changes_seen;
    bool waiting;
    uint32_t waited, streak; /* samples since the change; balanced ones in a row */
    double recent[SCORE_RECENT];
    double *work0, *ideal0; /* per VM, at the end of the warm-up */
    struct score_pin *pins;
    struct score_balloon *balloons;
    size_t *first_vcpu; /* per VM: index of its vCPU 0 in pins */
    /* in the end */
    uint32_t balanced_within; /* samples, worst case; SCORE_NEVER */
    double balanced_share, final_deviation;
    double achieved,
        bound; /* greatest relative load at the last sample, and its bound */
    uint64_t pin_changes, memory_calls, period_calls, failed_calls;
    uint32_t last_pin_sample, last_memory_sample;
    double work_ns, ideal_ns, work, fairness, worst_guest;
    char worst_name[SIM_NAME_MAX];
    uint32_t failed_allocations, kills, goals_reached, reached_max;
    int64_t lowest_usable_kib, lowest_size_kib, lowest_host_kib, final_size_kib;
    int64_t programs_kib, swapped_out_kib;
    uint32_t oscillation;
    uint64_t kernel_moves; /* of vCPUs from pCPU to pCPU, whoever moved them */
};

/* Returns 0 or -ENOMEM.  Free with score_fini(). */
int score_init(struct score *s, const struct sim_model *m, uint32_t warmup_samples,
               double tolerance, double min_load);
void score_fini(struct score *s);

/* One sample has been taken: looks at the model before the policy does.  0 or -ENOMEM. */
int score_sample(struct score *s, struct sim_model *m);

/* A call that succeeded. */
void score_action(struct score *s, const struct sim_model *m,
                  const struct report_action *a);

/* The run is over. */
void score_end(struct score *s, const struct sim_model *m);

#endif
