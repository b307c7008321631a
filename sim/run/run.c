/* run.c - the loop: time goes by -> sample -> score -> decide -> calls on their way. */
#include "sim/run/run.h"

#include "sim/model/host_memory.h"
#include "sim/run/hands.h"
#include "sim/run/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct run {
    const struct scenario *scenario;
    const struct run_options *options;
    struct sim_model *model;
    void *policy;
    struct hands hands;
    struct score *score;
    struct snapshot snapshot;
    struct settings settings;
    uint64_t settings_version;
    bool *change_done;
};

void run_csv_header(FILE *csv)
{
    fprintf(csv, "policy,sample,time_s,vm,work,ideal,size_kib,target_kib,usable_kib,"
                 "program_kib,cache_kib,swapped_kib,rss_kib,pcpus,ran_s,delay_s\n");
}

static void write_csv(const struct run *r)
{
    const struct sim_model *m = r->model;
    FILE *csv = r->options->csv;
    double t = (double)m->now_ns / 1e9;
    if (csv == NULL)
        return;
    fprintf(csv, "%s,%u,%.3f,(host),,,%lld,,%lld,,,,,,,\n", r->options->policy->name,
            r->score->samples - 1, t, (long long)m->spec.memory_kib,
            (long long)sim_host_available_kib(m));
    for (size_t i = 0; i < m->nvms; i++) {
        const struct sim_vm *vm = &m->vms[i];
        const struct sim_guest *g = &vm->guest;
        char pcpus[CPUSET_TEXT_MAX];
        double work = 0.0, ideal = 0.0, ran = 0.0, delay = 0.0;
        if (vm->state == SIM_OFF)
            continue;
        for (uint32_t k = 0; k < vm->nvcpus; k++) {
            work += vm->vcpus[k].work_ns / 1e9;
            ideal += vm->vcpus[k].ideal_ns / 1e9;
            ran += vm->vcpus[k].ran_ns / 1e9;
            delay += vm->vcpus[k].delay_ns / 1e9;
        }
        fprintf(csv,
                "%s,%u,%.3f,%s,%.4f,%.4f,%lld,%lld,%lld,%lld,%lld,%lld,%lld,\"%s\",%."
                "4f,%.4f\n",
                r->options->policy->name, r->score->samples - 1, t, vm->spec.name, work,
                ideal, (long long)g->actual_kib, (long long)g->target_kib,
                (long long)sim_guest_usable_kib(g), (long long)g->program_kib,
                (long long)g->cache_kib, (long long)g->swapped_kib,
                (long long)sim_guest_rss_kib(g),
                cpuset_format(&vm->vcpus[0].mask, pcpus, sizeof(pcpus)), ran, delay);
    }
}

static void write_trace(const struct run *r, const struct report *report)
{
    FILE *trace = r->options->trace;
    char line[2 * CPUSET_TEXT_MAX];
    if (trace == NULL)
        return;
    fprintf(trace, "%8.2f s  sample %u  %s%s%s\n", (double)r->model->now_ns / 1e9,
            r->score->samples - 1, report->verdict,
            report->verdict[0] != '\0' ? ": " : "", report->reason);
    for (size_t i = 0; i < report->nactions; i++)
        fprintf(trace, "            %s\n",
                report_action_format(&report->actions[i], line, sizeof(line)));
}

/* Settings that somebody changes at this time. */
static void change_settings(struct run *r)
{
    for (size_t i = 0; i < r->scenario->nchanges; i++) {
        const struct scenario_setting *c = &r->scenario->changes[i];
        char text[SETTINGS_TEXT_MAX];
        if (r->change_done[i] || c->at_ns > r->model->now_ns)
            continue;
        settings_format(&c->value, c->row, text, sizeof(text));
        (void)settings_set(&r->settings, c->row->key, text, NULL);
        r->change_done[i] = true;
        r->settings_version++;
    }
}

static int decide(struct run *r, struct err *e)
{
    const struct sim_policy *policy = r->options->policy;
    struct report report = {.snapshot_sequence = r->snapshot.sequence,
                            .settings_version = r->settings_version,
                            .interval_ms = r->settings.interval_ms,
                            .connected = r->snapshot.host.connected};
    struct actor_turn turn = {
        .snapshot = &r->snapshot,
        .now_ns = r->snapshot.mono_ns,
        .interval_ns = (int64_t)r->settings.interval_ms * 1000000,
        .act = true,
        .hands = &hands_of_model,
        .context = &r->hands,
    };
    hands_begin(&r->hands);
    if (!r->snapshot.host.connected) { /* as actor.c: blind */
        write_trace(r, &report);
        return 0;
    }
    int rc = policy->decide(r->policy, &turn, &report);
    for (size_t i = 0; i < report.nactions; i++)
        if (report.actions[i].error == 0 && !report.actions[i].dry_run)
            score_action(r->score, r->model, &report.actions[i]);
    write_trace(r, &report);
    report_fini(&report);
    return rc < 0 ? err_set(e, rc, "policy %s failed: %s", policy->name, strerror(-rc))
                  : 0;
}

static int tick(struct run *r, struct err *e)
{
    change_settings(r);
    int rc = view_take(r->model, &r->settings, r->settings_version, &r->snapshot);
    rc = rc < 0 ? rc : score_sample(r->score, r->model);
    if (rc < 0)
        return err_set(e, rc, "out of memory");
    write_csv(r);
    return decide(r, e);
}

/* The next sample is due one interval after this one; calls that take longer let samples
 * fall out, as a late actor only sees the latest. */
static int64_t next_sample_ns(const struct run *r, int64_t last_ns)
{
    int64_t interval_ns = (int64_t)r->settings.interval_ms * 1000000, next = last_ns;
    do
        next += interval_ns;
    while (next < r->hands.lane_ns[0] || next < r->hands.lane_ns[1]);
    return next;
}

static int loop(struct run *r, struct err *e)
{
    int64_t end_ns = r->scenario->duration_ns;
    uint32_t ticks = r->options->ticks;
    int rc = tick(r, e);
    for (uint32_t k = 0; rc == 0; k++) {
        int64_t next = next_sample_ns(r, r->model->now_ns);
        if (ticks > 0 ? k >= ticks : next > end_ns)
            break;
        rc = hands_advance(&r->hands, next);
        rc = rc < 0 ? err_set(e, rc, "out of memory") : tick(r, e);
    }
    return rc;
}

static int prepare(struct run *r, struct score *score)
{
    const struct scenario *sc = r->scenario;
    r->model = scenario_build(sc, r->options->seed);
    r->policy = r->options->policy->create();
    r->change_done = calloc(sc->nchanges + 1, sizeof(bool));
    if (r->model == NULL || r->policy == NULL || r->change_done == NULL)
        return -ENOMEM;
    r->settings = sc->settings;
    r->settings_version = 1;
    r->hands = (struct hands){
        .model = r->model, .pin_ns = sc->pin_ns, .memory_ns = sc->memory_ns};
    return score_init(score, r->model, sc->warmup_samples,
                      sc->settings.cpu_tolerance_permille / 1000.0,
                      sc->settings.cpu_min_load_permille / 1000.0);
}

int run_scenario(const struct scenario *sc, const struct run_options *o,
                 struct score *ret, struct err *e)
{
    struct run r = {.scenario = sc, .options = o, .score = ret};
    int rc = prepare(&r, ret);
    if (rc < 0) {
        err_set(e, rc, "out of memory");
    } else {
        rc = loop(&r, e);
        ret->failed_calls = r.hands.failed;
        score_end(ret, r.model);
        score_fini(ret);
    }
    snapshot_fini(&r.snapshot);
    hands_fini(&r.hands);
    if (r.policy != NULL)
        o->policy->destroy(r.policy);
    sim_model_destroy(r.model);
    free(r.change_done);
    return rc;
}
