/* lxd.c - counting users, taking the least used. */
#include "sim/policies/lxd.h"

void lxd_count(uint32_t *users, const struct cpuset *pinned)
{
    for (uint32_t c = cpuset_first(pinned); c < CPUSET_MAX;
         c = cpuset_next(pinned, c + 1))
        users[c]++;
}

struct cpuset lxd_take(uint32_t *users, const struct cpuset *among, size_t n)
{
    struct cpuset rest = *among, taken;
    cpuset_clear(&taken);
    for (size_t i = 0; i < n && !cpuset_empty(&rest); i++) {
        uint32_t best = cpuset_first(&rest);
        for (uint32_t c = best; c < CPUSET_MAX; c = cpuset_next(&rest, c + 1))
            if (users[c] < users[best])
                best = c;
        cpuset_remove(&rest, best);
        cpuset_add(&taken, best);
    }
    lxd_count(users, &taken);
    return taken;
}
