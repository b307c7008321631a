/* partition_exact.c - branch and bound for few items; see partition_exact().
 *
 * Two searches in depth over the items, largest first.  The first finds the least
 * greatest level, and the least deviation among those.  The second finds the fewest
 * moves within the bar that follows from it; today's bin is tried first.  Both stop
 * after NODES_MAX. */
#include "cpu_actor/partition.h"

#include "cpu_actor/num.h"

#include <string.h>

#define ITEMS_MAX 12
#define BINS_MAX 8
#define NODES_MAX 30000U
#define SLACK 1e-7

struct search {
    struct partition *p;
    uint32_t at[ITEMS_MAX], best[ITEMS_MAX]; /* by place in p->order */
    double load[BINS_MAX];
    double max_level, squares; /* of the best, or the bar */
    uint32_t moves;
    uint32_t nodes;
    bool found;
};

static double level(const struct search *s, uint32_t b, double load)
{
    return 1000.0 * load / s->p->capacity[b];
}

static double squares_of(const struct search *s)
{
    double sum = 0.0;
    for (uint32_t b = 0; b < s->p->nbins; b++) {
        double off = level(s, b, s->load[b]) - s->p->mean;
        sum += off * off;
    }
    return sum;
}

static void keep(struct search *s)
{
    memcpy(s->best, s->at, s->p->nitems * sizeof(*s->best));
    s->found = true;
}

/* Whether an earlier bin looks the same to an item that may go anywhere. */
static bool seen_before(const struct search *s, uint32_t b)
{
    for (uint32_t a = 0; a < b; a++)
        if (s->load[a] >= s->load[b] && s->load[a] <= s->load[b] &&
            s->p->capacity[a] >= s->p->capacity[b] &&
            s->p->capacity[a] <= s->p->capacity[b])
            return true;
    return false;
}

static void least_level(struct search *s, size_t k, double most, bool symmetric)
{
    const struct partition *p = s->p;
    if (k == p->nitems) {
        double squares = squares_of(s);
        if (most < s->max_level * (1.0 - SLACK) ||
            squares < s->squares * (1.0 - SLACK)) {
            s->max_level = num_min(most, s->max_level);
            s->squares = squares;
            keep(s);
        }
        return;
    }
    uint32_t i = p->order[k];
    for (uint32_t b = 0; b < p->nbins && s->nodes < NODES_MAX; b++) {
        double load = s->load[b], then = load + p->items[i].size;
        double greatest = num_max(most, level(s, b, then));
        if (greatest > s->max_level * (1.0 + SLACK) || !partition_allowed(p, i, b) ||
            (symmetric && seen_before(s, b)))
            continue;
        s->nodes++;
        s->at[k] = b;
        s->load[b] = then;
        least_level(s, k + 1, greatest, symmetric);
        s->load[b] = load;
    }
}

/* The sum of squares that is there already and can only grow: bins above the mean. */
static double squares_so_far(const struct search *s)
{
    double sum = 0.0;
    for (uint32_t b = 0; b < s->p->nbins; b++) {
        double off = level(s, b, s->load[b]) - s->p->mean;
        sum += off > 0.0 ? off * off : 0.0;
    }
    return sum;
}

static void fewest_moves(struct search *s, size_t k, uint32_t moves)
{
    const struct partition *p = s->p;
    if (moves >= s->moves || squares_so_far(s) > s->squares)
        return;
    if (k == p->nitems) {
        if (squares_of(s) <= s->squares) {
            s->moves = moves;
            keep(s);
        }
        return;
    }
    uint32_t i = p->order[k], now = p->items[i].now;
    uint32_t first = now == PARTITION_NOWHERE ? 0 : now;
    for (uint32_t n = 0; n < p->nbins && s->nodes < NODES_MAX; n++) {
        uint32_t b = (first + n) % (uint32_t)p->nbins;
        double load = s->load[b], then = load + p->items[i].size;
        if (level(s, b, then) > s->max_level || !partition_allowed(p, i, b))
            continue;
        s->nodes++;
        s->at[k] = b;
        s->load[b] = then;
        fewest_moves(s, k + 1, moves + (b != now));
        s->load[b] = load;
    }
}

static bool unrestricted(const struct partition *p)
{
    for (uint32_t i = 0; i < p->nitems; i++)
        if (p->items[i].allowed != NULL)
            return false;
    return true;
}

static void start(struct search *s, struct partition *p)
{
    memset(s, 0, sizeof(*s));
    s->p = p;
    memcpy(s->load, p->base, p->nbins * sizeof(*s->load));
}

static void take(struct search *s)
{
    for (size_t k = 0; s->found && k < s->p->nitems; k++)
        s->p->at[s->p->order[k]] = s->best[k];
    s->p->work += s->nodes;
}

void partition_exact(struct partition *p)
{
    struct search s;
    if (p->nitems > ITEMS_MAX || p->nbins > BINS_MAX)
        return;
    struct partition_quality known = partition_measure(p), best = known;
    double most = 0.0, n = (double)p->nbins;

    start(&s, p);
    for (uint32_t b = 0; b < p->nbins; b++)
        most = num_max(most, level(&s, b, s.load[b]));
    s.max_level = known.max_level;
    s.squares = known.deviation * known.deviation * n;
    least_level(&s, 0, most, unrestricted(p));
    memcpy(p->other, p->at, p->nitems * sizeof(*p->at));
    if (s.found) {
        take(&s);
        best = partition_measure(p);
    }

    struct partition_quality bar = partition_bar(p, best);
    if (known.moves < best.moves && partition_within(known, bar)) {
        memcpy(p->at, p->other, p->nitems * sizeof(*p->at));
        best = known;
    }
    start(&s, p);
    s.max_level = bar.max_level;
    s.squares = bar.deviation * bar.deviation * n;
    s.moves = best.moves;
    fewest_moves(&s, 0, 0);
    take(&s);
}
