/* ledger.c - adding up what the guests may cost the host. */
#include "mem_actor/ledger.h"

#include "mem_actor/units.h"

/* 100 guests of 80 MiB had 143 MiB RSS: 37 QEMU, 16 kernel and initrd, the rest TCG's
 * code cache, which may take up to the 64-MiB tb-cache more (then it is learned). */
#define OVERHEAD_KIB (64 * MEM_MIB)
#define OVERHEAD_MOST_KIB (512 * MEM_MIB)

/* PSI some avg10 of 10 %: a tenth of the time somebody waits for memory.  With more
 * than a quarter of the host available that is a cgroup's limit, not a short host. */
#define PSI_PERMILLE 100
#define PSI_ROOMY 4

uint64_t ledger_overhead(uint64_t *learned_kib, uint64_t rss_kib, uint64_t held_kib,
                         bool at_rest)
{
    uint64_t above = mem_sub(rss_kib, held_kib);

    if (at_rest && above > *learned_kib)
        *learned_kib = mem_min(above, OVERHEAD_MOST_KIB);
    return mem_max(mem_max(above, *learned_kib), OVERHEAD_KIB);
}

static bool is_pressed(const struct mem_input *in, uint64_t available)
{
    if (available < in->host_reserve_kib)
        return true;
    return in->host_psi_permille.has && in->host_psi_permille.value >= PSI_PERMILLE &&
           available < in->host_total_kib / PSI_ROOMY;
}

struct ledger ledger_close(const struct mem_input *in,
                           const struct ledger_guest *guests, size_t n)
{
    uint64_t held = 0, rss = 0, overhead = 0, likely = 0;
    uint64_t available = in->host_available_kib.has ? in->host_available_kib.value : 0;
    uint64_t free_now = mem_sub(available, in->host_reserve_kib);

    for (size_t i = 0; i < n; i++) {
        const struct ledger_guest *g = &guests[i];
        uint64_t touches = g->known ? mem_min(g->soon_kib, g->held_kib) : g->held_kib;

        held += g->held_kib;
        rss += g->rss_kib;
        overhead += g->overhead_kib;
        likely += mem_sub(touches + g->overhead_kib, g->rss_kib);
    }
    uint64_t used = mem_sub(in->host_total_kib, available);
    const struct allocation_host host = {
        .total_kib = in->host_total_kib,
        .reserve_kib = in->host_reserve_kib,
        .own_kib = in->host_available_kib.has ? mem_sub(used, rss) : 0,
        .overhead_kib = overhead,
        .cap_kib = in->budget_cap_kib,
    };
    struct ledger l = {
        .known = in->host_available_kib.has && in->host_total_kib > 0,
        .available_kib = available,
        .budget_kib = allocation_budget(&host),
    };

    l.pressed = l.known && is_pressed(in, available);
    l.spare_kib = mem_min(mem_sub(l.budget_kib, held), free_now);
    l.urgent_kib = l.spare_kib;
    if (held > l.budget_kib)
        l.urgent_kib = mem_sub(free_now, likely);
    if (in->budget_cap_kib > 0)
        l.urgent_kib = mem_min(l.urgent_kib, mem_sub(in->budget_cap_kib, held));
    return l;
}
