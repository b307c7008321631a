/* proxmox.h - Proxmox VE's auto-ballooning: keep the host at 80 % memory use, in steps
 * of 100 MiB per VM, by shares.  Pure. */
#ifndef SIM_POLICIES_PROXMOX_H
#define SIM_POLICIES_PROXMOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROXMOX_TARGET_PERCENT 80
#define PROXMOX_STEP_BYTES (INT64_C(100) << 20)
#define PROXMOX_SHARES 1000 /* of a VM that has none set; 0 = not to be touched */

struct proxmox_vm {
    int64_t min_bytes, max_bytes, current_bytes;
    int64_t free_bytes; /* the guest's MemFree */
    bool has_free;
    int64_t shares;
    int64_t target_bytes; /* out; current_bytes when nothing is to be done */
    bool member, done;    /* scratch */
};

/* What guests may take (> 0) or must give (< 0) to bring the host to target_percent. */
int64_t proxmox_goal(int64_t total_bytes, int64_t available_bytes,
                     unsigned target_percent);

/* Spreads goal_bytes over vms[n], each by step_bytes at most; VMs without shares stay.
 * Fills in target_bytes.  Returns the sum of all changes; 0 when the goal is too small
 * to bother (10 MiB). */
int64_t proxmox_plan(struct proxmox_vm *vms, size_t n, int64_t goal_bytes,
                     int64_t step_bytes);

#endif
