/* need.c - used, growth and trouble from balloon statistics; need and want from those.
 */
#include "mem_actor/need.h"

#include "mem_actor/units.h"

/* A guest's statistics arrive once a period, which is 1 s at best (libvirt: whole
 * seconds), and a grant of 1 GiB lands within a second: 0.25 s for the usual few
 * hundred MiB. */
#define PERIOD_NS MEM_SECOND_NS
#define LANDING_NS (MEM_SECOND_NS / 4)

/* Growth below this is noise (page tables, logs), above BURST it is believed at once.
 */
#define GROWTH_NOISE_KIB_S INT64_C(2048)
#define GROWTH_BURST_KIB_S INT64_C(32768)
#define BURST_HALF_NS (300 * MEM_SECOND_NS)

/* Kept on top of used in a guest at rest, times the reaction time (interval + period):
 * 200 MiB at 1 s, which a 150 MiB/s grower does not finish before the grant that its
 * RSS brings about one interval after it starts; bounded for long intervals. */
#define REST_KIB_S INT64_C(102400)
#define REST_MOST_KIB (256 * MEM_MIB)

/* A disk serves about 100 random reads a second: a guest that faults more pages in than
 * that waits for its disk.  100 pages are 400 KiB. */
#define FAULTS_PER_S 100
#define SWAP_IN_KIB_S 400
#define SWAP_OUT_KIB_S 1024

/* After RSS rose and used did not (churn, page cache), it is not believed for this
 * long. */
#define DISTRUST_NS (60 * MEM_SECOND_NS)
/* See real_rise(); measured 48 MiB. */
#define PARKED_MOST_KIB (64 * MEM_MIB)
#define SHORTEST_NS (MEM_SECOND_NS / 10)

/* Stamps that go back by more than this: the clock was set, statistics start anew. */
#define BACK_NS (10 * MEM_SECOND_NS)

static bool usable_memory(const struct mem_guest *g, uint64_t *ret_kib)
{
    if (g->usable_kib.has)
        *ret_kib = g->usable_kib.value;
    else if (g->unused_kib.has)
        *ret_kib = g->unused_kib.value +
                   (g->disk_caches_kib.has ? g->disk_caches_kib.value : 0);
    else
        return false;
    return true;
}

/* In use now.  With the balloon at rest the two clocks do not matter; while it moves,
 * the guest's own total is the one that goes with its usable.  A guest with autodeflate
 * does not shrink its total (it is then above current): while it falls current - usable
 * is a little low, while it rises the last number at rest has to do. */
static uint64_t used_memory(struct need_state *s, const struct mem_guest *g,
                            uint64_t usable, enum balloon_motion motion)
{
    uint64_t current = g->current_kib.value;

    if (motion == BALLOON_REST || !s->primed) {
        s->has_kernel = g->available_kib.has && g->available_kib.value <= current;
        s->kernel_kib = s->has_kernel ? current - g->available_kib.value : 0;
        return mem_sub(current, usable);
    }
    if (s->has_kernel && g->available_kib.has)
        return mem_sub(g->available_kib.value + s->kernel_kib, usable);
    if (motion == BALLOON_FALLING)
        return mem_sub(current, usable);
    return s->used_kib;
}

/* Rises count at once when they are steep, else by half; falls by half. */
static int64_t smooth(int64_t growth, int64_t rate)
{
    if (rate > growth && rate >= GROWTH_BURST_KIB_S)
        return rate;
    return (growth + rate) / 2;
}

static void remember_burst(struct need_state *s, int64_t now_ns)
{
    if (s->growth_kib_s >= s->burst_kib_s) {
        s->burst_kib_s = s->growth_kib_s > 0 ? s->growth_kib_s : 0;
        s->burst_ns = now_ns;
    } else if (mem_elapsed_ns(now_ns, s->burst_ns) >= BURST_HALF_NS) {
        s->burst_kib_s /= 2;
        s->burst_ns = now_ns;
    }
}

/* The rise of a counter per second; 0 when it is missing, new, or has started anew. */
static uint64_t counter_rate(struct mem_opt *last, struct mem_opt now, int64_t ns)
{
    struct mem_opt before = *last;

    *last = now;
    if (!before.has || !now.has || now.value < before.value || ns <= 0)
        return 0;
    return (uint64_t)mem_rate(now.value, before.value, ns);
}

static void find_trouble(struct need_state *s, const struct mem_guest *g, int64_t ns)
{
    uint64_t in = counter_rate(&s->swap_in_kib, g->swap_in_kib, ns);
    uint64_t out = counter_rate(&s->swap_out_kib, g->swap_out_kib, ns);
    uint64_t faults = counter_rate(&s->major_faults, g->major_faults, ns);

    s->trouble = NEED_TROUBLE_NONE;
    s->trouble_rate = 0;
    if (in >= SWAP_IN_KIB_S) {
        s->trouble = NEED_TROUBLE_SWAP_IN;
        s->trouble_rate = in;
    } else if (out >= SWAP_OUT_KIB_S) {
        s->trouble = NEED_TROUBLE_SWAP_OUT;
        s->trouble_rate = out;
    } else if (faults >= FAULTS_PER_S) {
        s->trouble = NEED_TROUBLE_FAULTS;
        s->trouble_rate = faults;
    }
}

/* RSS announced growth: was it so?  Statistics newer than the claim decide. */
static void judge_touch(struct need_state *s, int64_t rate, int64_t sampled_ns)
{
    if (s->touch_kib_s == 0 || !mem_newer(sampled_ns, s->touch_ns))
        return;
    if (rate < s->touch_kib_s / 2)
        s->distrust_ns = mem_later_ns(sampled_ns, DISTRUST_NS);
    s->touch_kib_s = 0;
}

/* How much used rose, less what only looks so.  Pages that the balloon gives back go to
 * the kernel's per-CPU lists first, which MemFree leaves out, up to the low watermark:
 * a guest of 1 GiB and one vCPU was given 48 MiB and went on to report the old MemFree
 * with the new MemTotal, for as long as the balloon stood still (Linux 6.1,
 * mm/page_alloc.c nr_pcp_high(); khugepaged raises the watermark).  So a rise of used
 * that goes with a rise of MemTotal is not growth, up to PARKED_MOST_KIB in all. */
static int64_t real_rise(struct need_state *s, uint64_t used, uint64_t total)
{
    int64_t rise = (int64_t)used - (int64_t)s->used_kib;

    if (rise <= 0) {
        s->parked_kib = mem_sub(s->parked_kib, (uint64_t)-rise);
        return rise;
    }
    if (s->total_kib == 0 || total <= s->total_kib)
        return rise;
    uint64_t parked = mem_min((uint64_t)rise, total - s->total_kib);

    parked = mem_min(parked, PARKED_MOST_KIB - s->parked_kib);
    s->parked_kib += parked;
    return rise - (int64_t)parked;
}

static void take_statistics(struct need_state *s, const struct mem_guest *g,
                            uint64_t used, uint64_t usable, int64_t now_ns)
{
    uint64_t cache = g->disk_caches_kib.has ? g->disk_caches_kib.value : 0;
    uint64_t total = g->available_kib.has ? g->available_kib.value : 0;
    int64_t ns = s->primed ? mem_elapsed_ns(g->sampled_ns, s->sampled_ns) : 0;

    if (s->primed && ns > -BACK_NS && !mem_newer(g->sampled_ns, s->sampled_ns))
        return; /* the same statistics again */
    if (ns > 0 && ns < SHORTEST_NS)
        ns = SHORTEST_NS;
    if (ns > 0) {
        int64_t rise = real_rise(s, used, total);
        int64_t rate =
            mem_rate(rise > 0 ? (uint64_t)rise : 0, rise < 0 ? (uint64_t)-rise : 0, ns);

        s->growth_kib_s = smooth(s->growth_kib_s, rate);
        s->cache_growth_kib_s = mem_rate(cache, s->cache_kib, ns);
        judge_touch(s, rate, g->sampled_ns);
        remember_burst(s, now_ns);
    }
    find_trouble(s, g, ns);
    s->primed = true;
    s->sampled_ns = g->sampled_ns;
    s->used_kib = used;
    s->total_kib = total;
    s->usable_kib = usable;
    s->cache_kib = cache;
}

/* The host sees a guest touch new memory up to a period before the guest reports it.
 * Only steep rises count, less what went into page cache, and only while RSS has proved
 * right. */
static int64_t touching(struct need_state *s, const struct mem_guest *g, int64_t now_ns)
{
    struct mem_opt before = s->rss_kib;
    int64_t ns = mem_elapsed_ns(now_ns, s->rss_ns);

    s->rss_kib = g->rss_kib;
    s->rss_ns = now_ns;
    if (!before.has || !g->rss_kib.has || !g->disk_caches_kib.has || ns < SHORTEST_NS)
        return 0;
    int64_t rate = mem_rate(g->rss_kib.value, before.value, ns);
    if (s->cache_growth_kib_s > 0)
        rate -= s->cache_growth_kib_s;
    if (rate < GROWTH_BURST_KIB_S || mem_elapsed_ns(now_ns, s->distrust_ns) < 0)
        return 0;
    s->touch_kib_s = rate;
    s->touch_ns = now_ns;
    return rate;
}

/* Wanted on top of used by a guest that does not grow now, but may start to. */
static uint64_t rest_headroom(const struct need_state *s, const struct mem_input *in)
{
    int64_t react_ns = mem_later_ns(in->interval_ns, PERIOD_NS);
    uint64_t rest = mem_min(mem_times(REST_KIB_S, react_ns), REST_MOST_KIB);
    uint64_t again = s->burst_kib_s >= GROWTH_BURST_KIB_S
                         ? mem_times(s->burst_kib_s, mem_later_ns(react_ns, LANDING_NS))
                         : 0;

    rest = mem_max(rest, again);
    return mem_max(rest, mem_percent(s->used_kib, in->headroom_percent));
}

static void set_need(struct need *n, const struct need_state *s,
                     const struct mem_guest *g, const struct mem_input *in,
                     const struct need_context *c)
{
    uint64_t most = g->maximum_kib;
    uint64_t reserve = mem_max(in->usable_min_kib, s->used_kib / 32);
    int64_t age_ns = mem_elapsed_ns(in->now_ns, s->sampled_ns);
    int64_t react_ns = mem_later_ns(in->interval_ns, PERIOD_NS + LANDING_NS);
    int64_t growth = n->growth_kib_s > GROWTH_NOISE_KIB_S ? n->growth_kib_s : 0;
    uint64_t coming =
        mem_times(growth, mem_later_ns(react_ns, age_ns > 0 ? age_ns : 0));
    uint64_t cache =
        mem_percent(mem_min(s->cache_kib, s->usable_kib), in->cache_percent);
    uint64_t want = s->used_kib + rest_headroom(s, in) + coming + cache;

    if (want + balloon_dead_band(most) > most)
        want = most; /* the last step up would be inside the dead band */
    n->need_kib = mem_clamp(s->used_kib + reserve, c->floor_kib, most);
    n->want_kib = mem_clamp(mem_max(want, n->need_kib), c->floor_kib, most);
    n->soon_kib = mem_min(s->used_kib + coming + in->usable_min_kib, most);
}

struct need need_step(struct need_state *s, const struct mem_guest *g,
                      const struct mem_input *in, const struct need_context *c)
{
    struct need n = {.known = false};
    uint64_t usable;
    int64_t touch = touching(s, g, in->now_ns);

    if (!g->fresh || !g->current_kib.has || !usable_memory(g, &usable))
        return n;
    usable = mem_min(usable, g->current_kib.value);
    uint64_t used = used_memory(s, g, usable, c->motion);
    take_statistics(s, g, mem_min(used, g->maximum_kib), usable, in->now_ns);

    n.known = true;
    n.used_kib = s->used_kib;
    n.usable_kib = s->usable_kib;
    n.growth_kib_s = touch > 0 && touch > s->growth_kib_s ? touch : s->growth_kib_s;
    n.trouble = s->trouble;
    n.trouble_rate = s->trouble_rate;
    set_need(&n, s, g, in, c);
    return n;
}
