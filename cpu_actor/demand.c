/* demand.c - see demand.h.
 *
 * A vCPU computes, then sleeps, and does so whether or not others are in its way.  In
 * an interval it ran r, waited w and slept s = 1-r-w, and run : sleep stays the same
 * when it is alone, so it wants
 *
 *     d = r / (r + s) = r / (1 - w)
 *
 * Two means are kept, each as (ran, room = 1-w) so that their ratio stays right when
 * the vCPU moves to a pCPU with other waiting, and 10 ms steps average out:
 *
 *     fast   EWMA over about three intervals, follows a change
 *     slow   mean of up to 16 intervals since the last change; this is what is reported
 *
 *     interval differs from fast by > 200 permille, or by what noise cannot explain
 *                                     ->  both restart from this interval
 *     fast differs from slow beyond its noise       ->  slow restarts from fast
 */
#include "cpu_actor/demand.h"

#include "cpu_actor/num.h"

#define STEP_NS 10000000.0       /* vcpu.N.time moves in clock ticks of 10 ms */
#define SOON_NS_MIN 50000000.0   /* less than five steps says nothing */
#define SOON_NS_MAX 1000000000.0 /* a second always says something */
#define JUMP_PERMILLE 200.0
#define CHANGE_PERMILLE 50.0
#define DRIFT_PERMILLE 20.0
#define SLOW_COUNT_MAX 16.0
#define JUMPS_MAX 2.0
#define JUMPS_KEEP 0.8
#define NOISE_AT_FIRST 0.1   /* of its demand */
#define ASLEEP_PERMILLE 10.0 /* sleep below this is measuring error */

double demand_of_interval(double ran, double waited, double step, double *ret_room)
{
    double r = num_clamp(ran, 0.0, 1000.0);
    double w = num_clamp(waited, 0.0, 1000.0 - r);
    double slept = 1000.0 - r - w;

    /* With w near 1 the quotient is two small numbers: what a step can explain is no
     * sleep, unless it would turn a vCPU that wants under 85 % into one that wants all.
     */
    if (slept <= num_max(ASLEEP_PERMILLE, num_min(step, 0.15 * r)))
        slept = 0.0;
    *ret_room = num_max(r + slept, 1.0);
    if (r + slept < 1.0)
        return w > 500.0 ? 1000.0 : 0.0; /* starved: it waited and got nothing */
    return 1000.0 * r / (r + slept);
}

double demand_mean_variance(const struct demand *d)
{
    double n = num_max(d->slow_count, 1.0);
    return d->variance / (n < SLOW_COUNT_MAX ? n : 2.0 * SLOW_COUNT_MAX - 1.0);
}

static double quotient(double ran, double room)
{
    return room <= 0.0 ? 0.0 : num_clamp(1000.0 * ran / room, 0.0, 1000.0);
}

static void restart_means(struct demand *d, double r, double room)
{
    d->fast_ran = d->slow_ran = r;
    d->fast_room = d->slow_room = room;
    d->slow_count = 1.0;
}

static void blend(struct demand *d, double r, double room, double keep_fast)
{
    d->fast_ran = keep_fast * d->fast_ran + (1.0 - keep_fast) * r;
    d->fast_room = keep_fast * d->fast_room + (1.0 - keep_fast) * room;
    d->slow_count = num_min(d->slow_count + 1.0, SLOW_COUNT_MAX);
    d->slow_ran += (r - d->slow_ran) / d->slow_count;
    d->slow_room += (room - d->slow_room) / d->slow_count;

    double fast = quotient(d->fast_ran, d->fast_room);
    double slow = quotient(d->slow_ran, d->slow_room);
    double noise = 1.5 * num_root(d->variance); /* three sigma of the fast mean */
    if (num_abs(fast - slow) > num_max(DRIFT_PERMILLE, noise)) {
        d->slow_ran = d->fast_ran;
        d->slow_room = d->fast_room;
        d->slow_count = 3.0;
    }
}

/* A change that is large, or that noise cannot explain. */
static bool is_jump(const struct demand *d, double off, double sd)
{
    return (off > num_max(JUMP_PERMILLE, 3.0 * sd) && d->jumps < JUMPS_MAX) ||
           (off > num_max(CHANGE_PERMILLE, 6.0 * sd) && d->jumps < JUMPS_MAX / 2.0);
}

/* What is assumed of a load that has only been seen once: it may be this noisy. */
static double variance_at_first(double now, double floor_var)
{
    return num_max(floor_var, NOISE_AT_FIRST * NOISE_AT_FIRST * now * now);
}

/* Takes a measured interval of length in_ns into the means. */
static void take(struct demand *d, double r, double w, double in_ns, double interval_ns)
{
    double room, step = 1000.0 * STEP_NS / in_ns;
    double now = demand_of_interval(r, w, step, &room);
    double used = now * room / 1000.0;
    double floor_sd =
        410.0 * step / num_max(room, 50.0); /* sd of a difference of steps */
    double floor_var = floor_sd * floor_sd;

    d->ran = r;
    d->waited = w;
    d->jumps *= JUMPS_KEEP;
    if (d->valid++ == 0) {
        restart_means(d, used, room);
        d->variance = variance_at_first(now, floor_var);
        d->changing = false;
        d->permille = now;
        return;
    }
    double off = now - quotient(d->fast_ran, d->fast_room);
    double sd = num_root(num_max(d->variance, floor_var));
    d->changing = num_abs(off) > num_max(CHANGE_PERMILLE, 2.5 * sd);
    if (is_jump(d, num_abs(off), sd)) {
        d->jumps += 1.0;
        d->variance = num_max(d->variance, variance_at_first(now, floor_var));
        restart_means(d, used, room);
    } else {
        double n = num_min(d->slow_count + 1.0, 8.0), x = in_ns / interval_ns;
        /* off holds this interval's noise and the fast mean's: var(off) = 4/3 var */
        d->variance += (0.75 * off * off - d->variance) / n;
        d->variance = num_max(d->variance, floor_var);
        blend(d, used, room, 1.0 / (1.0 + x));
    }
    d->permille = quotient(d->slow_ran, d->slow_room);
}

static void start_anew(struct demand *d, const struct demand_sample *s)
{
    *d = (struct demand){.seen = true, .last = *s};
}

/* Whether counters moved as a clock lets them. */
static bool plausible(const struct demand_sample *a, const struct demand_sample *b,
                      double in_ns)
{
    if (b->time_ns < a->time_ns)
        return false;
    if (a->has_delay && b->has_delay && b->delay_ns < a->delay_ns)
        return false;
    return (double)(b->time_ns - a->time_ns) <= 1.1 * in_ns + 2.0 * STEP_NS;
}

bool demand_update(struct demand *d, const struct demand_sample *s, int64_t interval_ns)
{
    if (!s->has_time)
        return false;
    if (!d->seen) {
        start_anew(d, s);
        return false;
    }
    double in_ns = (double)s->sampled_ns - (double)d->last.sampled_ns;
    double interval = interval_ns > 0 ? (double)interval_ns : in_ns;
    if (in_ns <= 0.0 || in_ns < num_clamp(interval / 2.0, SOON_NS_MIN, SOON_NS_MAX))
        return false;
    if (!plausible(&d->last, s, in_ns)) {
        start_anew(d, s);
        return false;
    }
    double ran = 1000.0 * (double)(s->time_ns - d->last.time_ns) / in_ns;
    double waited = 0.0;
    d->has_delay = s->has_delay && d->last.has_delay;
    if (d->has_delay)
        waited = 1000.0 * (double)(s->delay_ns - d->last.delay_ns) / in_ns;
    d->last = *s;
    ran = num_min(ran, 1000.0);
    take(d, ran, num_clamp(waited, 0.0, 1000.0 - ran), in_ns, interval);
    return true;
}
