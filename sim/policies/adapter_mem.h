/* adapter_mem.h - MOM and Proxmox over snapshots; see struct sim_policy. */
#ifndef SIM_POLICIES_ADAPTER_MEM_H
#define SIM_POLICIES_ADAPTER_MEM_H

#include "actor/turn.h"

void *mom_policy_create(void);
void mom_policy_destroy(void *self);
int mom_policy_decide(void *self, const struct actor_turn *turn, struct report *r);

void *proxmox_policy_create(void);
void proxmox_policy_destroy(void *self);
int proxmox_policy_decide(void *self, const struct actor_turn *turn, struct report *r);

#endif
