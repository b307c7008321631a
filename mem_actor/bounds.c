/* bounds.c - garbage in a message must not wrap a sum. */
#include "mem_actor/bounds.h"

#include "mem_actor/units.h"

#define INTERVAL_LEAST_NS (MEM_SECOND_NS / 10)
#define INTERVAL_MOST_NS (3600 * MEM_SECOND_NS)
#define WEIGHT_MOST (1u << 20)

/* A size that no machine has was not measured. */
static void bound(struct mem_opt *v)
{
    if (v->value > MEM_KIB_MAX)
        v->has = false;
    if (!v->has)
        v->value = 0;
}

struct mem_guest bounds_guest(const struct mem_guest *g, int64_t now_ns)
{
    struct mem_guest c = *g;

    bound(&c.current_kib);
    bound(&c.available_kib);
    bound(&c.unused_kib);
    bound(&c.usable_kib);
    bound(&c.disk_caches_kib);
    bound(&c.rss_kib);
    if (c.maximum_kib > MEM_KIB_MAX)
        c.maximum_kib = 0;
    c.weight = c.weight == 0 ? 1 : c.weight > WEIGHT_MOST ? WEIGHT_MOST : c.weight;
    if (c.sampled_ns > now_ns)
        c.sampled_ns = now_ns;
    return c;
}

struct mem_input bounds_input(const struct mem_input *in)
{
    struct mem_input c = *in;

    if (c.interval_ns < INTERVAL_LEAST_NS)
        c.interval_ns = INTERVAL_LEAST_NS;
    if (c.interval_ns > INTERVAL_MOST_NS)
        c.interval_ns = INTERVAL_MOST_NS;
    c.host_total_kib = mem_min(c.host_total_kib, MEM_KIB_MAX);
    bound(&c.host_available_kib);
    c.host_available_kib.value = mem_min(c.host_available_kib.value, c.host_total_kib);
    bound(&c.host_psi_permille);
    c.host_reserve_kib = mem_min(c.host_reserve_kib, MEM_KIB_MAX);
    c.budget_cap_kib = mem_min(c.budget_cap_kib, MEM_KIB_MAX);
    c.floor_kib = mem_min(c.floor_kib, MEM_KIB_MAX);
    c.usable_min_kib = mem_min(c.usable_min_kib, MEM_KIB_MAX);
    return c;
}
