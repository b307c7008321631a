/* view.c - snapshot and reports joined by VM. */
#include "ctl/view.h"

#include "common/nearest.h"

#include "common/clock.h"
#include "ctl/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_uuid(const void *a, const void *b)
{
    const struct view_vm *x = a, *y = b;
    return strcmp(x->domain->uuid, y->domain->uuid);
}

static int by_name(const void *a, const void *b)
{
    const struct view_vm *x = a, *y = b;
    int order = strverscmp(x->domain->name, y->domain->name);
    return order != 0 ? order : by_uuid(a, b);
}

static int uuid_against(const void *uuid, const void *vm)
{
    return strcmp(uuid, ((const struct view_vm *)vm)->domain->uuid);
}

static struct view_vm *find_uuid(struct view *v, const char *uuid)
{
    if (v->nvms == 0)
        return NULL;
    return bsearch(uuid, v->vms, v->nvms, sizeof(*v->vms), uuid_against);
}

static void join_cpu(struct view *v, const struct report_cpu *cpu)
{
    for (size_t i = 0; i < cpu->nvcpus; i++) {
        struct view_vm *vm = find_uuid(v, cpu->vcpus[i].uuid);
        if (vm == NULL)
            continue;
        vm->has_cpu = true;
        vm->demand_permille += cpu->vcpus[i].demand_permille;
        vm->ran_permille += cpu->vcpus[i].ran_permille;
        vm->waited_permille += cpu->vcpus[i].waited_permille;
    }
}

static void join_mem(struct view *v, const struct report_mem *mem)
{
    for (size_t i = 0; i < mem->nguests; i++) {
        struct view_vm *vm = find_uuid(v, mem->guests[i].uuid);
        if (vm != NULL)
            vm->guest = &mem->guests[i];
    }
}

int view_init(struct view *v, const struct control_reply *r, const struct health *h)
{
    memset(v, 0, sizeof(*v));
    size_t n = r->has_snapshot ? r->snapshot.ndomains : 0;
    v->vms = calloc(n + 1, sizeof(*v->vms));
    if (v->vms == NULL)
        return -ENOMEM;
    v->nvms = n;
    v->cpu = health_report(r, h, REPORT_ACTOR_CPU);
    v->mem = health_report(r, h, REPORT_ACTOR_MEM);
    for (size_t i = 0; i < n; i++)
        v->vms[i].domain = &r->snapshot.domains[i];
    qsort(v->vms, n, sizeof(*v->vms), by_uuid);
    if (v->cpu != NULL)
        join_cpu(v, &v->cpu->cpu);
    if (v->mem != NULL)
        join_mem(v, &v->mem->mem);
    qsort(v->vms, n, sizeof(*v->vms), by_name);
    return 0;
}

void view_fini(struct view *v)
{
    free(v->vms);
    memset(v, 0, sizeof(*v));
}

const struct view_vm *view_find(const struct view *v, const char *which)
{
    char *end;
    long id = strtol(which, &end, 10);
    bool is_id = *which != '\0' && *end == '\0';
    for (size_t i = 0; i < v->nvms; i++)
        if (strcmp(v->vms[i].domain->name, which) == 0)
            return &v->vms[i];
    for (size_t i = 0; i < v->nvms; i++)
        if (strcasecmp(v->vms[i].domain->uuid, which) == 0 ||
            (is_id && v->vms[i].domain->id == id))
            return &v->vms[i];
    return NULL;
}

static const char *name_at(size_t i, const void *arg)
{
    return ((const struct view *)arg)->vms[i].domain->name;
}

const char *view_nearest(const struct view *v, const char *which)
{
    return nearest_word(which, v->nvms, name_at, v);
}

const struct report_vcpu *view_vcpu(const struct view *v,
                                    const struct snapshot_domain *d, uint32_t number)
{
    for (size_t i = 0; v->cpu != NULL && i < v->cpu->cpu.nvcpus; i++) {
        const struct report_vcpu *said = &v->cpu->cpu.vcpus[i];
        if (said->vcpu == number && strcmp(said->uuid, d->uuid) == 0)
            return said;
    }
    return NULL;
}

const char *view_status(const struct view_vm *vm)
{
    if (vm->domain->quarantined)
        return "quarantined";
    if (!vm->domain->managed)
        return "excluded";
    if (vm->guest != NULL && vm->guest->state[0] != '\0')
        return vm->guest->state;
    return "-";
}

const char *view_unmanaged(const struct snapshot_domain *d, const struct settings *s)
{
    if (d->managed)
        return NULL;
    struct settings only_exclude = *s;
    only_exclude.vms_include[0] = '\0';
    if (!settings_selects(&only_exclude, d->name))
        return "vms.exclude";
    return settings_selects(s, d->name) ? "metadata" : "vms.include";
}

const char *view_state(const struct snapshot_domain *d)
{
    return d->state == SNAPSHOT_STATE_RUNNING  ? "running"
           : d->state == SNAPSHOT_STATE_PAUSED ? "paused"
                                               : "other";
}

struct opt_u64 view_used_kib(const struct snapshot_memory *m)
{
    /* usable above current: numbers of another time, the balloon has moved since */
    struct opt_u64 used = {.has = m->current_kib.has && m->usable_kib.has &&
                                  m->current_kib.value >= m->usable_kib.value};
    if (used.has)
        used.value = m->current_kib.value - m->usable_kib.value;
    return used;
}

int64_t view_age_ns(const struct control_reply *r, const struct snapshot_domain *d)
{
    return r->mono_ns > d->sampled_ns ? r->mono_ns - d->sampled_ns : 0;
}

int64_t view_balloon_age_ns(const struct control_reply *r,
                            const struct snapshot_domain *d)
{
    const struct opt_u64 *last = &d->memory.last_update_s;
    if (!last->has || last->value == 0 || last->value > INT64_MAX / CLOCK_NS_PER_S)
        return -1;
    int64_t now_ns = r->snapshot.wall_ns + (r->mono_ns - r->snapshot.mono_ns);
    int64_t age_ns = now_ns - (int64_t)last->value * CLOCK_NS_PER_S;
    return age_ns > 0 ? age_ns : 0;
}
