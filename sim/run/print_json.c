/* print_json.c - a result as one line of JSON. */
#include "sim/run/print.h"

#include "sim/run/verdict.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>

static json_t *verdicts(const struct scenario *sc, const struct result *r,
                        const struct score *kernel)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sc->nexpect && list != NULL; i++) {
        double value;
        bool met = verdict_met(&sc->expect[i], &r->score, kernel, &value);
        json_t *v =
            json_pack("{s:s, s:f, s:o, s:b}", "verdict", sc->expect[i].row->key,
                      "expected", sc->expect[i].value, "value",
                      isfinite(value) ? json_real(value) : json_null(), "met", met);
        json_array_append_new(list, v);
    }
    return list;
}

static json_t *score(const struct score *s)
{
    json_t *balanced = s->balanced_within == SCORE_NEVER
                           ? json_null()
                           : json_integer(s->balanced_within);
    return json_pack(
        "{s:o, s:f, s:f, s:f, s:f, s:f, s:s, s:I, s:I, s:I, s:I, s:i, s:i, s:i, s:i, "
        "s:i, "
        "s:i, s:I, s:I, s:I, s:I, s:i, s:I, s:I, s:I}",
        "balanced_within_samples", balanced, "balanced_share", s->balanced_share,
        "final_deviation", s->final_deviation, "work", s->work, "fairness", s->fairness,
        "worst_guest", s->worst_guest, "worst_name", s->worst_name, "pin_calls",
        (json_int_t)s->pin_changes, "memory_calls", (json_int_t)s->memory_calls,
        "period_calls", (json_int_t)s->period_calls, "failed_calls",
        (json_int_t)s->failed_calls, "last_pin_sample", (int)s->last_pin_sample,
        "last_memory_sample", (int)s->last_memory_sample, "failed_allocations",
        (int)s->failed_allocations, "kills", (int)s->kills, "goals_reached",
        (int)s->goals_reached, "reached_max", (int)s->reached_max,
        "lowest_guest_usable_kib", (json_int_t)s->lowest_usable_kib,
        "lowest_guest_size_kib", (json_int_t)s->lowest_size_kib, "final_size_kib",
        (json_int_t)s->final_size_kib, "lowest_host_available_kib",
        (json_int_t)s->lowest_host_kib, "oscillation", (int)s->oscillation, "moves",
        (json_int_t)s->kernel_moves, "programs_kib", (json_int_t)s->programs_kib,
        "swapped_out_kib", (json_int_t)s->swapped_out_kib);
}

int print_json(FILE *out, const struct scenario *sc, const char *path, uint64_t seed,
               const struct result *r, const struct score *kernel)
{
    json_t *o = json_pack("{s:s, s:s, s:I, s:i, s:b}", "scenario", path, "policy",
                          r->policy->name, "seed", (json_int_t)seed, "samples",
                          (int)r->score.samples, "ran", r->ran);
    if (o == NULL)
        return -ENOMEM;
    if (r->ran) {
        json_object_set_new(o, "score", score(&r->score));
        json_object_set_new(o, "verdicts", verdicts(sc, r, kernel));
    } else {
        json_object_set_new(o, "why", json_string(r->why));
    }
    int rc = json_dumpf(o, out, JSON_COMPACT);
    json_decref(o);
    fputc('\n', out);
    return rc < 0 ? -ENOMEM : 0;
}
