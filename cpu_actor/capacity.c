/* capacity.c - see capacity.h.
 *
 * Of every pCPU:   host load = busy - run time of the guests that ran there
 *
 * Where a vCPU with several pCPUs ran, nobody tells.  Such run time is poured from above
 * onto what is left unexplained, so that the greatest rest becomes least: what remains
 * cannot have been the guests'.
 *
 *     busy 950 900 900, two guests pinned to 1 and 2 with 450 each, one wide with 900
 *     rest 950 450 450  ->  level 317 everywhere: 950 may be 633 of the guest and 317
 *
 * A belief changes only when two intervals in a row say so, by more than the noise of
 * emulator threads and 10 ms steps; a pCPU whose load comes and goes has to say it for
 * longer each time, so that processes that roam are not chased. */
#include "cpu_actor/capacity.h"

#include "cpu_actor/num.h"

#define STEP_NS 10000000.0
#define SOON_NS_MIN 50000000.0   /* as in demand.c: less says nothing, */
#define SOON_NS_MAX 1000000000.0 /* a second always says something */
#define WOBBLE_PERMILLE 100.0    /* emulator threads of a few guests, and then some */
#define NONE_PERMILLE 50.0       /* under this, a load that was believed is gone */
#define AGREE_AT_LEAST 2U
#define WAIT_MAX 32U
#define SOON_INTERVALS 32U /* a belief that stood less long is restless */
#define POOLS_MAX 32

void capacity_explain(const struct cpu_input *in, const struct cpuset *mask,
                      double amount, double *left)
{
    double level = 0.0;
    bool settled = false;

    /* The level only rises, as those fall away that lie below it. */
    for (size_t round = 0; !settled && round <= in->npcpus; round++) {
        double rest = -amount;
        size_t width = 0;
        for (size_t k = 0; k < in->npcpus; k++) {
            if ((mask != NULL && !cpuset_has(mask, in->pcpus[k].id)) ||
                (round > 0 && left[k] <= level))
                continue;
            rest += left[k];
            width++;
        }
        if (width == 0)
            break;
        double next = num_max(rest / (double)width, 0.0);
        settled = round > 0 && next <= level * (1.0 + 1e-12);
        level = num_max(level, next);
    }
    for (size_t k = 0; k < in->npcpus; k++)
        if (mask == NULL || cpuset_has(mask, in->pcpus[k].id))
            left[k] = num_min(left[k], level);
}

struct pool {
    const struct cpuset *mask;
    double amount;
    uint32_t width;
};

/* Guests on one pCPU: there is no doubt where they ran. */
static void explain_pinned(struct capacity *c, const struct cpu_input *in,
                           const struct capacity_guest *guests)
{
    double *ran = c->pinned; /* by id */
    for (size_t k = 0; k < in->npcpus; k++)
        ran[in->pcpus[k].id] = 0.0;
    for (size_t i = 0; i < in->nvcpus; i++)
        if (cpuset_count(&guests[i].where) == 1)
            ran[cpuset_first(&guests[i].where)] += guests[i].ran;
    for (size_t k = 0; k < in->npcpus; k++)
        c->left[k] = num_max(0.0, c->left[k] - ran[in->pcpus[k].id]);
}

/* Explains by pools of guests with the same mask, narrow ones first; what has no pool
 * any more is explained at once. */
static void explain_wide(const struct cpu_input *in,
                         const struct capacity_guest *guests, double *left)
{
    struct pool pools[POOLS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < in->nvcpus; i++) {
        const struct cpuset *mask = &guests[i].where;
        uint32_t width = cpuset_count(mask);
        if (width == 1 || guests[i].ran <= 0.0)
            continue;
        size_t k = 0;
        while (k < n && !cpuset_equal(pools[k].mask, mask))
            k++;
        if (k == POOLS_MAX) {
            capacity_explain(in, mask, guests[i].ran, left);
            continue;
        }
        if (k == n) {
            width = width == 0 ? CPUSET_MAX : width;
            for (k = n++; k > 0 && pools[k - 1].width > width; k--)
                pools[k] = pools[k - 1];
            pools[k] = (struct pool){mask, 0.0, width};
        }
        pools[k].amount += guests[i].ran;
    }
    for (size_t k = 0; k < n; k++)
        capacity_explain(in, pools[k].width == CPUSET_MAX ? NULL : pools[k].mask,
                         pools[k].amount, left);
}

static bool start_anew(struct capacity_pcpu *c, uint64_t busy_ns, int64_t sampled_ns)
{
    c->seen = true;
    c->busy_ns = busy_ns;
    c->sampled_ns = sampled_ns;
    c->agreed = 0;
    return false;
}

/* How busy the pCPU was, permille, and for how long.  False when that is not known. */
static bool busy_of(struct capacity_pcpu *c, const struct cpu_input *in, size_t k,
                    double *ret_busy, int64_t *ret_in_ns)
{
    if (in->busy == NULL || !in->busy[k].has)
        return false;
    uint64_t busy_ns = in->busy[k].busy_ns;
    double interval = (double)in->interval_ns;
    double in_ns = (double)in->busy_sampled_ns - (double)c->sampled_ns;
    if (!c->seen || busy_ns < c->busy_ns || in_ns < 0.0)
        return start_anew(c, busy_ns, in->busy_sampled_ns);
    if (in_ns < num_clamp(interval / 2.0, SOON_NS_MIN, SOON_NS_MAX))
        return false;
    double busy = 1000.0 * (double)(busy_ns - c->busy_ns) / in_ns;
    if (busy > 1100.0 + 2000.0 * STEP_NS / in_ns) /* faster than a clock */
        return start_anew(c, busy_ns, in->busy_sampled_ns);
    *ret_busy = num_min(busy, 1000.0);
    *ret_in_ns = (int64_t)in_ns;
    c->busy_ns = busy_ns;
    c->sampled_ns = in->busy_sampled_ns;
    return true;
}

/* Two intervals agree when both say more, or both less, and the later no more so than
 * the one before: the change is over. */
static void agree(struct capacity_pcpu *c, double host)
{
    bool rises = host > c->host;
    bool same = c->agreed > 0 && rises == (c->near > c->host);
    bool over =
        rises ? host <= c->near + WOBBLE_PERMILLE : host >= c->near - WOBBLE_PERMILLE;
    c->agreed = same && over ? c->agreed + 1 : 1;
    c->near = c->agreed == 1 ? host
              : rises        ? num_min(c->near, host)
                             : num_max(c->near, host);
}

bool capacity_believe(struct capacity_pcpu *c, double host, int64_t in_ns)
{
    double wobble = WOBBLE_PERMILLE + 2000.0 * STEP_NS / num_max((double)in_ns, 1.0);
    if (host < (c->host > 0.0 ? NONE_PERMILLE : wobble))
        host = 0.0;
    if (c->stood < UINT32_MAX)
        c->stood++;
    /* a load that is gone is gone, however little it was */
    bool gone = host <= 0.0 && c->host > 0.0;
    if (!gone && num_abs(host - c->host) <= wobble) {
        c->agreed = 0;
        return false;
    }
    agree(c, host);
    if (c->agreed < AGREE_AT_LEAST + c->wait)
        return false;
    if (c->stood >= SOON_INTERVALS + c->wait)
        c->wait /= 2;
    else if (c->host > 0.0)
        c->wait = c->wait * 2 + 2 > WAIT_MAX ? WAIT_MAX : c->wait * 2 + 2;
    c->host = c->near;
    c->stood = 0;
    c->agreed = 0;
    return true;
}

bool capacity_observe(struct capacity *c, const struct cpu_input *in,
                      const struct capacity_guest *guests)
{
    bool changed = false;
    struct cpuset known;
    int64_t in_ns[CPUSET_MAX] = {0};

    cpuset_clear(&known);
    for (size_t k = 0; k < in->npcpus; k++) {
        c->left[k] = 0.0;
        if (busy_of(&c->of[in->pcpus[k].id], in, k, &c->left[k], &in_ns[k]))
            cpuset_add(&known, in->pcpus[k].id);
    }
    if (cpuset_empty(&known))
        return false;
    explain_pinned(c, in, guests);
    explain_wide(in, guests, c->left);
    for (size_t k = 0; k < in->npcpus; k++)
        if (cpuset_has(&known, in->pcpus[k].id))
            changed |= capacity_believe(&c->of[in->pcpus[k].id], c->left[k], in_ns[k]);
    return changed;
}

uint32_t capacity_left(const struct capacity *c, const struct cpu_pcpu *pcpu)
{
    uint32_t all = pcpu->capacity_permille, host = num_whole(c->of[pcpu->id].host);
    uint32_t least = all < CAPACITY_LEAST_PERMILLE ? all : CAPACITY_LEAST_PERMILLE;
    return all > host + least ? all - host : least;
}
