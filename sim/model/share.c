/* share.c - see share.h: components first, then level after level in each. */
#include "sim/model/share.h"

#include "sim/model/flow.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NONE SIZE_MAX

struct share {
    size_t items_room, masks_room, pcpus_room;
    /* of the whole problem */
    size_t *root;      /* per pCPU: representative of its component */
    size_t *mask_root; /* per mask: its component, NONE = no capacity at all */
    /* of the component being solved */
    size_t *items, *masks, *pcpus; /* indices of its members that are still open */
    size_t nitems, nmasks, npcpus;
    size_t *place;  /* per mask of the problem: index in masks[] */
    size_t *listed; /* items of a cut, scratch */
    double *rate;   /* per item of the problem */
    bool *may;
    double *amount, *capacity, *sent, *left, *room;
    bool *source_cut, *sink_cut;           /* of the last flow */
    bool *last_source_cut, *last_sink_cut; /* of the last one that was short */
    size_t *queue, *parent;
};

struct share *share_create(void)
{
    return calloc(1, sizeof(struct share));
}

void share_destroy(struct share *s)
{
    if (s == NULL)
        return;
    void *const all[] = {s->root,  s->mask_root, s->items,           s->masks,
                         s->pcpus, s->place,     s->listed,          s->rate,
                         s->may,   s->amount,    s->capacity,        s->sent,
                         s->left,  s->room,      s->source_cut,      s->sink_cut,
                         s->queue, s->parent,    s->last_source_cut, s->last_sink_cut};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        free(all[i]);
    free(s);
}

/* Grows one array to n elements; what it held is not kept. */
static bool renew(void *array, size_t n, size_t size)
{
    free(*(void **)array);
    *(void **)array = calloc(n + 1, size);
    return *(void **)array != NULL;
}

static int reserve(struct share *s, const struct share_problem *p)
{
    if (p->nitems <= s->items_room && p->nmasks <= s->masks_room &&
        p->npcpus <= s->pcpus_room && s->root != NULL)
        return 0;
    size_t n = 2 * p->nitems, g = 2 * p->nmasks, m = p->npcpus;
    s->items_room = s->masks_room = s->pcpus_room = 0;
    bool ok = renew(&s->root, m, sizeof(*s->root)) &&
              renew(&s->mask_root, g, sizeof(*s->mask_root)) &&
              renew(&s->items, n, sizeof(*s->items)) &&
              renew(&s->masks, g, sizeof(*s->masks)) &&
              renew(&s->pcpus, m, sizeof(*s->pcpus)) &&
              renew(&s->place, g, sizeof(*s->place)) &&
              renew(&s->listed, n, sizeof(*s->listed)) &&
              renew(&s->rate, n, sizeof(*s->rate)) &&
              renew(&s->may, g * m, sizeof(*s->may)) &&
              renew(&s->amount, g, sizeof(*s->amount)) &&
              renew(&s->capacity, m, sizeof(*s->capacity)) &&
              renew(&s->sent, g * m, sizeof(*s->sent)) &&
              renew(&s->left, g, sizeof(*s->left)) &&
              renew(&s->room, m, sizeof(*s->room)) &&
              renew(&s->source_cut, g, sizeof(*s->source_cut)) &&
              renew(&s->sink_cut, m, sizeof(*s->sink_cut)) &&
              renew(&s->last_source_cut, g, sizeof(*s->last_source_cut)) &&
              renew(&s->last_sink_cut, m, sizeof(*s->last_sink_cut)) &&
              renew(&s->queue, g + m, sizeof(*s->queue)) &&
              renew(&s->parent, g + m, sizeof(*s->parent));
    if (!ok)
        return -ENOMEM;
    s->items_room = n;
    s->masks_room = g;
    s->pcpus_room = m;
    return 0;
}

static bool usable(const struct share_problem *p, size_t mask, size_t pcpu)
{
    return p->capacity[pcpu] > 0.0 && cpuset_has(&p->masks[mask], (uint32_t)pcpu);
}

double share_level(const struct share_item *items, const size_t *index, size_t n,
                   double capacity)
{
    double level = 0.0;
    for (;;) { /* each round sates at least one more, or ends */
        double left = capacity, hungry = 0.0;
        for (size_t k = 0; k < n; k++) {
            const struct share_item *x = &items[index[k]];
            if (x->demand <= x->weight * level)
                left -= x->demand;
            else
                hungry += x->weight;
        }
        if (hungry <= 0.0)
            return INFINITY;
        double next = left > 0.0 ? left / hungry : 0.0;
        if (next <= level * (1.0 + 1e-12))
            return level;
        level = next;
    }
}

static double wish(const struct share_item *x, double level)
{
    return x->demand <= x->weight * level ? x->demand : x->weight * level;
}

/* ---- components ---- */

static size_t find(size_t *root, size_t i)
{
    while (root[i] != i) {
        root[i] = root[root[i]];
        i = root[i];
    }
    return i;
}

static void find_components(struct share *s, const struct share_problem *p)
{
    for (size_t i = 0; i < p->npcpus; i++)
        s->root[i] = i;
    for (size_t g = 0; g < p->nmasks; g++) {
        size_t first = NONE;
        for (uint32_t c = cpuset_first(&p->masks[g]); c < p->npcpus;
             c = cpuset_next(&p->masks[g], c + 1)) {
            if (!usable(p, g, c))
                continue;
            if (first == NONE)
                first = c;
            s->root[find(s->root, c)] = find(s->root, first);
        }
        s->mask_root[g] = first;
    }
    for (size_t g = 0; g < p->nmasks; g++)
        if (s->mask_root[g] != NONE)
            s->mask_root[g] = find(s->root, s->mask_root[g]);
}

static void gather(struct share *s, const struct share_problem *p, size_t root)
{
    s->nitems = s->nmasks = s->npcpus = 0;
    for (size_t c = 0; c < p->npcpus; c++)
        if (p->capacity[c] > 0.0 && find(s->root, c) == root)
            s->pcpus[s->npcpus++] = c;
    for (size_t g = 0; g < p->nmasks; g++) {
        s->place[g] = NONE;
        if (s->mask_root[g] == root) {
            s->place[g] = s->nmasks;
            s->masks[s->nmasks++] = g;
        }
    }
    for (size_t i = 0; i < p->nitems; i++)
        if (s->mask_root[p->items[i].mask] == root)
            s->items[s->nitems++] = i;
}

/* ---- levels within one component ---- */

static void fill_graph(struct share *s, const struct share_problem *p)
{
    for (size_t g = 0; g < s->nmasks; g++)
        for (size_t k = 0; k < s->npcpus; k++)
            s->may[g * s->npcpus + k] = usable(p, s->masks[g], s->pcpus[k]);
    for (size_t k = 0; k < s->npcpus; k++)
        s->capacity[k] = p->capacity[s->pcpus[k]];
}

/* Whether everybody's wish at that level fits; else the cut is filled in. */
static bool fits(struct share *s, const struct share_problem *p, double level)
{
    memset(s->amount, 0, s->nmasks * sizeof(*s->amount));
    memset(s->sent, 0, s->nmasks * s->npcpus * sizeof(*s->sent));
    for (size_t k = 0; k < s->nitems; k++) {
        const struct share_item *x = &p->items[s->items[k]];
        s->amount[s->place[x->mask]] += wish(x, level);
    }
    struct flow f = {
        .nsources = s->nmasks,
        .nsinks = s->npcpus,
        .may = s->may,
        .amount = s->amount,
        .capacity = s->capacity,
        .sent = s->sent,
        .left = s->left,
        .room = s->room,
        .source_cut = s->source_cut,
        .sink_cut = s->sink_cut,
        .queue = s->queue,
        .parent = s->parent,
    };
    return flow_solve(&f);
}

/* The level at which the items inside the cut just fill its pCPUs. */
static double level_of_cut(struct share *s, const struct share_problem *p)
{
    double capacity = 0.0;
    size_t n = 0;
    for (size_t k = 0; k < s->npcpus; k++)
        capacity += s->sink_cut[k] ? s->capacity[k] : 0.0;
    for (size_t k = 0; k < s->nitems; k++)
        if (s->source_cut[s->place[p->items[s->items[k]].mask]])
            s->listed[n++] = s->items[k];
    return share_level(p->items, s->listed, n, capacity);
}

/* Freezes the items inside the cut at that level and closes its pCPUs. */
static void close_cut(struct share *s, const struct share_problem *p, double level)
{
    const bool *source_cut = s->last_source_cut, *sink_cut = s->last_sink_cut;
    size_t items = 0, masks = 0, pcpus = 0;
    for (size_t k = 0; k < s->nitems; k++) {
        size_t i = s->items[k];
        if (source_cut[s->place[p->items[i].mask]])
            s->rate[i] = wish(&p->items[i], level);
        else
            s->items[items++] = i;
    }
    for (size_t g = 0; g < s->nmasks; g++) {
        if (source_cut[g])
            continue;
        s->place[s->masks[g]] = masks;
        s->masks[masks++] = s->masks[g];
    }
    for (size_t k = 0; k < s->npcpus; k++)
        if (!sink_cut[k])
            s->pcpus[pcpus++] = s->pcpus[k];
    s->nitems = items;
    s->nmasks = masks;
    s->npcpus = pcpus;
}

static void keep_cut(struct share *s)
{
    memcpy(s->last_source_cut, s->source_cut, s->nmasks * sizeof(*s->source_cut));
    memcpy(s->last_sink_cut, s->sink_cut, s->npcpus * sizeof(*s->sink_cut));
}

/* Newton's way down: the cut that is short at this level gives the next one; the last cut
 * that was short is the bottleneck. */
static void solve_component(struct share *s, const struct share_problem *p)
{
    while (s->nitems > 0 && s->npcpus > 0) {
        double level = INFINITY;
        fill_graph(s, p);
        bool fit = fits(s, p, level);
        if (fit) {
            for (size_t k = 0; k < s->nitems; k++)
                s->rate[s->items[k]] = p->items[s->items[k]].demand;
            return;
        }
        while (!fit) {
            double next = level_of_cut(s, p);
            keep_cut(s);
            if (next >= level) /* rounding: this cut is the one */
                break;
            level = next;
            fit = fits(s, p, level);
        }
        close_cut(s, p, level);
    }
}

/* One pCPU: no graph needed. */
static void solve_single(struct share *s, const struct share_problem *p)
{
    double level = share_level(p->items, s->items, s->nitems, p->capacity[s->pcpus[0]]);
    for (size_t k = 0; k < s->nitems; k++)
        s->rate[s->items[k]] = wish(&p->items[s->items[k]], level);
}

int share_solve(struct share *s, const struct share_problem *p, double *ret_rate)
{
    int r = reserve(s, p);
    if (r < 0)
        return r;
    for (size_t i = 0; i < p->nitems; i++)
        s->rate[i] = 0.0;
    find_components(s, p);
    for (size_t c = 0; c < p->npcpus; c++) {
        if (p->capacity[c] <= 0.0 || find(s->root, c) != c)
            continue;
        gather(s, p, c);
        if (s->nitems == 0)
            continue;
        if (s->npcpus == 1)
            solve_single(s, p);
        else
            solve_component(s, p);
    }
    memcpy(ret_rate, s->rate, p->nitems * sizeof(*ret_rate));
    return 0;
}
