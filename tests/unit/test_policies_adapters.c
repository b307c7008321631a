/* test_policies_adapters.c - the reference policies over snapshots: what they call, when. */
#include "tests/unit/unit.h"

#include "sim/policies/policies.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S INT64_C(1000000000)
#define MIB UINT64_C(1024) /* KiB */
#define STEP_NS (1 * S)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- a host whose balloons and pins obey at once ---- */

struct world {
    struct snapshot s;
    const struct sim_policy *policy;
    void *self;
    unsigned calls;
    bool failing;
    bool deaf[4]; /* VMs whose balloon stays where it is */
};

static struct opt_u64 some(uint64_t v)
{
    return (struct opt_u64){.value = v, .has = true};
}

static struct snapshot_domain *add_vm(struct world *w, unsigned nvcpus)
{
    struct snapshot_domain *d = snapshot_add_domain(&w->s);
    assert_non_null(d);
    snprintf(d->uuid, sizeof(d->uuid), "%08zu-0000-0000-0000-000000000000",
             w->s.ndomains);
    snprintf(d->name, sizeof(d->name), "vm%zu", w->s.ndomains);
    d->id = (int32_t)w->s.ndomains;
    d->state = SNAPSHOT_STATE_RUNNING;
    d->managed = true;
    d->memory = (struct snapshot_memory){
        .maximum_kib = some(2048 * MIB),
        .current_kib = some(1024 * MIB),
        .available_kib = some(1000 * MIB),
        .unused_kib = some(500 * MIB),
        .usable_kib = some(600 * MIB),
        .rss_kib = some(1024 * MIB),
        .period_s = some(1),
        .balloon = SNAPSHOT_BALLOON_VIRTIO,
    };
    for (unsigned k = 0; k < nvcpus; k++) {
        struct snapshot_vcpu *v = snapshot_add_vcpu(d);
        assert_non_null(v);
        v->number = k;
        v->time_ns = some(0);
        assert_int_equal(cpuset_parse("0-3", &v->affinity), 0);
    }
    return d;
}

static void begin(struct world *w, const char *policy)
{
    size_t n;
    const struct sim_policy *all = sim_policies(&n);
    memset(w, 0, sizeof(*w));
    snapshot_init(&w->s);
    settings_init(&w->s.settings);
    w->s.settings.mem_guest_floor_kib = 200 * MIB;
    w->s.host.memory_total_kib = some(8192 * MIB);
    w->s.host.memory_available_kib = some(4096 * MIB);
    for (uint32_t c = 0; c < 4; c++) {
        struct snapshot_pcpu *p = snapshot_add_pcpu(&w->s);
        assert_non_null(p);
        *p = (struct snapshot_pcpu){.id = c, .core = c, .online = true};
    }
    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].name, policy) == 0)
            w->policy = &all[i];
    assert_non_null(w->policy);
    w->self = w->policy->create();
    assert_non_null(w->self);
}

static void end(struct world *w)
{
    w->policy->destroy(w->self);
    snapshot_fini(&w->s);
}

static int perform(void *context, const struct report_action *a, struct err *e)
{
    struct world *w = context;
    (void)e;
    w->calls++;
    if (w->failing)
        return -EIO;
    for (size_t i = 0; i < w->s.ndomains; i++) {
        struct snapshot_domain *d = &w->s.domains[i];
        if (strcmp(d->uuid, a->uuid) != 0)
            continue;
        if (a->kind == REPORT_PIN) {
            d->vcpus[a->vcpu].affinity = a->to_pcpus;
        } else if (a->kind == REPORT_SET_MEMORY) {
            if (!w->deaf[i])
                d->memory.current_kib.value = a->to_value;
        } else {
            d->memory.period_s = some(a->to_value);
        }
    }
    return 0;
}

static int64_t snapshot_time(void *context)
{
    const struct world *w = context;
    return w->s.mono_ns;
}

/* The policy's calls in one snapshot at that second. */
static unsigned at(struct world *w, int64_t second)
{
    static const struct actor_hands hands = {.perform = perform,
                                             .clock = snapshot_time};
    struct report r = {.actor = REPORT_ACTOR_NONE};
    struct actor_turn turn = {.snapshot = &w->s,
                              .now_ns = second * S,
                              .interval_ns = STEP_NS,
                              .act = true,
                              .hands = &hands,
                              .context = w};
    unsigned before = w->calls;
    w->s.mono_ns = turn.now_ns;
    for (size_t i = 0; i < w->s.ndomains; i++)
        w->s.domains[i].sampled_ns = turn.now_ns;
    assert_int_equal(w->policy->decide(w->self, &turn, &r), 0);
    assert_int_equal(r.nactions, w->calls - before);
    report_fini(&r);
    return w->calls - before;
}

static uint64_t size_mib(const struct world *w, size_t vm)
{
    return w->s.domains[vm].memory.current_kib.value / MIB;
}

/* ---- all of them ---- */

static void names_are_unique_and_helped(void **state)
{
    (void)state;
    size_t n;
    const struct sim_policy *all = sim_policies(&n);
    assert_int_equal(n, 6);
    for (size_t i = 0; i < n; i++) {
        assert_true(strlen(all[i].help) > 10);
        all[i].destroy(NULL);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(all[i].name, all[k].name);
    }
}

/* Hosts without VMs, without pCPUs, without numbers; VMs that are not theirs. */
static void nothing_known_nothing_done(void **state)
{
    (void)state;
    size_t n;
    const struct sim_policy *all = sim_policies(&n);
    for (size_t i = 0; i < n; i++) {
        struct world w;
        begin(&w, all[i].name);
        assert_int_equal(at(&w, 0), 0);
        struct snapshot_domain *d = add_vm(&w, 2);
        d->managed = false;
        assert_int_equal(at(&w, 20), 0);
        d->managed = true;
        d->state = SNAPSHOT_STATE_PAUSED;
        assert_int_equal(at(&w, 40), 0);
        d->quarantined = true;
        d->state = SNAPSHOT_STATE_RUNNING;
        assert_int_equal(at(&w, 60), 0);
        d->quarantined = false;
        memset(&w.s.host.memory_total_kib, 0, sizeof(struct opt_u64));
        w.s.host.npcpus = 0;
        assert_int_equal(at(&w, 80), 0);
        end(&w);
    }
}

static void dry_run_calls_nothing(void **state)
{
    (void)state;
    size_t n;
    const struct sim_policy *all = sim_policies(&n);
    for (size_t i = 0; i < n; i++) {
        struct world w;
        begin(&w, all[i].name);
        add_vm(&w, 2);
        size_t planned = 0;
        for (int64_t second = 0; second <= 30; second++) {
            struct report r = {.actor = REPORT_ACTOR_NONE};
            struct actor_turn turn = {.snapshot = &w.s,
                                      .now_ns = second * S,
                                      .interval_ns = STEP_NS,
                                      .act = false};
            w.s.domains[0].sampled_ns = turn.now_ns;
            assert_int_equal(w.policy->decide(w.self, &turn, &r), 0);
            planned += r.nactions;
            for (size_t k = 0; k < r.nactions; k++)
                assert_true(r.actions[k].dry_run);
            report_fini(&r);
        }
        assert_true(planned > 0);
        assert_int_equal(w.calls, 0);
        end(&w);
    }
}

/* ---- memory ---- */

static void statistics_are_asked_for_once(void **state)
{
    (void)state;
    static const char *const policies[] = {"mom", "proxmox", "qmemman"};
    for (size_t i = 0; i < COUNT(policies); i++) {
        struct world w;
        begin(&w, policies[i]);
        add_vm(&w, 1)->memory.period_s.value = 0;
        w.s.domains[0].memory.unused_kib.has = w.s.domains[0].memory.usable_kib.has =
            false;
        w.s.host.memory_available_kib.value = 8192 * MIB / 5; /* Proxmox is content */
        w.s.settings.mem_stats_period_s = 3;
        assert_int_equal(at(&w, 0), 1);
        assert_int_equal(w.s.domains[0].memory.period_s.value, 3);
        for (int64_t second = 1; second <= 20; second++)
            assert_int_equal(at(&w, second), 0);
        end(&w);
    }
}

static void mom_judges_every_10_s_over_its_window(void **state)
{
    (void)state;
    struct world w;
    begin(&w, "mom");
    add_vm(&w, 1);
    for (int64_t second = 0; second < 10; second++)
        assert_int_equal(at(&w, second), 0);
    assert_int_equal(at(&w, 10), 1); /* half of the host is free: 5 % more */
    assert_int_equal(size_mib(&w, 0), 1075);
    for (int64_t second = 11; second < 20; second++)
        assert_int_equal(at(&w, second), 0);
    /* The host is full of a sudden, its average is not for another 30 s. */
    static const uint64_t sizes_mib[] = {1128, 1185, 1244, 1182, 1123, 1067, 1013, 963};
    w.s.host.memory_available_kib.value = 0;
    for (int64_t second = 20; second < 100; second++) {
        assert_int_equal(at(&w, second), second % 10 == 0);
        assert_in_range(size_mib(&w, 0), sizes_mib[second / 10 - 2] - 1,
                        sizes_mib[second / 10 - 2] + 1);
    }
    /* Without statistics it is left out. */
    w.s.domains[0].memory.unused_kib.has = false;
    for (int64_t second = 100; second <= 120; second++)
        assert_int_equal(at(&w, second), 0);
    end(&w);
}

static void proxmox_steps_100_mib_per_10_s(void **state)
{
    (void)state;
    struct world w;
    begin(&w, "proxmox");
    add_vm(&w, 1);
    add_vm(&w, 1);
    assert_int_equal(at(&w, 0), 2); /* 50 % of 80 % in use */
    assert_int_equal(size_mib(&w, 0), 1124);
    assert_int_equal(at(&w, 9), 0);
    assert_int_equal(at(&w, 10), 2);
    assert_int_equal(size_mib(&w, 1), 1224);
    w.s.host.memory_available_kib.value = 100 * MIB;
    assert_int_equal(at(&w, 20), 2);
    assert_int_equal(size_mib(&w, 0), 1124);
    w.s.host.memory_available_kib.value = 8192 * MIB / 5; /* just right */
    assert_int_equal(at(&w, 30), 0);
    end(&w);
}

static void squeezed_shrinks_before_it_grows(void **state)
{
    (void)state;
    struct world w;
    begin(&w, "squeezed");
    add_vm(&w, 1)->memory.current_kib.value = 2048 * MIB;
    add_vm(&w, 1)->memory.current_kib.value = 200 * MIB;
    w.s.domains[0].memory.rss_kib.value = 2048 * MIB;
    w.s.settings.mem_host_reserve = (struct settings_reserve){.kib = 500 * MIB};
    w.s.host.memory_available_kib.value = 500 * MIB;
    /* (2048 - 200 - 8) over 2 * (2048 - 200): each at about half of its range. */
    assert_int_equal(at(&w, 0), 1);
    assert_in_range(size_mib(&w, 0), 1115, 1125);
    assert_int_equal(size_mib(&w, 1), 200);
    w.s.domains[0].memory.rss_kib.value = 1120 * MIB;
    w.s.host.memory_available_kib.value = (500 + 928) * MIB;
    assert_int_equal(at(&w, 1), 1);
    assert_in_range(size_mib(&w, 1), 1105, 1125);
    end(&w);
}

static void squeezed_gives_up_on_who_is_stuck(void **state)
{
    (void)state;
    struct world w;
    begin(&w, "squeezed");
    add_vm(&w, 1);
    add_vm(&w, 1);
    w.deaf[0] = w.deaf[1] = true;
    w.s.settings.mem_host_reserve = (struct settings_reserve){.kib = 4096 * MIB};
    w.s.host.memory_available_kib.value = 3600 * MIB;
    assert_int_equal(at(&w, 0), 2);
    for (int64_t second = 1; second <= 4; second++)
        assert_int_equal(at(&w, second), 0);
    for (int64_t second = 5; second <= 30; second++)
        assert_int_equal(at(&w, second), 0);
    /* One moves a little: it is trusted again, and takes part in the next check. */
    w.s.domains[0].memory.current_kib.value = 1000 * MIB;
    unsigned calls = 0;
    for (int64_t second = 31; second <= 41; second++)
        calls += at(&w, second);
    assert_true(calls >= 1);
    end(&w);
}

static void squeezed_waits_for_the_slow_not_for_the_stuck(void **state)
{
    (void)state;
    for (int slow = 0; slow <= 1; slow++) {
        struct world w;
        begin(&w, "squeezed");
        add_vm(&w, 1)->memory.current_kib.value = 2048 * MIB;
        add_vm(&w, 1)->memory.current_kib.value = 200 * MIB;
        w.s.domains[0].memory.rss_kib.value = 2048 * MIB;
        w.s.domains[1].memory.rss_kib.value = 200 * MIB;
        w.s.settings.mem_host_reserve = (struct settings_reserve){.kib = 500 * MIB};
        w.s.host.memory_available_kib.value = 800 * MIB;
        w.deaf[0] = true;
        assert_int_equal(at(&w, 0), 1);
        for (int64_t second = 1; second <= 13; second++) {
            if (slow != 0 && second <= 9) /* then it rests: 5 s more for it */
                w.s.domains[0].memory.current_kib.value -= 10 * MIB;
            at(&w, second);
            /* Left out from the 5th second: the other one gets the 300 to spare,
             * less twice the inaccuracy. */
            bool grown = slow == 0 && second >= 5;
            assert_in_range(size_mib(&w, 1), grown ? 491 : 200, grown ? 501 : 200);
        }
        end(&w);
    }
}

static void qmemman_gives_all_there_is_up_to_the_maximum(void **state)
{
    (void)state;
    struct world w;
    begin(&w, "qmemman");
    add_vm(&w, 1);
    w.s.host.memory_available_kib.value = 3000 * MIB;
    assert_int_equal(at(&w, 0), 1); /* all that there is, up to its maximum */
    assert_int_equal(size_mib(&w, 0), 2048);
    assert_int_equal(at(&w, 1), 0);
    end(&w);
}

static void failed_calls_are_counted_not_fatal(void **state)
{
    (void)state;
    struct world w;
    begin(&w, "proxmox");
    add_vm(&w, 1);
    w.failing = true;
    assert_int_equal(at(&w, 0), 1);
    assert_int_equal(size_mib(&w, 0), 1024);
    w.failing = false;
    assert_int_equal(at(&w, 10), 1);
    assert_int_equal(size_mib(&w, 0), 1124);
    end(&w);
}

/* ---- CPU ---- */

/* Lets the first vCPUs of n VMs run for their share of the seconds. */
static void run_for(struct world *w, const double *shares, size_t n, int64_t seconds)
{
    for (size_t i = 0; i < n; i++)
        w->s.domains[i].vcpus[0].time_ns.value +=
            (uint64_t)(shares[i] * (double)(seconds * S));
}

static unsigned vms_on(const struct world *w, uint32_t pcpu)
{
    unsigned n = 0;
    for (size_t i = 0; i < w->s.ndomains; i++) {
        const struct cpuset *on = &w->s.domains[i].vcpus[0].affinity;
        n += cpuset_count(on) == 1 && cpuset_has(on, pcpu);
    }
    return n;
}

static void irqbalance_places_after_one_interval(void **state)
{
    (void)state;
    static const double even[8] = {.5, .5, .5, .5, .5, .5, .5, .5};
    struct world w;
    begin(&w, "irqbalance");
    for (int i = 0; i < 8; i++)
        add_vm(&w, 1);
    assert_int_equal(at(&w, 0), 0);
    run_for(&w, even, COUNT(even), 10);
    assert_int_equal(at(&w, 5), 0);
    assert_int_equal(at(&w, 10), 8);
    for (uint32_t c = 0; c < 4; c++)
        assert_int_equal(vms_on(&w, c), 2);
    for (int64_t second = 20; second <= 100; second += 10) {
        run_for(&w, even, COUNT(even), 10);
        assert_int_equal(at(&w, second), 0); /* balanced: still */
    }
    end(&w);
}

static void irqbalance_moves_off_the_fullest(void **state)
{
    (void)state;
    static const double even[8] = {.5, .5, .5, .5, .5, .5, .5, .5};
    double shifted[8] = {0};
    struct world w;
    begin(&w, "irqbalance");
    for (int i = 0; i < 8; i++)
        add_vm(&w, 1);
    at(&w, 0);
    run_for(&w, even, COUNT(even), 10);
    at(&w, 10);
    for (size_t i = 0; i < 8; i++) /* the two on pCPU 0 get busy, the others idle */
        shifted[i] = cpuset_has(&w.s.domains[i].vcpus[0].affinity, 0)
                         ? .5 - (double)i / 100
                         : .01;
    run_for(&w, shifted, COUNT(shifted), 10);
    assert_int_equal(at(&w, 20), 1);
    assert_int_equal(vms_on(&w, 0), 1);
    end(&w);
}

static void operators_pins_and_laws_are_kept(void **state)
{
    (void)state;
    static const double even[3] = {.5, .5, .5};
    static const char *const policies[] = {"irqbalance", "lxd"};
    for (size_t i = 0; i < COUNT(policies); i++) {
        struct world w;
        begin(&w, policies[i]);
        struct snapshot_vcpu *pinned = &add_vm(&w, 1)->vcpus[0];
        pinned->operator_pinned = true;
        pinned->affinity = cpuset_of(0);
        for (int k = 0; k < 2; k++)
            w.s.domains[add_vm(&w, 1) - w.s.domains].vcpus[0].allowed = cpuset_of(0);
        assert_int_equal(cpuset_parse("0-1", &w.s.domains[2].vcpus[0].allowed), 0);
        w.s.host.pcpus[1].isolated = i == 0;
        at(&w, 0);
        run_for(&w, even, COUNT(even), 10);
        at(&w, 10);
        assert_int_equal(vms_on(&w, 0), i == 0 ? 3 : 2);
        assert_int_equal(vms_on(&w, 1), i == 0 ? 0 : 1);
        end(&w);
    }
}

static void others_keep_clear_of_an_operators_hog(void **state)
{
    (void)state;
    static const double shares[4] = {.9, .3, .3, .3};
    static const char *const policies[] = {"irqbalance", "lxd"};
    for (size_t i = 0; i < COUNT(policies); i++) {
        struct world w;
        begin(&w, policies[i]);
        for (int k = 0; k < 4; k++)
            add_vm(&w, 1);
        w.s.domains[0].vcpus[0].operator_pinned = true;
        w.s.domains[0].vcpus[0].affinity = cpuset_of(0);
        at(&w, 0);
        run_for(&w, shares, COUNT(shares), 10);
        at(&w, 10);
        for (uint32_t c = 0; c < 4; c++)
            assert_int_equal(vms_on(&w, c), 1);
        end(&w);
    }
}

static void lxd_fills_the_gap_of_who_went(void **state)
{
    (void)state;
    struct world w;
    begin(&w, "lxd");
    for (int i = 0; i < 5; i++)
        add_vm(&w, 1);
    assert_int_equal(at(&w, 0), 5);
    assert_int_equal(at(&w, 1), 0);
    assert_int_equal(vms_on(&w, 0), 2);
    /* The first one stops. */
    free(w.s.domains[0].vcpus);
    w.s.ndomains--;
    memmove(&w.s.domains[0], &w.s.domains[1], w.s.ndomains * sizeof(w.s.domains[0]));
    assert_int_equal(at(&w, 2), 4);
    for (uint32_t c = 0; c < 4; c++)
        assert_int_equal(vms_on(&w, c), 1);
    end(&w);
}

static void lxd_acts_when_someone_comes_or_goes(void **state)
{
    (void)state;
    struct world w;
    begin(&w, "lxd");
    add_vm(&w, 2);
    add_vm(&w, 1);
    assert_int_equal(at(&w, 0), 3);
    assert_true(cpuset_has(&w.s.domains[0].vcpus[0].affinity, 0));
    assert_true(cpuset_has(&w.s.domains[0].vcpus[1].affinity, 1));
    assert_true(cpuset_has(&w.s.domains[1].vcpus[0].affinity, 2));
    assert_int_equal(at(&w, 1), 0);
    add_vm(&w, 6); /* more than there are pCPUs */
    assert_int_equal(at(&w, 2), 6);
    assert_int_equal(at(&w, 3), 0);
    w.s.domains[0].id = 99; /* restarted, unpinned */
    assert_int_equal(cpuset_parse("0-3", &w.s.domains[0].vcpus[1].affinity), 0);
    assert_int_equal(at(&w, 4), 1);
    w.s.host.pcpus[0].online = false;
    assert_true(at(&w, 5) > 0);
    assert_int_equal(vms_on(&w, 0), 0);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_unique_and_helped),
        cmocka_unit_test(nothing_known_nothing_done),
        cmocka_unit_test(dry_run_calls_nothing),
        cmocka_unit_test(statistics_are_asked_for_once),
        cmocka_unit_test(mom_judges_every_10_s_over_its_window),
        cmocka_unit_test(proxmox_steps_100_mib_per_10_s),
        cmocka_unit_test(squeezed_shrinks_before_it_grows),
        cmocka_unit_test(squeezed_gives_up_on_who_is_stuck),
        cmocka_unit_test(squeezed_waits_for_the_slow_not_for_the_stuck),
        cmocka_unit_test(qmemman_gives_all_there_is_up_to_the_maximum),
        cmocka_unit_test(failed_calls_are_counted_not_fatal),
        cmocka_unit_test(irqbalance_places_after_one_interval),
        cmocka_unit_test(irqbalance_moves_off_the_fullest),
        cmocka_unit_test(operators_pins_and_laws_are_kept),
        cmocka_unit_test(others_keep_clear_of_an_operators_hog),
        cmocka_unit_test(lxd_fills_the_gap_of_who_went),
        cmocka_unit_test(lxd_acts_when_someone_comes_or_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
