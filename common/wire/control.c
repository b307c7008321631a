/* control.c - control requests and replies packed and unpacked. */
#include "common/wire/field.h"
#include "common/wire/parts.h"

#include <errno.h>
#include <stdlib.h>

Vmb__Request *pack_request(struct arena *a, const struct control_request *q)
{
    Vmb__Request *m = arena_alloc(a, sizeof(*m));
    if (m == NULL)
        return NULL;
    vmb__request__init(m);
    FIELD_PUT(m, verb, (Vmb__Verb)q->verb);
    m->request_id = field_put_text(a, q->id);
    m->n_changes = q->nchanges;
    m->changes = PACK_LIST(a, q->nchanges, Vmb__Setting, vmb__setting__init);
    if (m->request_id == NULL || m->changes == NULL)
        return NULL;
    for (size_t i = 0; i < q->nchanges; i++) {
        m->changes[i]->key = field_put_text(a, q->changes[i].key);
        m->changes[i]->value = field_put_text(a, q->changes[i].value);
        if (m->changes[i]->key == NULL || m->changes[i]->value == NULL)
            return NULL;
    }
    if (!q->has_action)
        return m;
    m->action = arena_alloc(a, sizeof(*m->action));
    if (m->action == NULL)
        return NULL;
    vmb__action__init(m->action);
    return pack_action(a, &q->action, m->action) < 0 ? NULL : m;
}

static int pack_reports(struct arena *a, const struct control_reply *r, Vmb__Reply *m)
{
    m->reports = PACK_LIST(a, REPORT_ACTORS, Vmb__ReportAt, vmb__report_at__init);
    if (m->reports == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < REPORT_ACTORS; i++) {
        if (!r->reports[i].has)
            continue;
        Vmb__ReportAt *at = m->reports[m->n_reports++];
        FIELD_PUT(at, received_ns, r->reports[i].received_ns);
        at->report = pack_report(a, &r->reports[i].report);
        if (at->report == NULL)
            return -ENOMEM;
    }
    return 0;
}

Vmb__Reply *pack_reply(struct arena *a, const struct control_reply *r)
{
    Vmb__Reply *m = arena_alloc(a, sizeof(*m));
    if (m == NULL)
        return NULL;
    vmb__reply__init(m);
    m->request_id = field_put_text(a, r->id);
    m->error_text = field_put_text(a, r->error_text);
    m->version = field_put_text(a, r->version);
    if (m->request_id == NULL || m->error_text == NULL || m->version == NULL)
        return NULL;
    FIELD_PUT(m, error, r->error);
    FIELD_PUT(m, pid, r->pid);
    FIELD_PUT(m, started_ns, r->started_ns);
    FIELD_PUT(m, mono_ns, r->mono_ns);
    FIELD_PUT(m, settings_version, r->settings_version);
    FIELD_PUT(m, reconnects, r->reconnects);
    FIELD_PUT(m, stuck_calls, r->stuck_calls);
    FIELD_PUT(m, bad_messages, r->bad_messages);
    if (pack_settings(a, &r->settings, &m->n_settings, &m->settings) < 0 ||
        pack_reports(a, r, m) < 0)
        return NULL;
    if (r->has_snapshot && (m->snapshot = pack_snapshot(a, &r->snapshot)) == NULL)
        return NULL;
    return m;
}

int unpack_request(const Vmb__Request *m, struct control_request *q, struct err *e)
{
    int r = field_name(m->request_id, q->id, sizeof(q->id), "request id", e);
    r = r < 0 ? r : field_count(m->n_changes, CONTROL_CHANGES_MAX, "changes", e);
    if (r < 0)
        return r;
    q->verb = m->verb >= VMB__VERB__VERB_PING && m->verb <= VMB__VERB__VERB_ACT
                  ? (enum control_verb)m->verb
                  : CONTROL_NONE; /* a newer client's: answered with "not known" */
    q->changes = calloc(m->n_changes + 1, sizeof(*q->changes));
    if (q->changes == NULL)
        return -ENOMEM;
    q->nchanges = m->n_changes;
    q->has_action = m->action != NULL;
    if (q->has_action && (r = unpack_action(m->action, &q->action, e)) < 0)
        return r;
    for (size_t i = 0; i < m->n_changes && r == 0; i++) {
        struct control_change *c = &q->changes[i];
        r = field_name(m->changes[i]->key, c->key, sizeof(c->key), "setting key", e);
        r = r < 0 ? r
                  : field_text(m->changes[i]->value, c->value, sizeof(c->value),
                               "setting value", e);
    }
    return r;
}

static int unpack_reports(const Vmb__Reply *m, struct control_reply *r, struct err *e)
{
    int rc = field_count(m->n_reports, 8, "reports", e);
    for (size_t i = 0; i < m->n_reports && rc == 0; i++) {
        struct report one = {0};
        if (m->reports[i]->report == NULL)
            continue;
        rc = unpack_report(m->reports[i]->report, &one, e);
        struct control_report *slot = &r->reports[one.actor];
        if (rc < 0 || slot->has) {
            report_fini(&one);
            continue;
        }
        slot->has = true;
        slot->received_ns = m->reports[i]->received_ns;
        slot->report = one;
    }
    return rc;
}

int unpack_reply(const Vmb__Reply *m, struct control_reply *to, struct err *e)
{
    int r = field_name(m->request_id, to->id, sizeof(to->id), "request id", e);
    r = r < 0 ? r
              : field_text(m->error_text, to->error_text, sizeof(to->error_text),
                           "error text", e);
    r = r < 0 ? r
              : field_text(m->version, to->version, sizeof(to->version), "version", e);
    r = r < 0 ? r : FIELD_I64(m, to, started_ns, e);
    r = r < 0 ? r : FIELD_I64(m, to, mono_ns, e);
    r = r < 0 ? r : FIELD_U64(m, to, settings_version, FIELD_COUNT_MAX, e);
    r = r < 0 ? r : FIELD_U64(m, to, reconnects, FIELD_COUNT_MAX, e);
    r = r < 0 ? r : FIELD_U64(m, to, stuck_calls, FIELD_COUNT_MAX, e);
    r = r < 0 ? r : FIELD_U64(m, to, bad_messages, FIELD_COUNT_MAX, e);
    r = r < 0 ? r : unpack_settings(m->n_settings, m->settings, &to->settings, e);
    to->error = m->error;
    to->pid = m->pid;
    to->has_snapshot = m->snapshot != NULL;
    if (r == 0 && m->snapshot != NULL)
        r = unpack_snapshot(m->snapshot, &to->snapshot, e);
    return r < 0 ? r : unpack_reports(m, to, e);
}
