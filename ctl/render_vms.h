/* render_vms.h - `vmctl vms` and `vmctl vm NAME` for people.  Pure but for malloc. */
#ifndef CTL_RENDER_VMS_H
#define CTL_RENDER_VMS_H

#include "common/control.h"
#include "ctl/view.h"

#include <stdio.h>

/* The table of all VMs. */
void render_vms(const struct control_reply *r, const struct view *v, FILE *to);

/* Everything about one. */
void render_vm(const struct control_reply *r, const struct view *v,
               const struct view_vm *vm, FILE *to);

/* Where the vCPUs may run: "0:3 1:0-1", "0-7:0-3" when neighbours may run on the same
 * pCPUs, "?" where it is not known, '!' behind what the operator pinned; ends in "..."
 * when size does not suffice.  Returns buf. */
char *render_pins(const struct snapshot_domain *d, char *buf, size_t size);

#endif
