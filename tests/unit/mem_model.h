/* mem_model.h - a small host with guests, for closed-loop tests of the memory policy.
 *
 * Time runs in steps of 10 ms.  Numbers are those measured on real guests (facts,
 * section 10): the balloon inflates at 175 MiB/s and deflates at 1 GiB/s, statistics
 * are a period old, a 512-MiB guest at rest has 253 MiB usable.  An allocation is
 * refused when the guest has nothing usable left, or goes to swap where it has some. */
#ifndef TESTS_UNIT_MEM_MODEL_H
#define TESTS_UNIT_MEM_MODEL_H

#include "mem_actor/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MIB UINT64_C(1024)
#define GIB (1024 * MIB)
#define SEC INT64_C(1000000000)
#define STEP_NS (SEC / 100)
#define MODEL_GUESTS 16

struct model_guest {
    /* set by the test */
    uint64_t maximum_kib;
    uint64_t base_kib;     /* in use with no program running, watermarks included */
    uint64_t overhead_kib; /* QEMU */
    int64_t phase_ns;      /* of its statistics against the monitor's samples */
    bool lag; /* current is reported as it was up to a second ago (BALLOON_CHANGE) */
    uint64_t inflate_kib_s, deflate_kib_s;
    bool no_driver;   /* set-memory succeeds and does nothing */
    bool no_total;    /* does not report available */
    bool autodeflate; /* reports its maximum as available, and takes back what it lacks
                       */
    bool mute;        /* statistics stand still */
    uint64_t least_kib; /* the balloon gets no further down than this */
    uint64_t swap_kib;  /* size of its swap */
    uint32_t weight;
    /* the program */
    uint64_t rate_kib_s, goal_kib; /* grows or shrinks to the goal; 0 rate = at once */
    uint64_t cache_rate_kib_s;
    /* state */
    uint64_t actual_kib, target_kib, reported_kib;
    uint64_t program_kib, cache_kib, touched_kib, swapped_kib;
    uint64_t swap_in_kib, swap_out_kib, faults;
    uint64_t refused, calls, lowest_kib;
    /* statistics as the guest last sent them */
    int64_t stat_ns;
    uint64_t stat_available, stat_usable, stat_cache, stat_swap_in, stat_swap_out;
    uint64_t stat_faults;
    struct mem_guest_view view;
};

struct model {
    uint64_t total_kib, own_kib, reserve_kib, cap_kib, floor_kib;
    int64_t interval_ns;
    int64_t now_ns;
    bool whole_seconds; /* statistics are stamped as libvirt does, and it jitters */
    uint32_t reclaim_percent;
    struct model_guest guests[MODEL_GUESTS];
    size_t nguests;
    struct mem_policy *policy;
    struct mem_plan plan;
    uint64_t calls, ticks;
    int64_t lowest_free_kib; /* of available - reserve */
    bool trace;
};

static inline uint64_t model_less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static inline uint64_t model_used(const struct model_guest *g)
{
    return g->base_kib + g->program_kib - g->swapped_kib;
}

static inline uint64_t model_usable(const struct model_guest *g)
{
    return model_less(g->actual_kib, model_used(g));
}

static inline uint64_t model_rss(const struct model_guest *g)
{
    return g->touched_kib + g->overhead_kib;
}

static inline uint64_t model_available(const struct model *m)
{
    uint64_t taken = m->own_kib;

    for (size_t i = 0; i < m->nguests; i++)
        taken += model_rss(&m->guests[i]);
    return model_less(m->total_kib, taken);
}

/* A host with <n> guests of <start_kib> / <maximum_kib>, statistics out of phase by a
 * tenth of a second more each. */
static inline void model_init(struct model *m, uint64_t total_kib, size_t n,
                              uint64_t start_kib, uint64_t maximum_kib)
{
    memset(m, 0, sizeof(*m));
    m->total_kib = total_kib;
    m->own_kib = 500 * MIB;
    m->reserve_kib = 200 * MIB;
    m->floor_kib = 200 * MIB;
    m->interval_ns = SEC;
    m->now_ns = 1000 * SEC;
    m->reclaim_percent = 10;
    m->nguests = n;
    m->policy = mem_policy_create();
    m->lowest_free_kib = INT64_MAX;
    for (size_t i = 0; i < n; i++) {
        m->guests[i] = (struct model_guest){
            .maximum_kib = maximum_kib,
            .base_kib = 259 * MIB,
            .overhead_kib = 60 * MIB,
            .phase_ns = (int64_t)(i % 10) * SEC / 10,
            .inflate_kib_s = 175 * MIB,
            .deflate_kib_s = 1024 * MIB,
            .weight = 1024,
            .actual_kib = start_kib,
            .target_kib = start_kib,
            .reported_kib = start_kib,
            .touched_kib = 259 * MIB,
            .lowest_kib = start_kib,
        };
    }
}

static inline void model_fini(struct model *m)
{
    mem_policy_destroy(m->policy);
}

/* Inflating takes free pages, touched or not, in proportion. */
static inline void model_balloon(struct model_guest *g)
{
    uint64_t least = g->least_kib > model_used(g) ? g->least_kib : model_used(g);
    uint64_t to = g->target_kib > least ? g->target_kib : least;

    if (g->no_driver)
        return;
    if (g->target_kib > g->actual_kib) {
        uint64_t step = g->deflate_kib_s / 100, gap = g->target_kib - g->actual_kib;
        g->actual_kib += step < gap ? step : gap;
    } else if (to < g->actual_kib) {
        uint64_t step = g->inflate_kib_s / 100, gap = g->actual_kib - to;
        uint64_t all = g->actual_kib - model_used(g);
        uint64_t idle = model_less(g->touched_kib, model_used(g));

        step = step < gap ? step : gap;
        g->touched_kib -= (uint64_t)((double)idle * (double)step / (double)all);
        g->actual_kib -= step;
    }
    uint64_t room = model_usable(g);
    g->cache_kib = g->cache_kib < room ? g->cache_kib : room;
    if (g->touched_kib > g->actual_kib)
        g->touched_kib = g->actual_kib;
    if (g->actual_kib < g->lowest_kib)
        g->lowest_kib = g->actual_kib;
}

static inline void model_allocate(struct model_guest *g, uint64_t step)
{
    uint64_t room = model_usable(g), missing = model_less(step, room);

    if (missing > 0 && g->swapped_kib + missing <= g->swap_kib) {
        g->swapped_kib += missing;
        g->swap_out_kib += missing;
    } else if (missing > 0 && g->autodeflate) {
        g->actual_kib += missing;
    } else if (missing > 0) {
        g->refused++;
        return;
    }
    g->program_kib += step;
}

static inline void model_program(struct model_guest *g)
{
    if (g->rate_kib_s == 0) {
        g->program_kib = g->goal_kib < g->program_kib ? g->goal_kib : g->program_kib;
    } else if (g->program_kib < g->goal_kib) {
        uint64_t gap = g->goal_kib - g->program_kib, step = g->rate_kib_s / 100;
        model_allocate(g, step < gap ? step : gap);
    } else if (g->program_kib > g->goal_kib) {
        uint64_t gap = g->program_kib - g->goal_kib, step = g->rate_kib_s / 100;
        g->program_kib -= step < gap ? step : gap;
    }
    if (g->swapped_kib > g->program_kib)
        g->swapped_kib = g->program_kib;
    /* what was swapped is used again: it comes back where there is room, else thrashes
     */
    uint64_t back = g->swapped_kib < 200 ? g->swapped_kib : 200;
    g->swap_in_kib += back;
    g->faults += back / 4;
    if (model_usable(g) > back)
        g->swapped_kib -= back;
    else
        g->swap_out_kib += back;
    g->cache_kib += g->cache_rate_kib_s / 100;
    g->cache_kib = g->cache_kib < model_usable(g) ? g->cache_kib : model_usable(g);
    if (g->touched_kib < model_used(g) + g->cache_kib)
        g->touched_kib = model_used(g) + g->cache_kib;
}

static inline void model_statistics(const struct model *m, struct model_guest *g)
{
    if (!g->lag || (m->now_ns + g->phase_ns * 7) % SEC == 0)
        g->reported_kib = g->actual_kib;
    if (g->mute || (m->now_ns + g->phase_ns) % SEC != 0)
        return;
    g->stat_ns = m->whole_seconds ? m->now_ns / SEC * SEC : m->now_ns;
    g->stat_available = model_less(g->actual_kib, 69 * MIB);
    if (g->autodeflate)
        g->stat_available = g->maximum_kib - 69 * MIB;
    g->stat_usable = model_usable(g);
    g->stat_cache = g->cache_kib;
    g->stat_swap_in = g->swap_in_kib;
    g->stat_swap_out = g->swap_out_kib;
    g->stat_faults = g->faults;
}

static inline struct mem_opt model_opt(uint64_t v, bool has)
{
    return (struct mem_opt){.value = v, .has = has};
}

static inline struct mem_guest_key model_key(size_t i)
{
    struct mem_guest_key key = {.domain_id = (int32_t)i + 1};

    snprintf(key.uuid, sizeof(key.uuid), "00000000-0000-0000-0000-%012u",
             (unsigned int)(i & 0xff));
    return key;
}

static inline struct mem_guest model_sample(const struct model *m, size_t i)
{
    const struct model_guest *g = &m->guests[i];
    bool has = g->stat_ns > 0 && !g->no_driver;

    return (struct mem_guest){
        .key = model_key(i),
        .managed = true,
        .running = true,
        .can_give = true,
        .fresh = m->now_ns - g->stat_ns <= 3 * SEC,
        .sampled_ns =
            g->stat_ns + (m->whole_seconds ? (int64_t)m->ticks * 7919 % 20000 : 0),
        .weight = g->weight,
        .maximum_kib = g->maximum_kib,
        .current_kib = model_opt(g->reported_kib, true),
        .available_kib = model_opt(g->stat_available, has && !g->no_total),
        .unused_kib = model_opt(g->stat_usable + 69 * MIB, has),
        .usable_kib = model_opt(g->stat_usable, has),
        .disk_caches_kib = model_opt(g->stat_cache, has),
        .swap_in_kib = model_opt(g->stat_swap_in, has),
        .swap_out_kib = model_opt(g->stat_swap_out, has),
        .major_faults = model_opt(g->stat_faults, has),
        .rss_kib = model_opt(model_rss(g), true),
    };
}

static inline void model_apply(struct model *m)
{
    for (size_t k = 0; k < m->plan.nmoves; k++) {
        const struct mem_move *move = &m->plan.moves[k];
        struct model_guest *g = &m->guests[move->guest];
        struct mem_guest_key key = model_key(move->guest);

        if (m->trace)
            printf("%4lld s guest %zu: %s\n", (long long)(m->now_ns / SEC - 1000),
                   move->guest, move->reason);
        g->target_kib = move->to_kib;
        g->calls++;
        m->calls++;
        mem_policy_result(m->policy, &key, move->to_kib, 0, m->now_ns);
    }
}

/* One sample and its plan. */
static inline void model_decide(struct model *m)
{
    struct mem_guest guests[MODEL_GUESTS];
    struct mem_input in = {
        .now_ns = m->now_ns,
        .interval_ns = m->interval_ns,
        .guests = guests,
        .nguests = m->nguests,
        .host_total_kib = m->total_kib,
        .host_available_kib = model_opt(model_available(m), true),
        .host_reserve_kib = m->reserve_kib,
        .budget_cap_kib = m->cap_kib,
        .floor_kib = m->floor_kib,
        .usable_min_kib = 100 * MIB,
        .reclaim_percent = m->reclaim_percent,
        .headroom_percent = 20,
        .cache_percent = 25,
    };

    for (size_t i = 0; i < m->nguests; i++)
        guests[i] = model_sample(m, i);
    if (mem_policy_step(m->policy, &in, &m->plan) != 0)
        abort();
    for (size_t i = 0; i < m->nguests; i++)
        m->guests[i].view = m->plan.guests[i];
    if (m->trace)
        printf("%4lld s %s\n", (long long)(m->now_ns / SEC - 1000), m->plan.reason);
    model_apply(m);
    m->ticks++;
}

static inline void model_step(const struct model *m, struct model_guest *g)
{
    model_balloon(g);
    model_program(g);
    model_statistics(m, g);
}

/* Runs for <intervals>, deciding at the start of each. */
static inline void model_run(struct model *m, unsigned int intervals)
{
    for (unsigned int k = 0; k < intervals; k++) {
        int64_t end_ns = m->now_ns + m->interval_ns;

        model_decide(m);
        while (m->now_ns < end_ns) {
            m->now_ns += STEP_NS;
            for (size_t i = 0; i < m->nguests; i++)
                model_step(m, &m->guests[i]);
            int64_t left = (int64_t)model_available(m) - (int64_t)m->reserve_kib;
            if (left < m->lowest_free_kib)
                m->lowest_free_kib = left;
        }
    }
}

static inline uint64_t model_refused(const struct model *m)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < m->nguests; i++)
        sum += m->guests[i].refused;
    return sum;
}

/* ---- for tests ---- */

#define START (512 * MIB)
#define MAX (2048 * MIB)
#define PROGRAM (1680 * MIB) /* with 259 in use anyway, 109 MiB below the maximum */
#define NEVER 1000000u

static inline void program(struct model *m, size_t i, uint64_t goal_kib,
                           uint64_t rate_kib_s)
{
    m->guests[i].goal_kib = goal_kib;
    m->guests[i].rate_kib_s = rate_kib_s;
}

/* Runs until guest <i> holds at least (or at most) <size>; NEVER after <most>
 * intervals. */
static inline unsigned int until(struct model *m, size_t i, bool above,
                                 uint64_t size_kib, unsigned int most)
{
    for (unsigned int k = 0; k <= most; k++) {
        uint64_t actual = m->guests[i].actual_kib;

        if (above ? actual >= size_kib : actual <= size_kib)
            return k;
        model_run(m, 1);
    }
    return NEVER;
}

static inline unsigned long long refused(const struct model *m)
{
    return (unsigned long long)model_refused(m);
}

/* What must hold on every host at all times. */
static inline void check_law(const struct model *m)
{
    for (size_t i = 0; i < m->nguests; i++)
        assert_true(m->guests[i].lowest_kib >= m->floor_kib);
    assert_true(m->lowest_free_kib >= 0);
}

/* Nothing is called in <intervals>. */
static inline void check_quiet(struct model *m, unsigned int intervals)
{
    uint64_t before = m->calls;

    model_run(m, intervals);
    assert_int_equal(m->calls, before);
    assert_int_equal(m->plan.verdict, MEM_VERDICT_STEADY);
}

#endif
