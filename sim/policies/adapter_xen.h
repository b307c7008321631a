/* adapter_xen.h - squeezed and qmemman over snapshots; see struct sim_policy. */
#ifndef SIM_POLICIES_ADAPTER_XEN_H
#define SIM_POLICIES_ADAPTER_XEN_H

#include "actor/turn.h"

void *squeezed_policy_create(void);
void squeezed_policy_destroy(void *self);
int squeezed_policy_decide(void *self, const struct actor_turn *turn, struct report *r);

void *qmemman_policy_create(void);
void qmemman_policy_destroy(void *self);
int qmemman_policy_decide(void *self, const struct actor_turn *turn, struct report *r);

#endif
