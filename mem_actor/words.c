/* words.c - the reasons, one sentence each. */
#include "mem_actor/words.h"

#include "mem_actor/units.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static uint64_t mib(uint64_t kib)
{
    return (kib + MEM_MIB / 2) / MEM_MIB;
}

__attribute__((format(printf, 2, 3))) static void say(char *buf, const char *format,
                                                      ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(buf, MEM_REASON_MAX, format, args);
    va_end(args);
}

/* "uses 401 of 512 MiB and grows 38 MiB/s" */
static void say_use(char *buf, const struct mem_guest *g,
                    const struct mem_guest_view *v)
{
    int used = snprintf(buf, MEM_REASON_MAX, "uses %" PRIu64 " of %" PRIu64 " MiB",
                        mib(v->used_kib), mib(g->current_kib.value));

    if (v->growth_kib_s >= (int64_t)MEM_MIB)
        snprintf(buf + used, MEM_REASON_MAX - (size_t)used,
                 " and grows %" PRIu64 " MiB/s", mib((uint64_t)v->growth_kib_s));
}

static void say_trouble(char *buf, const struct need *n)
{
    switch (n->trouble) {
    case NEED_TROUBLE_SWAP_IN:
        say(buf, "swaps in %" PRIu64 " KiB/s", n->trouble_rate);
        break;
    case NEED_TROUBLE_SWAP_OUT:
        say(buf, "swaps out %" PRIu64 " KiB/s", n->trouble_rate);
        break;
    case NEED_TROUBLE_FAULTS:
        say(buf, "takes %" PRIu64 " major faults/s", n->trouble_rate);
        break;
    case NEED_TROUBLE_NONE:
        say(buf, "has %" PRIu64 " MiB usable", mib(n->usable_kib));
        break;
    }
}

static const char *unable(const struct mem_guest *g)
{
    if (!g->managed)
        return "unmanaged: counted, never touched";
    if (!g->running)
        return "not running: counted, not touched";
    if (g->maximum_kib == 0)
        return "its maximum is not known: counted, not touched";
    if (g->can_give && g->current_kib.has && g->current_kib.value > g->maximum_kib)
        return "larger than its maximum (virtio-mem?): counted, not touched";
    return "no balloon driver, or its memory is locked, hugepages or passed through: "
           "counted at full size";
}

static void say_move(char *buf, const struct mem_guest *g,
                     const struct mem_guest_view *v, const struct movement_guest *m)
{
    char use[MEM_REASON_MAX];
    uint64_t held = balloon_held(m->balloon);
    uint64_t current = g->current_kib.value;

    say_use(use, g, v);
    if (m->kind == MOVEMENT_GRANT && m->caution->return_kib > 0)
        say(buf, "giving back %" PRIu64 " MiB after trouble: %.100s",
            mib(mem_sub(m->to_kib, held)), use);
    else if (m->kind == MOVEMENT_GRANT)
        say(buf, "giving %" PRIu64 " MiB%s: %.100s", mib(mem_sub(m->to_kib, held)),
            m->unpaid_kib > 0 ? " (the host has no more now)" : "", use);
    else if (m->kind == MOVEMENT_TAKE)
        say(buf, "taking %" PRIu64 " MiB: %.100s, share %" PRIu64 " MiB",
            mib(mem_sub(held, m->to_kib)), use, mib(v->share_kib));
    else if (m->balloon->stuck)
        say(buf, "stuck: stays at %" PRIu64 " MiB, gave nothing more towards %" PRIu64,
            mib(current), mib(m->balloon->target_kib));
    else
        say(buf, "squeeze called off at %" PRIu64 " MiB: %.100s", mib(m->to_kib), use);
}

static const char *blocked(enum movement_block block)
{
    switch (block) {
    case MOVEMENT_CONFIRMING:
        return "waiting for the next sample to agree";
    case MOVEMENT_TROUBLE:
        return "not while it is in trouble";
    case MOVEMENT_REGRET:
        return "left alone, it grew again after the last squeeze";
    case MOVEMENT_DRIFT:
        return "left alone, its balloon moved without our order";
    case MOVEMENT_SAMPLE:
        return "waiting for statistics newer than the last step";
    case MOVEMENT_RETRY:
        return "the last call failed, trying again soon";
    case MOVEMENT_UNPAID:
        return "the host has not the memory now";
    case MOVEMENT_FORBIDDEN:
        return "reclaim is set to 0 %";
    case MOVEMENT_SMALL:
        return "to be taken in small steps";
    case MOVEMENT_FREE:
        break;
    }
    return "nothing stands against it";
}

static void say_still(char *buf, const struct mem_guest *g,
                      const struct mem_guest_view *v, const struct movement_guest *m)
{
    char use[MEM_REASON_MAX];
    const struct balloon *b = m->balloon;

    say_use(use, g, v);
    if (m->block != MOVEMENT_FREE)
        say(buf, "%.90s, share %" PRIu64 " MiB: %s", use, mib(v->share_kib),
            blocked(m->block));
    else if (b->moving)
        say(buf, "moving from %" PRIu64 " to %" PRIu64 " MiB: %.90s",
            mib(b->current_kib), mib(b->target_kib), use);
    else if (v->want_kib >= g->maximum_kib && b->current_kib >= v->share_kib)
        say(buf, "at its maximum: %.90s", use);
    else if (v->share_kib < v->want_kib)
        say(buf, "%.90s, wants %" PRIu64 ", its share is %" PRIu64 " MiB", use,
            mib(v->want_kib), mib(v->share_kib));
    else
        say(buf, "has what it wants: %.90s, wants %" PRIu64, use, mib(v->want_kib));
}

void words_guest(char *buf, const struct mem_guest *g, const struct mem_guest_view *v,
                 const struct movement_guest *m, const struct words_host *h)
{
    char trouble[MEM_REASON_MAX];
    const struct balloon *b = m->balloon;

    if (v->state == MEM_GUEST_UNABLE)
        say(buf, "%s", unable(g));
    else if (v->state == MEM_GUEST_STALE)
        say(buf, "stale statistics: counted at %" PRIu64 " MiB, not touched",
            mib(balloon_held(b)));
    else if (v->state == MEM_GUEST_UNKNOWN)
        say(buf, "no balloon statistics (no period set, or no driver): counted, not "
                 "touched");
    else if (!h->known)
        say(buf, "the host's free memory is not known: only watching");
    else if (m->kind != MOVEMENT_NONE)
        say_move(buf, g, v, m);
    else if (v->state == MEM_GUEST_STUCK)
        say(buf, "stuck: at %" PRIu64 " MiB, its balloon does not follow its target",
            mib(b->current_kib));
    else if (v->state == MEM_GUEST_TROUBLED) {
        say_trouble(trouble, m->need);
        say(buf, "%.60s at %" PRIu64 " MiB, share %" PRIu64 " MiB%s%s", trouble,
            mib(b->current_kib), mib(v->share_kib),
            m->block != MOVEMENT_FREE ? ": " : "",
            m->block != MOVEMENT_FREE ? blocked(m->block) : "");
    } else if (v->state == MEM_GUEST_SHORT)
        say(buf, "short: needs %" PRIu64 " MiB, has %" PRIu64 ", the host cannot pay",
            mib(v->need_kib), mib(b->current_kib));
    else
        say_still(buf, g, v, m);
}

static void say_moves(char *buf, const struct mem_plan *plan)
{
    uint64_t given = 0, taken = 0;
    size_t ngiven = 0, ntaken = 0;

    for (size_t i = 0; i < plan->nmoves; i++) {
        const struct mem_move *m = &plan->moves[i];

        given += mem_sub(m->to_kib, m->from_kib);
        taken += mem_sub(m->from_kib, m->to_kib);
        ngiven += m->to_kib > m->from_kib;
        ntaken += m->to_kib < m->from_kib;
    }
    if (ntaken == 0)
        say(buf, "giving %" PRIu64 " MiB to %zu", mib(given), ngiven);
    else if (ngiven == 0)
        say(buf, "taking %" PRIu64 " MiB from %zu", mib(taken), ntaken);
    else
        say(buf, "giving %" PRIu64 " MiB to %zu, taking %" PRIu64 " from %zu",
            mib(given), ngiven, mib(taken), ntaken);
}

void words_plan(char *buf, const struct mem_plan *plan, size_t n,
                const struct words_host *h)
{
    char what[MEM_REASON_MAX] = "nothing to do";

    if (n == 0)
        say(what, "no guests");
    else if (!h->known)
        say(what, "the host's free memory is not known: only watching");
    else if (plan->nmoves > 0)
        say_moves(what, plan);
    else if (plan->verdict == MEM_VERDICT_WAITING)
        say(what, "waiting for statistics");
    else if (plan->verdict == MEM_VERDICT_HOLDING)
        say(what, "a change is due, but has to wait");
    else if (plan->verdict == MEM_VERDICT_PRESSED)
        say(what, "nothing more can be taken");
    char press[MEM_REASON_MAX] = "";
    if (h->pressed && h->available_kib < h->reserve_kib)
        say(press, "host short (%" PRIu64 " MiB available, reserve %" PRIu64 "): ",
            mib(h->available_kib), mib(h->reserve_kib));
    else if (h->pressed)
        say(press,
            "host stalls on memory (%" PRIu64 " permille): ", h->psi_permille.value);
    say(buf,
        "%.80s%.60s; guests hold %" PRIu64 " of %" PRIu64 " MiB, %" PRIu64 " spare%s",
        press, what, mib(plan->held_kib), mib(plan->budget_kib), mib(plan->spare_kib),
        h->is_short ? ", not every need can be met" : "");
}
