/* input.h - a snapshot as the CPU policy's input. */
#ifndef CPU_ACTOR_INPUT_H
#define CPU_ACTOR_INPUT_H

#include "actor/turn.h"
#include "cpu_actor/policy.h"

#include <stddef.h>

/* Zero-initialise; reused from turn to turn, freed with cpu_input_fini(). */
struct cpu_input_buffer {
    struct cpu_input input;
    struct cpu_vcpu *vcpus;
    size_t vcpus_room;
    struct cpu_pcpu *pcpus;
    size_t pcpus_room;
    struct cpu_busy *busy;
    size_t busy_room;
    const struct snapshot_domain **domains; /* per vCPU of the input: its domain */
    size_t domains_room;
};

/* Fills b->input from the turn's snapshot.  Operator's law becomes masks and `fixed`:
 * unmanaged, operator-pinned, paused and stale vCPUs count as load and never move; a
 * vCPU is allowed what the law and the settings both allow. Returns 0; -ENOMEM; -EINVAL
 * when the setting cpu.pcpus leaves no pCPU. */
int cpu_input_fill(struct cpu_input_buffer *b, const struct actor_turn *turn);

void cpu_input_fini(struct cpu_input_buffer *b);

#endif
