/* cpu.h - the CPU side of the model: rates, waiting, work, and what the kernel does with
 * vCPUs that may run on several pCPUs.  Pure. */
#ifndef SIM_MODEL_CPU_H
#define SIM_MODEL_CPU_H

#include "sim/model/model.h"

struct sharing;

/* Returns NULL when memory is out. */
struct sharing *sharing_create(void);
void sharing_destroy(struct sharing *s);

/* Solves who runs how much and where: rate, wait, efficiency of each vCPU, load and
 * efficiency of each pCPU; and ideal when its inputs changed.  0 or -ENOMEM. */
int sim_cpu_solve(struct sim_model *m);

/* Lets dt_ns go by at the present rates. */
void sim_cpu_run(struct sim_model *m, int64_t dt_ns);

/* Redraws the noise of all demands. */
void sim_cpu_noise(struct sim_model *m);

/* One round of the kernel's own balancing over dt_ns: wide vCPUs move now and then, and
 * whoever is no longer where its mask lets it be moves at once. */
void sim_kernel_run(struct sim_model *m, int64_t dt_ns);

/* Where that mask lets a vCPU run: online pCPUs of it, isolated ones only when there are
 * no others; all that the kernel balances over when none is left. */
struct cpuset sim_cpu_effective(const struct sim_model *m, const struct cpuset *mask);

/* A time that wants d of an efficient pCPU wants that much of one with efficiency e:
 * computing takes c/e, sleeping stays. */
double sim_cpu_stretched(double d, double efficiency);

/* Run delay per time of a closed loop that wants d and gets r (design, section 5). */
double sim_cpu_wait(double d, double r);

/* How well demand is placed: greatest relative pCPU load that the masks force, and that
 * the operator's law alone would force. */
struct sim_balance {
    double achieved, bound;
    double deviation; /* of pCPU loads by where vCPUs were last seen, of their mean */
    double mean;
    uint32_t wide;        /* busy vCPUs with several pCPUs to run on */
    uint32_t shared_most; /* so many suffice (McNaughton): pCPUs - 1 */
};

/* 0 or -ENOMEM. */
int sim_cpu_balance(struct sim_model *m, struct sim_balance *ret);

#endif
