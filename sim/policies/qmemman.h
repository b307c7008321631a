/* qmemman.h - Qubes' qmemman: 1.3 times what each VM uses, the rest in proportion.
 * Pure. */
#ifndef SIM_POLICIES_QMEMMAN_H
#define SIM_POLICIES_QMEMMAN_H

#include <stdbool.h>
#include <stddef.h>

struct qmemman_vm {
    double used_kib, actual_kib, max_kib;
    double pref_kib, target_kib; /* out; target is actual when it is left alone */
};

/* Sets pref and target of vms[n], with free_kib of the host in no VM's hands. */
void qmemman_plan(struct qmemman_vm *vms, size_t n, double free_kib);

/* Whether the plan is worth the calls. */
bool qmemman_is_worth_it(const struct qmemman_vm *vms, size_t n, double free_kib);

#endif
