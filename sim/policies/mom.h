/* mom.h - MOM's balloon rule: each guest by itself, steps of 5 % towards a share of its
 * own size.  Pure. */
#ifndef SIM_POLICIES_MOM_H
#define SIM_POLICIES_MOM_H

#include <stdbool.h>

struct mom_guest {
    double current_kib;     /* the balloon's latest size */
    double avg_current_kib; /* over MOM's window */
    double avg_unused_kib;  /* the guest's MemFree, over the window */
    double min_kib, max_kib;
};

/* What MOM would set the balloon to while host_free (0..1) of the host is free, on
 * average.  Returns false, *ret_kib untouched, when it would leave the guest alone. */
bool mom_target(double host_free, const struct mom_guest *g, double *ret_kib);

#endif
