/* vm_section.c - [vm NAME]: one VM, or count= of them, and what happens to them. */
#include "sim/scenario/sections.h"

#include "sim/scenario/event_text.h"
#include "sim/scenario/fields.h"
#include "sim/scenario/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define MIB INT64_C(1024)
#define UNSET INT64_C(-1)

/* A section while it is read. */
struct vm_section {
    char name[LINES_NAME_MAX];
    struct sim_vm_spec spec;
    uint32_t count, cell;
    int64_t start_ns, stop_ns, repeat_ns, stagger_ns; /* UNSET = not given */
    bool cell_each, pin_each, has_pin, has_vcpus_max;
    struct cpuset pin;
    double demands[SIM_VCPUS_MAX];
    uint32_t ndemands;
};

#define OF(name) offsetof(struct vm_section, name)

static const struct field fields[] = {
    {"count", FIELD_COUNT, OF(count), 1, SIM_VMS_MAX},
    {"vcpus", FIELD_COUNT, OF(spec.vcpus), 1, SIM_VCPUS_MAX},
    {"vcpus_max", FIELD_COUNT, OF(spec.vcpus_max), 1, SIM_VCPUS_MAX},
    {"noise", FIELD_SHARE, OF(spec.noise), 0, 1},
    {"shares", FIELD_SHARE, OF(spec.weight), 2, 262144},
    {"cpuset", FIELD_CPUS, OF(spec.cpuset), 0, CPUSET_MAX},
    {"operator_pin", FIELD_BOOL, OF(spec.operator_pin), 0, 0},
    {"start", FIELD_TIME, OF(start_ns), 0, 864000},
    {"stop", FIELD_TIME, OF(stop_ns), 0, 864000},
    {"repeat", FIELD_TIME, OF(repeat_ns), 0.1, 864000},
    {"stagger", FIELD_TIME, OF(stagger_ns), 0, 864000},
    {"memory", FIELD_SIZE, OF(spec.guest.boot_kib), 64, 16777216},
    {"max", FIELD_SIZE, OF(spec.guest.maximum_kib), 64, 16777216},
    {"kernel", FIELD_SIZE, OF(spec.guest.kernel_kib), 0, 1048576},
    {"os", FIELD_SIZE, OF(spec.guest.os_kib), 0, 1048576},
    {"watermark", FIELD_SIZE, OF(spec.guest.watermark_kib), 0, 1048576},
    {"least_free", FIELD_SIZE, OF(spec.guest.least_free_kib), 0, 1048576},
    {"qemu", FIELD_SIZE, OF(spec.guest.qemu_kib), 0, 1048576},
    {"swap", FIELD_SIZE, OF(spec.guest.swap_kib), 0, 16777216},
    {"inflate", FIELD_RATE, OF(spec.guest.inflate_kib_s), 0, 1048576},
    {"deflate", FIELD_RATE, OF(spec.guest.deflate_kib_s), 0, 1048576},
    {"stats_period", FIELD_COUNT, OF(spec.guest.period_s), 0, 3600},
    {"stats_age", FIELD_COUNT, OF(spec.guest.age_s), 0, 3600},
    {"reporting", FIELD_BOOL, OF(spec.guest.reporting), 0, 0},
};

void section_vm_defaults(struct sim_vm_spec *spec)
{
    bool started = spec->started;
    *spec = (struct sim_vm_spec){
        .vcpus = 1,
        .weight = 1024,
        .started = started,
        .guest =
            {
                .boot_kib = 512 * MIB,
                .maximum_kib = UNSET,
                .kernel_kib = UNSET,
                .os_kib = 121 * MIB,
                .watermark_kib = 69 * MIB,
                .least_free_kib = 51 * MIB,
                .qemu_kib = 60 * MIB,
                .inflate_kib_s = 175 * MIB,
                .deflate_kib_s = 1024 * MIB,
            },
    };
}

static void begin(struct vm_section *v, const char *name)
{
    memset(v, 0, sizeof(*v));
    memcpy(v->name, name, strlen(name) + 1);
    v->count = v->ndemands = 1;
    v->start_ns = v->stop_ns = UNSET;
    v->cell = SIM_NO_CELL;
    section_vm_defaults(&v->spec);
}

/* ---- keys that are more than a field ---- */

static int read_pin(struct vm_section *v, const char *text, uint32_t pcpus,
                    struct err *e)
{
    struct cpuset set;
    bool each = strncmp(text, "each ", 5) == 0;
    int r = cpuset_parse(each ? text + 5 : text, &set);
    for (uint32_t p = 0; r == 0 && p < CPUSET_MAX; p++)
        if (cpuset_has(&set, p) && p >= pcpus)
            r = -ERANGE;
    if (r < 0 || cpuset_empty(&set))
        return err_set(
            e, -EINVAL,
            "pin = '%.60s' is not understood; allowed: PCPUS (all vCPUs may run "
            "on all of them), each PCPUS (one each, in turn), below %u",
            text, pcpus);
    v->pin = set;
    v->pin_each = each;
    v->has_pin = true;
    return 0;
}

static int read_special(struct vm_section *v, const struct line *at, uint32_t pcpus,
                        struct err *e)
{
    if (strcmp(at->key, "pin") == 0)
        return read_pin(v, at->value, pcpus, e);
    if (strcmp(at->key, "demand") == 0) {
        int n = event_text_demands(at->value, v->demands, SIM_VCPUS_MAX);
        if (n < 0)
            return err_set(
                e, n,
                "demand = '%.60s' is not understood; allowed: a share of a pCPU, "
                "0..1, or several with commas, for vCPU 0, 1, ..",
                at->value);
        v->ndemands = (uint32_t)n;
        return 0;
    }
    if (strcmp(at->key, "cell") == 0) {
        v->cell_each = strcmp(at->value, "each") == 0;
        if (v->cell_each || value_count(at->value, &v->cell) == 0)
            return 0;
        return err_set(e, -EINVAL, "cell = '%.40s' is not understood; allowed: N, each",
                       at->value);
    }
    if (strcmp(at->key, "balloon") == 0) {
        if (event_text_balloon(at->value, &v->spec.guest.balloon) == 0)
            return 0;
        return err_set(e, -EINVAL,
                       "balloon = '%.40s'; allowed: ok, stuck, no-driver, none",
                       at->value);
    }
    return -ENOENT;
}

static int read_line(struct vm_section *v, const struct line *at, uint32_t pcpus,
                     struct err *e)
{
    int64_t ns;
    int r = section_event_time(at->key, &ns, e);
    if (r != -ENOENT) /* events come when the VMs are there */
        return r;
    r = read_special(v, at, pcpus, e);
    if (r != -ENOENT)
        return r;
    r = fields_set(fields, COUNT(fields), v, at->key, at->value, e);
    if (r == -ENOENT) {
        err_set(e, 0, "unknown key '%.40s'; allowed: at.T, pin, demand, cell, balloon",
                at->key);
        fields_list(fields, COUNT(fields), e);
    }
    return r;
}

static int check(struct vm_section *v, const struct scenario *s, struct err *e)
{
    struct sim_guest_spec *g = &v->spec.guest;
    g->maximum_kib = g->maximum_kib == UNSET ? g->boot_kib : g->maximum_kib;
    if (g->kernel_kib == UNSET) /* page tables of all it may ever have: 1/64 */
        g->kernel_kib = 40 * MIB + g->maximum_kib / 64;
    if (v->spec.vcpus_max == 0)
        v->spec.vcpus_max = v->spec.vcpus;
    if (v->spec.vcpus_max < v->spec.vcpus)
        return err_set(e, -EINVAL, "vcpus_max is less than vcpus");
    if (g->boot_kib > g->maximum_kib)
        return err_set(e, -EINVAL, "memory is more than max");
    if (g->kernel_kib + g->os_kib + g->least_free_kib > g->boot_kib)
        return err_set(
            e, -EINVAL, "memory does not hold kernel + os + least_free = %lld MiB",
            (long long)((g->kernel_kib + g->os_kib + g->least_free_kib) / MIB));
    if (!v->cell_each && v->cell != SIM_NO_CELL && v->cell >= s->host.cells)
        return err_set(e, -ERANGE, "cell = %u, but the host has %u", v->cell,
                       s->host.cells);
    return 0;
}

/* ---- VMs and events out of it ---- */

static int add_vm(struct scenario *s, const struct vm_section *v, uint32_t k,
                  struct err *e)
{
    if (s->nvms >= SIM_VMS_MAX)
        return err_set(e, -E2BIG, "more than %d VMs", SIM_VMS_MAX);
    if ((s->nvms & (s->nvms - 1)) == 0) { /* room is the next power of two */
        size_t room = s->nvms == 0 ? 1 : 2 * s->nvms;
        struct scenario_vm *list = realloc(s->vms, room * sizeof(*list));
        if (list == NULL)
            return -ENOMEM;
        s->vms = list;
    }
    struct scenario_vm *vm = &s->vms[s->nvms];
    *vm = (struct scenario_vm){.spec = v->spec};
    if (v->count == 1)
        snprintf(vm->spec.name, sizeof(vm->spec.name), "%s", v->name);
    else
        snprintf(vm->spec.name, sizeof(vm->spec.name), "%.50s%u", v->name, k + 1);
    for (size_t i = 0; i < s->nvms; i++)
        if (strcmp(s->vms[i].spec.name, vm->spec.name) == 0)
            return err_set(e, -EINVAL, "there are two VMs with the name %s",
                           vm->spec.name);
    vm->spec.started = v->start_ns == UNSET;
    vm->spec.cell = v->cell_each ? k % s->host.cells : v->cell;
    s->nvms++;
    return 0;
}

static uint32_t nth(const struct cpuset *set, uint32_t n)
{
    uint32_t p = cpuset_first(set);
    for (n %= cpuset_count(set); n > 0; n--)
        p = cpuset_next(set, p + 1);
    return p;
}

/* Pins and demands of the VM's vCPUs, and its start and stop. */
static int add_beginnings(struct scenario *s, const struct vm_section *v, uint32_t k)
{
    struct sim_event ev = {.vm = s->nvms - 1, .vcpu = SIM_ALL_VCPUS};
    int64_t later_ns = (int64_t)k * v->stagger_ns;
    int r = 0;
    for (uint32_t c = 0; v->has_pin && c < v->spec.vcpus_max && r == 0; c++) {
        ev.kind = SIM_EVENT_MASK;
        ev.vcpu = c;
        ev.number = v->spec.operator_pin; /* then it is the law, too */
        ev.cpus =
            v->pin_each ? cpuset_of(nth(&v->pin, k * v->spec.vcpus_max + c)) : v->pin;
        r = scenario_add_event(s, &ev);
    }
    for (uint32_t c = 0; c < v->spec.vcpus_max && r == 0; c++) {
        ev.kind = SIM_EVENT_DEMAND;
        ev.vcpu = c;
        ev.number = v->demands[c % v->ndemands];
        r = scenario_add_event(s, &ev);
    }
    if (r == 0 && v->start_ns != UNSET) {
        ev.kind = SIM_EVENT_START;
        ev.at_ns = v->start_ns + later_ns;
        r = scenario_add_event(s, &ev);
    }
    if (r == 0 && v->stop_ns != UNSET) {
        ev.kind = SIM_EVENT_STOP;
        ev.at_ns = v->stop_ns + later_ns;
        r = scenario_add_event(s, &ev);
    }
    return r;
}

static int add_event(struct scenario *s, const struct vm_section *v,
                     const struct line *at, size_t vm, uint32_t k)
{
    struct event_text t;
    struct err ignored;
    int64_t ns;
    int r = section_event_time(at->key, &ns, &ignored);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    r = event_text_of_vm(at->value, s->host.pcpus, &t, &ignored);
    if (r < 0)
        return r;
    t.event.at_ns = ns + (int64_t)k * v->stagger_ns;
    t.event.every_ns = v->repeat_ns;
    t.event.vm = vm;
    if (t.ndemands <= 1)
        return scenario_add_event(s, &t.event);
    for (uint32_t c = 0; c < v->spec.vcpus_max && r == 0; c++) {
        t.event.vcpu = c;
        t.event.number = t.demands[c % t.ndemands];
        r = scenario_add_event(s, &t.event);
    }
    return r;
}

/* ---- a section as a whole ---- */

static const char *vm_name(const struct line *at)
{
    return strncmp(at->section, "vm ", 3) == 0
               ? at->section + 3 + strspn(at->section + 3, " ")
               : NULL;
}

static int read_all(const struct lines *l, size_t from, struct vm_section *v,
                    struct scenario *s, unsigned *ret_line, struct err *e)
{
    const char *section = l->all[from].section;
    struct event_text t;
    for (size_t i = from; i < l->n; i++) {
        const struct line *at = &l->all[i];
        if (strcmp(at->section, section) != 0)
            continue;
        *ret_line = at->number;
        int r = read_line(v, at, s->host.pcpus, e);
        if (r == 0 && strncmp(at->key, "at.", 3) == 0)
            r = event_text_of_vm(at->value, s->host.pcpus, &t, e);
        if (r < 0)
            return r;
    }
    return check(v, s, e);
}

static int make_all(const struct lines *l, size_t from, const struct vm_section *v,
                    struct scenario *s, struct err *e)
{
    size_t first = s->nvms;
    int r = 0;
    for (uint32_t k = 0; k < v->count && r == 0; k++) {
        r = add_vm(s, v, k, e);
        r = r < 0 ? r : add_beginnings(s, v, k);
    }
    for (size_t i = from; i < l->n && r == 0; i++)
        for (uint32_t k = 0; k < v->count && r == 0; k++)
            if (strcmp(l->all[i].section, l->all[from].section) == 0)
                r = add_event(s, v, &l->all[i], first + k, k);
    return r == -E2BIG && e->text[0] == '\0'
               ? err_set(e, r, "more than %d events in all", SIM_EVENTS_MAX)
               : r;
}

static bool seen_before(const struct lines *l, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(l->all[i].section, l->all[at].section) == 0)
            return true;
    return false;
}

int section_vms(const struct lines *l, struct scenario *s, unsigned *ret_line,
                struct err *e)
{
    uint64_t vcpus = 0;
    for (size_t i = 0; i < l->n; i++) {
        const char *name = vm_name(&l->all[i]);
        struct vm_section v;
        if (name == NULL || seen_before(l, i))
            continue;
        *ret_line = l->all[i].number;
        if (*name == '\0')
            return err_set(e, -EINVAL, "[vm] needs a name: [vm NAME]");
        begin(&v, name);
        int r = read_all(l, i, &v, s, ret_line, e);
        if (r < 0)
            return r;
        vcpus += (uint64_t)v.count * v.spec.vcpus_max;
        if (vcpus > SCENARIO_ALL_VCPUS_MAX)
            return err_set(e, -ERANGE, "more than %d vCPUs in all",
                           SCENARIO_ALL_VCPUS_MAX);
        r = make_all(l, i, &v, s, e);
        if (r < 0)
            return r;
    }
    return 0;
}
