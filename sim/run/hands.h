/* hands.h - calls on a model: each takes time, and takes effect when that is over.
 *
 * Calls of one kind follow one another, as one actor makes them; pins and memory calls go
 * side by side, as two actors make them. */
#ifndef SIM_RUN_HANDS_H
#define SIM_RUN_HANDS_H

#include "actor/turn.h"
#include "sim/model/model.h"

struct hands_call {
    int64_t due_ns;
    enum report_action_kind kind;
    size_t vm;
    uint32_t vcpu;
    struct cpuset pcpus;
    int64_t value;
};

enum { HANDS_LANES = 2, HANDS_KINDS = 4 };

struct hands {
    struct sim_model *model;
    int64_t pin_ns, memory_ns;    /* how long a call takes */
    int64_t lane_ns[HANDS_LANES]; /* when the lane is free again */
    int last_lane;
    struct hands_call *queue; /* of this tick, ordered by due_ns once sorted */
    size_t n, room;
    uint64_t calls[HANDS_KINDS]; /* by enum report_action_kind */
    uint64_t failed;
};

extern const struct actor_hands hands_of_model;

/* Begins a turn at the model's time. */
void hands_begin(struct hands *h);

/* Lets the model go on to to_ns, with every call taking effect on its way; calls that take
 * longer make it go on further.  Returns 0 or -ENOMEM. */
int hands_advance(struct hands *h, int64_t to_ns);

void hands_fini(struct hands *h);

#endif
