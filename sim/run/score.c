/* score.c - see score.h. */
#include "sim/run/score.h"

#include "sim/model/cpu.h"
#include "sim/run/view.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_BACK 10              /* samples in which a change counts as undone */
#define STAYS 3                   /* balanced samples in a row that end an episode */
#define NOT_OVER 10               /* samples unbalanced at the end that say "never" */
#define CHANGE_KIB INT64_C(16384) /* a balloon change that counts */

struct score_pin {
    bool any;
    uint32_t sample; /* of its last change */
    struct cpuset before, now;
};

struct score_balloon {
    int direction; /* of its last change */
    uint32_t sample;
};

int score_init(struct score *s, const struct sim_model *m, uint32_t warmup_samples,
               double tolerance, double min_load)
{
    size_t vcpus = 0;
    *s = (struct score){
        .warmup_samples = warmup_samples, .tolerance = tolerance, .min_load = min_load};
    s->first_vcpu = calloc(m->nvms + 1, sizeof(*s->first_vcpu));
    s->work0 = calloc(m->nvms + 1, sizeof(*s->work0));
    s->ideal0 = calloc(m->nvms + 1, sizeof(*s->ideal0));
    s->balloons = calloc(m->nvms + 1, sizeof(*s->balloons));
    for (size_t i = 0; i < m->nvms && s->first_vcpu != NULL; i++) {
        s->first_vcpu[i] = vcpus;
        vcpus += m->vms[i].spec.vcpus_max;
    }
    s->pins = calloc(vcpus + 1, sizeof(*s->pins));
    if (s->first_vcpu != NULL && s->work0 != NULL && s->ideal0 != NULL &&
        s->balloons != NULL && s->pins != NULL)
        return 0;
    score_fini(s);
    return -ENOMEM;
}

void score_fini(struct score *s)
{
    free(s->first_vcpu);
    free(s->work0);
    free(s->ideal0);
    free(s->balloons);
    free(s->pins);
    s->first_vcpu = NULL;
    s->work0 = s->ideal0 = NULL;
    s->balloons = NULL;
    s->pins = NULL;
}

static void sum_vm(const struct sim_vm *vm, double *ret_work, double *ret_ideal)
{
    *ret_work = *ret_ideal = 0.0;
    for (uint32_t k = 0; k < vm->spec.vcpus_max; k++) {
        *ret_work += vm->vcpus[k].work_ns;
        *ret_ideal += vm->vcpus[k].ideal_ns;
    }
}

/* Balanced: by where vCPUs were seen; or as even as masks can make it, when no more of
 * them are shared than have to be. */
static bool is_balanced(const struct score *s, const struct sim_balance *b)
{
    if (b->mean < s->min_load || b->deviation <= s->tolerance)
        return true;
    return b->wide <= b->shared_most && b->achieved <= b->bound * (1.0 + s->tolerance);
}

/* The samples that passed until it was balanced, and stayed so; the sample after the
 * change is the first that could show it. */
static void end_episode(struct score *s)
{
    uint32_t unbalanced = s->waited - s->streak;
    s->waiting = false;
    if (unbalanced > s->balanced_within)
        s->balanced_within = unbalanced;
}

static void follow_episode(struct score *s, const struct sim_model *m, bool balanced)
{
    if (m->workload_changes != s->changes_seen) {
        if (s->waiting)
            end_episode(s); /* cut short by the next one */
        s->changes_seen = m->workload_changes;
        s->waiting = true;
        s->waited = s->streak = 0;
        if (m->changed_ns >= m->now_ns)
            return; /* this very moment: nobody can have seen it */
    }
    if (!s->waiting)
        return;
    s->waited++;
    s->streak = balanced ? s->streak + 1 : 0;
    if (s->streak >= STAYS)
        end_episode(s);
}

int score_sample(struct score *s, struct sim_model *m)
{
    struct sim_balance b;
    int r = sim_cpu_balance(m, &b);
    if (r < 0)
        return r;
    bool balanced = is_balanced(s, &b);
    follow_episode(s, m, balanced);
    s->recent[s->samples % SCORE_RECENT] = b.mean < s->min_load ? 0.0 : b.deviation;
    s->achieved = b.achieved;
    s->bound = b.bound;
    if (s->samples == s->warmup_samples)
        for (size_t i = 0; i < m->nvms; i++)
            sum_vm(&m->vms[i], &s->work0[i], &s->ideal0[i]);
    if (s->samples >= s->warmup_samples) {
        s->counted++;
        s->balanced += balanced;
    }
    s->samples++;
    return 0;
}

static void note_pin(struct score *s, const struct sim_model *m,
                     const struct report_action *a)
{
    size_t vm = view_vm(m, a->uuid);
    s->pin_changes++;
    s->last_pin_sample = s->samples - 1;
    if (vm >= m->nvms || a->vcpu >= m->vms[vm].spec.vcpus_max)
        return;
    struct score_pin *p = &s->pins[s->first_vcpu[vm] + a->vcpu];
    if (p->any && s->samples - 1 - p->sample <= LOOK_BACK &&
        cpuset_equal(&p->before, &a->to_pcpus))
        s->oscillation++;
    p->any = true;
    p->before = a->from_pcpus;
    p->now = a->to_pcpus;
    p->sample = s->samples - 1;
}

static void note_balloon(struct score *s, const struct sim_model *m,
                         const struct report_action *a)
{
    size_t vm = view_vm(m, a->uuid);
    int64_t change = (int64_t)a->to_value - (int64_t)a->from_value;
    s->memory_calls++;
    s->last_memory_sample = s->samples - 1;
    if (vm >= m->nvms || (change < CHANGE_KIB && change > -CHANGE_KIB))
        return;
    struct score_balloon *b = &s->balloons[vm];
    int direction = change > 0 ? 1 : -1;
    if (b->direction == -direction && s->samples - 1 - b->sample <= LOOK_BACK)
        s->oscillation++;
    b->direction = direction;
    b->sample = s->samples - 1;
}

void score_action(struct score *s, const struct sim_model *m,
                  const struct report_action *a)
{
    if (a->kind == REPORT_PIN)
        note_pin(s, m, a);
    else if (a->kind == REPORT_SET_MEMORY)
        note_balloon(s, m, a);
    else
        s->period_calls++;
}

/* ---- the end ---- */

static void end_work(struct score *s, const struct sim_model *m)
{
    double n = 0.0, sum = 0.0, squares = 0.0;
    s->worst_guest = 1.0;
    for (size_t i = 0; i < m->nvms; i++) {
        double work, ideal;
        sum_vm(&m->vms[i], &work, &ideal);
        work -= s->work0[i];
        ideal -= s->ideal0[i];
        s->work_ns += work;
        s->ideal_ns += ideal;
        if (ideal <= 1e6) /* of a millisecond nobody can tell */
            continue;
        double x = work / ideal;
        n += 1.0;
        sum += x;
        squares += x * x;
        if (x >= s->worst_guest)
            continue;
        s->worst_guest = x;
        snprintf(s->worst_name, sizeof(s->worst_name), "%s", m->vms[i].spec.name);
    }
    s->work = s->ideal_ns > 0.0 ? s->work_ns / s->ideal_ns : 1.0;
    s->fairness = squares > 0.0 ? sum * sum / (n * squares) : 1.0;
}

static void end_memory(struct score *s, const struct sim_model *m)
{
    s->lowest_usable_kib = s->lowest_size_kib = INT64_MAX;
    s->lowest_host_kib = m->lowest_available_kib;
    for (size_t i = 0; i < m->nvms; i++) {
        const struct sim_vm *vm = &m->vms[i];
        const struct sim_guest *g = &vm->guest;
        s->failed_allocations += g->failed_allocations;
        s->kills += g->deaths + vm->kills;
        s->goals_reached += g->goals_reached;
        s->reached_max += g->reached_max;
        if (vm->runs == 0)
            continue;
        s->swapped_out_kib += g->swap_out_kib;
        s->programs_kib += vm->state != SIM_OFF && g->alive ? g->program_kib : 0;
        if (g->lowest_usable_kib < s->lowest_usable_kib)
            s->lowest_usable_kib = g->lowest_usable_kib;
        if (g->lowest_actual_kib < s->lowest_size_kib)
            s->lowest_size_kib = g->lowest_actual_kib;
        if (vm->state != SIM_OFF && g->spec.balloon == SIM_BALLOON_OK &&
            g->actual_kib > s->final_size_kib)
            s->final_size_kib = g->actual_kib;
    }
}

void score_end(struct score *s, const struct sim_model *m)
{
    uint32_t n = s->samples < SCORE_RECENT ? s->samples : SCORE_RECENT;
    for (uint32_t i = 0; i < n; i++)
        s->final_deviation += s->recent[i] / n;
    if (s->waiting && s->waited - s->streak > NOT_OVER)
        s->balanced_within = SCORE_NEVER;
    else if (s->waiting)
        end_episode(s);
    s->balanced_share = s->counted > 0 ? (double)s->balanced / s->counted : 1.0;
    for (size_t i = 0; i < m->nvms; i++)
        for (uint32_t k = 0; k < m->vms[i].spec.vcpus_max; k++)
            s->kernel_moves += m->vms[i].vcpus[k].moves;
    end_work(s, m);
    end_memory(s, m);
}
