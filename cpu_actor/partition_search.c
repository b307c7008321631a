/* partition_search.c - local search on an assignment: moves, swaps, renaming of parts,
 * and undoing what is not needed.
 *
 * The search falls down S = sum over bins of load^2 / capacity, which is least when all
 * levels are equal.  Shifting s from bin a to bin b changes it by
 *
 *     ((La - s)^2 - La^2) / Ca + ((Lb + s)^2 - Lb^2) / Cb
 *
 * so every accepted step makes S smaller and the search ends. */
#include "cpu_actor/partition.h"

#include "cpu_actor/num.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX
#define COLD_BINS 6         /* swap partners are sought in so many of the idlest bins */
#define HOT_BINS 12         /* and from so many of the fullest */
#define SEARCH_WORK 400000U /* evaluations per search; about a millisecond */
#define GAIN_MIN 1.0        /* permille^2 of a whole pCPU / 1000; less is rounding */

struct step {
    uint32_t out; /* item that goes from bin "from" to bin "to" */
    uint32_t in;  /* item that leaves "to" for it, or NONE */
    uint32_t from, to;
    uint32_t in_to; /* where that one goes: "from" in a swap, a third bin in a chain */
    double change;  /* of S; negative is better */
};

static void unlink_item(struct partition *p, uint32_t i)
{
    if (p->prev[i] != NONE)
        p->next[p->prev[i]] = p->next[i];
    else
        p->head[p->at[i]] = p->next[i];
    if (p->next[i] != NONE)
        p->prev[p->next[i]] = p->prev[i];
}

static void link_item(struct partition *p, uint32_t i, uint32_t b)
{
    p->at[i] = b;
    p->prev[i] = NONE;
    p->next[i] = p->head[b];
    if (p->head[b] != NONE)
        p->prev[p->head[b]] = i;
    p->head[b] = i;
}

static void shift(struct partition *p, uint32_t i, uint32_t b)
{
    p->load[p->at[i]] -= p->items[i].size;
    unlink_item(p, i);
    link_item(p, i, b);
    p->load[b] += p->items[i].size;
}

struct partition_quality partition_measure(struct partition *p)
{
    struct partition_quality q = {0};
    double sum = 0.0;

    memcpy(p->load, p->base, p->nbins * sizeof(*p->load));
    memset(p->head, 0xff, p->nbins * sizeof(*p->head));
    for (size_t k = p->nitems; k > 0; k--) { /* so that lists run largest first */
        uint32_t i = p->order[k - 1];
        link_item(p, i, p->at[i]);
        p->load[p->at[i]] += p->items[i].size;
        q.moves += p->at[i] != p->items[i].now;
    }
    for (uint32_t b = 0; b < p->nbins; b++) {
        double level = 1000.0 * p->load[b] / p->capacity[b];
        q.max_level = num_max(q.max_level, level);
        sum += (level - p->mean) * (level - p->mean);
    }
    q.deviation = num_root(sum / (double)p->nbins);
    return q;
}

static double level_of(const struct partition *p, uint32_t b)
{
    return p->load[b] / p->capacity[b];
}

/* Sorts p->cold, idlest first.  It is nearly sorted from the step before: insertion. */
static void sort_cold(struct partition *p)
{
    for (size_t k = 1; k < p->nbins; k++) {
        uint32_t b = p->cold[k];
        size_t j = k;
        for (; j > 0 && level_of(p, p->cold[j - 1]) > level_of(p, b); j--)
            p->cold[j] = p->cold[j - 1];
        p->cold[j] = b;
    }
}

static double change_of(const struct partition *p, uint32_t a, uint32_t b, double s)
{
    return (s - 2.0 * p->load[a]) * s / p->capacity[a] +
           (s + 2.0 * p->load[b]) * s / p->capacity[b];
}

/* The best single move out of bin a: each item to the idlest bin that it may enter. */
static void best_move(struct partition *p, uint32_t a, struct step *best)
{
    for (uint32_t i = p->head[a]; i != NONE; i = p->next[i]) {
        for (size_t k = 0; k < p->nbins; k++) {
            uint32_t b = p->cold[k];
            p->work++;
            if (b == a)
                break; /* the rest is fuller */
            if (!partition_allowed(p, i, b))
                continue;
            double change = change_of(p, a, b, p->items[i].size);
            if (change < best->change)
                *best = (struct step){i, NONE, a, b, a, change};
            break;
        }
    }
}

/* The best exchange of an item of bin a with a smaller one of an idle bin. */
static void best_swap(struct partition *p, uint32_t a, struct step *best)
{
    size_t bins = p->nbins < COLD_BINS ? p->nbins : COLD_BINS;
    for (size_t k = 0; k < bins; k++) {
        uint32_t b = p->cold[k];
        if (b == a)
            break;
        for (uint32_t i = p->head[a]; i != NONE; i = p->next[i]) {
            if (!partition_allowed(p, i, b))
                continue;
            for (uint32_t j = p->head[b]; j != NONE; j = p->next[j]) {
                double s = p->items[i].size - p->items[j].size;
                p->work++;
                if (s <= 0.0 || !partition_allowed(p, j, a))
                    continue;
                double change = change_of(p, a, b, s);
                if (change < best->change)
                    *best = (struct step){i, j, a, b, a, change};
            }
        }
    }
}

/* The change of S when size s goes from bin a to b, and size t from there on to c. */
static double change_of_chain(const struct partition *p, uint32_t a, double s,
                              uint32_t b, double t, uint32_t c)
{
    return (s - 2.0 * p->load[a]) * s / p->capacity[a] +
           (s - t + 2.0 * p->load[b]) * (s - t) / p->capacity[b] +
           (t + 2.0 * p->load[c]) * t / p->capacity[c];
}

/* The best way to send item i from bin a to b, and one of b's on to the idlest bin that
 * it may enter. */
static void best_through(struct partition *p, uint32_t i, uint32_t a, uint32_t b,
                         struct step *best)
{
    for (uint32_t j = p->head[b]; j != NONE; j = p->next[j]) {
        for (size_t k = 0; k < p->nbins; k++) {
            uint32_t c = p->cold[k];
            p->work++;
            if (c == b || c == a || !partition_allowed(p, j, c))
                continue;
            double change =
                change_of_chain(p, a, p->items[i].size, b, p->items[j].size, c);
            if (change < best->change)
                *best = (struct step){i, j, a, b, c, change};
            break;
        }
    }
}

/* Where masks stand in the way, the idle bin may only be reached through a third one.
 */
static void best_chain(struct partition *p, uint32_t a, uint64_t limit,
                       struct step *best)
{
    for (uint32_t i = p->head[a]; i != NONE && p->work < limit; i = p->next[i])
        for (uint32_t b = 0; b < p->nbins; b++)
            if (b != a && partition_allowed(p, i, b))
                best_through(p, i, a, b, best);
}

void partition_improve(struct partition *p)
{
    uint64_t limit = p->work + SEARCH_WORK;
    bool restricted = false;

    (void)partition_measure(p);
    for (uint32_t i = 0; i < p->nitems; i++)
        restricted |= p->items[i].allowed != NULL;
    for (uint32_t b = 0; b < p->nbins; b++)
        p->cold[b] = b;
    while (p->work < limit) {
        struct step best = {NONE, NONE, 0, 0, 0, -GAIN_MIN};
        sort_cold(p);
        p->work += p->nbins;
        for (size_t k = 0; k < p->nbins && k < HOT_BINS && best.out == NONE; k++) {
            uint32_t hot = p->cold[p->nbins - 1 - k];
            best_move(p, hot, &best);
            if (best.out == NONE)
                best_swap(p, hot, &best);
            if (best.out == NONE && restricted)
                best_chain(p, hot, limit, &best);
        }
        if (best.out == NONE)
            return;
        shift(p, best.out, best.to);
        if (best.in != NONE)
            shift(p, best.in, best.in_to);
    }
}

/* ---- undoing ---- */

struct undo {
    struct partition_quality bar;
    double squares, squares_max; /* sum of (level - mean)^2, and what the bar allows */
};

static double square_at(const struct partition *p, uint32_t b, double load)
{
    double off = 1000.0 * load / p->capacity[b] - p->mean;
    return off * off;
}

/* Whether bins a and b may have these loads; *u follows when they may. */
static bool accept(const struct partition *p, struct undo *u, uint32_t a, double load_a,
                   uint32_t b, double load_b)
{
    double squares = u->squares - square_at(p, a, p->load[a]) -
                     square_at(p, b, p->load[b]) + square_at(p, a, load_a) +
                     square_at(p, b, load_b);
    double most = u->bar.max_level / 1000.0;
    if (load_a > most * p->capacity[a] || load_b > most * p->capacity[b] ||
        squares > u->squares_max)
        return false;
    u->squares = squares;
    return true;
}

/* Leaves item i in its bin of today. */
static bool undo_move(struct partition *p, struct undo *u, uint32_t i)
{
    uint32_t home = p->items[i].now, b = p->at[i];
    double s = p->items[i].size;
    p->work++;
    if (!accept(p, u, home, p->load[home] + s, b, p->load[b] - s))
        return false;
    shift(p, i, home);
    return true;
}

/* Leaves item i at home, and sends one that was to come there where i was to go. */
static bool undo_pair(struct partition *p, struct undo *u, uint32_t i)
{
    uint32_t home = p->items[i].now, b = p->at[i];
    for (uint32_t j = p->head[home]; j != NONE; j = p->next[j]) {
        double s = p->items[i].size - p->items[j].size;
        p->work++;
        if (p->items[j].now == home || !partition_allowed(p, j, b) ||
            !accept(p, u, home, p->load[home] + s, b, p->load[b] - s))
            continue;
        shift(p, i, home);
        shift(p, j, b);
        return true;
    }
    return false;
}

void partition_trim(struct partition *p, struct partition_quality bar)
{
    struct partition_quality q = partition_measure(p);
    double n = (double)p->nbins;
    struct undo u = {bar, q.deviation * q.deviation * n,
                     bar.deviation * bar.deviation * n};
    uint64_t limit = p->work + SEARCH_WORK;
    bool undone = true;

    while (undone && p->work < limit) {
        undone = false;
        for (size_t k = p->nitems; k > 0; k--) { /* the smallest first */
            uint32_t i = p->order[k - 1];
            if (p->items[i].now == PARTITION_NOWHERE || p->at[i] == p->items[i].now)
                continue;
            undone |= undo_move(p, &u, i) || undo_pair(p, &u, i);
        }
    }
}

/* ---- renaming ---- */

static uint16_t *stays(const struct partition *p, uint32_t part, uint32_t bin)
{
    return &p->overlap[(size_t)part * p->nbins + bin];
}

static bool renamable(const struct partition *p)
{
    for (uint32_t i = 0; i < p->nitems; i++)
        if (p->items[i].allowed != NULL)
            return false;
    for (uint32_t b = 1; b < p->nbins; b++)
        if (num_abs(p->base[b] - p->base[0]) > 1.0 ||
            num_abs(p->capacity[b] - p->capacity[0]) > 1.0)
            return false;
    return true;
}

/* name[part] = bin, by exchanging names as long as more items stay. */
static void exchange_names(struct partition *p, uint32_t *name)
{
    bool changed = true;
    for (int round = 0; changed && round < 16; round++) {
        changed = false;
        for (uint32_t a = 0; a < p->nbins; a++) {
            for (uint32_t b = a + 1; b < p->nbins; b++) {
                int now = *stays(p, a, name[a]) + *stays(p, b, name[b]);
                int then = *stays(p, a, name[b]) + *stays(p, b, name[a]);
                if (then <= now)
                    continue;
                uint32_t t = name[a];
                name[a] = name[b];
                name[b] = t;
                changed = true;
            }
        }
        p->work += p->nbins * p->nbins / 2;
    }
}

void partition_match(struct partition *p)
{
    uint32_t *name = p->cold;
    if (!renamable(p))
        return;
    memset(p->overlap, 0, p->nbins * p->nbins * sizeof(*p->overlap));
    for (uint32_t i = 0; i < p->nitems; i++) {
        if (p->items[i].now != PARTITION_NOWHERE &&
            *stays(p, p->at[i], p->items[i].now) < UINT16_MAX)
            ++*stays(p, p->at[i], p->items[i].now);
    }
    for (uint32_t b = 0; b < p->nbins; b++)
        name[b] = b;
    exchange_names(p, name);
    for (uint32_t i = 0; i < p->nitems; i++)
        p->at[i] = name[p->at[i]];
}
