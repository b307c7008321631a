/* words.c - see words.h.  Loads are told in percent of a pCPU. */
#include "cpu_actor/words.h"

#include "cpu_actor/num.h"

#include <stdio.h>

const char *cpu_verdict_name(enum cpu_verdict v)
{
    static const char *const name[] = {
        [CPU_VERDICT_WAITING] = "waiting", [CPU_VERDICT_BALANCED] = "balanced",
        [CPU_VERDICT_IDLE] = "idle",       [CPU_VERDICT_CONFIRMING] = "confirming",
        [CPU_VERDICT_HOLDING] = "holding", [CPU_VERDICT_NO_GAIN] = "no-gain",
        [CPU_VERDICT_MOVE] = "move",
    };
    size_t i = (size_t)v;
    return i < sizeof(name) / sizeof(*name) ? name[i] : "unknown";
}

static uint32_t percent(double permille)
{
    return num_whole(permille / 10.0);
}

static const char *plural(uint32_t n)
{
    return n == 1 ? "" : "s";
}

/* "pcpu 0 carries 184 % while pcpu 3 idles" and the like. */
static int trouble(const struct words_step *s, char *text, size_t size)
{
    const struct placement *pl = s->placement;
    const struct placement_quality *q = &pl->now;
    uint32_t hot = pl->pcpus[q->hottest].id, idle = pl->pcpus[q->idlest].id;
    double least = 1000.0 * pl->load_now[q->idlest] / pl->partition.capacity[q->idlest];

    if (s->want.uneven && least < 10.0)
        return snprintf(text, size, "pcpu %u carries %u %% while pcpu %u idles", hot,
                        percent(q->max_level), idle);
    if (s->want.uneven)
        return snprintf(text, size, "pcpu %u carries %u %%, pcpu %u only %u %%", hot,
                        percent(q->max_level), idle, percent(least));
    if (s->want.unfair)
        return snprintf(text, size, "vCPUs on pcpu %u get less than their share", hot);
    if (s->want.homeless)
        return snprintf(text, size, "a busy vCPU's pCPU is gone");
    return snprintf(text, size, "%u busy vCPU%s may run anywhere", s->adopting,
                    plural(s->adopting));
}

static void say_plan(const struct words_step *s, const char *end, char *text)
{
    const struct placement *pl = s->placement;
    char shares[48] = "";
    int n = trouble(s, text, CPU_REASON_MAX);
    if (n < 0 || n >= CPU_REASON_MAX)
        return;
    if (pl->sharers > 0)
        (void)snprintf(shares, sizeof(shares), ", %u shared", pl->sharers);
    (void)snprintf(text + n, (size_t)(CPU_REASON_MAX - n),
                   ": %u move%s (greatest load %u -> %u %%, bound %u %%%s)%s",
                   pl->moves, plural(pl->moves), percent(pl->now.max_level),
                   percent(pl->planned.max_level), percent(pl->lower_bound), shares,
                   end);
}

static void say_balanced(const struct words_step *s, char *text)
{
    const struct placement_quality *q = &s->placement->now;
    char shares[64] = "";
    if (s->shared > 0)
        (void)snprintf(shares, sizeof(shares), "; %u vCPU%s shared, as no pin is fair",
                       s->shared, plural(s->shared));
    (void)snprintf(text, CPU_REASON_MAX,
                   "pCPUs carry %u %% on average, at most %u %%, deviation %u.%u %%%s",
                   percent(q->mean_level), percent(q->max_level),
                   num_whole(q->deviation) / 10, num_whole(q->deviation) % 10, shares);
}

static void say_trouble_but(const struct words_step *s, const char *but, char *text)
{
    int n = trouble(s, text, CPU_REASON_MAX);
    if (n >= 0 && n < CPU_REASON_MAX)
        (void)snprintf(text + n, (size_t)(CPU_REASON_MAX - n), ", %s", but);
}

void words_verdict(enum cpu_verdict verdict, const struct words_step *s, char *text)
{
    char but[96];
    text[0] = '\0';
    switch (verdict) {
    case CPU_VERDICT_WAITING:
        (void)snprintf(text, CPU_REASON_MAX, "no two samples yet");
        break;
    case CPU_VERDICT_IDLE:
        (void)snprintf(
            text, CPU_REASON_MAX,
            "pCPUs carry %u %% on average, under %u.%u %%: nothing to balance",
            percent(s->placement == NULL ? 0 : s->placement->now.mean_level),
            s->min_load_permille / 10, s->min_load_permille % 10);
        break;
    case CPU_VERDICT_BALANCED:
        say_balanced(s, text);
        break;
    case CPU_VERDICT_CONFIRMING:
        say_plan(s, " if the next sample agrees", text);
        break;
    case CPU_VERDICT_MOVE:
        say_plan(s, "", text);
        break;
    case CPU_VERDICT_NO_GAIN:
        (void)snprintf(but, sizeof(but),
                       "but the best plan (greatest load %u %%) is not "
                       "worth its moves",
                       percent(s->placement->planned.max_level));
        say_trouble_but(s, but, text);
        break;
    case CPU_VERDICT_HOLDING:
        if (!s->fresh) {
            (void)snprintf(text, CPU_REASON_MAX, "no newer sample to judge by");
            break;
        }
        (void)snprintf(but, sizeof(but),
                       "but %u vCPU%s rest%s after a move or a failure", s->held,
                       plural(s->held), s->held == 1 ? "s" : "");
        say_trouble_but(s, but, text);
        break;
    }
}

/* "0-1,4", cut short with an ellipsis when it is long. */
static void list(const struct cpuset *set, char *text, size_t size)
{
    char whole[CPUSET_TEXT_MAX];
    (void)cpuset_format(set, whole, sizeof(whole));
    (void)snprintf(text, size, "%.20s%s", whole, whole[0] && whole[19] ? ".." : "");
}

void words_move(const struct placement *pl, size_t i, bool at_least, char *text)
{
    const struct placement_vcpu *v = &pl->vcpus[i];
    const char *least = at_least ? "at least " : "";
    uint32_t to = v->target_pcpu, want = percent(v->demand);
    char mask[32];

    if (to == PLACEMENT_WIDE) {
        list(&v->target, mask, sizeof(mask));
        (void)snprintf(text, CPU_REASON_MAX,
                       "wants %s%u %%, and pins cannot divide the load fairly: shares "
                       "pcpus %s",
                       least, want, mask);
        return;
    }
    uint32_t to_id = pl->pcpus[to].id, then = percent(pl->load_planned[to]);
    if (v->pcpu == PLACEMENT_WIDE && cpuset_empty(&v->mask)) {
        (void)snprintf(text, CPU_REASON_MAX,
                       "its pCPU is gone; wants %s%u %%: goes to pcpu %u, which then "
                       "carries %u %%",
                       least, want, to_id, then);
        return;
    }
    if (v->pcpu == PLACEMENT_WIDE) {
        (void)snprintf(
            text, CPU_REASON_MAX,
            "busy (%s%u %%) and not pinned: gets pcpu %u, which then carries "
            "%u %%",
            least, want, to_id, then);
        return;
    }
    (void)snprintf(
        text, CPU_REASON_MAX,
        "pcpu %u carries %u %%, pcpu %u %u %%: with this vCPU (%s%u %%) and the other "
        "moves of this plan they carry %u %% and %u %%",
        pl->pcpus[v->pcpu].id, percent(pl->load_now[v->pcpu]), to_id,
        percent(pl->load_now[to]), least, want, percent(pl->load_planned[v->pcpu]),
        then);
}
