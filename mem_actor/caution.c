/* caution.c - exponential back-off after trouble and after regret. */
#include "mem_actor/caution.h"

#include "mem_actor/units.h"

/* Trouble shows within seconds (swap) to a minute (a cron job that pages its code in).
 */
#define AFTER_SQUEEZE_NS (60 * MEM_SECOND_NS)
#define HOLD_NS (10 * MEM_SECOND_NS)
#define HOLD_DOUBLINGS 6 /* 10 s .. 640 s */
#define LEARNED_NS (60 * MEM_SECOND_NS)
#define FORGET_NS                                                                      \
    (3600 *                                                                            \
     MEM_SECOND_NS) /* troubles count anew after an hour without                \
                            */

/* Pages that the balloon gives back may look used for a while (need.c: real_rise(),
 * up to 64 MiB): a rise by no more is no sign that the guest wants back what it gave. */
#define REGRET_RISE_KIB (64 * MEM_MIB)
#define REGRET_INTERVALS 4
#define REGRET_DOUBLINGS 5 /* 4 .. 128 intervals */
#define REGRET_MOST_NS (300 * MEM_SECOND_NS)
#define REGRET_FORGET_NS (600 * MEM_SECOND_NS)

static void forget(struct caution *c, int64_t now_ns)
{
    if (c->squeezed && mem_elapsed_ns(now_ns, c->squeezed_ns) > AFTER_SQUEEZE_NS)
        c->squeezed = false;
    if (c->regrets > 0 && mem_elapsed_ns(now_ns, c->regret_ns) > REGRET_FORGET_NS)
        c->regrets = 0;
    if (c->return_kib > 0 && mem_elapsed_ns(now_ns, c->return_ns) >= 0)
        c->return_kib = 0;
    if (c->learned_kib > 0 && mem_elapsed_ns(now_ns, c->learned_ns) >= 0)
        c->learned_kib = 0;
    if (c->troubles > 0 && mem_elapsed_ns(now_ns, c->learned_ns) > FORGET_NS)
        c->troubles = 0;
    if (c->hurt && mem_elapsed_ns(now_ns, c->hold_ns) >= 0)
        c->hurt = false;
}

bool caution_learn(struct caution *c, const struct need *n, uint64_t current_kib,
                   int64_t now_ns)
{
    forget(c, now_ns);
    if (!n->known || n->trouble == NEED_TROUBLE_NONE || !c->squeezed)
        return false;
    uint64_t from = mem_max(c->squeezed_from_kib, current_kib);
    uint64_t above = current_kib + mem_max(current_kib / 10, 16 * MEM_MIB);

    c->squeezed = false;
    c->hurt = true;
    c->hold_ns = mem_later_ns(now_ns, HOLD_NS << c->troubles);
    c->return_kib = from;
    c->return_ns = c->hold_ns;
    c->learned_kib = mem_max(c->learned_kib, mem_min(above, from));
    c->learned_ns = mem_later_ns(now_ns, LEARNED_NS << c->troubles);
    if (c->troubles < HOLD_DOUBLINGS)
        c->troubles++;
    return true;
}

uint64_t caution_floor(const struct caution *c, uint64_t floor_kib,
                       uint64_t maximum_kib)
{
    return mem_min(mem_max(floor_kib, c->learned_kib), maximum_kib);
}

void caution_squeezed(struct caution *c, uint64_t from_kib, uint64_t used_kib,
                      int64_t now_ns)
{
    if (!c->squeezed)
        c->squeezed_from_kib = from_kib;
    c->squeezed = true;
    c->squeezed_used_kib = used_kib;
    c->regretted = false;
    c->squeezed_ns = now_ns;
}

void caution_granted(struct caution *c, uint64_t used_kib, int64_t interval_ns,
                     int64_t now_ns)
{
    int64_t hold_ns = interval_ns < REGRET_MOST_NS ? interval_ns : REGRET_MOST_NS;

    if (!c->squeezed || c->regretted || c->hurt)
        return;
    if (used_kib <= c->squeezed_used_kib + REGRET_RISE_KIB)
        return; /* it gets back what others needed, or pages that only look used */
    hold_ns *= (int64_t)REGRET_INTERVALS << c->regrets;
    if (hold_ns > REGRET_MOST_NS)
        hold_ns = REGRET_MOST_NS;
    c->regretted = true;
    c->regret_ns = now_ns;
    c->hold_ns = mem_later_ns(now_ns, hold_ns);
    if (c->regrets < REGRET_DOUBLINGS)
        c->regrets++;
}
