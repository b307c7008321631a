/* render_status.c - what `vmctl status` says, from the top: is all well, the host, who
 * decides what, the pCPUs, the memory, the VMs. */
#include "ctl/render_status.h"

#include "ctl/render_pcpus.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "ctl/view.h"

#include <string.h>

#define NAME_COLUMNS 16

static void health_lines(const struct health *h, FILE *to)
{
    fprintf(to, "vmbalance is %s\n", h->degraded ? "DEGRADED" : "healthy");
    for (size_t i = 0; i < h->nlines; i++)
        table_text(h->lines[i].bad ? "  ! " : "  - ", h->lines[i].text, to);
    fputc('\n', to);
}

static size_t online_pcpus(const struct snapshot *s)
{
    struct cpuset online = snapshot_online(s, true);
    return cpuset_count(&online);
}

static void host_lines(const struct control_reply *r, FILE *to)
{
    char up[TEXT_NUMBER_MAX], age[TEXT_NUMBER_MAX], took[TEXT_NUMBER_MAX];
    char interval[TEXT_NUMBER_MAX], text[512], last[128] = "no snapshot yet";
    const struct snapshot *s = &r->snapshot;
    text_duration(r->mono_ns - r->started_ns, up, sizeof(up));
    settings_format(&r->settings, settings_find("interval"), interval,
                    sizeof(interval));
    if (r->has_snapshot) {
        snprintf(text, sizeof(text), "%s, libvirt %s, %zu pCPUs, %zu VM%s",
                 s->host.uri[0] != '\0' ? s->host.uri : "URI not known",
                 s->host.connected ? "connected" : "NOT CONNECTED", online_pcpus(s),
                 s->ndomains, s->ndomains == 1 ? "" : "s");
        table_text("host     ", text, to);
        snprintf(last, sizeof(last), "last snapshot %s ago (took %s)",
                 text_duration(health_snapshot_age_ns(r), age, sizeof(age)),
                 text_duration(s->took_ns, took, sizeof(took)));
    }
    snprintf(text, sizeof(text), "version %s, up %s, interval %s s, %s", r->version, up,
             interval, last);
    table_text("monitor  ", text, to);
    if (r->reconnects + r->stuck_calls + r->bad_messages == 0)
        return;
    snprintf(text, sizeof(text),
             "since its start: reconnects to libvirt %llu, stuck calls %llu, bad "
             "messages %llu",
             (unsigned long long)r->reconnects, (unsigned long long)r->stuck_calls,
             (unsigned long long)r->bad_messages);
    table_text("         ", text, to);
}

/* ---- who decides what ---- */

static void monitor_row(const struct control_reply *r, struct table *t)
{
    bool well = r->has_snapshot && r->snapshot.host.connected;
    table_add(t, "monitor");
    table_addf(t, "%d", r->pid);
    table_add(t, well ? "ok" : r->has_snapshot ? "no libvirt" : "starting");
    table_add(t, "-");
    table_addf(t, "%llu", (unsigned long long)r->settings_version);
    table_addf(t, "%llu",
               (unsigned long long)(r->has_snapshot ? r->snapshot.sequence : 0));
    table_add(t, "-");
    table_add(t, "-");
}

static void actor_row(const struct control_reply *r, const struct health *h,
                      enum report_actor a, struct table *t)
{
    const struct report *p = &r->reports[a].report;
    table_add(t, report_actor_name(a));
    if (!r->reports[a].has) {
        table_add(t, "-");
        table_add(t, health_actor_word(h->actors[a]));
        for (size_t i = 0; i < 5; i++)
            table_add(t, "-");
        return;
    }
    table_addf(t, "%d", p->pid);
    table_add(t, health_actor_word(h->actors[a]));
    table_add(t, p->verdict[0] != '\0' ? p->verdict : "-");
    table_addf(t, "%llu", (unsigned long long)p->settings_version);
    table_addf(t, "%llu", (unsigned long long)p->snapshots);
    table_addf(t, "%llu", (unsigned long long)p->calls_ok);
    table_addf(t, "%llu", (unsigned long long)p->calls_failed);
}

static void actor_reason(const struct control_reply *r, const struct health *h,
                         enum report_actor a, FILE *to)
{
    char head[64], age[TEXT_NUMBER_MAX];
    if (!r->reports[a].has || r->reports[a].report.reason[0] == '\0')
        return;
    text_duration(health_report_age_ns(r, a), age, sizeof(age));
    if (health_report(r, h, a) == NULL)
        snprintf(head, sizeof(head), "%s, %s ago: ", report_actor_name(a), age);
    else
        snprintf(head, sizeof(head), "%s: ", report_actor_name(a));
    table_text(head, r->reports[a].report.reason, to);
}

static void processes(const struct control_reply *r, const struct health *h, FILE *to)
{
    static const struct table_column columns[] = {
        {"PROCESS", false, 0}, {"PID", true, 0},      {"STATE", false, 0},
        {"VERDICT", false, 0}, {"SETTINGS", true, 0}, {"SNAPSHOTS", true, 0},
        {"CALLS OK", true, 0}, {"FAILED", true, 0},
    };
    struct table t;
    table_init(&t, columns, sizeof(columns) / sizeof(columns[0]));
    monitor_row(r, &t);
    actor_row(r, h, REPORT_ACTOR_CPU, &t);
    actor_row(r, h, REPORT_ACTOR_MEM, &t);
    fputc('\n', to);
    table_print(&t, "", to);
    table_fini(&t);
    actor_reason(r, h, REPORT_ACTOR_CPU, to);
    actor_reason(r, h, REPORT_ACTOR_MEM, to);
}

/* ---- memory ---- */

static void memory_line(const struct control_reply *r, const struct view *v, FILE *to)
{
    char a[TEXT_NUMBER_MAX], b[TEXT_NUMBER_MAX], c[TEXT_NUMBER_MAX];
    const struct snapshot_host *host = &r->snapshot.host;
    const struct report_mem *mem = v->mem != NULL ? &v->mem->mem : NULL;
    bool judged = mem != NULL && mem->budget_kib > 0;
    uint64_t reserve_kib = judged ? mem->reserve_kib
                                  : settings_reserve_kib(&r->settings.mem_host_reserve,
                                                         host->memory_total_kib.value);
    fprintf(to, "\nMEMORY  host: total %s, available %s, reserve %s",
            text_opt_kib(host->memory_total_kib, a, sizeof(a)),
            text_opt_kib(host->memory_available_kib, b, sizeof(b)),
            text_kib(reserve_kib, c, sizeof(c)));
    if (host->memory_psi_permille.has && host->memory_psi_permille.value > 0)
        fprintf(to, ", pressure %s",
                text_percent(host->memory_psi_permille.value, a, sizeof(a)));
    fputc('\n', to);
    if (judged)
        fprintf(to, "        guests: hold %s, budget %s, may be given now %s\n",
                text_kib(mem->held_kib, a, sizeof(a)),
                text_kib(mem->budget_kib, b, sizeof(b)),
                text_kib(mem->spare_kib, c, sizeof(c)));
}

/* ---- VMs ---- */

static void vm_row(const struct view_vm *vm, struct table *t)
{
    char a[TEXT_NUMBER_MAX], b[TEXT_NUMBER_MAX];
    const struct snapshot_domain *d = vm->domain;
    const struct snapshot_memory *m = &d->memory;
    const uint64_t cpu[] = {vm->demand_permille, vm->ran_permille, vm->waited_permille};
    table_add(t, d->name);
    table_add(t, view_state(d));
    table_addf(t, "%zu", d->nvcpus);
    for (size_t i = 0; i < 3; i++)
        table_add(t, vm->has_cpu ? text_percent(cpu[i], a, sizeof(a)) : "-");
    table_addf(t, "%s/%s", text_opt_kib(m->current_kib, a, sizeof(a)),
               text_opt_kib(m->maximum_kib, b, sizeof(b)));
    table_add(t, text_opt_kib(view_used_kib(m), a, sizeof(a)));
    table_add(t, text_opt_kib(m->usable_kib, a, sizeof(a)));
    bool target = vm->guest != NULL && vm->guest->target_kib > 0;
    table_add(t, target ? text_kib(vm->guest->target_kib, a, sizeof(a)) : "-");
    table_add(t, view_status(vm));
}

static void vms(const struct view *v, FILE *to)
{
    static const struct table_column columns[] = {
        {"VM", false, NAME_COLUMNS}, {"STATE", false, 0},   {"VCPU", true, 0},
        {"WANTS", true, 0},          {"RAN", true, 0},      {"WAIT", true, 0},
        {"ACTUAL/MAX", true, 0},     {"USED", true, 0},     {"USABLE", true, 0},
        {"TARGET", true, 0},         {"STATUS", false, 12},
    };
    fputc('\n', to);
    if (v->nvms == 0) {
        fputs("no VM is running\n", to);
        return;
    }
    struct table t;
    table_init(&t, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < v->nvms; i++)
        vm_row(&v->vms[i], &t);
    table_print(&t, "", to);
    table_fini(&t);
    fputs("(WANTS, RAN, WAIT in % of one pCPU; USED is ACTUAL - USABLE)\n", to);
}

int render_status(const struct control_reply *r, const struct health *h, FILE *to)
{
    struct view v;
    int rc = view_init(&v, r, h);
    if (rc < 0)
        return rc;
    health_lines(h, to);
    host_lines(r, to);
    processes(r, h, to);
    if (r->has_snapshot) {
        render_pcpus(&r->snapshot, &v, to);
        memory_line(r, &v, to);
        vms(&v, to);
    }
    view_fini(&v);
    return 0;
}
