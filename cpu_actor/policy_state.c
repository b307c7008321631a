/* policy_state.c - making, growing and ending the CPU policy's state. */
#include "cpu_actor/policy_state.h"

#include <errno.h>
#include <stdlib.h>

struct cpu_policy *cpu_policy_create(void)
{
    return calloc(1, sizeof(struct cpu_policy));
}

void cpu_policy_destroy(struct cpu_policy *p)
{
    if (p == NULL)
        return;
    records_fini(&p->records);
    placement_fini(&p->placement);
    free(p->moves);
    free(p->demand);
    free(p->ran);
    free(p->waited);
    free(p->pcpu_load);
    free(p->pcpu_ran);
    free(p->numbers);
    free(p->guests);
    free(p->lean);
    free(p->lean_load);
    free(p->pcpus);
    free(p->pcpu_numbers);
    free(p);
}

#define GROW(field, count)                                                             \
    do {                                                                               \
        void *grown =                                                                  \
            realloc((field), ((count) > 0 ? (count) : 1) * sizeof(*(field)));          \
        if (grown == NULL)                                                             \
            return -ENOMEM;                                                            \
        (field) = grown;                                                               \
    } while (0)

static int reserve_vcpus(struct cpu_policy *p, size_t n)
{
    if (n <= p->room_vcpus && p->demand != NULL)
        return 0;
    n += n / 2 + 16;
    GROW(p->moves, n);
    GROW(p->demand, n);
    GROW(p->ran, n);
    GROW(p->waited, n);
    GROW(p->numbers, n);
    GROW(p->guests, n);
    GROW(p->lean, n);
    p->room_vcpus = n;
    return 0;
}

static int reserve_pcpus(struct cpu_policy *p, size_t m)
{
    if (m <= p->room_pcpus && p->pcpu_load != NULL)
        return 0;
    GROW(p->pcpu_load, m);
    GROW(p->pcpu_ran, m);
    GROW(p->pcpu_numbers, m);
    GROW(p->pcpus, m);
    GROW(p->lean_load, m);
    p->room_pcpus = m;
    return 0;
}

int policy_reserve(struct cpu_policy *p, const struct cpu_input *in)
{
    int r = records_reserve(&p->records, in->nvcpus);
    if (r == 0)
        r = placement_reserve(&p->placement, in->nvcpus, in->npcpus);
    if (r == 0)
        r = reserve_vcpus(p, in->nvcpus);
    if (r == 0)
        r = reserve_pcpus(p, in->npcpus);
    return r;
}
