#!/bin/sh
# mem.sh - breaks the memory policy in one line at a time and expects its tests to notice.
# usage: mem.sh SOURCE_DIR    ($CC, default cc).  Exit 1 when a mutant survives, when one no
# longer applies to the source, or when it does not build; 77 when cmocka is missing.
set -eu

src=${1:?usage: mem.sh SOURCE_DIR}
. "$src/tests/mutants/lib.sh"

mutants_start "$src" mem_actor \
    "policy bounds history need balloon caution ledger allocation movement report words" \
    "test_mem_need test_mem_allocation test_mem_policy test_mem_cases test_mem_property"

# need
mutant "growth has the wrong sign" need 's/int64_t rise = real_rise(/int64_t rise = -real_rise(/'
mutant "parked pages count as growth" need 's/return rise - (int64_t)parked;/return rise;/'
mutant "parked pages have no limit" need 's/^    parked = mem_min(parked, PARKED_MOST_KIB - s->parked_kib);//'
mutant "growth is not predicted" need 's/^    uint64_t want = s->used_kib + rest_headroom(s, in) + coming + cache;/    uint64_t want = s->used_kib + rest_headroom(s, in) + cache;/'
mutant "no headroom at rest" need 's/^    uint64_t want = s->used_kib + rest_headroom(s, in) + /    uint64_t want = s->used_kib + /'
mutant "bursts forgotten" need 's/^    return mem_max(rest, mem_percent/    rest = mem_min(rest, 200 * MEM_MIB);\n&/'
mutant "RSS ignored" need 's/^    s->touch_kib_s = rate;/    return 0;/'
mutant "RSS believed for ever" need 's/^    if (rate < s->touch_kib_s \/ 2)/    if (0)/'
mutant "page cache is needed" need 's/mem_clamp(s->used_kib + reserve, /mem_clamp(s->used_kib + s->cache_kib + reserve, /'
mutant "usable_min dropped" need 's/uint64_t reserve = mem_max(in->usable_min_kib, /uint64_t reserve = mem_max(0, /'
mutant "balloon motion counts as use" need 's/if (motion == BALLOON_REST || !s->primed)/if (1)/'
mutant "stale statistics believed" need 's/if (!g->fresh || !g->current_kib.has/if (!g->current_kib.has/'
mutant "counters going back are trouble" need 's/ || now.value < before.value//'
mutant "swap is no trouble" need 's/if (in >= SWAP_IN_KIB_S)/if (0)/'
mutant "same statistics counted twice" need 's/if (s->primed \&\& ns > .*/if (0)/'

# balloon, caution
mutant "stuck never noticed" balloon 's/^        get_stuck(b, now_ns);/        (void)0;/'
mutant "drift fought at once" balloon 's/^    b->drifted = true;/    b->drifted = false;/'
mutant "failed calls repeated at once" balloon 's/b->retry_ns = mem_later_ns(now_ns, RETRY_NS << b->failures);/b->retry_ns = now_ns;/'
mutant "nothing given back" caution 's/^    c->return_kib = from;/    c->return_kib = 0;/'
mutant "no floor learned" caution 's/^    c->learned_kib = mem_max.*/    c->learned_kib = 0;/'
mutant "learned floor for ever" caution 's/^        c->learned_kib = 0;/        (void)0;/'
mutant "no regret" caution 's/^    c->hold_ns = mem_later_ns(now_ns, hold_ns);/    (void)hold_ns;/'

# ledger, allocation
mutant "reserve ignored" ledger 's/\.reserve_kib = in->host_reserve_kib,/.reserve_kib = 0,/'
mutant "host use ignored" ledger 's/\.own_kib = .*/.own_kib = 0,/'
mutant "promises ignored" ledger 's/l.spare_kib = mem_min(mem_sub(l.budget_kib, held), free_now);/l.spare_kib = free_now;/'
mutant "overcommitted needs starve" ledger 's/if (held > l.budget_kib)/if (0)/'
mutant "overcommitted needs take all" ledger 's/l.urgent_kib = mem_sub(free_now, likely);/l.urgent_kib = available;/'
mutant "cap ignored" ledger 's/\.cap_kib = in->budget_cap_kib,/.cap_kib = 0,/'
mutant "overhead ignored" ledger 's/\.overhead_kib = overhead,/.overhead_kib = 0,/'
mutant "pressure not seen" ledger 's/l.pressed = l.known .*/l.pressed = false;/'
mutant "weights ignored" allocation 's/parts\[i\].weight = g->weight;/parts[i].weight = 1;/'
mutant "idle memory not taxed" allocation 's/#define IDLE_COST 4.0/#define IDLE_COST 1.0/'
mutant "lower bounds ignored" allocation 's/return mem_max((uint64_t)v, p->low_kib);/return (uint64_t)v;/'

# movement
mutant "free-first dropped" movement 's/allocation_fill(parts, n, spare_kib);/allocation_fill(parts, n, UINT64_MAX);/'
mutant "no dead band up" movement 's/return g->share_kib >= base + grant_band(g, base);/return g->share_kib > base;/; s/if (to < base + grant_band(g, base))/if (to <= base)/'
mutant "no dead band down" movement 's/take_limit(g, c) + bands \* balloon_dead_band(held) <= held/take_limit(g, c) < held/'
mutant "takes all at once" movement 's/mem_sub(held, g->state->credit_kib)/0/'
mutant "never takes" movement 's/^            set_take(g, \&claims, parts\[i\].filled_kib);/            (void)0;/'
mutant "takes again and again" movement 's/^    if (to + balloon_dead_band(base) > base) {/    if (0) {/'
mutant "takes below the share" movement 's/: mem_max(g->share_kib, least);/: least;/; s/mem_max(g->share_kib, limit)/limit/'
mutant "takes while in trouble" movement 's/if (g->need->trouble != NEED_TROUBLE_NONE)/if (0)/'
mutant "needs wait for the percentage" movement 's/^    to = mem_min(to, mem_sub(held, claimed_kib));//'
mutant "needs wait for two dead bands" movement 's/#define TAKE_BANDS_NEED 1/#define TAKE_BANDS_NEED 2/'
mutant "needs wait for wants of others" movement 's/return c->deep ? least : mem_max(g->share_kib, least);/return mem_max(g->share_kib, least);/'
mutant "needs always take what others want" movement 's/return c->need_kib > above;/return c->need_kib > 0;/'
mutant "guests in trouble counted on" movement 's/g->need->trouble == NEED_TROUBLE_NONE \&\& excess/excess/'
mutant "needs take what is no excess" movement 's/^    return mem_max(to, limit);/    return to;/'
mutant "small claims never add up" movement 's/^        to = mem_min(to, mem_sub(base, balloon_dead_band(base)));/        (void)base;/'
mutant "growth is no claim" movement 's/if (needs || guests\[i\].need->growth_kib_s >= GROWING_KIB_S)/if (needs)/'
mutant "any wish is a claim" movement 's/if (needs || guests\[i\].need->growth_kib_s >= GROWING_KIB_S)/if (1)/'
mutant "claims take all there is" movement 's/^    allocation_fill(parts, n, claim);/    allocation_fill(parts, n, UINT64_MAX);/'
mutant "what is on its way is asked for again" movement 's/^            claim = mem_sub(claim, mem_sub(held, balloon_base(g->balloon)));/            (void)held;/'
mutant "wants are claims on a short host" movement 's/^        claims = needs;.*/        (void)needs;/'
mutant "regret before the wants of others" movement 's/if (c->all_kib == 0 \&\& g->caution->regrets > 0/if (g->caution->regrets > 0/'
mutant "regret of parked pages" caution 's/c->squeezed_used_kib + REGRET_RISE_KIB)/0)/'
mutant "stuck guests squeezed for others" policy 's/^                                 p->shares\[i\].lower_kib),/                                 0),/'
mutant "stuck guests squeezed" policy 's/uint64_t low = b->stuck ? held : /uint64_t low = /'
mutant "no confirmation" movement 's/#define CONFIRM_SAMPLES 2/#define CONFIRM_SAMPLES 0/'
mutant "wants met under pressure" movement 's/bool wants = host->may_grant \&\& !host->pressed;/bool wants = host->may_grant;/'
mutant "floor ignored" policy 's/r->floor_kib = caution_floor(.*/r->floor_kib = 0;/'
mutant "unmanaged guests moved" policy 's/r->movable = g->managed \&\& /r->movable = /'
mutant "grants listed first" report 's/return x->grant ? 1 : -1;/return x->grant ? -1 : 1;/'
mutant "garbage believed" bounds 's/^    if (v->value > MEM_KIB_MAX)/    if (0)/'
mutant "restarts not noticed" history 's/return a->domain_id == b->domain_id \&\& /return /'

mutants_end
