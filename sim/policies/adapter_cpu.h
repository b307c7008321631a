/* adapter_cpu.h - irqbalance and LXD over snapshots; see struct sim_policy. */
#ifndef SIM_POLICIES_ADAPTER_CPU_H
#define SIM_POLICIES_ADAPTER_CPU_H

#include "actor/turn.h"

void *irqbalance_policy_create(void);
void irqbalance_policy_destroy(void *self);
int irqbalance_policy_decide(void *self, const struct actor_turn *turn,
                             struct report *r);

void *lxd_policy_create(void);
void lxd_policy_destroy(void *self);
int lxd_policy_decide(void *self, const struct actor_turn *turn, struct report *r);

#endif
