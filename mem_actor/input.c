/* input.c - a snapshot as the memory policy's input. */
#include "mem_actor/input.h"

#include "common/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STALE_PERIODS 3
#define NORMAL_WEIGHT 1024U

static struct mem_opt opt(const struct opt_u64 *from)
{
    return (struct mem_opt){.value = from->value, .has = from->has};
}

/* Both stamps are of the host's wall clock.  Below 0 it was set back since the answer. */
static int64_t answer_age_s(const struct actor_turn *turn,
                            const struct snapshot_domain *d)
{
    const struct snapshot *s = turn->snapshot;
    int64_t sampled_wall_s =
        (s->wall_ns - (s->mono_ns - d->sampled_ns)) / CLOCK_NS_PER_S;
    return sampled_wall_s - (int64_t)d->memory.last_update_s.value;
}

/* +1: last_update is cut to whole seconds. */
static bool is_within(const struct actor_turn *turn, const struct snapshot_domain *d,
                      uint64_t period_s)
{
    int64_t age_s = answer_age_s(turn, d);
    return age_s >= -1 && age_s <= (int64_t)(STALE_PERIODS * period_s + 1);
}

bool mem_input_is_fresh(const struct actor_turn *turn, const struct snapshot_domain *d)
{
    const struct snapshot_memory *m = &d->memory;
    if (!actor_is_fresh(turn, d) || !m->last_update_s.has ||
        m->last_update_s.value == 0 || (!m->usable_kib.has && !m->unused_kib.has))
        return false;
    uint64_t ours_s = turn->snapshot->settings.mem_stats_period_s;
    bool slower = m->period_s.has && m->period_s.value > ours_s;
    return is_within(turn, d, slower ? m->period_s.value : ours_s);
}

bool mem_input_is_on_time(const struct actor_turn *turn,
                          const struct snapshot_domain *d)
{
    return is_within(turn, d, turn->snapshot->settings.mem_stats_period_s);
}

/* When the guest took its statistics, by CLOCK_MONOTONIC: libvirt hands out the same
 * ones until the next answer, and rates need the time between answers, not between
 * looks. */
static int64_t answered_ns(const struct actor_turn *turn,
                           const struct snapshot_domain *d)
{
    const struct snapshot *s = turn->snapshot;
    if (!d->memory.last_update_s.has || d->memory.last_update_s.value == 0)
        return d->sampled_ns;
    int64_t wall_ns = (int64_t)d->memory.last_update_s.value * CLOCK_NS_PER_S;
    return s->mono_ns - (s->wall_ns - wall_ns);
}

static void fill_guest(const struct actor_turn *turn, const struct snapshot_domain *d,
                       struct mem_guest *g)
{
    const struct snapshot_memory *m = &d->memory;
    *g = (struct mem_guest){
        .key = {.domain_id = d->id},
        .managed = d->managed,
        .running = d->state == SNAPSHOT_STATE_RUNNING,
        .can_give = m->balloon == SNAPSHOT_BALLOON_VIRTIO && !m->hostdev &&
                    !m->hugepages && !m->locked,
        .fresh = mem_input_is_fresh(turn, d),
        .sampled_ns = answered_ns(turn, d),
        .weight = NORMAL_WEIGHT,
        .maximum_kib = m->maximum_kib.has ? m->maximum_kib.value : m->current_kib.value,
        .current_kib = opt(&m->current_kib),
        .available_kib = opt(&m->available_kib),
        .unused_kib = opt(&m->unused_kib),
        .usable_kib = opt(&m->usable_kib),
        .disk_caches_kib = opt(&m->disk_caches_kib),
        .swap_in_kib = opt(&m->swap_in_kib),
        .swap_out_kib = opt(&m->swap_out_kib),
        .major_faults = opt(&m->major_faults),
        .rss_kib = opt(&m->rss_kib),
    };
    memcpy(g->key.uuid, d->uuid, sizeof(g->key.uuid));
}

int mem_input_fill(struct mem_input_buffer *b, const struct actor_turn *turn)
{
    const struct snapshot *s = turn->snapshot;
    if (s->ndomains > b->room) {
        struct mem_guest *bigger = realloc(b->guests, s->ndomains * sizeof(*bigger));
        if (bigger == NULL)
            return -ENOMEM;
        b->guests = bigger;
        b->room = s->ndomains;
    }
    for (size_t i = 0; i < s->ndomains; i++)
        fill_guest(turn, &s->domains[i], &b->guests[i]);
    const struct settings *set = &s->settings;
    b->input = (struct mem_input){
        .now_ns = turn->now_ns,
        .interval_ns = turn->interval_ns,
        .guests = b->guests,
        .nguests = s->ndomains,
        .host_total_kib = s->host.memory_total_kib.value,
        .host_available_kib = opt(&s->host.memory_available_kib),
        .host_psi_permille = opt(&s->host.memory_psi_permille),
        .host_reserve_kib = settings_reserve_kib(&set->mem_host_reserve,
                                                 s->host.memory_total_kib.value),
        .budget_cap_kib = set->mem_host_budget_kib,
        .floor_kib = set->mem_guest_floor_kib,
        .usable_min_kib = set->mem_guest_usable_kib,
        .reclaim_percent = set->mem_reclaim_percent,
        .headroom_percent = set->mem_headroom_percent,
        .cache_percent = set->mem_cache_percent,
    };
    return 0;
}

void mem_input_fini(struct mem_input_buffer *b)
{
    free(b->guests);
    memset(b, 0, sizeof(*b));
}
