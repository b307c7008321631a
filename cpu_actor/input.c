/* input.c - a snapshot as the CPU policy's input. */
#include "cpu_actor/input.h"

#include <errno.h>
#include <stdlib.h>

#define FULL_CAPACITY_PERMILLE 1000U
#define SHARES_MIN 2U /* the kernel's own range */
#define SHARES_MAX 262144U
#define DEFAULT_SHARES 1024U /* cputune shares of a domain that has none */

/* Makes *list hold at least n elements of that size. */
static int reserve(void *list, size_t *room, size_t n, size_t size)
{
    if (n <= *room)
        return 0;
    void *bigger = realloc(*(void **)list, n * size);
    if (bigger == NULL)
        return -ENOMEM;
    *(void **)list = bigger;
    *room = n;
    return 0;
}

/* The pCPUs that may be used at all: chosen by name, isolated ones only then. */
static struct cpuset usable_pcpus(const struct snapshot *s)
{
    struct cpuset chosen;
    if (s->settings.cpu_pcpus[0] == '\0' ||
        cpuset_parse(s->settings.cpu_pcpus, &chosen) < 0)
        return snapshot_online(s, false);
    struct cpuset online = snapshot_online(s, true);
    return cpuset_and(&online, &chosen);
}

/* What a hypervisor below took is lost to guests as well. */
static struct cpu_busy busy_of(const struct snapshot_pcpu *p)
{
    uint64_t steal = p->steal_ns.has ? p->steal_ns.value : 0;
    return (struct cpu_busy){.has = p->busy_ns.has,
                             .busy_ns = p->busy_ns.value + steal};
}

static void fill_pcpus(struct cpu_input_buffer *b, const struct snapshot *s,
                       const struct cpuset *usable)
{
    size_t n = 0;
    for (size_t i = 0; i < s->host.npcpus; i++) {
        const struct snapshot_pcpu *p = &s->host.pcpus[i];
        if (!cpuset_has(usable, p->id))
            continue;
        b->busy[n] = busy_of(p);
        b->pcpus[n++] = (struct cpu_pcpu){
            .id = p->id,
            .cell = p->cell,
            .llc = p->llc,
            .core = p->core,
            .capacity_permille = FULL_CAPACITY_PERMILLE,
        };
    }
    b->input.pcpus = b->pcpus;
    b->input.npcpus = n;
    b->input.busy = b->busy;
    b->input.busy_sampled_ns = s->mono_ns;
}

/* The kernel divides a domain's shares among its vCPUs. */
static uint32_t weight_of(const struct snapshot_domain *d)
{
    uint64_t shares = d->cpu_shares.has ? d->cpu_shares.value : DEFAULT_SHARES;
    uint64_t weight = shares / (d->nvcpus > 0 ? d->nvcpus : 1);
    return weight < SHARES_MIN   ? SHARES_MIN
           : weight > SHARES_MAX ? SHARES_MAX
                                 : (uint32_t)weight;
}

static void fill_vcpu(const struct snapshot_domain *d, const struct snapshot_vcpu *from,
                      const struct cpuset *usable, bool movable, struct cpu_vcpu *v)
{
    *v = (struct cpu_vcpu){
        .key = {.domain_id = d->id, .vcpu = from->number},
        .has_time = from->time_ns.has,
        .has_delay = from->delay_ns.has,
        .time_ns = from->time_ns.value,
        .delay_ns = from->delay_ns.value,
        .sampled_ns = d->sampled_ns,
        .weight = weight_of(d),
        .affinity = from->affinity,
        .allowed = cpuset_and(&from->allowed, usable),
    };
    memcpy(v->key.uuid, d->uuid, sizeof(v->key.uuid));
    v->fixed = !movable || from->operator_pinned || cpuset_empty(&v->allowed);
}

static void fill_vcpus(struct cpu_input_buffer *b, const struct actor_turn *turn,
                       const struct cpuset *usable)
{
    const struct snapshot *s = turn->snapshot;
    size_t n = 0;
    uint32_t ndomains = 0;
    for (size_t i = 0; i < s->ndomains; i++) {
        const struct snapshot_domain *d = &s->domains[i];
        bool movable =
            d->managed && d->state == SNAPSHOT_STATE_RUNNING && actor_is_fresh(turn, d);
        for (size_t k = 0; k < d->nvcpus; k++, n++) {
            fill_vcpu(d, &d->vcpus[k], usable, movable, &b->vcpus[n]);
            b->vcpus[n].domain = ndomains;
            b->domains[n] = d;
        }
        ndomains += d->nvcpus > 0;
    }
    b->input.vcpus = b->vcpus;
    b->input.nvcpus = n;
    b->input.ndomains = ndomains;
}

int cpu_input_fill(struct cpu_input_buffer *b, const struct actor_turn *turn)
{
    const struct snapshot *s = turn->snapshot;
    struct cpuset usable = usable_pcpus(s);
    if (cpuset_empty(&usable))
        return -EINVAL;
    size_t nvcpus = 0;
    for (size_t i = 0; i < s->ndomains; i++)
        nvcpus += s->domains[i].nvcpus;
    if (reserve(&b->vcpus, &b->vcpus_room, nvcpus, sizeof(*b->vcpus)) < 0 ||
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers it is */
        reserve(&b->domains, &b->domains_room, nvcpus, sizeof(*b->domains)) < 0 ||
        reserve(&b->busy, &b->busy_room, s->host.npcpus, sizeof(*b->busy)) < 0 ||
        reserve(&b->pcpus, &b->pcpus_room, s->host.npcpus, sizeof(*b->pcpus)) < 0)
        return -ENOMEM;
    fill_pcpus(b, s, &usable);
    fill_vcpus(b, turn, &usable);
    b->input.now_ns = turn->now_ns;
    b->input.interval_ns = turn->interval_ns;
    b->input.adopt = s->settings.cpu_adopt;
    b->input.tolerance_permille = s->settings.cpu_tolerance_permille;
    b->input.min_load_permille = s->settings.cpu_min_load_permille;
    return 0;
}

void cpu_input_fini(struct cpu_input_buffer *b)
{
    free(b->vcpus);
    free(b->pcpus);
    free(b->busy);
    free(b->domains);
    memset(b, 0, sizeof(*b));
}
