/* scenario.c - reading a scenario file, and making a model of it. */
#include "sim/scenario/scenario.h"

#include "sim/scenario/lines.h"
#include "sim/scenario/sections.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S INT64_C(1000000000)
#define MIB INT64_C(1024)
#define GIB (1024 * MIB)

void scenario_defaults(struct scenario *s)
{
    settings_init(&s->settings);
    s->duration_ns = 60 * NS_PER_S;
    s->warmup_samples = 5;
    s->seed = 1;
    s->pin_ns = s->memory_ns = 1500000;
    s->host = (struct sim_host_spec){
        .pcpus = 4,
        .cells = 1,
        .llcs = 1,
        .threads = 1,
        .smt_gain = 1.25,
        .remote_efficiency = 0.85,
        .kernel_moves_per_s = 0.8,
        .kernel_unfairness = 0.05,
        .migration_ns = 750000.0,
        .memory_kib = 64 * GIB,
        .used_kib = 2 * GIB,
        .psi_below_kib = 100 * MIB,
    };
}

/* Refuses what no section reader would look at. */
static int check_sections(const struct lines *l, unsigned *ret_line, struct err *e)
{
    static const char *const known[] = {"scenario", "host", "settings", "expect"};
    for (size_t i = 0; i < l->n; i++) {
        const struct line *at = &l->all[i];
        bool ok = strncmp(at->section, "vm ", 3) == 0;
        for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
            ok |= strcmp(at->section, known[k]) == 0;
        *ret_line = at->number;
        if (!ok)
            return err_set(
                e, -EINVAL,
                "unknown section [%.48s]; allowed: [scenario], [host], [vm NAME], "
                "[settings], [expect]",
                at->section);
        for (size_t k = 0; k < i && strncmp(at->key, "at.", 3) != 0; k++)
            if (strcmp(l->all[k].section, at->section) == 0 &&
                strcmp(l->all[k].key, at->key) == 0)
                return err_set(e, -EINVAL, "%s was given before, in line %u", at->key,
                               l->all[k].number);
    }
    return 0;
}

static int read_sections(const struct lines *l, struct scenario *s, const char *name,
                         struct err *e)
{
    static int (*const readers[])(const struct lines *, struct scenario *, unsigned *,
                                  struct err *) = {
        section_scenario, section_settings, section_host, section_vms, section_expect};
    unsigned line = 0;
    struct err why = {""};
    int r = check_sections(l, &line, &why);
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]) && r == 0; i++)
        r = readers[i](l, s, &line, &why);
    if (r == -ENOMEM)
        return err_set(e, r, "%s: out of memory", name);
    if (r < 0)
        return err_set(e, -EINVAL, "%s:%u: %.400s", name, line, why.text);
    if (s->nvms == 0)
        return err_set(e, -EINVAL, "%s: there is no [vm NAME]", name);
    return 0;
}

static int read_stream(FILE *file, const char *name, struct scenario **ret,
                       struct err *e)
{
    struct lines l = {0};
    struct scenario *s = calloc(1, sizeof(*s));
    int r = s == NULL ? err_set(e, -ENOMEM, "%s: out of memory", name)
                      : lines_read(file, name, SCENARIO_LINES_MAX, &l, e);
    if (r == 0) {
        scenario_defaults(s);
        r = read_sections(&l, s, name, e);
    }
    lines_fini(&l);
    if (r < 0) {
        scenario_destroy(s);
        return r;
    }
    *ret = s;
    return 0;
}

int scenario_read(const char *path, struct scenario **ret, struct err *e)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return err_set(e, -errno, "cannot read scenario %s: %s", path, strerror(errno));
    int r = read_stream(file, path, ret, e);
    fclose(file);
    return r;
}

int scenario_parse(const char *text, size_t size, const char *name,
                   struct scenario **ret, struct err *e)
{
    if (size == 0)
        return err_set(e, -EINVAL, "%s: there is no [vm NAME]", name);
    FILE *file = fmemopen((void *)text, size, "r");
    if (file == NULL)
        return err_set(e, -ENOMEM, "%s: out of memory", name);
    int r = read_stream(file, name, ret, e);
    fclose(file);
    return r;
}

void scenario_destroy(struct scenario *s)
{
    if (s == NULL)
        return;
    free(s->vms);
    free(s->events);
    free(s->changes);
    free(s);
}

struct sim_model *scenario_build(const struct scenario *s, uint64_t seed)
{
    struct sim_model *m = sim_model_create(&s->host, seed);
    if (m == NULL)
        return NULL;
    int r = 0;
    for (size_t i = 0; i < s->nvms && r >= 0; i++)
        r = sim_model_add_vm(m, &s->vms[i].spec, &s->vms[i].mask, 0.0);
    for (size_t i = 0; i < s->nevents && r >= 0; i++)
        r = sim_model_add_event(m, &s->events[i]);
    r = r < 0 ? r : sim_model_start(m);
    if (r < 0) {
        sim_model_destroy(m);
        return NULL;
    }
    return m;
}
