/* records.h - what the policy remembers of each vCPU, by its key, in the order of the
 * input at hand.  Pure. */
#ifndef CPU_ACTOR_RECORDS_H
#define CPU_ACTOR_RECORDS_H

#include "cpu_actor/demand.h"
#include "cpu_actor/policy.h"
#include "cpu_actor/stability.h"

struct record {
    struct cpu_vcpu_key key;
    bool taken; /* used by records_sync() */
    struct demand demand;
    struct stability_vcpu hold;
    struct cpuset seen_on;  /* where it could run at the last step */
    struct cpuset home;     /* the mask it was found with, if that says something */
    struct cpuset from, to; /* of the last move that was planned */
    bool planned;           /* and whose result is not yet known */
    bool landed;            /* it was done, and is not known to have been undone */
    bool on_trial;          /* it is to be seen whether it paid */
    int64_t landed_ns;
};

/* All zero is empty. */
struct records {
    struct record *all; /* one per vCPU of the last input, in its order */
    size_t count;
    struct record *spare;
    uint32_t *slots; /* hash table of indices into all; UINT32_MAX = free */
    size_t nslots, room;
};

/* Makes room for count records.  Returns 0 or -ENOMEM. */
int records_reserve(struct records *r, size_t count);
void records_fini(struct records *r);

/* Makes r->all follow the input: known vCPUs keep their record, new ones get an empty
 * one, those that are gone are forgotten.  Needs records_reserve(). */
void records_sync(struct records *r, const struct cpu_vcpu *vcpus, size_t count);

/* NULL when unknown. */
struct record *records_find(struct records *r, const struct cpu_vcpu_key *key);

#endif
