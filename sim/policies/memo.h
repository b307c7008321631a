/* memo.h - what a policy remembers of each VM or vCPU while that one runs. */
#ifndef SIM_POLICIES_MEMO_H
#define SIM_POLICIES_MEMO_H

#include "common/snapshot.h"

#include <stddef.h>
#include <stdint.h>

struct memo_row;

/* Zero-initialise, with size: the bytes to remember of each. */
struct memo {
    size_t size;
    struct memo_row **rows;
    size_t n, room;
    size_t next; /* where the next one probably is: callers ask in the same order */
};

/* What is remembered of that run of the VM (vcpu 0 where there is but one thing to
 * remember); zeroed bytes at first sight.  Valid until memo_sweep() drops it; NULL
 * when memory is out. */
void *memo_get(struct memo *m, const struct snapshot_domain *d, uint32_t vcpu);

/* Drops what was not asked for since the last sweep.  Returns how many. */
size_t memo_sweep(struct memo *m);

void memo_fini(struct memo *m);

#endif
