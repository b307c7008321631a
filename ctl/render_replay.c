/* render_replay.c - snapshots, reports and events as lines, for people and as JSON. */
#include "ctl/render_replay.h"

#include "common/clock.h"
#include "ctl/text.h"

#include <string.h>

#define SAFE_MAX (4 * REPORT_TEXT_MAX)

static void begin(int64_t at_ns, FILE *to)
{
    fprintf(to, "%+.3f s  ", (double)at_ns / (double)CLOCK_NS_PER_S);
}

static void snapshot(const struct snapshot *s, FILE *to)
{
    char safe[SAFE_MAX];
    size_t vcpus = 0;
    for (size_t i = 0; i < s->ndomains; i++)
        vcpus += s->domains[i].nvcpus;
    fprintf(to, "snapshot %llu: %zu VMs, %zu vCPUs, %zu pCPUs, settings version %llu",
            (unsigned long long)s->sequence, s->ndomains, vcpus, s->host.npcpus,
            (unsigned long long)s->settings_version);
    if (!s->host.connected)
        fprintf(to, ", libvirt does not answer: %s",
                text_safe(s->host.trouble, safe, sizeof(safe)));
    fputc('\n', to);
}

static void report(const struct report *r, int64_t at_ns, FILE *to)
{
    static const char *const modes[] = {"", " (observes)", " (off)"};
    const char *who = report_actor_name(r->actor);
    char line[2 * CPUSET_TEXT_MAX], safe[sizeof(line)];
    fprintf(to, "%s%s on snapshot %llu: verdict=%s", who,
            r->mode < 3 ? modes[r->mode] : "", (unsigned long long)r->snapshot_sequence,
            text_safe(r->verdict, safe, sizeof(safe)));
    fprintf(to, " reason=\"%s\"\n", text_safe(r->reason, safe, sizeof(safe)));
    for (size_t i = 0; i < r->nactions; i++) {
        report_action_format(&r->actions[i], line, sizeof(line));
        begin(at_ns, to);
        fprintf(to, "%s: %s\n", who, text_safe(line, safe, sizeof(safe)));
    }
}

static void event(const struct wire_event *v, FILE *to)
{
    char safe[SAFE_MAX];
    fprintf(to, "event %s", text_safe(v->kind, safe, sizeof(safe)));
    if (v->domain[0] != '\0')
        fprintf(to, " vm=%s", text_safe(v->domain, safe, sizeof(safe)));
    fprintf(to, ": %s\n", text_safe(v->text, safe, sizeof(safe)));
}

void render_replay(const struct wire_message *m, int64_t at_ns, FILE *to)
{
    begin(at_ns, to);
    switch (m->kind) {
    case WIRE_KIND_SNAPSHOT:
        snapshot(&m->u.snapshot, to);
        break;
    case WIRE_KIND_REPORT:
        report(&m->u.report, at_ns, to);
        break;
    case WIRE_KIND_EVENT:
        event(&m->u.event, to);
        break;
    default:
        fputs("something else\n", to);
    }
}

void render_replay_unknown(const char *why, int64_t at_ns, FILE *to)
{
    char safe[4 * ERR_TEXT_MAX];
    begin(at_ns, to);
    fprintf(to, "not understood: %s\n", text_safe(why, safe, sizeof(safe)));
}

/* ---- JSON ---- */

static void put(json_t *to, const char *key, json_t *value)
{
    (void)json_object_set_new(to, key,
                              value); /* takes NULL, and frees value on failure */
}

static json_t *event_json(const struct wire_event *v)
{
    json_t *to = json_object();
    put(to, "kind", json_text(v->kind));
    put(to, "vm", json_text_or_null(v->domain));
    put(to, "text", json_text(v->text));
    return to;
}

json_t *render_replay_json(const struct wire_message *m, const char *why, int64_t at_ns)
{
    json_t *to = json_object();
    put(to, "schema_version", json_integer(JSON_SCHEMA_VERSION));
    put(to, "at_ns", json_integer(at_ns));
    put(to, "sender", m != NULL ? json_text(m->origin.sender) : json_null());
    if (m == NULL || m->kind == WIRE_KIND_NONE) {
        put(to, "kind", json_string("unknown"));
        put(to, "why", json_text(why));
    } else if (m->kind == WIRE_KIND_SNAPSHOT) {
        put(to, "kind", json_string("snapshot"));
        put(to, "snapshot", json_snapshot(&m->u.snapshot));
    } else if (m->kind == WIRE_KIND_REPORT) {
        put(to, "kind", json_string("report"));
        put(to, "report", json_report(&m->u.report));
    } else if (m->kind == WIRE_KIND_EVENT) {
        put(to, "kind", json_string("event"));
        put(to, "event", event_json(&m->u.event));
    } else {
        put(to, "kind", json_string("other"));
    }
    return to;
}
