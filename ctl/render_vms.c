/* render_vms.c - the table of VMs with their pins and ages. */
#include "ctl/render_vms.h"

#include "ctl/table.h"
#include "ctl/text.h"

#include <string.h>

#define NAME_COLUMNS 20
#define PINS_COLUMNS 36
#define PIN_TEXT_MAX 80
#define DOTS "..."

static bool same_pin(const struct snapshot_vcpu *a, const struct snapshot_vcpu *b)
{
    return cpuset_equal(&a->affinity, &b->affinity) &&
           a->operator_pinned == b->operator_pinned;
}

/* "first-last:cpus!" */
static void format_pin(const struct snapshot_vcpu *first,
                       const struct snapshot_vcpu *last, char *buf, size_t size)
{
    char list[CPUSET_TEXT_MAX], who[32];
    cpuset_format(&first->affinity, list, sizeof(list));
    if (first == last)
        snprintf(who, sizeof(who), "%u", first->number);
    else
        snprintf(who, sizeof(who), "%u-%u", first->number, last->number);
    snprintf(buf, size, "%s:%.40s%s%s", who, list[0] != '\0' ? list : "?",
             strlen(list) > 40 ? DOTS : "", first->operator_pinned ? "!" : "");
}

char *render_pins(const struct snapshot_domain *d, char *buf, size_t size)
{
    size_t used = 0, next;
    buf[0] = '\0';
    for (size_t i = 0; i < d->nvcpus; i = next) {
        char one[PIN_TEXT_MAX];
        for (next = i + 1; next < d->nvcpus; next++)
            if (!same_pin(&d->vcpus[i], &d->vcpus[next]))
                break;
        format_pin(&d->vcpus[i], &d->vcpus[next - 1], one, sizeof(one));
        size_t need = strlen(one) + (i > 0);
        size_t keep =
            next < d->nvcpus ? strlen(" " DOTS) : 0; /* to say that more follows */
        if (used + need + keep >= size) {
            snprintf(buf + used, size - used, "%s" DOTS, i > 0 ? " " : "");
            break;
        }
        snprintf(buf + used, size - used, "%s%s", i > 0 ? " " : "", one);
        used += need;
    }
    return buf;
}

static bool any_operator_pinned(const struct view *v)
{
    for (size_t i = 0; i < v->nvms; i++)
        for (size_t k = 0; k < v->vms[i].domain->nvcpus; k++)
            if (v->vms[i].domain->vcpus[k].operator_pinned)
                return true;
    return false;
}

static void vm_row(const struct control_reply *r, const struct view_vm *vm,
                   struct table *t)
{
    char age[TEXT_NUMBER_MAX], pins[PINS_COLUMNS + 1];
    const struct snapshot_domain *d = vm->domain;
    table_addf(t, "%d", d->id);
    table_add(t, d->name);
    table_add(t, view_state(d));
    const char *unmanaged = view_unmanaged(d, &r->snapshot.settings);
    if (unmanaged != NULL)
        table_addf(t, "no: %s", unmanaged);
    else
        table_add(t, d->quarantined ? "quarantined" : "yes");
    table_add(t, text_duration(view_age_ns(r, d), age, sizeof(age)));
    table_addf(t, "%zu", d->nvcpus);
    table_add(t, render_pins(d, pins, sizeof(pins)));
}

void render_vms(const struct control_reply *r, const struct view *v, FILE *to)
{
    static const struct table_column columns[] = {
        {"ID", true, 0},
        {"VM", false, NAME_COLUMNS},
        {"STATE", false, 0},
        {"MANAGED", false, 0},
        {"AGE", true, 0},
        {"VCPUS", true, 0},
        {"MAY RUN ON (VCPU:PCPUS)", false, 0},
    };
    struct table t;
    if (v->nvms == 0) {
        fputs("no VM is running\n", to);
        return;
    }
    table_init(&t, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < v->nvms; i++)
        vm_row(r, &v->vms[i], &t);
    table_print(&t, "", to);
    table_fini(&t);
    if (any_operator_pinned(v))
        fputs("!: pinned in the VM's configuration, left alone\n", to);
}
