/* report.c - turning shares and moves into states, a verdict and a list. */
#include "mem_actor/report.h"

#include "mem_actor/words.h"

#include <stdlib.h>
#include <string.h>

static int compare_ranks(const void *a, const void *b)
{
    const struct report_rank *x = a, *y = b;

    if (x->grant != y->grant)
        return x->grant ? 1 : -1;
    if (x->idle_kib != y->idle_kib)
        return x->idle_kib > y->idle_kib ? -1 : 1;
    return x->guest < y->guest ? -1 : 1;
}

/* Takes first, the most idle memory first; then grants, the least idle first. */
static size_t list_moves(const struct report *p)
{
    size_t nmoves = 0;

    for (size_t i = 0; i < p->n; i++) {
        const struct movement_guest *m = &p->movements[i];
        uint64_t usable = m->need->usable_kib;

        if (m->kind == MOVEMENT_NONE)
            continue;
        bool grant = m->kind == MOVEMENT_GRANT;
        p->ranks[nmoves++] = (struct report_rank){
            .guest = i,
            .grant = grant,
            .idle_kib = grant ? UINT64_MAX - usable : usable,
        };
    }
    if (nmoves > 1)
        qsort(p->ranks, nmoves, sizeof(*p->ranks), compare_ranks);
    for (size_t k = 0; k < nmoves; k++) {
        size_t i = p->ranks[k].guest;
        struct mem_move *m = &p->moves[k];

        m->guest = i;
        m->from_kib = balloon_held(p->movements[i].balloon);
        m->to_kib = p->movements[i].to_kib;
        memcpy(m->reason, p->views[i].why, sizeof(m->reason));
    }
    return nmoves;
}

static bool has_statistics(const struct mem_guest *g)
{
    return g->current_kib.has && (g->usable_kib.has || g->unused_kib.has);
}

static enum mem_guest_state state_of(const struct report_row *r,
                                     const struct movement_guest *m,
                                     uint64_t usable_min_kib)
{
    const struct mem_guest *g = &r->guest;
    const struct balloon *b = m->balloon;

    if (!g->managed || !g->running || !g->can_give || g->maximum_kib == 0 ||
        (g->current_kib.has && g->current_kib.value > g->maximum_kib))
        return MEM_GUEST_UNABLE;
    if (!has_statistics(g))
        return MEM_GUEST_UNKNOWN;
    if (!g->fresh)
        return MEM_GUEST_STALE;
    if (b->stuck)
        return MEM_GUEST_STUCK;
    if (m->kind == MOVEMENT_TAKE)
        return MEM_GUEST_GIVING;
    if (r->need.trouble == NEED_TROUBLE_SWAP_IN ||
        r->need.trouble == NEED_TROUBLE_SWAP_OUT || m->block == MOVEMENT_TROUBLE ||
        r->need.usable_kib < usable_min_kib / 2)
        return MEM_GUEST_TROUBLED;
    if (m->kind == MOVEMENT_GRANT || (b->moving && b->target_kib > b->current_kib))
        return MEM_GUEST_GROWING;
    if (b->moving)
        return MEM_GUEST_GIVING;
    if (m->share_kib < m->need_kib ||
        (m->block == MOVEMENT_UNPAID && balloon_held(b) < m->need_kib))
        return MEM_GUEST_SHORT;
    return MEM_GUEST_OK;
}

static void show_guest(const struct report *p, size_t i, const struct words_host *words)
{
    const struct report_row *r = &p->rows[i];
    const struct movement_guest *m = &p->movements[i];
    struct mem_guest_view *v = &p->views[i];
    bool moves = m->kind != MOVEMENT_NONE;

    *v = (struct mem_guest_view){
        .state = state_of(r, m, p->in->usable_min_kib),
        .used_kib = r->need.used_kib,
        .need_kib = r->need.need_kib,
        .want_kib = r->need.want_kib,
        .share_kib = m->share_kib,
        .target_kib = moves ? m->to_kib : balloon_base(m->balloon),
        .floor_kib = r->floor_kib,
        .growth_kib_s = r->need.growth_kib_s,
    };
    words_guest(v->why, &r->guest, v, m, words);
}

static enum mem_verdict verdict_of(const struct report *p, size_t nmoves)
{
    const struct ledger *l = p->ledger;
    bool known = p->n == 0, due = false;

    for (size_t i = 0; i < p->n; i++) {
        known |= p->rows[i].need.known;
        due |= p->movements[i].block != MOVEMENT_FREE;
    }
    if (l->pressed)
        return MEM_VERDICT_PRESSED;
    if (nmoves > 0)
        return MEM_VERDICT_MOVE;
    if (!known)
        return MEM_VERDICT_WAITING;
    return due || !l->known ? MEM_VERDICT_HOLDING : MEM_VERDICT_STEADY;
}

void report_plan(const struct report *p, struct mem_plan *ret_plan)
{
    const struct ledger *l = p->ledger;
    const struct words_host words = {
        .known = l->known,
        .pressed = l->pressed,
        .available_kib = l->available_kib,
        .reserve_kib = p->in->host_reserve_kib,
        .psi_permille = p->in->host_psi_permille,
        .is_short = p->is_short,
    };
    struct mem_plan plan = {
        .budget_kib = l->budget_kib,
        .spare_kib = l->known ? l->urgent_kib : 0,
        .guests = p->views,
        .moves = p->moves,
    };

    for (size_t i = 0; i < p->n; i++) {
        plan.held_kib += p->movements[i].balloon->current_kib;
        show_guest(p, i, &words);
    }
    plan.nmoves = list_moves(p);
    plan.verdict = verdict_of(p, plan.nmoves);
    words_plan(plan.reason, &plan, p->n, &words);
    *ret_plan = plan;
}

const char *mem_verdict_name(enum mem_verdict v)
{
    static const char *const names[] = {"waiting", "steady", "move", "holding",
                                        "pressed"};

    return (unsigned int)v < sizeof(names) / sizeof(names[0]) ? names[v] : "unknown";
}

const char *mem_guest_state_name(enum mem_guest_state s)
{
    static const char *const names[] = {"unknown", "ok",       "growing",
                                        "giving",  "troubled", "stuck",
                                        "stale",   "unable",   "short"};

    return (unsigned int)s < sizeof(names) / sizeof(names[0]) ? names[s] : "unknown";
}
