/* render_json.c - replies as JSON documents. */
#include "ctl/render_json.h"

#include <string.h>

static void put(json_t *to, const char *key, json_t *value)
{
    (void)json_object_set_new(to, key,
                              value); /* takes NULL, and frees value on failure */
}

static json_t *document(void)
{
    json_t *to = json_object();
    put(to, "schema_version", json_integer(JSON_SCHEMA_VERSION));
    return to;
}

static json_t *monitor(const struct control_reply *r)
{
    json_t *to = json_object();
    put(to, "version", json_text(r->version));
    put(to, "pid", json_integer(r->pid));
    put(to, "started_ns", json_integer(r->started_ns));
    put(to, "uptime_ns", json_integer(r->mono_ns - r->started_ns));
    put(to, "settings_version", json_u64(r->settings_version));
    put(to, "reconnects", json_u64(r->reconnects));
    put(to, "stuck_calls", json_u64(r->stuck_calls));
    put(to, "bad_messages", json_u64(r->bad_messages));
    return to;
}

/* ---- status ---- */

static json_t *health_texts(const struct health *h, bool bad)
{
    json_t *to = json_array();
    for (size_t i = 0; i < h->nlines; i++)
        if (h->lines[i].bad == bad)
            json_array_append_new(to, json_text(h->lines[i].text));
    return to;
}

static json_t *actor(const struct control_reply *r, const struct health *h,
                     enum report_actor a)
{
    const struct control_report *slot = &r->reports[a];
    json_t *to = json_object();
    put(to, "state", json_string(health_actor_word(h->actors[a])));
    put(to, "age_ns",
        slot->has ? json_integer(health_report_age_ns(r, a)) : json_null());
    put(to, "report", slot->has ? json_report(&slot->report) : json_null());
    return to;
}

static json_t *vm_load(const struct view_vm *vm, uint64_t permille)
{
    return vm->has_cpu ? json_u64(permille) : json_null();
}

/* The row of `vmctl status` and `vms`. */
static json_t *vm_row(const struct control_reply *r, const struct view_vm *vm)
{
    const struct snapshot_domain *d = vm->domain;
    const struct report_guest *g = vm->guest;
    int64_t balloon_age_ns = view_balloon_age_ns(r, d);
    json_t *to = json_object();
    put(to, "name", json_text(d->name));
    put(to, "uuid", json_text(d->uuid));
    put(to, "id", json_integer(d->id));
    put(to, "state", json_string(view_state(d)));
    const char *status = view_status(vm);
    put(to, "status", strcmp(status, "-") != 0 ? json_text(status) : json_null());
    put(to, "managed", json_boolean(d->managed));
    const char *unmanaged = view_unmanaged(d, &r->snapshot.settings);
    put(to, "unmanaged_by", unmanaged != NULL ? json_string(unmanaged) : json_null());
    put(to, "partial", json_boolean(d->partial));
    put(to, "quarantined", json_boolean(d->quarantined));
    put(to, "age_ns", json_integer(view_age_ns(r, d)));
    put(to, "balloon_age_ns",
        balloon_age_ns < 0 ? json_null() : json_integer(balloon_age_ns));
    put(to, "vcpu_count", json_u64(d->nvcpus));
    put(to, "demand_permille", vm_load(vm, vm->demand_permille));
    put(to, "ran_permille", vm_load(vm, vm->ran_permille));
    put(to, "waited_permille", vm_load(vm, vm->waited_permille));
    put(to, "actual_kib", json_opt(d->memory.current_kib));
    put(to, "maximum_kib", json_opt(d->memory.maximum_kib));
    put(to, "used_kib", json_opt(view_used_kib(&d->memory)));
    put(to, "usable_kib", json_opt(d->memory.usable_kib));
    put(to, "target_kib",
        g != NULL && g->target_kib > 0 ? json_u64(g->target_kib) : json_null());
    return to;
}

static json_t *vm_rows(const struct control_reply *r, const struct view *v)
{
    json_t *to = json_array();
    for (size_t i = 0; i < v->nvms; i++)
        json_array_append_new(to, vm_row(r, &v->vms[i]));
    return to;
}

json_t *render_json_status(const struct control_reply *r, const struct health *h,
                           const struct view *v)
{
    json_t *to = document(), *actors = json_object();
    put(to, "status", json_string(h->degraded ? "degraded" : "healthy"));
    put(to, "reasons", health_texts(h, true));
    put(to, "notes", health_texts(h, false));
    put(to, "monitor", monitor(r));
    put(actors, "cpu_actor", actor(r, h, REPORT_ACTOR_CPU));
    put(actors, "mem_actor", actor(r, h, REPORT_ACTOR_MEM));
    put(to, "actors", actors);
    put(to, "settings", json_settings(&r->settings));
    put(to, "vms", vm_rows(r, v));
    put(to, "snapshot_age_ns",
        r->has_snapshot ? json_integer(health_snapshot_age_ns(r)) : json_null());
    put(to, "snapshot", r->has_snapshot ? json_snapshot(&r->snapshot) : json_null());
    return to;
}

/* ---- VMs ---- */

static json_t *vcpu(const struct view *view, const struct snapshot_domain *d,
                    const struct snapshot_vcpu *v)
{
    const struct report_vcpu *said = view_vcpu(view, d, v->number);
    json_t *to = json_object();
    put(to, "number", json_u64(v->number));
    put(to, "affinity",
        cpuset_empty(&v->affinity) ? json_null() : json_cpuset(&v->affinity));
    put(to, "allowed",
        cpuset_empty(&v->allowed) ? json_null() : json_cpuset(&v->allowed));
    put(to, "operator_pinned", json_boolean(v->operator_pinned));
    put(to, "time_ns", json_opt(v->time_ns));
    put(to, "delay_ns", json_opt(v->delay_ns));
    put(to, "demand_permille",
        said != NULL ? json_u64(said->demand_permille) : json_null());
    put(to, "ran_permille", said != NULL ? json_u64(said->ran_permille) : json_null());
    put(to, "waited_permille",
        said != NULL ? json_u64(said->waited_permille) : json_null());
    return to;
}

/* The row of a VM with its pins. */
static json_t *vm_with_pins(const struct control_reply *r, const struct view_vm *vm)
{
    json_t *to = vm_row(r, vm), *pins = json_array();
    for (size_t i = 0; i < vm->domain->nvcpus; i++) {
        const struct cpuset *set = &vm->domain->vcpus[i].affinity;
        json_array_append_new(pins, cpuset_empty(set) ? json_null() : json_cpuset(set));
    }
    put(to, "affinity", pins);
    return to;
}

json_t *render_json_vms(const struct control_reply *r, const struct view *v)
{
    json_t *to = document(), *vms = json_array();
    for (size_t i = 0; i < v->nvms; i++)
        json_array_append_new(vms, vm_with_pins(r, &v->vms[i]));
    put(to, "vms", vms);
    return to;
}

json_t *render_json_vm(const struct control_reply *r, const struct view *v,
                       const struct view_vm *vm)
{
    const struct snapshot_domain *d = vm->domain;
    json_t *to = document(), *vcpus = json_array(), *row = vm_row(r, vm);
    json_object_update(to, row);
    json_decref(row);
    put(to, "cpu_shares", json_opt(d->cpu_shares));
    for (size_t i = 0; i < d->nvcpus; i++)
        json_array_append_new(vcpus, vcpu(v, d, &d->vcpus[i]));
    put(to, "vcpus", vcpus);
    put(to, "memory", json_memory(&d->memory));
    put(to, "guest", vm->guest != NULL ? json_guest(vm->guest) : json_null());
    return to;
}

/* ---- settings ---- */

json_t *render_json_get(const struct control_reply *r, const struct settings_row *key)
{
    char text[SETTINGS_TEXT_MAX];
    json_t *to = document(),
           *one = key == NULL ? json_settings(&r->settings) : json_object();
    if (key != NULL)
        put(one, key->key,
            json_text(settings_format(&r->settings, key, text, sizeof(text))));
    put(to, "settings_version", json_u64(r->settings_version));
    put(to, "settings", one);
    return to;
}

json_t *render_json_settings(const struct control_reply *r)
{
    char text[SETTINGS_TEXT_MAX];
    size_t n;
    const struct settings_row *rows = settings_table(&n);
    json_t *to = document(), *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *one = json_object();
        put(one, "key", json_string(rows[i].key));
        put(one, "value",
            json_text(settings_format(&r->settings, &rows[i], text, sizeof(text))));
        put(one, "default", json_string(rows[i].initial));
        put(one, "unit", json_text_or_null(rows[i].unit));
        put(one, "allowed", json_string(settings_range(&rows[i], text, sizeof(text))));
        put(one, "used_by", json_string(rows[i].used_by));
        put(one, "help", json_string(rows[i].help));
        json_array_append_new(list, one);
    }
    put(to, "settings_version", json_u64(r->settings_version));
    put(to, "settings", list);
    return to;
}

json_t *render_json_set(const struct settings *was, const struct control_reply *now,
                        const struct settings_row *const *rows, size_t nrows)
{
    char text[SETTINGS_TEXT_MAX];
    json_t *to = document(), *changes = json_array();
    for (size_t i = 0; i < nrows; i++) {
        json_t *one = json_object();
        put(one, "key", json_string(rows[i]->key));
        put(one, "value",
            json_text(settings_format(&now->settings, rows[i], text, sizeof(text))));
        put(one, "was", json_text(settings_format(was, rows[i], text, sizeof(text))));
        json_array_append_new(changes, one);
    }
    put(to, "settings_version", json_u64(now->settings_version));
    put(to, "changes", changes);
    return to;
}

/* ---- ping, version ---- */

json_t *render_json_ping(const struct control_reply *r, int64_t took_ns)
{
    json_t *to = document();
    put(to, "took_ns", json_integer(took_ns));
    put(to, "monitor", monitor(r));
    return to;
}

json_t *render_json_version(const char *version, const struct control_reply *r)
{
    json_t *to = document();
    put(to, "vmctl", json_text(version));
    put(to, "monitor", r != NULL ? monitor(r) : json_null());
    return to;
}
