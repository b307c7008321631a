/* policy.c - the list of policies. */
#include "sim/policy.h"

#include <string.h>

#define POLICIES_MAX 32

const struct sim_policy *const *sim_policy_all(size_t *ret_n)
{
    static const struct sim_policy *all[POLICIES_MAX] = {
        &sim_policy_vmbalance, &sim_policy_none, &sim_policy_kernel};
    size_t n = 3;
#ifdef SIM_HAVE_POLICIES
    size_t others;
    const struct sim_policy *list = sim_policies(&others);
    for (size_t i = 0; i < others && n < POLICIES_MAX; i++)
        all[n++] = &list[i];
#endif
    *ret_n = n;
    return all;
}

const struct sim_policy *sim_policy_find(const char *name)
{
    size_t n;
    const struct sim_policy *const *all = sim_policy_all(&n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}
