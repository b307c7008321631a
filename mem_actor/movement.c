/* movement.c - grants paid from spare memory, steps down in small measure. */
#include "mem_actor/movement.h"

#include "mem_actor/units.h"

/* Memory is taken only from two dead bands of excess on, so that what was just right
 * for a guest stays so while its use swings by as much. */
#define TAKE_BANDS 2
#define CONFIRM_SAMPLES 2
#define DRIFT_NS (10 * MEM_SECOND_NS)

/* libvirt's last-update has whole seconds: statistics may be this much younger. */
#define SAMPLE_GRAIN_NS MEM_SECOND_NS

static uint64_t grant_band(const struct movement_guest *g, uint64_t base)
{
    uint64_t band = balloon_dead_band(base);

    return base < g->need_kib ? mem_min(band, 16 * MEM_MIB) : band;
}

/* The share is far enough above what the guest was told. */
static bool wants_up(const struct movement_guest *g)
{
    const struct balloon *b = g->balloon;
    uint64_t base = balloon_base(b);

    if (g->fixed || (b->stuck && b->target_kib > b->current_kib))
        return false; /* a stuck guest does not even take what it was given */
    return g->share_kib >= base + grant_band(g, base);
}

static bool wants_down(const struct movement_guest *g)
{
    uint64_t held = balloon_held(g->balloon);

    return !g->fixed && !wants_up(g) &&
           g->share_kib + TAKE_BANDS * balloon_dead_band(held) <= held;
}

/* Needs are paid first, then what is wanted beyond them. */
static uint64_t part_of(const struct movement_guest *g, bool needs)
{
    uint64_t held = balloon_held(g->balloon);
    uint64_t need_part = mem_sub(mem_min(g->share_kib, g->need_kib), held);

    if (g->block == MOVEMENT_RETRY || !wants_up(g))
        return 0;
    return needs ? need_part : mem_sub(g->share_kib, held) - need_part;
}

static uint64_t pay(struct movement_guest *guests, struct allocation_part *parts,
                    size_t n, uint64_t spare_kib, bool needs)
{
    uint64_t paid = 0;

    for (size_t i = 0; i < n; i++) {
        parts[i].weight = guests[i].weight;
        parts[i].low_kib = 0;
        parts[i].high_kib = part_of(&guests[i], needs);
    }
    allocation_fill(parts, n, spare_kib);
    for (size_t i = 0; i < n; i++) {
        guests[i].to_kib += parts[i].filled_kib;
        guests[i].unpaid_kib += parts[i].high_kib - parts[i].filled_kib;
        paid += parts[i].filled_kib;
    }
    return paid;
}

/* to_kib holds what was paid on top of what the guest holds already. */
static void set_grant(struct movement_guest *g)
{
    uint64_t base = balloon_base(g->balloon);
    uint64_t held = balloon_held(g->balloon);
    uint64_t to = g->share_kib <= held ? g->share_kib : held + g->to_kib;

    if (g->block == MOVEMENT_RETRY)
        return;
    if (to < base + grant_band(g, base)) {
        g->block = MOVEMENT_UNPAID;
    } else {
        g->to_kib = to;
        g->kind = to <= held ? MOVEMENT_STOP : MOVEMENT_GRANT;
    }
}

static enum movement_block take_block(const struct movement_guest *g,
                                      const struct movement_host *host, bool hurried)
{
    const struct movement_state *s = g->state;
    int64_t now_ns = host->now_ns;
    int64_t sampled_ns = mem_later_ns(g->sampled_ns, SAMPLE_GRAIN_NS);

    if (host->reclaim_percent == 0)
        return MOVEMENT_FORBIDDEN;
    if (g->need->trouble != NEED_TROUBLE_NONE)
        return MOVEMENT_TROUBLE;
    if (s->taken_ns != 0 &&
        (!mem_newer(g->sampled_ns, s->taken_sampled_ns) || sampled_ns < s->taken_ns))
        return MOVEMENT_SAMPLE;
    if (hurried)
        return MOVEMENT_FREE;
    if (g->balloon->drifted && mem_elapsed_ns(now_ns, g->balloon->drift_ns) < DRIFT_NS)
        return MOVEMENT_DRIFT;
    if (g->caution->regrets > 0 && mem_elapsed_ns(now_ns, g->caution->hold_ns) < 0)
        return MOVEMENT_REGRET;
    return s->excess_seen < CONFIRM_SAMPLES ? MOVEMENT_CONFIRMING : MOVEMENT_FREE;
}

/* Counts the samples that agree on an excess, and what may be taken by now.  A
 * percentage too small to clear the dead band adds up over intervals until it does. */
static void count_excess(struct movement_guest *g, uint32_t reclaim_percent)
{
    struct movement_state *s = g->state;
    uint64_t size = balloon_held(g->balloon);
    uint64_t step = mem_percent(size, reclaim_percent);

    if (s->excess_seen == 0 || mem_newer(g->sampled_ns, s->excess_sampled_ns))
        s->excess_seen++;
    s->excess_sampled_ns = g->sampled_ns;
    s->credit_kib =
        mem_min(s->credit_kib + step, mem_max(step, balloon_dead_band(size)));
}

static void set_take(struct movement_guest *g, const struct movement_host *host,
                     bool hurried)
{
    uint64_t base = balloon_base(g->balloon);
    uint64_t held = balloon_held(g->balloon);

    count_excess(g, host->reclaim_percent);
    if (g->block == MOVEMENT_FREE)
        g->block = take_block(g, host, hurried);
    if (g->block != MOVEMENT_FREE)
        return;
    uint64_t to = mem_max(g->share_kib, mem_sub(held, g->state->credit_kib));
    to = mem_max(to, mem_min(g->least_kib, held));
    if (to + balloon_dead_band(base) > base) {
        if (!g->balloon->moving) /* else it is on its way */
            g->block = MOVEMENT_SMALL;
        return;
    }
    g->to_kib = to;
    g->kind = MOVEMENT_TAKE;
}

static void plan_one(struct movement_guest *g, const struct movement_host *host,
                     bool hurried)
{
    bool down = wants_down(g) && host->may_grant;

    if (!down) {
        g->state->excess_seen = 0;
        g->state->credit_kib = 0;
    }
    if (wants_up(g))
        set_grant(g);
    else if (down)
        set_take(g, host, hurried);
    else
        g->block = MOVEMENT_FREE;
}

void movement_plan(struct movement_guest *guests, struct allocation_part *parts,
                   size_t n, const struct movement_host *host)
{
    uint64_t unmet = 0;

    for (size_t i = 0; i < n; i++) {
        struct movement_guest *g = &guests[i];
        bool retry = mem_elapsed_ns(host->now_ns, g->balloon->retry_ns) < 0;

        g->kind = MOVEMENT_NONE;
        g->block = retry ? MOVEMENT_RETRY : MOVEMENT_FREE;
        g->to_kib = g->unpaid_kib = 0;
    }
    uint64_t paid = pay(guests, parts, n, host->may_grant ? host->urgent_kib : 0, true);
    for (size_t i = 0; i < n; i++)
        unmet += guests[i].unpaid_kib;
    bool wants = host->may_grant && !host->pressed;
    pay(guests, parts, n, wants ? mem_sub(host->spare_kib, paid) : 0, false);
    for (size_t i = 0; i < n; i++)
        plan_one(&guests[i], host, host->pressed || unmet > 0);
}

void movement_taken(struct movement_state *s, int64_t sampled_ns, int64_t now_ns)
{
    s->taken_sampled_ns = sampled_ns;
    s->taken_ns = now_ns;
    s->credit_kib = 0;
}
