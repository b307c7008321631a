/* libvirt_stats.c - typed parameters to numbers; absence is not zero. */
#include "host/libvirt_stats.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where a balloon parameter goes. */
static const struct {
    const char *name; /* after "balloon." */
    size_t offset;    /* in struct snapshot_memory */
} balloon_fields[] = {
    {"current", offsetof(struct snapshot_memory, current_kib)},
    {"maximum", offsetof(struct snapshot_memory, maximum_kib)},
    {"available", offsetof(struct snapshot_memory, available_kib)},
    {"unused", offsetof(struct snapshot_memory, unused_kib)},
    {"usable", offsetof(struct snapshot_memory, usable_kib)},
    {"disk_caches", offsetof(struct snapshot_memory, disk_caches_kib)},
    {"swap_in", offsetof(struct snapshot_memory, swap_in_kib)},
    {"swap_out", offsetof(struct snapshot_memory, swap_out_kib)},
    {"major_fault", offsetof(struct snapshot_memory, major_faults)},
    {"rss", offsetof(struct snapshot_memory, rss_kib)},
    {"last-update", offsetof(struct snapshot_memory, last_update_s)},
};

static struct opt_u64 to_u64(const virTypedParameter *p)
{
    struct opt_u64 none = {0};
    switch (p->type) {
    case VIR_TYPED_PARAM_INT:
        return p->value.i < 0 ? none : (struct opt_u64){(uint64_t)p->value.i, true};
    case VIR_TYPED_PARAM_UINT:
        return (struct opt_u64){p->value.ui, true};
    case VIR_TYPED_PARAM_LLONG:
        return p->value.l < 0 ? none : (struct opt_u64){(uint64_t)p->value.l, true};
    case VIR_TYPED_PARAM_ULLONG:
        return (struct opt_u64){p->value.ul, true};
    default:
        return none;
    }
}

static enum snapshot_state to_state(struct opt_u64 state)
{
    if (!state.has)
        return SNAPSHOT_STATE_OTHER;
    if (state.value == VIR_DOMAIN_RUNNING || state.value == VIR_DOMAIN_BLOCKED)
        return SNAPSHOT_STATE_RUNNING;
    if (state.value == VIR_DOMAIN_PAUSED || state.value == VIR_DOMAIN_PMSUSPENDED)
        return SNAPSHOT_STATE_PAUSED;
    return SNAPSHOT_STATE_OTHER;
}

/* The vCPU of that number, new or not; libvirt lists them in ascending order, so that
 * it nearly always is the last one. */
static struct snapshot_vcpu *get_vcpu(struct snapshot_domain *d, uint32_t number)
{
    for (size_t i = d->nvcpus; i > 0; i--)
        if (d->vcpus[i - 1].number == number)
            return &d->vcpus[i - 1];
    struct snapshot_vcpu *v = snapshot_add_vcpu(d);
    if (v != NULL)
        v->number = number;
    return v;
}

/* name is what follows "vcpu.": "3.time", "3.delay", "3.state", "current", .. */
static int parse_vcpu(const char *name, const virTypedParameter *p,
                      struct snapshot_domain *d)
{
    if (!isdigit((unsigned char)*name))
        return 0;
    char *field;
    unsigned long number = strtoul(name, &field, 10);
    if (number >= SNAPSHOT_VCPUS_MAX || *field != '.')
        return 0;
    bool time = strcmp(field, ".time") == 0, delay = strcmp(field, ".delay") == 0;
    if (!time && !delay && strcmp(field, ".state") != 0)
        return 0;
    struct snapshot_vcpu *v = get_vcpu(d, (uint32_t)number);
    if (v == NULL)
        return -ENOMEM;
    if (time)
        v->time_ns = to_u64(p);
    else if (delay)
        v->delay_ns = to_u64(p);
    return 0;
}

static void parse_balloon(const char *name, const virTypedParameter *p,
                          struct snapshot_memory *m)
{
    for (size_t i = 0; i < sizeof(balloon_fields) / sizeof(balloon_fields[0]); i++)
        if (strcmp(name, balloon_fields[i].name) == 0)
            *(struct opt_u64 *)((char *)m + balloon_fields[i].offset) = to_u64(p);
}

/* balloon.rss is there whenever libvirt got the job, whatever the guest's driver does:
 * it tells a busy domain from a guest without statistics. */
static bool is_partial(const struct snapshot_domain *d, struct opt_u64 vcpus_online)
{
    if (!d->memory.current_kib.has || !d->memory.maximum_kib.has ||
        !d->memory.rss_kib.has)
        return true;
    if (!vcpus_online.has || vcpus_online.value > d->nvcpus)
        return true;
    for (size_t i = 0; i < d->nvcpus; i++)
        if (!d->vcpus[i].time_ns.has)
            return true;
    return false;
}

int libvirt_stats_parse(const virTypedParameter *params, int n,
                        struct snapshot_domain *ret)
{
    struct opt_u64 vcpus_online = {0};
    int r = 0;
    for (int i = 0; i < n && r == 0; i++) {
        const virTypedParameter *p = &params[i];
        if (strcmp(p->field, "state.state") == 0)
            ret->state = to_state(to_u64(p));
        else if (strcmp(p->field, "vcpu.current") == 0)
            vcpus_online = to_u64(p);
        else if (strncmp(p->field, "vcpu.", 5) == 0)
            r = parse_vcpu(p->field + 5, p, ret);
        else if (strncmp(p->field, "balloon.", 8) == 0)
            parse_balloon(p->field + 8, p, &ret->memory);
    }
    ret->partial = is_partial(ret, vcpus_online);
    return r;
}
