/* stability.c - see stability.h. */
#include "cpu_actor/stability.h"

#include "cpu_actor/num.h"
#include "cpu_actor/placement.h"

#define REST_INTERVALS 3
#define LEVEL_MAX 5U /* rests grow to 3 << 5 = 96 intervals */
#define FAILS_MAX 7U /* back-off grows to 128 intervals */
#define SOON_RESTS 4 /* moved again within so many rests: it is restless */
#define GROSS 3.0    /* times the dead band */
#define GROSS_PERMILLE 100.0
#define GAIN_LEAST_PERMILLE 10.0 /* of one pCPU; less is not worth a pin call */

/* Noise alone shows up as a deviation of about one noise; two is rare. */
static double dead_band(const struct placement_quality *now,
                        const struct stability_measure *m)
{
    return m->tolerance * now->mean_level + 2.0 * m->noise;
}

struct stability_want stability_judge(const struct placement_quality *now,
                                      const struct stability_measure *m)
{
    struct stability_want w = {0};
    double most = m->lower_bound * (1.0 + 2.0 * m->tolerance) + 4.0 * m->noise;
    w.uneven = now->deviation > dead_band(now, m) || now->max_level > most;
    w.unfair = now->unfair > 1000.0 * (1.0 + m->tolerance) + 3.0 * m->noise;
    return w;
}

/* How much deviation goes away, in quadrature: what cannot be evened out does not hide
 * the rest, and does not count as gain either. */
static double evened(const struct placement_quality *a,
                     const struct placement_quality *b)
{
    return num_root(a->deviation * a->deviation - b->deviation * b->deviation);
}

bool stability_pays(const struct placement_quality *now,
                    const struct placement_quality *planned,
                    const struct stability_measure *m)
{
    double least = num_max(GAIN_LEAST_PERMILLE, 0.75 * m->tolerance * now->mean_level);
    double worse = m->tolerance * now->max_level;
    if (now->unfair - planned->unfair > 500.0 * m->tolerance + 2.0 * m->noise &&
        now->unfair > 1000.0)
        return true;
    if (planned->max_level > now->max_level + worse)
        return false;
    if (now->max_level - planned->max_level >
        num_max(GAIN_LEAST_PERMILLE, m->tolerance * now->max_level) + 3.0 * m->noise)
        return true;
    return evened(now, planned) > least + 2.0 * m->noise;
}

bool stability_harmless(const struct placement_quality *now,
                        const struct placement_quality *planned,
                        const struct stability_measure *m)
{
    double most = num_max(1000.0, now->unfair);
    return planned->unfair <= most * (1.0 + 2.0 * m->tolerance) + 3.0 * m->noise;
}

bool stability_gross(const struct placement_quality *now,
                     const struct placement_quality *planned,
                     const struct stability_measure *m)
{
    return now->deviation > GROSS * dead_band(now, m) &&
           now->max_level - planned->max_level > GROSS_PERMILLE;
}

/* Whether a quarter of the way from before to promised was gone; gains under the least
 * are not a promise. */
static bool went(double before, double promised, double after, bool *promise)
{
    double gain = before - promised;
    if (gain < GAIN_LEAST_PERMILLE)
        return false;
    *promise = true;
    return before - after >= gain / 4.0;
}

bool stability_paid(const struct placement_quality *before,
                    const struct placement_quality *promised,
                    const struct placement_quality *after)
{
    bool promise = false;
    bool paid =
        went(before->max_level, promised->max_level, after->max_level, &promise) |
        went(before->deviation, promised->deviation, after->deviation, &promise) |
        went(before->unfair, promised->unfair, after->unfair, &promise);
    return paid || !promise;
}

bool stability_held(const struct stability_vcpu *s, int64_t now_ns)
{
    return now_ns < s->until_ns;
}

/* A quarter of an interval short, so that jitter of the clock does not cost a whole
 * one. */
static void hold(struct stability_vcpu *s, int64_t now_ns, int64_t interval_ns,
                 int64_t intervals)
{
    int64_t until = now_ns + intervals * interval_ns - interval_ns / 4;
    s->until_ns = until > s->until_ns ? until : s->until_ns;
}

void stability_moved(struct stability_vcpu *s, int64_t now_ns, int64_t interval_ns)
{
    int64_t rest = (int64_t)REST_INTERVALS << s->level;
    bool soon = s->moved && now_ns - s->moved_ns < SOON_RESTS * rest * interval_ns;
    if (soon && s->level < LEVEL_MAX)
        s->level++;
    else if (!soon && s->level > 0)
        s->level--;
    s->moved = true;
    s->moved_ns = now_ns;
    hold(s, now_ns, interval_ns, (int64_t)REST_INTERVALS << s->level);
}

void stability_failed(struct stability_vcpu *s, int64_t now_ns, int64_t interval_ns)
{
    if (s->fails < FAILS_MAX)
        s->fails++;
    hold(s, now_ns, interval_ns, INT64_C(1) << s->fails);
}
