/* json.c - our plain structs as JSON. */
#include "common/json.h"

#include <errno.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* ---- single values ---- */

json_t *json_text(const char *text)
{
    json_t *whole = json_string(text);
    if (whole != NULL)
        return whole;
    /* Every byte that is not part of a character becomes a replacement character: at
     * worst three bytes for one. */
    size_t len = strlen(text), used = 0;
    char *copy = malloc(3 * len + 1);
    if (copy == NULL)
        return NULL;
    for (size_t i = 0; i < len;) {
        size_t n = 1, left = len - i;
        json_t *one = NULL;
        for (; n <= 4 && n <= left && one == NULL; n++)
            one = json_stringn(text + i, n);
        n = one != NULL ? n - 1 : 1;
        const char *from = one != NULL ? text + i : REPLACEMENT;
        size_t bytes = one != NULL ? n : strlen(REPLACEMENT);
        memcpy(copy + used, from, bytes);
        used += bytes;
        i += n;
        json_decref(one);
    }
    whole = json_stringn(copy, used);
    free(copy);
    return whole;
}

json_t *json_text_or_null(const char *text)
{
    return text[0] == '\0' ? json_null() : json_text(text);
}

json_t *json_u64(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

json_t *json_opt(struct opt_u64 value)
{
    return value.has ? json_u64(value.value) : json_null();
}

json_t *json_cpuset(const struct cpuset *set)
{
    char text[CPUSET_TEXT_MAX];
    return json_string(cpuset_format(set, text, sizeof(text)));
}

static json_t *cpuset_or_null(const struct cpuset *set)
{
    return cpuset_empty(set) ? json_null() : json_cpuset(set);
}

static void put(json_t *to, const char *key, json_t *value)
{
    (void)json_object_set_new(to, key,
                              value); /* takes NULL, and frees value on failure */
}

int json_print(const json_t *value, FILE *to)
{
    if (value == NULL ||
        json_dumpf(value, to, JSON_INDENT(2) | JSON_ENSURE_ASCII) < 0 ||
        fputc('\n', to) == EOF)
        return -EIO;
    return 0;
}

json_t *json_settings(const struct settings *s)
{
    json_t *to = json_object();
    char text[SETTINGS_TEXT_MAX];
    size_t n;
    const struct settings_row *rows = settings_table(&n);
    for (size_t i = 0; i < n; i++)
        put(to, rows[i].key,
            json_text(settings_format(s, &rows[i], text, sizeof(text))));
    return to;
}

/* ---- snapshots ---- */

static json_t *pcpu(const struct snapshot_pcpu *p)
{
    json_t *to = json_object();
    put(to, "id", json_u64(p->id));
    put(to, "cell", json_u64(p->cell));
    put(to, "llc", json_u64(p->llc));
    put(to, "core", json_u64(p->core));
    put(to, "online", json_boolean(p->online));
    put(to, "isolated", json_boolean(p->isolated));
    put(to, "busy_ns", json_opt(p->busy_ns));
    put(to, "steal_ns", json_opt(p->steal_ns));
    return to;
}

static json_t *host(const struct snapshot_host *h)
{
    json_t *to = json_object(), *pcpus = json_array();
    put(to, "uuid", json_text_or_null(h->uuid));
    put(to, "uri", json_text(h->uri));
    put(to, "connected", json_boolean(h->connected));
    put(to, "trouble", json_text_or_null(h->trouble));
    put(to, "memory_total_kib", json_opt(h->memory_total_kib));
    put(to, "memory_available_kib", json_opt(h->memory_available_kib));
    put(to, "memory_psi_permille", json_opt(h->memory_psi_permille));
    put(to, "cpu_psi_permille", json_opt(h->cpu_psi_permille));
    for (size_t i = 0; i < h->npcpus; i++)
        json_array_append_new(pcpus, pcpu(&h->pcpus[i]));
    put(to, "pcpus", pcpus);
    return to;
}

static json_t *vcpu(const struct snapshot_vcpu *v)
{
    json_t *to = json_object();
    put(to, "number", json_u64(v->number));
    put(to, "time_ns", json_opt(v->time_ns));
    put(to, "delay_ns", json_opt(v->delay_ns));
    put(to, "affinity", cpuset_or_null(&v->affinity));
    put(to, "allowed", cpuset_or_null(&v->allowed));
    put(to, "operator_pinned", json_boolean(v->operator_pinned));
    return to;
}

json_t *json_memory(const struct snapshot_memory *m)
{
    json_t *to = json_object();
    put(to, "maximum_kib", json_opt(m->maximum_kib));
    put(to, "current_kib", json_opt(m->current_kib));
    put(to, "available_kib", json_opt(m->available_kib));
    put(to, "unused_kib", json_opt(m->unused_kib));
    put(to, "usable_kib", json_opt(m->usable_kib));
    put(to, "disk_caches_kib", json_opt(m->disk_caches_kib));
    put(to, "swap_in_kib", json_opt(m->swap_in_kib));
    put(to, "swap_out_kib", json_opt(m->swap_out_kib));
    put(to, "major_faults", json_opt(m->major_faults));
    put(to, "rss_kib", json_opt(m->rss_kib));
    put(to, "last_update_s", json_opt(m->last_update_s));
    put(to, "period_s", json_opt(m->period_s));
    put(to, "balloon",
        json_string(m->balloon == SNAPSHOT_BALLOON_VIRTIO ? "virtio" : "none"));
    put(to, "hostdev", json_boolean(m->hostdev));
    put(to, "hugepages", json_boolean(m->hugepages));
    put(to, "locked", json_boolean(m->locked));
    return to;
}

static const char *state_word(enum snapshot_state state)
{
    return state == SNAPSHOT_STATE_RUNNING  ? "running"
           : state == SNAPSHOT_STATE_PAUSED ? "paused"
                                            : "other";
}

static json_t *domain(const struct snapshot_domain *d)
{
    json_t *to = json_object(), *vcpus = json_array();
    put(to, "name", json_text(d->name));
    put(to, "uuid", json_text(d->uuid));
    put(to, "id", json_integer(d->id));
    put(to, "state", json_string(state_word(d->state)));
    put(to, "managed", json_boolean(d->managed));
    put(to, "partial", json_boolean(d->partial));
    put(to, "quarantined", json_boolean(d->quarantined));
    put(to, "sampled_ns", json_integer(d->sampled_ns));
    put(to, "cpu_shares", json_opt(d->cpu_shares));
    put(to, "memory", json_memory(&d->memory));
    for (size_t i = 0; i < d->nvcpus; i++)
        json_array_append_new(vcpus, vcpu(&d->vcpus[i]));
    put(to, "vcpus", vcpus);
    return to;
}

json_t *json_snapshot(const struct snapshot *s)
{
    json_t *to = json_object(), *domains = json_array();
    put(to, "sequence", json_u64(s->sequence));
    put(to, "mono_ns", json_integer(s->mono_ns));
    put(to, "wall_ns", json_integer(s->wall_ns));
    put(to, "took_ns", json_integer(s->took_ns));
    put(to, "boot_id", json_text_or_null(s->boot_id));
    put(to, "settings_version", json_u64(s->settings_version));
    put(to, "settings", json_settings(&s->settings));
    put(to, "host", host(&s->host));
    for (size_t i = 0; i < s->ndomains; i++)
        json_array_append_new(domains, domain(&s->domains[i]));
    put(to, "domains", domains);
    return to;
}

/* ---- reports ---- */

static json_t *action(const struct report_action *a)
{
    static const char *const kinds[] = {
        [REPORT_PIN] = "pin",
        [REPORT_SET_MEMORY] = "set-memory",
        [REPORT_STATS_PERIOD] = "stats-period",
    };
    json_t *to = json_object();
    bool known = a->kind >= REPORT_PIN && a->kind <= REPORT_STATS_PERIOD;
    put(to, "kind", json_string(known ? kinds[a->kind] : "unknown"));
    put(to, "name", json_text(a->name));
    put(to, "uuid", json_text(a->uuid));
    if (a->kind == REPORT_PIN) {
        put(to, "vcpu", json_u64(a->vcpu));
        put(to, "from_pcpus", json_cpuset(&a->from_pcpus));
        put(to, "to_pcpus", json_cpuset(&a->to_pcpus));
    } else {
        bool memory_kib = a->kind == REPORT_SET_MEMORY;
        put(to, memory_kib ? "from_kib" : "from_s", json_u64(a->from_value));
        put(to, memory_kib ? "to_kib" : "to_s", json_u64(a->to_value));
    }
    put(to, "reason", json_text(a->reason));
    put(to, "error", json_integer(a->error));
    put(to, "error_text", json_text_or_null(a->error_text));
    put(to, "dry_run", json_boolean(a->dry_run));
    return to;
}

static json_t *cpu(const struct report_cpu *c)
{
    json_t *to = json_object(), *pcpus = json_array(), *vcpus = json_array();
    put(to, "max_now_permille", json_u64(c->max_now_permille));
    put(to, "max_planned_permille", json_u64(c->max_planned_permille));
    put(to, "lower_bound_permille", json_u64(c->lower_bound_permille));
    put(to, "mean_permille", json_u64(c->mean_permille));
    put(to, "deviation_now_permille", json_u64(c->deviation_now_permille));
    put(to, "deviation_planned_permille", json_u64(c->deviation_planned_permille));
    for (size_t i = 0; i < c->npcpus; i++) {
        json_t *one = json_object();
        put(one, "id", json_u64(c->pcpus[i].id));
        put(one, "load_permille", json_u64(c->pcpus[i].load_permille));
        put(one, "ran_permille", json_u64(c->pcpus[i].ran_permille));
        json_array_append_new(pcpus, one);
    }
    for (size_t i = 0; i < c->nvcpus; i++) {
        json_t *one = json_object();
        put(one, "uuid", json_text(c->vcpus[i].uuid));
        put(one, "vcpu", json_u64(c->vcpus[i].vcpu));
        put(one, "demand_permille", json_u64(c->vcpus[i].demand_permille));
        put(one, "ran_permille", json_u64(c->vcpus[i].ran_permille));
        put(one, "waited_permille", json_u64(c->vcpus[i].waited_permille));
        json_array_append_new(vcpus, one);
    }
    put(to, "pcpus", pcpus);
    put(to, "vcpus", vcpus);
    return to;
}

json_t *json_guest(const struct report_guest *g)
{
    json_t *to = json_object();
    put(to, "uuid", json_text(g->uuid));
    put(to, "state", json_text(g->state));
    put(to, "used_kib", json_u64(g->used_kib));
    put(to, "need_kib", json_u64(g->need_kib));
    put(to, "want_kib", json_u64(g->want_kib));
    put(to, "share_kib", json_u64(g->share_kib));
    put(to, "target_kib", json_u64(g->target_kib));
    put(to, "floor_kib", json_u64(g->floor_kib));
    put(to, "growth_kib_s", json_integer(g->growth_kib_s));
    put(to, "why", json_text(g->why));
    return to;
}

static json_t *mem(const struct report_mem *m)
{
    json_t *to = json_object(), *guests = json_array();
    put(to, "budget_kib", json_u64(m->budget_kib));
    put(to, "held_kib", json_u64(m->held_kib));
    put(to, "spare_kib", json_u64(m->spare_kib));
    put(to, "reserve_kib", json_u64(m->reserve_kib));
    for (size_t i = 0; i < m->nguests; i++)
        json_array_append_new(guests, json_guest(&m->guests[i]));
    put(to, "guests", guests);
    return to;
}

json_t *json_report(const struct report *r)
{
    static const char *const modes[] = {"act", "observe", "off"};
    json_t *to = json_object(), *actions = json_array();
    put(to, "actor", json_string(report_actor_name(r->actor)));
    put(to, "pid", json_integer(r->pid));
    put(to, "version", json_text(r->version));
    put(to, "started_ns", json_integer(r->started_ns));
    put(to, "snapshot_sequence", json_u64(r->snapshot_sequence));
    put(to, "settings_version", json_u64(r->settings_version));
    put(to, "interval_ms", json_u64(r->interval_ms));
    put(to, "mode", json_string(r->mode < 3 ? modes[r->mode] : "unknown"));
    put(to, "paused", json_boolean(r->paused));
    put(to, "connected", json_boolean(r->connected));
    put(to, "verdict", json_text(r->verdict));
    put(to, "reason", json_text(r->reason));
    put(to, "snapshots", json_u64(r->snapshots));
    put(to, "gaps", json_u64(r->gaps));
    put(to, "bad_messages", json_u64(r->bad_messages));
    put(to, "calls_ok", json_u64(r->calls_ok));
    put(to, "calls_failed", json_u64(r->calls_failed));
    for (size_t i = 0; i < r->nactions; i++)
        json_array_append_new(actions, action(&r->actions[i]));
    put(to, "actions", actions);
    put(to, "cpu", r->actor == REPORT_ACTOR_CPU ? cpu(&r->cpu) : json_null());
    put(to, "mem", r->actor == REPORT_ACTOR_MEM ? mem(&r->mem) : json_null());
    return to;
}
