/* policy.c - one step: bound the input, find each guest's history, then need -> ledger
 * -> allocation -> movement -> report.  All memory is had before anything is changed.
 */
#include "mem_actor/policy.h"

#include "mem_actor/bounds.h"
#include "mem_actor/history.h"
#include "mem_actor/report.h"
#include "mem_actor/units.h"

#include <errno.h>
#include <stdlib.h>

struct mem_policy {
    struct history_table table;
    size_t room; /* of each array below: one entry per guest of the input */
    struct report_row *rows;
    struct ledger_guest *entries;
    struct allocation_guest *shares;
    struct allocation_part *parts;
    struct movement_guest *movements;
    struct report_rank *ranks;
    struct mem_guest_view *views;
    struct mem_move *moves;
};

struct mem_policy *mem_policy_create(void)
{
    return calloc(1, sizeof(struct mem_policy));
}

static void free_arrays(struct mem_policy *p)
{
    free(p->rows);
    free(p->entries);
    free(p->shares);
    free(p->parts);
    free(p->movements);
    free(p->ranks);
    free(p->views);
    free(p->moves);
}

void mem_policy_destroy(struct mem_policy *p)
{
    if (!p)
        return;
    free_arrays(p);
    history_fini(&p->table);
    free(p);
}

static int reserve_arrays(struct mem_policy *p, size_t n)
{
    struct mem_policy grown = {.room = n + n / 2 + 8};
    size_t room = grown.room;

    if (n <= p->room)
        return 0;
    grown.rows = calloc(room, sizeof(*grown.rows));
    grown.entries = calloc(room, sizeof(*grown.entries));
    grown.shares = calloc(room, sizeof(*grown.shares));
    grown.parts = calloc(room, sizeof(*grown.parts));
    grown.movements = calloc(room, sizeof(*grown.movements));
    grown.ranks = calloc(room, sizeof(*grown.ranks));
    grown.views = calloc(room, sizeof(*grown.views));
    grown.moves = calloc(room, sizeof(*grown.moves));
    if (!grown.rows || !grown.entries || !grown.shares || !grown.parts ||
        !grown.movements || !grown.ranks || !grown.views || !grown.moves) {
        free_arrays(&grown);
        return -ENOMEM;
    }
    free_arrays(p);
    grown.table = p->table;
    *p = grown;
    return 0;
}

static struct history *history_of(struct mem_policy *p, const struct report_row *r)
{
    return &p->table.items[r->history];
}

/* Step 1: balloon, need and caution of one guest. */
static void judge_guest(struct mem_policy *p, struct report_row *r,
                        const struct mem_input *in)
{
    struct history *h = history_of(p, r);
    const struct mem_guest *g = &r->guest;
    uint64_t current = g->current_kib.has ? g->current_kib.value : g->maximum_kib;
    struct need_context context = {.floor_kib = mem_min(in->floor_kib, g->maximum_kib)};

    h->step = p->table.step;
    h->seen_ns = in->now_ns;
    h->interval_ns = in->interval_ns;
    h->sampled_ns = g->sampled_ns;
    if (g->current_kib.has || !h->balloon.seen)
        balloon_observe(&h->balloon, current, g->maximum_kib, in->now_ns);
    context.motion = balloon_motion(&h->balloon, g->sampled_ns);
    r->need = need_step(&h->need, g, in, &context);
    caution_learn(&h->caution, &r->need, current, in->now_ns);
    r->floor_kib = caution_floor(&h->caution, in->floor_kib, g->maximum_kib);
    r->movable = g->managed && g->running && g->can_give && r->need.known &&
                 current <= g->maximum_kib && g->maximum_kib > 0;
    if (!r->need.known)
        return;
    uint64_t least = mem_max(r->floor_kib, h->caution.return_kib);
    least = mem_min(least, g->maximum_kib);
    r->need.need_kib = mem_max(r->need.need_kib, least);
    r->need.want_kib = mem_max(r->need.want_kib, r->need.need_kib);
}

static void judge_guests(struct mem_policy *p, const struct mem_input *in)
{
    size_t hint = 0;

    p->table.step++;
    history_forget(&p->table, in->now_ns);
    for (size_t i = 0; i < in->nguests; i++) {
        struct report_row *r = &p->rows[i];

        r->guest = bounds_guest(&in->guests[i], in->now_ns);
        r->history = history_find(&p->table, &r->guest.key, hint);
        hint = r->history + 1;
        judge_guest(p, r, in);
    }
}

/* Step 2: what the guests cost the host. */
static struct ledger close_ledger(struct mem_policy *p, const struct mem_input *in)
{
    for (size_t i = 0; i < in->nguests; i++) {
        const struct report_row *r = &p->rows[i];
        struct history *h = history_of(p, r);
        struct ledger_guest *e = &p->entries[i];
        bool at_rest = balloon_motion(&h->balloon, in->now_ns) == BALLOON_REST;

        e->held_kib = balloon_held(&h->balloon);
        e->known = r->need.known;
        e->soon_kib = r->need.soon_kib;
        e->rss_kib = r->guest.rss_kib.has ? r->guest.rss_kib.value
                     : r->need.known      ? r->need.used_kib
                                          : e->held_kib;
        e->overhead_kib =
            ledger_overhead(&h->overhead_kib, e->rss_kib, e->held_kib, at_rest);
    }
    return ledger_close(in, p->entries, in->nguests);
}

/* Step 3: shares.  Memory that a guest holds and needs is not taken to level it; a
 * learned floor is a need like others, the setting's floor is law.  A stuck guest keeps
 * all that it holds, which also calls off a squeeze that it cannot follow: it would go
 * on straining, and die at its next fork. */
static bool share_out(struct mem_policy *p, size_t n, uint64_t budget_kib,
                      uint64_t floor_kib)
{
    for (size_t i = 0; i < n; i++) {
        const struct report_row *r = &p->rows[i];
        const struct balloon *b = &history_of(p, r)->balloon;
        struct allocation_guest *s = &p->shares[i];
        uint64_t held = balloon_held(b);
        uint64_t low = b->stuck ? held : mem_min(held, r->need.need_kib);

        low = mem_min(mem_max(low, floor_kib), r->guest.maximum_kib);
        *s = (struct allocation_guest){
            .fixed = !r->movable,
            .held_kib = held,
            .lower_kib = low,
            .need_kib = mem_max(r->need.need_kib, low),
            .want_kib = mem_max(r->need.want_kib, low),
            .used_kib = r->need.used_kib,
            .weight = r->guest.weight,
        };
    }
    return allocation_share(p->shares, p->parts, n, budget_kib);
}

/* Step 4: moves. */
static void move_guests(struct mem_policy *p, const struct mem_input *in,
                        const struct ledger *l)
{
    const struct movement_host host = {
        .now_ns = in->now_ns,
        .may_grant = l->known,
        .pressed = l->pressed,
        .spare_kib = l->spare_kib,
        .urgent_kib = l->urgent_kib,
        .reclaim_percent = in->reclaim_percent,
    };

    for (size_t i = 0; i < in->nguests; i++) {
        struct report_row *r = &p->rows[i];
        struct history *h = history_of(p, r);

        p->movements[i] = (struct movement_guest){
            .fixed = !r->movable,
            .state = &h->movement,
            .balloon = &h->balloon,
            .caution = &h->caution,
            .need = &r->need,
            .sampled_ns = r->guest.sampled_ns,
            .weight = r->guest.weight,
            .need_kib = r->need.need_kib,
            .share_kib = p->shares[i].share_kib,
            .least_kib = mem_max(mem_max(r->floor_kib, r->need.need_kib),
                                 p->shares[i].lower_kib),
        };
    }
    movement_plan(p->movements, p->parts, in->nguests, &host);
}

int mem_policy_step(struct mem_policy *p, const struct mem_input *in,
                    struct mem_plan *ret_plan)
{
    struct mem_input bounded = bounds_input(in);
    int r;

    if (in->reclaim_percent > 100 || in->headroom_percent > 100 ||
        in->cache_percent > 100)
        return -EINVAL;
    r = history_reserve(&p->table, in->nguests);
    if (r == 0)
        r = reserve_arrays(p, in->nguests);
    if (r < 0)
        return r;
    judge_guests(p, &bounded);
    struct ledger l = close_ledger(p, &bounded);
    bool is_short = share_out(p, bounded.nguests, l.budget_kib, bounded.floor_kib);
    move_guests(p, &bounded, &l);
    const struct report report = {
        .in = &bounded,
        .ledger = &l,
        .is_short = is_short,
        .n = bounded.nguests,
        .rows = p->rows,
        .movements = p->movements,
        .ranks = p->ranks,
        .views = p->views,
        .moves = p->moves,
    };
    report_plan(&report, ret_plan);
    return 0;
}

void mem_policy_result(struct mem_policy *p, const struct mem_guest_key *key,
                       uint64_t target_kib, int error, int64_t now_ns)
{
    struct history *h = history_get(&p->table, key);

    if (!h)
        return;
    uint64_t held = balloon_held(&h->balloon);
    if (error == 0 && target_kib < balloon_base(&h->balloon)) {
        caution_squeezed(&h->caution, held, h->need.used_kib, now_ns);
        movement_taken(&h->movement, h->sampled_ns, now_ns);
    } else if (error == 0 && target_kib > held) {
        caution_granted(&h->caution, h->need.used_kib, h->interval_ns, now_ns);
    }
    balloon_told(&h->balloon, target_kib, error, now_ns);
}
