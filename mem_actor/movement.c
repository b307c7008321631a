/* movement.c - grants paid from spare memory, steps down in small measure. */
#include "mem_actor/movement.h"

#include "mem_actor/units.h"

/* Memory is taken only from two dead bands of excess on, so that what was just right
 * for a guest stays so while its use swings by as much; from one, while another guest's
 * need waits for it. */
#define TAKE_BANDS 2
#define TAKE_BANDS_NEED 1
#define CONFIRM_SAMPLES 2
#define DRIFT_NS (10 * MEM_SECOND_NS)

/* libvirt's last-update has whole seconds: statistics may be this much younger. */
#define SAMPLE_GRAIN_NS MEM_SECOND_NS

/* A rise of used below this is noise, and its wish no reason to hurry others. */
#define GROWING_KIB_S INT64_C(2048)

/* What guests are due and the host cannot pay now: others have to return it first. */
struct claims {
    uint64_t need_kib;
    uint64_t urgent_kib; /* needs, and what growing guests want */
    uint64_t all_kib;
    bool deep; /* a need that is not met by what others hold above their shares */
};

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

/* Down to where a guest gives: its share, or its need, where another's need would else
 * wait for ever for what many hold inside their dead bands. */
static uint64_t take_limit(const struct movement_guest *g, const struct claims *c)
{
    uint64_t least = mem_min(g->least_kib, balloon_held(g->balloon));

    return c->deep ? least : mem_max(g->share_kib, least);
}

static bool wants_down(const struct movement_guest *g, const struct claims *c)
{
    uint64_t held = balloon_held(g->balloon);
    uint64_t bands = c->need_kib > 0 ? TAKE_BANDS_NEED : TAKE_BANDS;

    return !g->fixed && !wants_up(g) &&
           take_limit(g, c) + bands * balloon_dead_band(held) <= held;
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
                    size_t n, uint64_t spare_kib, bool needs, struct claims *c)
{
    uint64_t paid = 0;

    for (size_t i = 0; i < n; i++) {
        parts[i].weight = guests[i].weight;
        parts[i].low_kib = 0;
        parts[i].high_kib = part_of(&guests[i], needs);
    }
    allocation_fill(parts, n, spare_kib);
    for (size_t i = 0; i < n; i++) {
        uint64_t unpaid = parts[i].high_kib - parts[i].filled_kib;

        guests[i].to_kib += parts[i].filled_kib;
        guests[i].unpaid_kib += unpaid;
        paid += parts[i].filled_kib;
        c->all_kib += unpaid;
        c->need_kib += needs ? unpaid : 0;
        if (needs || guests[i].need->growth_kib_s >= GROWING_KIB_S)
            c->urgent_kib += unpaid;
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
                                      const struct movement_host *host,
                                      const struct claims *c)
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
    if (host->pressed || c->urgent_kib > 0)
        return MOVEMENT_FREE;
    if (g->balloon->drifted && mem_elapsed_ns(now_ns, g->balloon->drift_ns) < DRIFT_NS)
        return MOVEMENT_DRIFT;
    /* left at its crest for its own sake, not at the cost of others */
    if (c->all_kib == 0 && g->caution->regrets > 0 &&
        mem_elapsed_ns(now_ns, g->caution->hold_ns) < 0)
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

/* Whether memory may be taken from the guest now; if not, block says why. */
static bool may_take(struct movement_guest *g, const struct movement_host *host,
                     const struct claims *c)
{
    if (!host->may_grant || !wants_down(g, c)) {
        g->state->excess_seen = 0;
        g->state->credit_kib = 0;
        return false;
    }
    count_excess(g, host->reclaim_percent);
    if (g->block == MOVEMENT_FREE)
        g->block = take_block(g, host, c);
    return g->block == MOVEMENT_FREE;
}

/* How much each guest has to give for urgent claims, whatever its percentage: in
 * proportion to what it has too much, less what is on its way from those that cannot be
 * asked again yet.  Left in filled_kib. */
static void spread_claims(struct movement_guest *guests, struct allocation_part *parts,
                          size_t n, const struct movement_host *host,
                          const struct claims *c)
{
    uint64_t claim = c->urgent_kib;

    for (size_t i = 0; i < n; i++) {
        const struct movement_guest *g = &guests[i];
        uint64_t held = balloon_held(g->balloon);
        bool takes = may_take(&guests[i], host, c);

        parts[i].low_kib = 0;
        parts[i].high_kib = takes ? mem_sub(held, take_limit(g, c)) : 0;
        parts[i].weight = (double)mem_max(parts[i].high_kib, 1);
        if (!takes && !wants_up(g) && !g->balloon->stuck)
            claim = mem_sub(claim, mem_sub(held, balloon_base(g->balloon)));
    }
    allocation_fill(parts, n, claim);
}

/* The percentage leads down to the share, a claim as far as it goes; it is rounded up
 * to a change that is made at all. */
static uint64_t take_to(const struct movement_guest *g, const struct claims *c,
                        uint64_t claimed_kib)
{
    uint64_t base = balloon_base(g->balloon);
    uint64_t held = balloon_held(g->balloon);
    uint64_t limit = take_limit(g, c);
    uint64_t to =
        mem_max(mem_max(g->share_kib, limit), mem_sub(held, g->state->credit_kib));

    if (claimed_kib == 0)
        return to;
    to = mem_min(to, mem_sub(held, claimed_kib));
    if (!g->balloon->moving)
        to = mem_min(to, mem_sub(base, balloon_dead_band(base)));
    return mem_max(to, limit);
}

static void set_take(struct movement_guest *g, const struct claims *c,
                     uint64_t claimed_kib)
{
    uint64_t base = balloon_base(g->balloon);
    uint64_t to = take_to(g, c, claimed_kib);

    if (to + balloon_dead_band(base) > base) {
        if (!g->balloon->moving) /* else it is on its way */
            g->block = MOVEMENT_SMALL;
        return;
    }
    g->to_kib = to;
    g->kind = MOVEMENT_TAKE;
}

/* Whether what may be taken down to the shares falls short of the needs. */
static bool is_deep(const struct movement_guest *guests, size_t n,
                    const struct claims *c)
{
    uint64_t above = 0;

    for (size_t i = 0; i < n; i++) {
        const struct movement_guest *g = &guests[i];
        uint64_t held = balloon_held(g->balloon);
        uint64_t excess = mem_sub(held, g->share_kib);

        if (!g->fixed && g->block == MOVEMENT_FREE &&
            g->need->trouble == NEED_TROUBLE_NONE && excess >= balloon_dead_band(held))
            above += excess;
    }
    return c->need_kib > above;
}

static void reset(struct movement_guest *g, int64_t now_ns)
{
    bool retry = mem_elapsed_ns(now_ns, g->balloon->retry_ns) < 0;

    g->kind = MOVEMENT_NONE;
    g->block = retry ? MOVEMENT_RETRY : MOVEMENT_FREE;
    g->to_kib = g->unpaid_kib = 0;
}

void movement_plan(struct movement_guest *guests, struct allocation_part *parts,
                   size_t n, const struct movement_host *host)
{
    struct claims claims = {0};
    bool wants = host->may_grant && !host->pressed;

    for (size_t i = 0; i < n; i++)
        reset(&guests[i], host->now_ns);
    uint64_t urgent = host->may_grant ? host->urgent_kib : 0;
    uint64_t paid = pay(guests, parts, n, urgent, true, &claims);
    struct claims needs = claims;
    pay(guests, parts, n, wants ? mem_sub(host->spare_kib, paid) : 0, false, &claims);
    if (!wants)
        claims = needs; /* wants are nobody's claim on a short host */
    claims.deep = is_deep(guests, n, &claims);
    spread_claims(guests, parts, n, host, &claims);
    for (size_t i = 0; i < n; i++) {
        struct movement_guest *g = &guests[i];

        if (wants_up(g))
            set_grant(g);
        else if (!host->may_grant || !wants_down(g, &claims))
            g->block = MOVEMENT_FREE;
        else if (g->block == MOVEMENT_FREE)
            set_take(g, &claims, parts[i].filled_kib);
    }
}

void movement_taken(struct movement_state *s, int64_t sampled_ns, int64_t now_ns)
{
    s->taken_sampled_ns = sampled_ns;
    s->taken_ns = now_ns;
    s->credit_kib = 0;
}
