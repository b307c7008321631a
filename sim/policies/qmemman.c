/* qmemman.c - plenty: preferences first, what is left in proportion to them.  Shortage:
 * take from those above their preference now; hand out only what is free already. */
#include "sim/policies/qmemman.h"

#include <math.h>

#define MIB 1024.0
#define PREF_LEAST_KIB (200 * MIB)
#define PREF_FACTOR 1.3
#define KEPT_FREE_KIB (50 * MIB)
#define KEPT_SHARE 0.999 /* rounding errors stay with the host */
#define SURPLUS_LEAST_KIB (10 * MIB)
#define FREE_ALARM_KIB (35 * MIB)
#define GAIN_LEAST_KIB (15 * MIB)
#define CHANGE_LEAST_KIB (150 * MIB)

/* What VMs would get above their maximum goes to the others in equal parts, until all of
 * it is placed or all are full. */
static void share_overflow(struct qmemman_vm *vms, size_t n)
{
    for (size_t round = 0; round < n; round++) {
        double overflow_kib = 0;
        size_t open = 0;
        for (size_t i = 0; i < n; i++) {
            overflow_kib += fmax(0, vms[i].target_kib - vms[i].max_kib);
            vms[i].target_kib = fmin(vms[i].target_kib, vms[i].max_kib);
            open += vms[i].target_kib < vms[i].max_kib;
        }
        if (overflow_kib <= 0 || open == 0)
            return;
        for (size_t i = 0; i < n; i++)
            if (vms[i].target_kib < vms[i].max_kib)
                vms[i].target_kib += overflow_kib / (double)open;
    }
}

static void plan_plenty(struct qmemman_vm *vms, size_t n, double total_kib)
{
    double prefs_kib = 0;
    for (size_t i = 0; i < n; i++)
        prefs_kib += vms[i].pref_kib;
    for (size_t i = 0; i < n; i++)
        vms[i].target_kib =
            KEPT_SHARE * (vms[i].pref_kib + vms[i].pref_kib / prefs_kib * total_kib);
    share_overflow(vms, n);
}

static void plan_shortage(struct qmemman_vm *vms, size_t n, double left_kib)
{
    double prefs_kib = 0;
    for (size_t i = 0; i < n; i++) {
        double surplus_kib = vms[i].actual_kib - vms[i].pref_kib;
        if (surplus_kib >= SURPLUS_LEAST_KIB) {
            vms[i].target_kib = vms[i].pref_kib;
            left_kib -= surplus_kib;
        } else if (surplus_kib < 0) {
            prefs_kib += vms[i].pref_kib;
        }
    }
    if (left_kib < 0)
        return;
    for (size_t i = 0; i < n; i++) {
        struct qmemman_vm *vm = &vms[i];
        if (vm->actual_kib >= vm->pref_kib)
            continue;
        double share_kib = left_kib * vm->pref_kib / prefs_kib;
        vm->target_kib = fmin(vm->max_kib, KEPT_SHARE * (vm->actual_kib + share_kib));
    }
}

void qmemman_plan(struct qmemman_vm *vms, size_t n, double free_kib)
{
    double total_kib = free_kib - KEPT_FREE_KIB;
    for (size_t i = 0; i < n; i++) {
        struct qmemman_vm *vm = &vms[i];
        vm->pref_kib =
            fmax(PREF_LEAST_KIB, fmin(vm->max_kib, PREF_FACTOR * vm->used_kib));
        vm->target_kib = vm->actual_kib;
        total_kib -= vm->pref_kib - vm->actual_kib;
    }
    if (total_kib > 0)
        plan_plenty(vms, n, total_kib);
    else
        plan_shortage(vms, n, free_kib - KEPT_FREE_KIB);
}

bool qmemman_is_worth_it(const struct qmemman_vm *vms, size_t n, double free_kib)
{
    double changes_kib = fabs(free_kib - KEPT_FREE_KIB);
    if (free_kib < FREE_ALARM_KIB)
        return true;
    for (size_t i = 0; i < n; i++) {
        double gain_kib = vms[i].target_kib - vms[i].actual_kib;
        if (vms[i].actual_kib < vms[i].pref_kib && gain_kib > GAIN_LEAST_KIB)
            return true;
        changes_kib += fabs(gain_kib);
    }
    return changes_kib > CHANGE_LEAST_KIB;
}
