/* flow.c - Edmonds-Karp on a bipartite graph: send what fits at once, then augment along
 * shortest paths source -> sink -> (back along a flow) source -> sink ... */
#include "sim/model/flow.h"

#define NONE SIZE_MAX
#define TINY 1e-12

static void send_greedily(struct flow *f)
{
    for (size_t g = 0; g < f->nsources; g++) {
        for (size_t p = 0; p < f->nsinks && f->left[g] > 0.0; p++) {
            if (!f->may[g * f->nsinks + p])
                continue;
            double x = f->left[g] < f->room[p] ? f->left[g] : f->room[p];
            f->sent[g * f->nsinks + p] += x;
            f->left[g] -= x;
            f->room[p] -= x;
        }
    }
}

/* Nodes: sources 0 .. nsources - 1, then sinks.  Breadth first from every source that has
 * something left; returns the sink with room that was reached, or NONE. */
static size_t search(struct flow *f, double eps)
{
    size_t head = 0, tail = 0, n = f->nsources;
    for (size_t i = 0; i < n + f->nsinks; i++)
        f->parent[i] = NONE;
    for (size_t g = 0; g < n; g++) {
        if (f->left[g] > eps) {
            f->parent[g] = g;
            f->queue[tail++] = g;
        }
    }
    while (head < tail) {
        size_t at = f->queue[head++];
        for (size_t k = 0; at < n && k < f->nsinks; k++) {
            if (!f->may[at * f->nsinks + k] || f->parent[n + k] != NONE)
                continue;
            f->parent[n + k] = at;
            if (f->room[k] > eps)
                return k;
            f->queue[tail++] = n + k;
        }
        for (size_t g = 0; at >= n && g < n; g++) {
            if (f->sent[g * f->nsinks + (at - n)] <= eps || f->parent[g] != NONE)
                continue;
            f->parent[g] = at;
            f->queue[tail++] = g;
        }
    }
    return NONE;
}

/* The most that fits along the path that ends in that sink. */
static double bottleneck(const struct flow *f, size_t sink)
{
    size_t n = f->nsources, node = n + sink;
    double most = f->room[sink];
    for (;;) {
        size_t source = f->parent[node];
        if (f->parent[source] == source)
            return f->left[source] < most ? f->left[source] : most;
        double back = f->sent[source * f->nsinks + (f->parent[source] - n)];
        most = back < most ? back : most;
        node = f->parent[source];
    }
}

static void augment(struct flow *f, size_t sink)
{
    size_t n = f->nsources, node = n + sink;
    double x = bottleneck(f, sink);
    f->room[sink] -= x;
    for (;;) {
        size_t source = f->parent[node];
        f->sent[source * f->nsinks + (node - n)] += x;
        if (f->parent[source] == source) {
            f->left[source] -= x;
            return;
        }
        node = f->parent[source];
        f->sent[source * f->nsinks + (node - n)] -= x;
    }
}

bool flow_solve(struct flow *f)
{
    double total = 0.0, left = 0.0;
    for (size_t g = 0; g < f->nsources; g++) {
        f->left[g] = f->amount[g];
        total += f->amount[g];
    }
    for (size_t p = 0; p < f->nsinks; p++)
        f->room[p] = f->capacity[p];
    send_greedily(f);
    double eps = TINY * (total + 1.0);
    for (size_t sink = search(f, eps); sink != NONE; sink = search(f, eps))
        augment(f, sink);
    for (size_t g = 0; g < f->nsources; g++)
        left += f->left[g];
    bool all = left <= 1e-9 * (total + 1.0);
    for (size_t g = 0; g < f->nsources; g++)
        f->source_cut[g] = !all && f->parent[g] != NONE;
    for (size_t p = 0; p < f->nsinks; p++)
        f->sink_cut[p] = !all && f->parent[f->nsources + p] != NONE;
    return all;
}
