/* render_pcpus.c - how loaded each pCPU is, and how many vCPUs it has to carry. */
#include "ctl/render_pcpus.h"

#include "ctl/text.h"

#include <string.h>

#define BAR_MAX 40

/* vCPUs by where they may run. */
struct tenants {
    uint32_t alone[CPUSET_MAX];  /* on this pCPU and no other */
    uint32_t shared[CPUSET_MAX]; /* on this one and some others */
    uint32_t anywhere, shared_total;
};

/* As many tables as fit side by side, and how wide their bars are. */
struct layout {
    size_t columns, bar;
};

static void count_tenant(const struct cpuset *affinity, const struct cpuset *online,
                         struct tenants *t)
{
    struct cpuset on = cpuset_and(affinity, online);
    uint32_t n = cpuset_count(&on);
    if (n == 1) {
        t->alone[cpuset_first(&on)]++;
    } else if (n > 1 && cpuset_equal(&on, online)) {
        t->anywhere++;
    } else if (n > 1) {
        t->shared_total++;
        for (uint32_t p = cpuset_first(&on); p < CPUSET_MAX;
             p = cpuset_next(&on, p + 1))
            t->shared[p]++;
    }
}

static void count_tenants(const struct snapshot *s, const struct cpuset *online,
                          struct tenants *t)
{
    memset(t, 0, sizeof(*t));
    for (size_t i = 0; i < s->ndomains; i++)
        for (size_t k = 0; k < s->domains[i].nvcpus; k++)
            count_tenant(&s->domains[i].vcpus[k].affinity, online, t);
}

void render_bar(uint64_t load_permille, uint64_t ran_permille, size_t columns,
                char *buf)
{
    size_t load = (size_t)((load_permille * columns + 500) / 1000);
    size_t ran = (size_t)((ran_permille * columns + 500) / 1000);
    for (size_t i = 0; i < columns; i++)
        buf[i] = i < ran ? '#' : i < load ? '=' : ' ';
    if (columns > 0 && load > columns)
        buf[columns - 1] = '>';
    buf[columns] = '\0';
}

static const struct report_pcpu *report_of(const struct view *v, uint32_t id)
{
    for (size_t i = 0; v->cpu != NULL && i < v->cpu->cpu.npcpus; i++)
        if (v->cpu->cpu.pcpus[i].id == id)
            return &v->cpu->cpu.pcpus[i];
    return NULL;
}

static void print_pcpu(const struct view *v, const struct tenants *t,
                       const struct snapshot_pcpu *p, size_t bar, FILE *to)
{
    char drawn[BAR_MAX + 1], load[TEXT_NUMBER_MAX] = "-", ran[TEXT_NUMBER_MAX] = "-";
    char vcpus[TEXT_NUMBER_MAX];
    const struct report_pcpu *said = report_of(v, p->id);
    render_bar(said != NULL ? said->load_permille : 0,
               said != NULL ? said->ran_permille : 0, bar, drawn);
    if (said != NULL) {
        text_percent(said->load_permille, load, sizeof(load));
        text_percent(said->ran_permille, ran, sizeof(ran));
    }
    uint32_t shared = p->id < CPUSET_MAX ? t->shared[p->id] : 0;
    uint32_t alone = p->id < CPUSET_MAX ? t->alone[p->id] : 0;
    int n = snprintf(vcpus, sizeof(vcpus), "%u", alone);
    if (shared > 0 && n > 0)
        snprintf(vcpus + n, sizeof(vcpus) - (size_t)n, "+%u", shared);
    fprintf(to, "%4u%s [%s] %5s %5s %5s", p->id, p->isolated ? "*" : " ", drawn, load,
            ran, vcpus);
}

static void print_titles(const struct layout *l, FILE *to)
{
    const char *load = l->bar == BAR_MAX ? "LOAD (# ran, = wants more)" : "LOAD";
    for (size_t c = 0; c < l->columns; c++)
        fprintf(to, "%sPCPU  %-*s %5s %5s %5s", c > 0 ? "   " : "", (int)l->bar + 2,
                load, "WANTS", "RAN", "VCPUS");
    fputc('\n', to);
}

static void print_legend(const struct tenants *t, bool isolated, FILE *to)
{
    if (t->anywhere > 0)
        fprintf(to, "      %u vCPU%s may run on any of them\n", t->anywhere,
                t->anywhere == 1 ? "" : "s");
    if (t->shared_total > 0)
        fprintf(to,
                "      +N: vCPUs that may run there and on some others (%u in all)\n",
                t->shared_total);
    if (isolated)
        fputs("      *: isolated, left alone\n", to);
}

void render_pcpus(const struct snapshot *s, const struct view *v, FILE *to)
{
    const struct snapshot_host *host = &s->host;
    struct cpuset online = snapshot_online(s, true);
    size_t ids[CPUSET_MAX], n = 0;
    struct tenants t;
    bool isolated = false;
    for (size_t i = 0; i < host->npcpus && n < CPUSET_MAX; i++) {
        if (!host->pcpus[i].online)
            continue;
        ids[n++] = i;
        isolated = isolated || host->pcpus[i].isolated;
    }
    if (n == 0)
        return;
    count_tenants(s, &online, &t);
    struct layout l = n <= 16   ? (struct layout){1, BAR_MAX}
                      : n <= 64 ? (struct layout){2, 16}
                                : (struct layout){3, 5};
    size_t rows = (n + l.columns - 1) / l.columns;
    fputc('\n', to);
    print_titles(&l, to);
    for (size_t row = 0; row < rows; row++) {
        for (size_t at = row; at < n; at += rows) {
            fputs(at > row ? "   " : "", to);
            print_pcpu(v, &t, &host->pcpus[ids[at]], l.bar, to);
        }
        fputc('\n', to);
    }
    print_legend(&t, isolated, to);
}
