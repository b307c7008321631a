/* squeezed.h - Xen's squeezed: every VM at the same share of its range.  Pure. */
#ifndef SIM_POLICIES_SQUEEZED_H
#define SIM_POLICIES_SQUEEZED_H

#include <stdbool.h>
#include <stddef.h>

struct squeezed_vm {
    double min_kib, max_kib, actual_kib;
    bool excluded;     /* does not follow: left out, keeps what it has */
    double target_kib; /* out */
};

/* Sets every target so that free_kib comes to reserve_kib.  inaccuracy_kib: how far from
 * its target a balloon may rest.  Returns the share of their ranges, 0..1. */
double squeezed_share(struct squeezed_vm *vms, size_t n, double free_kib,
                      double reserve_kib, double inaccuracy_kib);

/* Which way a VM must go: -1 shrink, 1 grow, 0 near enough. */
int squeezed_direction(const struct squeezed_vm *vm, double inaccuracy_kib);

/* True when some VM must shrink: then only shrinks are issued in this round. */
bool squeezed_must_shrink(const struct squeezed_vm *vms, size_t n,
                          double inaccuracy_kib);

#endif
