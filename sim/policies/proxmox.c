/* proxmox.c - rounds of "everyone's fair size, one step towards it" until the goal is
 * used up or nobody moves.  First among those who need it (or, to shrink, can spare it);
 * among all only when that moved nothing. */
#include "sim/policies/proxmox.h"

#define LEAST_GOAL_BYTES (INT64_C(10) << 20)
#define ROUNDS_MAX 1000 /* each round moves someone: a guard, never seen */

int64_t proxmox_goal(int64_t total_bytes, int64_t available_bytes,
                     unsigned target_percent)
{
    double used = (double)(total_bytes - available_bytes);
    return (int64_t)((double)total_bytes * target_percent / 100 - used);
}

static bool comfortable(const struct proxmox_vm *vm)
{
    return vm->has_free && 4 * vm->free_bytes > vm->min_bytes &&
           vm->current_bytes >= vm->min_bytes;
}

/* The members' shares and what they have above their minimum. */
static int64_t weigh(const struct proxmox_vm *vms, size_t n, int64_t *ret_above_bytes)
{
    int64_t shares = 0, above = 0;
    for (size_t i = 0; i < n; i++) {
        if (!vms[i].member || vms[i].done)
            continue;
        shares += vms[i].shares;
        above += vms[i].target_bytes - vms[i].min_bytes;
    }
    *ret_above_bytes = above;
    return shares;
}

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

/* One VM's turn within a round; returns by how much its target changed. */
static int64_t step_vm(struct proxmox_vm *vm, int64_t want, bool growing, int64_t step)
{
    int64_t target = vm->current_bytes;
    if (growing && want > vm->current_bytes)
        target = want < vm->current_bytes + step ? want : vm->current_bytes + step;
    else if (want < vm->current_bytes)
        target = want > vm->current_bytes - step ? want : vm->current_bytes - step;
    else
        vm->done = true;
    int64_t change = target - vm->target_bytes;
    if (target == vm->current_bytes || change == 0)
        return 0;
    vm->target_bytes = target;
    return change;
}

/* Returns what the round moved in all. */
static int64_t run_round(struct proxmox_vm *vms, size_t n, int64_t rest, bool growing,
                         int64_t step)
{
    int64_t above, moved = 0, shares = weigh(vms, n, &above);
    for (size_t i = 0; i < n && shares > 0; i++) {
        struct proxmox_vm *vm = &vms[i];
        if (!vm->member || vm->done)
            continue;
        double fair = (double)(above + rest) * (double)vm->shares / (double)shares;
        int64_t want =
            clamp(vm->min_bytes + (int64_t)fair, vm->min_bytes, vm->max_bytes);
        moved += step_vm(vm, want, growing, step);
    }
    return moved;
}

/* Ends when the goal is used up or nobody moves (then nobody asks for a round, either). */
static int64_t sweep(struct proxmox_vm *vms, size_t n, int64_t goal, int64_t step)
{
    int64_t rest = goal;
    for (size_t i = 0; i < n; i++) {
        vms[i].target_bytes = vms[i].current_bytes;
        vms[i].done = false;
    }
    for (unsigned round = 0; round < ROUNDS_MAX && rest != 0; round++) {
        int64_t moved = run_round(vms, n, rest, goal > 0, step);
        if (moved == 0)
            break;
        rest -= moved;
    }
    return goal - rest;
}

int64_t proxmox_plan(struct proxmox_vm *vms, size_t n, int64_t goal_bytes,
                     int64_t step_bytes)
{
    for (size_t i = 0; i < n; i++) {
        vms[i].target_bytes = vms[i].current_bytes;
        vms[i].member = vms[i].shares > 0 && comfortable(&vms[i]) == (goal_bytes < 0);
    }
    if (goal_bytes >= -LEAST_GOAL_BYTES && goal_bytes <= LEAST_GOAL_BYTES)
        return 0;
    int64_t moved = sweep(vms, n, goal_bytes, step_bytes);
    if (moved != 0)
        return moved;
    for (size_t i = 0; i < n; i++)
        vms[i].member = vms[i].shares > 0;
    return sweep(vms, n, goal_bytes, step_bytes);
}
