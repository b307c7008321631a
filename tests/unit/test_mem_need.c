/* test_mem_need.c - what a guest needs and wants: tables, bad rows first. */
#undef NDEBUG
#include "mem_actor/need.h"
#include "mem_actor/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define MIB UINT64_C(1024)
#define SEC INT64_C(1000000000)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct mem_opt some(uint64_t v)
{
    return (struct mem_opt){.value = v, .has = true};
}

static const struct mem_input input = {
    .now_ns = 100 * SEC,
    .interval_ns = SEC,
    .usable_min_kib = 100 * MIB,
    .headroom_percent = 20,
    .cache_percent = 25,
};

static struct mem_guest guest(uint64_t current_mib, uint64_t usable_mib)
{
    return (struct mem_guest){
        .fresh = true,
        .sampled_ns = 100 * SEC,
        .maximum_kib = 2048 * MIB,
        .current_kib = some(current_mib * MIB),
        .available_kib = some((current_mib - 69) * MIB),
        .usable_kib = some(usable_mib * MIB),
        .disk_caches_kib = some(0),
    };
}

static struct need first(const struct mem_guest *g, uint64_t floor_mib)
{
    struct need_state s = {0};
    struct need_context c = {.floor_kib = floor_mib * MIB};

    return need_step(&s, g, &input, &c);
}

static void test_unknown(void **state)
{
    (void)state;
    struct mem_guest stale = guest(512, 253), sizeless = stale, mute = stale;

    stale.fresh = false;
    sizeless.current_kib.has = false;
    mute.usable_kib.has = false;
    assert_false(first(&stale, 200).known);
    assert_false(first(&sizeless, 200).known);
    assert_false(first(&mute, 200).known);
    assert_int_equal(first(&mute, 200).need_kib, 0);
}

static void test_usable_sources(void **state)
{
    (void)state;
    struct mem_guest g = guest(512, 253);

    g.usable_kib.has = false;
    g.unused_kib = some(200 * MIB);
    assert_int_equal(first(&g, 0).used_kib, 312 * MIB);
    g.disk_caches_kib = some(50 * MIB);
    assert_int_equal(first(&g, 0).used_kib, 262 * MIB);
    g.unused_kib = some(UINT64_C(1) << 42); /* more than it has */
    assert_int_equal(first(&g, 0).used_kib, 0);
}

/* Pages given back may stay on the kernel's per-CPU lists, where MemFree does not see
 * them: MemTotal rises, MemAvailable does not.  That is not growth, up to 64 MiB. */
static void test_parked_pages(void **state)
{
    (void)state;
    static const struct {
        uint64_t current_mib, usable_mib;
        int64_t growth_mib_s;
    } rows[] = {
        {300, 151, 0},
        {350, 151, 0},  /* given 50, not seen */
        {350, 101, 50}, /* in use by 50 more: growth */
        {400, 101, 43}, /* given 50 more, but only 14 can be parked: 36, smoothed */
    };
    struct need_state s = {0};
    struct need_context c = {.motion = BALLOON_REST};

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mem_guest g = guest(rows[i].current_mib, rows[i].usable_mib);
        g.sampled_ns = (100 + (int64_t)i) * SEC;
        struct need n = need_step(&s, &g, &input, &c);
        assert_int_equal(n.growth_kib_s / 1024, rows[i].growth_mib_s);
    }
}

static void test_need_and_want(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint64_t current, usable, maximum, floor, cache; /* MiB */
        uint64_t need, want;
    } rows[] = {
        {"nothing usable", 512, 0, 2048, 200, 0, 612, 712},
        {"all usable, floor holds", 512, 512, 2048, 250, 0, 250, 250},
        {"floor above the maximum's want", 512, 512, 300, 300, 0, 300, 300},
        {"at its maximum", 2048, 0, 2048, 200, 0, 2048, 2048},
        {"want within a dead band of the maximum", 512, 253, 470, 200, 0, 359, 470},
        {"idle: 100 usable are need, 200 are want", 512, 253, 2048, 200, 0, 359, 459},
        {"cache is want, never need", 512, 253, 2048, 200, 200, 359, 509},
        {"cache beyond usable does not count", 512, 100, 2048, 200, 400, 512, 637},
        {"headroom of 20 % above 1000 MiB", 1800, 300, 8192, 200, 0, 1600, 1800},
        {"need of 1/32 for big ones", 8192, 1792, 16384, 200, 0, 6600, 7680},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mem_guest g = guest(rows[i].current, rows[i].usable);

        g.maximum_kib = rows[i].maximum * MIB;
        g.disk_caches_kib = some(rows[i].cache * MIB);
        struct need n = first(&g, rows[i].floor);
        printf("# %s: need %llu want %llu\n", rows[i].what,
               (unsigned long long)n.need_kib / MIB,
               (unsigned long long)n.want_kib / MIB);
        assert_true(n.known);
        assert_int_equal(n.need_kib, rows[i].need * MIB);
        assert_int_equal(n.want_kib, rows[i].want * MIB);
    }
}

/* Steps of <ns>: used rises from 259 MiB by each of <rise> MiB. */
static struct need grow(const int *rise, size_t n, int64_t ns)
{
    struct need_state s = {0};
    struct need_context c = {.floor_kib = 200 * MIB};
    struct mem_input in = input;
    struct mem_guest g = guest(2000, 2000 - 259);
    struct need last = need_step(&s, &g, &in, &c);

    for (size_t i = 0; i < n; i++) {
        in.now_ns += ns;
        g.sampled_ns = in.now_ns;
        g.usable_kib.value -= (uint64_t)rise[i] * MIB;
        last = need_step(&s, &g, &in, &c);
    }
    return last;
}

static void test_growth(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int rise[4];
        size_t n;
        int64_t ns;
        int64_t growth_mib_s;
    } rows[] = {
        {"falls", {-100}, 1, SEC, -50},
        {"none", {0, 0}, 2, SEC, 0},
        {"small rises count by half", {8}, 1, SEC, 4},
        {"steep ones at once", {150}, 1, SEC, 150},
        {"per second, not per sample", {150}, 1, 5 * SEC, 15},
        {"at 0.2 s", {30}, 1, SEC / 5, 150},
        {"fades by half", {160, 0, 0}, 3, SEC, 40},
        {"two samples at one time are one", {150}, 1, 0, 0},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct need n = grow(rows[i].rise, rows[i].n, rows[i].ns);

        printf("# %s: %lld\n", rows[i].what, (long long)n.growth_kib_s / 1024);
        assert_int_equal(n.growth_kib_s, rows[i].growth_mib_s * (int64_t)MIB);
    }
}

/* 150 MiB/s for interval + period + landing = 2.25 s more, on top of what is kept at
 * rest: after a burst that is 2.25 s of it again, 675 MiB in all. */
static void test_growth_is_wanted_not_needed(void **state)
{
    (void)state;
    static const int rise[] = {150};
    struct need n = grow(rise, 1, SEC);

    assert_int_equal(n.used_kib, 409 * MIB);
    assert_int_equal(n.need_kib, 509 * MIB);
    assert_int_equal(n.want_kib / MIB, 409 + 675);
}

/* current is new, the statistics are old: the difference is not use. */
static void test_balloon_moves(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        bool total;
        enum balloon_motion motion;
        uint64_t current, available, usable, used; /* MiB, then what is expected */
    } rows[] = {
        {"deflated since", true, BALLOON_RISING, 1024, 443, 253, 259},
        {"inflated since", true, BALLOON_FALLING, 400, 443, 253, 259},
        {"no total: the last number while it rises", false, BALLOON_RISING, 1024, 0,
         253, 259},
        {"no total: a little low while it falls", false, BALLOON_FALLING, 500, 0, 253,
         247},
        {"at rest again", true, BALLOON_REST, 1024, 955, 700, 324},
        {"autodeflate: total stays at the maximum", true, BALLOON_REST, 1024, 1979, 700,
         324},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct need_state s = {0};
        struct need_context c = {.floor_kib = 200 * MIB};
        struct mem_input in = input;
        struct mem_guest g = guest(512, 253);

        g.available_kib.has = rows[i].total;
        need_step(&s, &g, &in, &c);
        in.now_ns += SEC;
        g.sampled_ns = in.now_ns;
        g.current_kib.value = rows[i].current * MIB;
        g.available_kib.value = rows[i].available * MIB;
        g.usable_kib.value = rows[i].usable * MIB;
        c.motion = rows[i].motion;
        printf("# %s\n", rows[i].what);
        assert_int_equal(need_step(&s, &g, &in, &c).used_kib, rows[i].used * MIB);
    }
}

static void test_trouble(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct mem_opt in[2], out[2], faults[2];
        enum need_trouble trouble;
        uint64_t rate;
    } rows[] = {
        {"absent", {{0}}, {{0}}, {{0}}, NEED_TROUBLE_NONE, 0},
        {"appears late", {{0}, {99999, true}}, {{0}}, {{0}}, NEED_TROUBLE_NONE, 0},
        {"vanishes", {{99999, true}, {0}}, {{0}}, {{0}}, NEED_TROUBLE_NONE, 0},
        {"goes back", {{99999, true}, {5, true}}, {{0}}, {{0}}, NEED_TROUBLE_NONE, 0},
        {"garbage",
         {{0, true}, {UINT64_MAX, true}},
         {{0}},
         {{0}},
         NEED_TROUBLE_SWAP_IN,
         MEM_KIB_MAX},
        {"a trickle", {{100, true}, {499, true}}, {{0}}, {{0}}, NEED_TROUBLE_NONE, 0},
        {"swaps in",
         {{100, true}, {500, true}},
         {{0}},
         {{0}},
         NEED_TROUBLE_SWAP_IN,
         400},
        {"swaps out",
         {{0}},
         {{0, true}, {1024, true}},
         {{0}},
         NEED_TROUBLE_SWAP_OUT,
         1024},
        {"faults", {{0}}, {{0}}, {{7, true}, {107, true}}, NEED_TROUBLE_FAULTS, 100},
        {"few faults", {{0}}, {{0}}, {{7, true}, {106, true}}, NEED_TROUBLE_NONE, 0},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct need_state s = {0};
        struct need_context c = {.floor_kib = 0};
        struct mem_input in = input;
        struct mem_guest g = guest(512, 253);
        struct need n = {0};

        for (int k = 0; k < 2; k++) {
            g.swap_in_kib = rows[i].in[k];
            g.swap_out_kib = rows[i].out[k];
            g.major_faults = rows[i].faults[k];
            n = need_step(&s, &g, &in, &c);
            in.now_ns += SEC;
            g.sampled_ns = in.now_ns;
        }
        printf("# %s: %d %llu\n", rows[i].what, (int)n.trouble,
               (unsigned long long)n.trouble_rate);
        assert_int_equal(n.trouble, rows[i].trouble);
        assert_int_equal(n.trouble_rate, rows[i].rate);
    }
}

/* Seen again before the guest has sent new ones, statistics mean what they meant. */
static void test_same_statistics(void **state)
{
    (void)state;
    struct need_state s = {0};
    struct need_context c = {.floor_kib = 0};
    struct mem_input in = input;
    struct mem_guest g = guest(512, 253);

    g.swap_in_kib = some(0);
    need_step(&s, &g, &in, &c);
    in.now_ns += SEC;
    g.sampled_ns = in.now_ns;
    g.swap_in_kib = some(1000);
    assert_int_equal(need_step(&s, &g, &in, &c).trouble, NEED_TROUBLE_SWAP_IN);
    in.now_ns += SEC;
    assert_int_equal(need_step(&s, &g, &in, &c).trouble, NEED_TROUBLE_SWAP_IN);
    g.sampled_ns -= 5 * SEC; /* the clock was set back */
    assert_int_equal(need_step(&s, &g, &in, &c).trouble, NEED_TROUBLE_SWAP_IN);
}

/* RSS tells of growth before the statistics do; disproved, it is not believed again. */
static void test_rss(void **state)
{
    (void)state;
    struct need_state s = {0};
    struct need_context c = {.floor_kib = 0};
    struct mem_input in = input;
    struct mem_guest g = guest(512, 253);

    g.rss_kib = some(300 * MIB);
    assert_int_equal(need_step(&s, &g, &in, &c).growth_kib_s, 0);
    in.now_ns += SEC;
    g.rss_kib = some(331 * MIB); /* too little to mean anything */
    assert_int_equal(need_step(&s, &g, &in, &c).growth_kib_s, 0);
    in.now_ns += SEC;
    g.rss_kib = some(431 * MIB);
    assert_int_equal(need_step(&s, &g, &in, &c).growth_kib_s, 100 * MIB);
    in.now_ns += SEC;
    g.sampled_ns = in.now_ns; /* nothing was used */
    assert_int_equal(need_step(&s, &g, &in, &c).growth_kib_s, 0);
    in.now_ns += SEC;
    g.rss_kib = some(531 * MIB);
    assert_int_equal(need_step(&s, &g, &in, &c).growth_kib_s, 0);
    in.now_ns += 60 * SEC;
    need_step(&s, &g, &in, &c);
    in.now_ns += SEC;
    g.rss_kib = some(631 * MIB);
    assert_int_equal(need_step(&s, &g, &in, &c).growth_kib_s, 100 * MIB);
}

static void test_long_interval(void **state)
{
    (void)state;
    struct need_state s = {0};
    struct need_context c = {.floor_kib = 0};
    struct mem_input in = input;
    struct mem_guest g = guest(512, 253);

    in.interval_ns = 60 * SEC;
    assert_int_equal(need_step(&s, &g, &in, &c).want_kib, (259 + 256) * MIB);
    in.interval_ns = SEC / 10;
    assert_int_equal(need_step(&s, &g, &in, &c).want_kib, (259 + 110) * MIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_usable_sources),
        cmocka_unit_test(test_parked_pages),
        cmocka_unit_test(test_need_and_want),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_growth_is_wanted_not_needed),
        cmocka_unit_test(test_balloon_moves),
        cmocka_unit_test(test_trouble),
        cmocka_unit_test(test_same_statistics),
        cmocka_unit_test(test_rss),
        cmocka_unit_test(test_long_interval),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
