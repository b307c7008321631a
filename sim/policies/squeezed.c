/* squeezed.c - what all VMs could free, shared out in proportion to their ranges. */
#include "sim/policies/squeezed.h"

#include <math.h>

double squeezed_share(struct squeezed_vm *vms, size_t n, double free_kib,
                      double reserve_kib, double inaccuracy_kib)
{
    double surplus_kib = free_kib - reserve_kib, range_kib = 0;
    for (size_t i = 0; i < n; i++) {
        if (vms[i].excluded)
            continue;
        surplus_kib += fmax(0, vms[i].actual_kib - vms[i].min_kib - 2 * inaccuracy_kib);
        range_kib += vms[i].max_kib - vms[i].min_kib;
    }
    double g = range_kib > 0 ? fmin(1, fmax(0, surplus_kib / range_kib)) : 0;
    for (size_t i = 0; i < n; i++) {
        struct squeezed_vm *vm = &vms[i];
        vm->target_kib = vm->excluded ? vm->actual_kib
                                      : vm->min_kib + g * (vm->max_kib - vm->min_kib);
    }
    return g;
}

int squeezed_direction(const struct squeezed_vm *vm, double inaccuracy_kib)
{
    double gap_kib = vm->target_kib - vm->actual_kib;
    if (vm->excluded || fabs(gap_kib) <= inaccuracy_kib)
        return 0;
    return gap_kib < 0 ? -1 : 1;
}

bool squeezed_must_shrink(const struct squeezed_vm *vms, size_t n,
                          double inaccuracy_kib)
{
    for (size_t i = 0; i < n; i++)
        if (squeezed_direction(&vms[i], inaccuracy_kib) < 0)
            return true;
    return false;
}
