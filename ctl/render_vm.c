/* render_vm.c - everything about one VM. */
#include "ctl/render_vms.h"

#include "common/clock.h"
#include "ctl/table.h"
#include "ctl/text.h"

#include <stdarg.h>
#include <string.h>

/* Older than that, a guest's statistics have dried up; the period may be up to 60 s. */
#define STATISTICS_OLD_NS (180 * CLOCK_NS_PER_S)

#define LABEL_COLUMNS 16

/* "label           text", wrapped. */
static void line(FILE *to, const char *label, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void line(FILE *to, const char *label, const char *fmt, ...)
{
    char head[2 * LABEL_COLUMNS], text[TABLE_CELL_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    snprintf(head, sizeof(head), "%-*s", LABEL_COLUMNS, label);
    table_text(head, text, to);
}

static void about(const struct control_reply *r, const struct snapshot_domain *d,
                  FILE *to)
{
    char age[TEXT_NUMBER_MAX];
    line(to, "name", "%s", d->name);
    line(to, "uuid", "%s", d->uuid);
    line(to, "id", "%d", d->id);
    line(to, "state", "%s", view_state(d));
    const char *unmanaged = view_unmanaged(d, &r->snapshot.settings);
    line(to, "managed", "%s%s%s", unmanaged != NULL ? "no (" : "yes",
         unmanaged != NULL ? unmanaged : "", unmanaged != NULL ? ")" : "");
    line(to, "numbers", "%s old%s%s",
         text_duration(view_age_ns(r, d), age, sizeof(age)),
         d->partial ? ", some missing (another job may be running)" : "",
         d->quarantined ? ", quarantined: its QEMU does not answer" : "");
    if (d->cpu_shares.has)
        line(to, "CPU shares", "%llu (1024 is normal)",
             (unsigned long long)d->cpu_shares.value);
}

/* ---- memory ---- */

static void guest_age(const struct control_reply *r, const struct snapshot_domain *d,
                      FILE *to)
{
    char age[TEXT_NUMBER_MAX];
    const struct snapshot_memory *m = &d->memory;
    int64_t age_ns = view_balloon_age_ns(r, d);
    if (m->balloon == SNAPSHOT_BALLOON_NONE)
        line(to, "guest's answer", "none: the VM has no balloon device");
    else if (age_ns < 0 ||
             age_ns > STATISTICS_OLD_NS) /* the period itself goes unseen */
        line(to, "guest's answer",
             "%s%s: the mem_actor asks for statistics; by hand: virsh dommemstat %s "
             "--period 1 --live; without a balloon driver it never answers",
             age_ns < 0 ? "never" : text_duration(age_ns, age, sizeof(age)),
             age_ns < 0 ? "" : " ago", d->name);
    else
        line(to, "guest's answer", "%s ago", text_duration(age_ns, age, sizeof(age)));
}

static void obstacles(const struct snapshot_memory *m, FILE *to)
{
    if (!m->hostdev && !m->hugepages && !m->locked)
        return;
    line(to, "not movable", "%s%s%s",
         m->hostdev ? "passed-through device pins its memory; " : "",
         m->hugepages ? "huge pages; " : "", m->locked ? "locked memory; " : "");
}

static void memory(const struct control_reply *r, const struct snapshot_domain *d,
                   FILE *to)
{
    const struct snapshot_memory *m = &d->memory;
    const struct {
        const char *label;
        struct opt_u64 kib;
        const char *meaning;
    } rows[] = {
        {"actual", m->current_kib, "what the balloon leaves it"},
        {"maximum", m->maximum_kib, "what it may be given"},
        {"used", view_used_kib(m), "actual - usable"},
        {"usable", m->usable_kib, "the guest's MemAvailable"},
        {"unused", m->unused_kib, "the guest's MemFree"},
        {"disk caches", m->disk_caches_kib, "in the guest"},
        {"swapped in", m->swap_in_kib, "since the guest booted"},
        {"swapped out", m->swap_out_kib, "since the guest booted"},
        {"on the host", m->rss_kib, "resident, of its QEMU"},
    };
    char kib[TEXT_NUMBER_MAX];
    fputs("\nMEMORY\n", to);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        line(to, rows[i].label, "%-6s %s", text_opt_kib(rows[i].kib, kib, sizeof(kib)),
             rows[i].meaning);
    if (m->major_faults.has)
        line(to, "major faults", "%llu", (unsigned long long)m->major_faults.value);
    guest_age(r, d, to);
    obstacles(m, to);
}

static void judgement(const struct report_guest *g, FILE *to)
{
    char a[TEXT_NUMBER_MAX], b[TEXT_NUMBER_MAX], c[TEXT_NUMBER_MAX];
    if (g == NULL) {
        line(to, "mem_actor", "has said nothing about this VM");
        return;
    }
    line(to, "mem_actor", "%s: %s", g->state,
         g->why[0] != '\0' ? g->why : "no reason given");
    line(to, "", "needs %s, wants %s, is due %s", text_kib(g->need_kib, a, sizeof(a)),
         text_kib(g->want_kib, b, sizeof(b)), text_kib(g->share_kib, c, sizeof(c)));
    bool shrinks = g->growth_kib_s < 0;
    uint64_t speed =
        shrinks ? 0 - (uint64_t)g->growth_kib_s : (uint64_t)g->growth_kib_s;
    line(to, "", "target %s, floor %s, use %s by %s/s",
         text_kib(g->target_kib, a, sizeof(a)), text_kib(g->floor_kib, b, sizeof(b)),
         shrinks ? "falls" : "grows", text_kib(speed, c, sizeof(c)));
}

/* ---- vCPUs ---- */

static void add_opt_ns(struct table *t, struct opt_u64 ns)
{
    if (ns.has)
        table_addf(t, "%.2f", (double)ns.value / (double)CLOCK_NS_PER_S);
    else
        table_add(t, "-");
}

static void add_cpus(struct table *t, const struct cpuset *set)
{
    char list[CPUSET_TEXT_MAX];
    table_add(t, cpuset_empty(set) ? "?" : cpuset_format(set, list, sizeof(list)));
}

static void vcpu_row(const struct view *view, const struct snapshot_domain *d,
                     const struct snapshot_vcpu *v, struct table *t)
{
    char text[TEXT_NUMBER_MAX];
    const struct report_vcpu *said = view_vcpu(view, d, v->number);
    const uint32_t load[] = {
        said != NULL ? said->demand_permille : 0,
        said != NULL ? said->ran_permille : 0,
        said != NULL ? said->waited_permille : 0,
    };
    table_addf(t, "%u", v->number);
    for (size_t i = 0; i < 3; i++)
        table_add(t, said != NULL ? text_percent(load[i], text, sizeof(text)) : "-");
    add_opt_ns(t, v->time_ns);
    add_opt_ns(t, v->delay_ns);
    add_cpus(t, &v->affinity);
    add_cpus(t, &v->allowed);
    if (v->operator_pinned)
        table_add(t, "pinned in its configuration");
    else
        table_add(t, "");
}

static void vcpus(const struct view *view, const struct snapshot_domain *d, FILE *to)
{
    static const struct table_column columns[] = {
        {"VCPU", true, 0},         {"WANTS", true, 0},     {"RAN", true, 0},
        {"WAITED", true, 0},       {"RAN (S)", true, 0},   {"WAITED (S)", true, 0},
        {"MAY RUN ON", false, 24}, {"ALLOWED", false, 24}, {"", false, 0},
    };
    struct table t;
    table_init(&t, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < d->nvcpus; i++)
        vcpu_row(view, d, &d->vcpus[i], &t);
    fputc('\n', to);
    table_print(&t, "", to);
    table_fini(&t);
}

/* ---- what was done to it in the last snapshot ---- */

static void actions(const struct view *v, const struct snapshot_domain *d, FILE *to)
{
    const struct report *reports[] = {v->cpu, v->mem};
    char text[2 * CPUSET_TEXT_MAX + 1024];
    bool first = true;
    for (size_t a = 0; a < 2; a++) {
        for (size_t i = 0; reports[a] != NULL && i < reports[a]->nactions; i++) {
            const struct report_action *done = &reports[a]->actions[i];
            if (strcmp(done->uuid, d->uuid) != 0)
                continue;
            fputs(first ? "\nJUST DONE\n" : "", to);
            first = false;
            table_text("", report_action_format(done, text, sizeof(text)), to);
        }
    }
}

void render_vm(const struct control_reply *r, const struct view *v,
               const struct view_vm *vm, FILE *to)
{
    about(r, vm->domain, to);
    memory(r, vm->domain, to);
    judgement(vm->guest, to);
    vcpus(v, vm->domain, to);
    actions(v, vm->domain, to);
}
