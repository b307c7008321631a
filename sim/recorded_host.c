/* recorded_host.c - a recorded host: its shape, what is offline, what it uses itself. */
#include "sim/recorded_state.h"

#include "sim/scenario/sections.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USED_STEP (64 * MIB) /* what the host's own use changes by at least */

static uint32_t count_cells(const struct snapshot *s)
{
    uint32_t most = 0;
    for (size_t i = 0; i < s->host.npcpus; i++)
        most = s->host.pcpus[i].cell > most ? s->host.pcpus[i].cell : most;
    return most + 1;
}

static uint32_t count_llcs(const struct snapshot *s)
{
    uint32_t most = 0;
    for (size_t i = 0; i < s->host.npcpus; i++)
        most = s->host.pcpus[i].llc > most ? s->host.pcpus[i].llc : most;
    return most + 1;
}

static bool has_siblings(const struct snapshot *s)
{
    for (size_t i = 1; i < s->host.npcpus; i++)
        for (size_t k = 0; k < i; k++)
            if (s->host.pcpus[i].core == s->host.pcpus[k].core)
                return true;
    return false;
}

/* The model lays cells, caches and siblings out in order; a host that numbers its pCPUs
 * otherwise becomes a flat one. */
static bool shape_fits(const struct sim_host_spec *spec, const struct snapshot *s)
{
    if (spec->pcpus % (spec->cells * spec->llcs * spec->threads) != 0)
        return false;
    struct sim_model *m = sim_model_create(spec, 1);
    bool fits = m != NULL;
    for (size_t i = 1; fits && i < s->host.npcpus; i++) {
        const struct snapshot_pcpu *a = &s->host.pcpus[i - 1], *b = a + 1;
        const struct sim_pcpu *x = &m->pcpus[a->id], *y = &m->pcpus[b->id];
        fits = (a->cell == b->cell) == (x->cell == y->cell) &&
               (a->llc == b->llc) == (x->llc == y->llc) &&
               (a->core == b->core) == (x->core == y->core);
    }
    sim_model_destroy(m);
    return fits;
}

static int64_t used_by_host(const struct snapshot *s)
{
    uint64_t used = s->host.memory_total_kib.value;
    uint64_t others = s->host.memory_available_kib.value;
    for (size_t i = 0; i < s->ndomains; i++)
        others += s->domains[i].memory.rss_kib.value;
    return used > others ? (int64_t)(used - others) : 0;
}

static int add_offline(struct recorded *r, const struct snapshot *s)
{
    struct sim_event ev = {.kind = SIM_EVENT_ONLINE, .vm = SIZE_MAX};
    for (uint32_t p = 0; p < r->scenario->host.pcpus; p++)
        cpuset_add(&ev.cpus, p);
    for (size_t i = 0; i < s->host.npcpus; i++)
        if (s->host.pcpus[i].online)
            cpuset_remove(&ev.cpus, s->host.pcpus[i].id);
    return cpuset_empty(&ev.cpus) ? 0 : recorded_event(r, &ev);
}

int recorded_take_host(struct recorded *r, const struct snapshot *s)
{
    struct sim_host_spec *h = &r->scenario->host;
    r->scenario->settings = s->settings;
    h->pcpus = 1;
    for (size_t i = 0; i < s->host.npcpus; i++) {
        const struct snapshot_pcpu *p = &s->host.pcpus[i];
        h->pcpus = p->id >= h->pcpus ? p->id + 1 : h->pcpus;
        if (p->isolated)
            cpuset_add(&h->isolated, p->id);
    }
    uint32_t llcs = count_llcs(s);
    h->cells = count_cells(s);
    h->llcs = llcs % h->cells == 0 ? llcs / h->cells : 1;
    h->threads = has_siblings(s) ? 2 : 1;
    if (!shape_fits(h, s))
        h->cells = h->llcs = h->threads = 1;
    if (s->host.memory_total_kib.has)
        h->memory_kib = (int64_t)s->host.memory_total_kib.value;
    if (s->host.memory_available_kib.has)
        h->used_kib = used_by_host(s);
    return add_offline(r, s);
}

int recorded_take_use(struct recorded *r, const struct snapshot *s, int64_t *last)
{
    int64_t used = used_by_host(s);
    if (!s->host.memory_available_kib.has || llabs(used - *last) < USED_STEP)
        return 0;
    *last = used;
    struct sim_event ev = {
        .at_ns = r->now_ns, .kind = SIM_EVENT_USED, .vm = SIZE_MAX, .kib = used};
    return recorded_event(r, &ev);
}
