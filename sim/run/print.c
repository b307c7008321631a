/* print.c - see print.h; print_json.c has the JSON. */
#include "sim/run/print.h"

#include "sim/run/verdict.h"

#include <inttypes.h>
#include <string.h>

static const char *samples(uint32_t n, char *buf, size_t size)
{
    if (n == SCORE_NEVER)
        snprintf(buf, size, "never");
    else
        snprintf(buf, size, "%u", n);
    return buf;
}

static long long mib(int64_t kib)
{
    return kib == INT64_MAX ? 0 : (long long)(kib / 1024);
}

static void print_cpu(FILE *out, const struct score *s)
{
    char text[16];
    fprintf(out, "  balanced after      %s samples, %.0f %% of the time\n",
            samples(s->balanced_within, text, sizeof(text)), 100.0 * s->balanced_share);
    fprintf(
        out,
        "  final deviation     %.1f %% of the mean; greatest load %.3f, bound %.3f\n",
        100.0 * s->final_deviation, s->achieved, s->bound);
    fprintf(out, "  work                %.4f of the ideal; fairness %.4f\n", s->work,
            s->fairness);
    fprintf(out, "  worst guest         %.4f%s%s\n", s->worst_guest,
            s->worst_name[0] != '\0' ? " " : "", s->worst_name);
}

static void print_memory(FILE *out, const struct score *s)
{
    fprintf(out, "  allocations         %u failed; %u goals reached, %u at maximum\n",
            s->failed_allocations, s->goals_reached, s->reached_max);
    fprintf(out, "  programs            %lld MiB held, %lld MiB swapped out\n",
            mib(s->programs_kib), mib(s->swapped_out_kib));
    fprintf(out, "  kills               %u\n", s->kills);
    fprintf(
        out,
        "  lowest guest        %lld MiB usable, size %lld MiB; final size up to %lld\n",
        mib(s->lowest_usable_kib), mib(s->lowest_size_kib), mib(s->final_size_kib));
    fprintf(out, "  lowest host         %lld MiB available\n", mib(s->lowest_host_kib));
}

void print_score(FILE *out, const struct scenario *sc, const char *path,
                 const struct result *r, const struct score *kernel)
{
    const struct score *s = &r->score;
    fprintf(out, "%s, policy %s, %u samples%s%s\n", path, r->policy->name, s->samples,
            sc->title[0] != '\0' ? ": " : "", sc->title);
    if (!r->ran) {
        fprintf(out, "  did not run: %s\n", r->why);
        return;
    }
    print_cpu(out, s);
    print_memory(out, s);
    fprintf(out,
            "  calls               %" PRIu64 " pin, %" PRIu64 " memory, %" PRIu64
            " period; %" PRIu64 " failed\n",
            s->pin_changes, s->memory_calls, s->period_calls, s->failed_calls);
    fprintf(out, "  last change         sample %u pin, %u memory; oscillation %u\n",
            s->last_pin_sample, s->last_memory_sample, s->oscillation);
    for (size_t i = 0; i < sc->nexpect; i++) {
        char line[160];
        double value;
        bool met = verdict_met(&sc->expect[i], s, kernel, &value);
        fprintf(out, "  %-7s %s\n", met ? "ok" : "FAILED",
                verdict_format(&sc->expect[i], value, line, sizeof(line)));
    }
}

unsigned print_failures(FILE *out, const struct scenario *sc, const char *path,
                        const struct result *r, const struct score *kernel)
{
    unsigned failed = 0;
    for (size_t i = 0; i < sc->nexpect && r->ran; i++) {
        char line[160];
        double value;
        if (verdict_met(&sc->expect[i], &r->score, kernel, &value))
            continue;
        failed++;
        if (out != NULL)
            fprintf(out, "%s:%u: %s: %s\n", path, sc->expect[i].line, r->policy->name,
                    verdict_format(&sc->expect[i], value, line, sizeof(line)));
    }
    return r->ran ? failed : failed + 1;
}

static void print_row(FILE *out, const struct scenario *sc, const struct result *r,
                      const struct score *kernel)
{
    const struct score *s = &r->score;
    char text[16];
    if (!r->ran) {
        fprintf(out, "%-12s did not run: %s\n", r->policy->name, r->why);
        return;
    }
    fprintf(out,
            "%-12s %8s %6.1f %6" PRIu64
            " %7.4f %7.4f %7.4f %6u %5u %6lld %6lld %6" PRIu64 " %5u %5u\n",
            r->policy->name, samples(s->balanced_within, text, sizeof(text)),
            100.0 * s->final_deviation, s->pin_changes, s->work, s->fairness,
            s->worst_guest, s->failed_allocations, s->kills, mib(s->lowest_usable_kib),
            mib(s->lowest_host_kib), s->memory_calls, s->oscillation,
            print_failures(NULL, sc, "", r, kernel));
}

void print_table(FILE *out, const struct scenario *sc, const char *path,
                 const struct result *results, size_t n, const struct score *kernel)
{
    fprintf(out, "%s%s%s\n", path, sc->title[0] != '\0' ? ": " : "", sc->title);
    fprintf(out, "%-12s %8s %6s %6s %7s %7s %7s %6s %5s %6s %6s %6s %5s %5s\n",
            "policy", "balanced", "dev %", "pins", "work", "fair", "worst", "failed",
            "kills", "usable", "host", "memory", "oscil", "unmet");
    for (size_t i = 0; i < n; i++)
        print_row(out, sc, &results[i], kernel);
}
