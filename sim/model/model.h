/* model.h - a simulated host with its VMs, in virtual time.  Pure: no I/O, clock, log or
 * global; all randomness from the seed.  The equations stand in docs/simulator.md.
 *
 *     spec -> sim_model_create -> add VMs and events -> advance .. act .. advance ..
 *
 * Times are ns since the start; loads and demands are shares of one pCPU. */
#ifndef SIM_MODEL_MODEL_H
#define SIM_MODEL_MODEL_H

#include "common/cpuset.h"
#include "sim/model/guest.h"
#include "sim/model/random.h"
#include "sim/model/share.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_NAME_MAX 64
#define SIM_VMS_MAX 4096
#define SIM_VCPUS_MAX 512 /* of one VM */
#define SIM_NO_CELL UINT32_MAX

struct sim_host_spec {
    uint32_t pcpus, cells, llcs, threads; /* llcs per cell; threads per core */
    double smt_gain;           /* what a core's two threads do, against one alone */
    double remote_efficiency;  /* work per time on another cell than one's memory */
    double kernel_moves_per_s; /* moves of a vCPU that may run on several pCPUs */
    double kernel_unfairness;  /* its share varies by that much, where it has to wait */
    double migration_ns; /* work lost by a move; 2/3 within the LLC, 4/3 to a cell */
    struct cpuset isolated;
    int64_t memory_kib, used_kib; /* the host's own use */
    int64_t psi_below_kib;        /* memory pressure begins below that much available */
};

struct sim_vm_spec {
    char name[SIM_NAME_MAX];
    uint32_t vcpus, vcpus_max; /* online at the start, ever */
    double weight;             /* cpu shares, 1024 = normal */
    double noise;              /* demand varies by that share of itself, every second */
    uint32_t cell;             /* of its memory, or SIM_NO_CELL */
    struct cpuset cpuset;      /* operator's law; empty = none */
    bool operator_pin;         /* vCPUs are pinned in the persistent configuration */
    bool started;
    struct sim_guest_spec guest;
};

struct sim_pcpu {
    uint32_t cell, llc, core;
    bool online, isolated;
    double host_load;  /* share that is not the guests' */
    double load;       /* share that the guests run now */
    double efficiency; /* work per time now: its sibling's doing */
    double busy_ns;    /* cumulative, the host's own included */
    double seen_ns;    /* cumulative run time of the vCPUs last seen here */
};

struct sim_vcpu {
    double demand;        /* as scripted */
    double wanted;        /* with noise */
    struct cpuset mask;   /* where it may run */
    struct cpuset lawful; /* where the operator lets it run */
    uint32_t seen;        /* pCPU it was last seen on; CPUSET_MAX = never ran */
    double rate, wait, efficiency, ideal; /* now, per time; ideal is work */
    double ran_ns, delay_ns, work_ns, ideal_ns, debt_ns; /* cumulative */
    double unfair; /* -1..1, for the kernel's unfairness */
    uint32_t moves;
};

enum sim_state {
    SIM_OFF,
    SIM_RUNNING,
    SIM_PAUSED,
};

enum sim_call {
    SIM_CALL_PIN = 1,
    SIM_CALL_MEMORY = 2,
    SIM_CALL_PERIOD = 4,
};

struct sim_vm {
    struct sim_vm_spec spec;
    enum sim_state state;
    int32_t id;             /* of its run */
    struct sim_vcpu *vcpus; /* spec.vcpus_max */
    uint32_t nvcpus;        /* online */
    uint32_t runs;          /* so many times started */
    struct sim_guest guest;
    unsigned failing; /* enum sim_call, or-ed: calls that fail */
    bool partial;     /* a job runs: some statistics are missing */
    bool hung;        /* its QEMU does not answer */
    uint32_t kills;   /* by the host's OOM killer */
};

struct sim_event;

struct sim_model {
    struct sim_host_spec spec;
    int64_t now_ns, kernel_due_ns, noise_due_ns, solved_ns;
    struct sim_random world;  /* demands and guests: the same whatever a policy does */
    struct sim_random random; /* what the kernel does */
    struct sim_pcpu *pcpus;
    struct cpuset kernel_pcpus; /* online, not isolated */
    struct sim_vm *vms;
    size_t nvms, vms_room;
    int32_t next_id;
    struct sim_event *events; /* ordered by time once started */
    size_t nevents, events_room, events_done;
    bool started;
    bool homeless;    /* a vCPU may be where it must not, or nowhere */
    bool dirty;       /* rates have to be solved again */
    bool ideal_dirty; /* ideal rates, too */
    bool outage;      /* the daemon is away */
    unsigned failing;
    int64_t used_kib, lowest_available_kib;
    double pressure;           /* 0..1 */
    uint64_t workload_changes; /* demand, VMs or capacity changed so often */
    int64_t changed_ns;        /* when last */
    struct share *share;
    struct sharing *sharing;
};

/* Returns NULL when memory is out or the spec makes no host. */
struct sim_model *sim_model_create(const struct sim_host_spec *spec, uint64_t seed);
void sim_model_destroy(struct sim_model *m);

/* Adds a VM before the model is started.  mask, demand: of its vCPUs at their start.
 * Returns its index, or -ENOMEM / -E2BIG. */
int sim_model_add_vm(struct sim_model *m, const struct sim_vm_spec *spec,
                     const struct cpuset *mask, double demand);

/* Sorts the events, starts the VMs that are to run from the beginning, applies the events
 * of time 0.  Returns 0 or -ENOMEM. */
int sim_model_start(struct sim_model *m);

/* Lets time go by until to_ns.  Returns 0 or -ENOMEM. */
int sim_model_advance(struct sim_model *m, int64_t to_ns);

/* The calls, as libvirt takes them.  0; -ENOENT not running; -EINVAL no such vCPU, empty
 * set, target 0 or above the maximum; -ENOTCONN in an outage; -EBUSY it hangs; -EIO told
 * to fail. */
int sim_model_pin(struct sim_model *m, size_t vm, uint32_t vcpu,
                  const struct cpuset *mask);
int sim_model_set_memory(struct sim_model *m, size_t vm, int64_t target_kib);
int sim_model_set_period(struct sim_model *m, size_t vm, uint32_t period_s);

/* Starts and stops a VM: a start is a new run with counters at 0. */
void sim_model_start_vm(struct sim_model *m, size_t vm);
void sim_model_stop_vm(struct sim_model *m, size_t vm);

/* All online pCPUs that the kernel balances over. */
struct cpuset sim_model_pcpus(const struct sim_model *m);

/* To be called when demand, VMs or capacity changed. */
void sim_model_changed(struct sim_model *m);

/* To be called when pCPUs went on- or offline. */
void sim_model_recount(struct sim_model *m);

/* Whether that VM's vCPUs compete for CPU now. */
bool sim_vm_runs(const struct sim_vm *vm);

#endif
