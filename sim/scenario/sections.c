/* sections.c - [scenario], [host], [settings] and [expect]. */
#include "sim/scenario/sections.h"

#include "sim/scenario/event_text.h"
#include "sim/scenario/fields.h"
#include "sim/scenario/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

int scenario_add_event(struct scenario *s, const struct sim_event *ev)
{
    if (s->nevents >= SIM_EVENTS_MAX)
        return -E2BIG;
    if ((s->nevents & (s->nevents - 1)) == 0) { /* room is the next power of two */
        size_t room = s->nevents == 0 ? 1 : 2 * s->nevents;
        struct sim_event *list = realloc(s->events, room * sizeof(*list));
        if (list == NULL)
            return -ENOMEM;
        s->events = list;
    }
    s->events[s->nevents++] = *ev;
    return 0;
}

int section_event_time(const char *key, int64_t *ret_ns, struct err *e)
{
    if (strncmp(key, "at.", 3) != 0)
        return -ENOENT;
    int r = value_time(key + 3, ret_ns);
    return r < 0 ? err_set(e, r, "'%.40s': T of at.T is not a time in seconds", key)
                 : 0;
}

int section_scenario(const struct lines *l, struct scenario *s, unsigned *ret_line,
                     struct err *e)
{
    uint32_t seed = 1;
    static const struct field fields[] = {
        {"title", FIELD_TEXT, offsetof(struct scenario, title), 0, SCENARIO_TITLE_MAX},
        {"duration", FIELD_TIME, offsetof(struct scenario, duration_ns), 1, 864000},
        {"warmup_samples", FIELD_COUNT, offsetof(struct scenario, warmup_samples), 0,
         10000},
        {"pin_takes", FIELD_TIME, offsetof(struct scenario, pin_ns), 0, 60},
        {"memory_call_takes", FIELD_TIME, offsetof(struct scenario, memory_ns), 0, 60},
    };
    for (size_t i = 0; i < l->n; i++) {
        const struct line *at = &l->all[i];
        if (strcmp(at->section, "scenario") != 0)
            continue;
        *ret_line = at->number;
        int r = 0;
        if (strcmp(at->key, "seed") == 0 && value_count(at->value, &seed) == 0)
            s->seed = seed;
        else
            r = fields_set(fields, COUNT(fields), s, at->key, at->value, e);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- host ---- */

/* "set KEY VALUE": a setting that changes at that time. */
static int add_change(struct scenario *s, int64_t at_ns, const char *text,
                      struct err *e)
{
    char key[64];
    size_t len = strcspn(text, " \t");
    const char *value = text + len + strspn(text + len, " \t");
    if (s->nchanges >= SCENARIO_SETTINGS_MAX)
        return err_set(e, -E2BIG, "more than %d changes of settings",
                       SCENARIO_SETTINGS_MAX);
    if (len == 0 || len >= sizeof(key))
        return err_set(e, -EINVAL,
                       "'set %.40s' is not understood; allowed: set KEY VALUE", text);
    memcpy(key, text, len);
    key[len] = '\0';
    struct scenario_setting *list =
        realloc(s->changes, (s->nchanges + 1) * sizeof(*list));
    if (list == NULL)
        return -ENOMEM;
    s->changes = list;
    struct scenario_setting *c = &list[s->nchanges];
    *c = (struct scenario_setting){.at_ns = at_ns};
    settings_init(&c->value);
    int r = settings_set(&c->value, key, value, e);
    if (r < 0)
        return r;
    c->row = settings_find(key);
    s->nchanges++;
    return 0;
}

static int host_event(struct scenario *s, const struct line *at, int64_t at_ns,
                      struct err *e)
{
    struct sim_event ev;
    if (strncmp(at->value, "set ", 4) == 0)
        return add_change(s, at_ns, at->value + 4 + strspn(at->value + 4, " \t"), e);
    int r = event_text_of_host(at->value, s->host.pcpus, &ev, e);
    if (r < 0)
        return r;
    ev.at_ns = at_ns;
    return scenario_add_event(s, &ev);
}

static const struct field host_fields[] = {
    {"pcpus", FIELD_COUNT, offsetof(struct sim_host_spec, pcpus), 1, CPUSET_MAX},
    {"cells", FIELD_COUNT, offsetof(struct sim_host_spec, cells), 1, 64},
    {"llcs", FIELD_COUNT, offsetof(struct sim_host_spec, llcs), 1, 64},
    {"threads", FIELD_COUNT, offsetof(struct sim_host_spec, threads), 1, 2},
    {"smt_gain", FIELD_SHARE, offsetof(struct sim_host_spec, smt_gain), 1, 2},
    {"remote_efficiency", FIELD_SHARE,
     offsetof(struct sim_host_spec, remote_efficiency), 0.1, 1},
    {"kernel_moves", FIELD_SHARE, offsetof(struct sim_host_spec, kernel_moves_per_s), 0,
     100},
    {"kernel_unfairness", FIELD_SHARE,
     offsetof(struct sim_host_spec, kernel_unfairness), 0, 0.5},
    {"isolated", FIELD_CPUS, offsetof(struct sim_host_spec, isolated), 0, CPUSET_MAX},
    {"memory", FIELD_SIZE, offsetof(struct sim_host_spec, memory_kib), 64, 1073741824},
    {"used", FIELD_SIZE, offsetof(struct sim_host_spec, used_kib), 0, 1073741824},
    {"pressure_below", FIELD_SIZE, offsetof(struct sim_host_spec, psi_below_kib), 0,
     1073741824},
};

static int host_line(struct scenario *s, const struct line *at, struct err *e)
{
    int64_t ns = 0;
    int r = section_event_time(at->key, &ns, e);
    if (r == 0) /* events need the number of pCPUs: in a second round */
        return 0;
    if (r != -ENOENT)
        return r;
    if (strcmp(at->key, "migration_cost") == 0) {
        r = value_time(at->value, &ns);
        if (r < 0 || ns > 100000000)
            return err_set(e, -EINVAL,
                           "migration_cost = '%.40s'; allowed: a time, 0..100ms",
                           at->value);
        s->host.migration_ns = (double)ns;
        return 0;
    }
    return fields_set(host_fields, COUNT(host_fields), &s->host, at->key, at->value, e);
}

static int check_host(const struct sim_host_spec *h, struct err *e)
{
    if (h->pcpus % (h->threads * h->cells * h->llcs) != 0)
        return err_set(
            e, -EINVAL,
            "pcpus = %u is no multiple of cells x llcs x threads = %u x %u x %u",
            h->pcpus, h->cells, h->llcs, h->threads);
    if (h->used_kib >= h->memory_kib)
        return err_set(e, -EINVAL, "used is not less than memory");
    return 0;
}

int section_host(const struct lines *l, struct scenario *s, unsigned *ret_line,
                 struct err *e)
{
    unsigned last = 0;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < l->n; i++) {
            const struct line *at = &l->all[i];
            int64_t ns;
            if (strcmp(at->section, "host") != 0)
                continue;
            *ret_line = last = at->number;
            int r = 0;
            if (round == 0)
                r = host_line(s, at, e);
            else if (section_event_time(at->key, &ns, e) == 0)
                r = host_event(s, at, ns, e);
            if (r < 0)
                return r;
        }
        *ret_line = last;
        int r = check_host(&s->host, e);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- settings and verdicts ---- */

int section_settings(const struct lines *l, struct scenario *s, unsigned *ret_line,
                     struct err *e)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct line *at = &l->all[i];
        if (strcmp(at->section, "settings") != 0)
            continue;
        *ret_line = at->number;
        int r = settings_set(&s->settings, at->key, at->value, e);
        if (r < 0)
            return r;
    }
    return 0;
}

static int expected_value(const struct expect_row *row, const char *text, double *ret,
                          struct err *e)
{
    static const char *const what[] = {[EXPECT_COUNT] = "a whole number",
                                       [EXPECT_SHARE] = "a share (0.98 or 98%)",
                                       [EXPECT_KIB] = "a size (200MiB)"};
    uint32_t n = 0;
    int64_t kib = 0;
    int r;
    switch (row->type) {
    case EXPECT_COUNT:
        r = value_count(text, &n);
        *ret = n;
        break;
    case EXPECT_KIB:
        r = value_size(text, &kib);
        *ret = (double)kib;
        break;
    default:
        r = value_share(text, ret);
        break;
    }
    return r < 0 ? err_set(e, r, "%s = '%.60s' is not understood; allowed: %s",
                           row->key, text, what[row->type])
                 : 0;
}

int section_expect(const struct lines *l, struct scenario *s, unsigned *ret_line,
                   struct err *e)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct line *at = &l->all[i];
        if (strcmp(at->section, "expect") != 0)
            continue;
        *ret_line = at->number;
        const struct expect_row *row = expect_find(at->key);
        if (row == NULL)
            return err_set(e, -ENOENT,
                           "unknown verdict '%.60s'; 'simrun --verdicts' lists them",
                           at->key);
        if (s->nexpect >= SCENARIO_EXPECT_MAX)
            return err_set(e, -E2BIG, "more than %d verdicts", SCENARIO_EXPECT_MAX);
        struct expectation *x = &s->expect[s->nexpect];
        *x = (struct expectation){.row = row, .line = at->number};
        int r = expected_value(row, at->value, &x->value, e);
        if (r < 0)
            return r;
        s->nexpect++;
    }
    return 0;
}
