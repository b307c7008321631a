/* test_cpu_policy_life.c - the CPU policy through what happens on a host: law, pCPUs
 * and domains that come and go, stale samples, calls that fail, others who pin, churn.
 */
#undef NDEBUG
#include "tests/unit/cpu_model.h"

static void test_multi_vcpu(void **state)
{
    (void)state;
    struct model *x = model_new(4);
    for (uint32_t i = 0; i < 12; i++) { /* 3 domains of 4 vCPUs */
        struct model_vcpu *v = add(x, 0.3, 0);
        v->domain = i / 4;
        v->vcpu = i % 4;
    }
    ticks(x, 3);
    assert_int_equal(x->changes, 9);
    assert_true(unevenness(x) < 0.05);
    ticks(x, 50);
    assert_int_equal(x->changes, 9);
    model_free(x);
}

static void test_allowed(void **state)
{
    (void)state;
    struct model *x = model_new(4);
    struct cpuset two = cpuset_of(2);
    cpuset_add(&two, 3);
    for (int i = 0; i < 4; i++) { /* may use 2 and 3 only, and sit on 2 */
        add(x, 0.4, 2)->allowed = two;
        x->v[i].mask = cpuset_of(2);
    }
    add(x, 0.8, 0);
    add(x, 0.8, 0);
    add(x, 0.5, 0)->allowed = cpuset_of(0); /* bound by law */
    add(x, 0.1, 1)->fixed = true;
    struct model_vcpu *outside = add(x, 0.6, 1); /* put there against the law: not us */
    outside->allowed = two;
    ticks(x, 30);
    assert_true(cpuset_equal(&outside->mask, &(struct cpuset){{2}}));
    assert_int_equal(cpuset_first(&x->v[6].mask), 0);
    for (uint32_t p = 0; p < 4; p++)
        assert_true(x->plan.pcpu_load_permille[p] <=
                    1310); /* the best there is: 130 % */
    model_free(x);
}

static void test_offline(void **state)
{
    (void)state;
    struct model *x = model_new(4);
    for (int i = 0; i < 8; i++)
        add(x, 0.3, i % 4);
    ticks(x, 5);
    assert_int_equal(x->changes, 0);
    x->m = 3; /* pCPU 3 goes away; two vCPUs are pinned to it */
    ticks(x, 2);
    assert_true(x->changes >= 2);
    for (int i = 0; i < 8; i++)
        assert_true(cpuset_first(&x->v[i].mask) < 3);
    uint32_t changes = x->changes;
    ticks(x, 30);
    assert_true(x->changes <= changes + 1);
    x->m = 4; /* and comes back */
    ticks(x, 6);
    assert_true(unevenness(x) < 0.05);
    model_free(x);
}

/* The mask it was found with is remembered when it has a pCPU of ours. */
static void test_home_is_remembered(void **state)
{
    (void)state;
    struct model *x = model_new(4);
    for (int i = 0; i < 8; i++) {
        struct model_vcpu *v = add(x, 0.3, -1);
        assert_int_equal(cpuset_parse(i % 2 ? "0-1" : "2-3", &v->mask), 0);
    }
    ticks(x, 6);
    for (int i = 0; i < 8; i++)
        assert_int_equal(cpuset_first(&x->v[i].mask) < 2, i % 2);
    /* those at home change among themselves: still balanced there */
    for (int i = 0; i < 8; i++)
        x->v[i].demand = i < 4 ? 0.5 : 0.1;
    ticks(x, 12);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(cpuset_count(&x->v[i].mask), 1);
        assert_int_equal(cpuset_first(&x->v[i].mask) < 2, i % 2);
    }
    assert_true(unevenness(x) < 0.05);
    /* one home is far too full: they leave it */
    for (int i = 0; i < 8; i++)
        x->v[i].demand = i % 2 ? 0.5 : 0.0;
    ticks(x, 20);
    assert_true(unevenness(x) < 0.05);
    model_free(x);
}

/* Two vCPUs of 60 % and eight of 20 and 10 %, as they look with busy siblings: there is
 * nothing to even out.  Where every pCPU is a core of its own, there is. */
static void test_demand_stretched_by_siblings(void **state)
{
    static const double small[] = {0.28, 0.28, 0.13, 0.13};
    (void)state;
    for (int threads = 1; threads <= 2; threads++) {
        struct model *x = model_new(4);
        for (uint32_t p = 0; p < 4 && threads == 2; p++)
            x->pcpu[p].core = p / 2;
        add(x, 0.67, 0);
        add(x, 0.67, 1);
        for (int i = 0; i < 8; i++)
            add(x, small[i / 2], 2 + i % 2);
        ticks(x, 40);
        assert_int_equal(x->changes > 0, threads == 1);
        if (threads == 2) { /* what is uneven by both readings is moved */
            for (size_t i = 0; i < x->n; i++)
                x->v[i].demand = i < 2 ? 0.0 : 0.3;
            ticks(x, 20);
            assert_true(unevenness(x) < 0.05);
        }
        model_free(x);
    }
}

static void test_stale_sample(void **state)
{
    (void)state;
    struct model *x = model_new(4);
    for (int i = 0; i < 8; i++)
        add(x, 0.5, 0);
    run(x, 1.0);
    tick(x);
    for (int i = 0; i < 8; i++)
        x->v[i].frozen =
            true; /* the hypervisor hangs: the same sample again and again */
    ticks(x, 10);
    assert_int_equal(x->changes, 0);
    assert_int_equal(x->plan.verdict, CPU_VERDICT_WAITING);
    for (int i = 0; i < 8; i++)
        x->v[i].frozen = false;
    ticks(x, 1);
    assert_int_equal(x->changes, 6);
    x->v[0].frozen = true; /* one domain in quarantine is load, and is not moved */
    ticks(x, 20);
    assert_int_equal(x->changes, 6);
    model_free(x);
}

/* The sample after the moves was taken before they landed: nothing is asked twice. */
static void test_old_sample_after_move(void **state)
{
    struct cpu_input in;
    struct cpu_plan plan;
    (void)state;
    struct model *x = model_new(4);
    for (int i = 0; i < 8; i++)
        add(x, 0.5, 0);
    run(x, 1.0);
    tick(x);
    run(x, 1.0);
    x->dry = true;
    tick(x);
    assert_int_equal(x->plan.nmoves, 6);
    for (size_t k = 0; k < 6; k++) /* the calls take half a second */
        cpu_policy_result(x->policy, &x->input[x->plan.moves[k].vcpu].key, 0,
                          x->now_ns + SECOND / 2);
    run(x, 0.6); /* affinities as before: the model knows nothing of the moves */
    fill_input(x, &in);
    for (size_t i = 0; i < x->n; i++)
        x->input[i].sampled_ns -= SECOND / 12;
    assert_int_equal(cpu_policy_step(x->policy, &in, &plan), 0);
    assert_int_equal(plan.nmoves, 0);
    assert_int_equal(plan.verdict, CPU_VERDICT_BALANCED);
    model_free(x);
}

static void test_dry_run(void **state)
{
    (void)state;
    struct model *x = model_new(4);
    x->dry = true;
    for (int i = 0; i < 8; i++)
        add(x, 0.5, 0);
    tick(x);
    for (int k = 0; k < 5; k++) { /* the same plan every time, as nothing is done */
        ticks(x, 1);
        assert_int_equal(x->plan.nmoves, 6);
    }
    model_free(x);
}

static void test_failures_back_off(void **state)
{
    (void)state;
    struct model *x = model_new(2);
    for (int i = 0; i < 4; i++)
        add(x, 0.4, 0);
    x->fail_next = UINT32_MAX;
    ticks(x, 200);
    printf("  %u calls in 200 ticks when every call fails\n", x->changes);
    assert_true(x->changes >= 6 && x->changes <= 40);
    x->fail_next = 0;
    ticks(x, 130);
    assert_true(unevenness(x) < 0.05);
    model_free(x);
}

/* Somebody puts every vCPU back at once: we do not fight for ever. */
static void test_somebody_else_pins(void **state)
{
    (void)state;
    struct model *x = model_new(2);
    for (int i = 0; i < 4; i++)
        add(x, 0.4, 0);
    for (int k = 0; k < 200; k++) {
        ticks(x, 1);
        for (int i = 0; i < 4; i++)
            x->v[i].mask = cpuset_of(0);
    }
    printf("  %u calls in 200 ticks against somebody who undoes them\n", x->changes);
    assert_true(x->changes <= 40);
    model_free(x);
}

/* Loads that swap places every few seconds: chasing them does not pay. */
static void test_restless_load(void **state)
{
    (void)state;
    struct model *x = model_new(2);
    for (int i = 0; i < 4; i++)
        add(x, 0.5, i / 2);
    for (int k = 0; k < 600; k++) {
        for (int i = 0; i < 4; i++)
            x->v[i].demand = (i / 2) == (k / 5) % 2 ? 0.7 : 0.1;
        ticks(x, 1);
    }
    printf("  %u changes in 600 ticks of loads that swap every 5\n", x->changes);
    assert_true(x->changes <= 60);
    model_free(x);
}

/* One interval of a higher load is no reason to move anything; two are. */
static void test_blip(void **state)
{
    (void)state;
    struct model *x = model_new(4);
    for (int i = 0; i < 12; i++)
        add(x, 0.2, i % 4);
    ticks(x, 20);
    x->v[0].demand = 0.6;
    ticks(x, 1);
    assert_int_equal(x->plan.verdict, CPU_VERDICT_CONFIRMING);
    x->v[0].demand = 0.2;
    ticks(x, 20);
    assert_int_equal(x->changes, 0);
    x->v[0].demand = 0.6;
    ticks(x, 2);
    assert_int_equal(x->changes, 1);
    ticks(x, 50);
    assert_int_equal(x->changes, 1);
    model_free(x);
}

static void test_no_adopt(void **state)
{
    (void)state;
    struct model *x = model_new(4);
    x->adopt = false;
    for (int i = 0; i < 8; i++)
        add(x, 0.4, -1);
    ticks(x, 30);
    assert_int_equal(x->changes, 0); /* even enough, nobody waits */
    for (int i = 0; i < 8; i++)
        x->v[i].mask = cpuset_of(0);
    ticks(x, 3);
    assert_int_equal(x->changes, 6);
    model_free(x);
}

static void test_without_delay(void **state)
{
    (void)state;
    struct model *x = model_new(4);
    for (int i = 0; i < 8; i++)
        add(x, 1.0, 0)->no_delay = true;
    ticks(x, 12);
    assert_true(unevenness(x) < 0.01);
    assert_int_equal(x->changes, 6);
    model_free(x);
}

static void test_host_load(void **state)
{
    (void)state;
    struct model *x = model_new(2);
    x->pcpu[1].capacity_permille = 500;
    for (int i = 0; i < 6; i++)
        add(x, 0.2, i % 2);
    ticks(x, 20);
    int on_0 = 0;
    for (int i = 0; i < 6; i++)
        on_0 += cpuset_has(&x->v[i].mask, 0);
    assert_int_equal(on_0, 4);
    assert_int_equal(x->changes, 1);
    model_free(x);
}

static void test_bad_input(void **state)
{
    struct cpu_vcpu v = {.domain = 1};
    struct cpu_pcpu pcpus[2] = {{.id = 1}, {.id = 1}};
    struct cpu_input in = {
        .vcpus = &v, .nvcpus = 1, .ndomains = 1, .pcpus = pcpus, .npcpus = 1};
    struct cpu_policy *p = cpu_policy_create();
    struct cpu_plan plan;
    (void)state;
    assert_int_equal(cpu_policy_step(p, &in, &plan), -EINVAL);
    v.domain = 0;
    in.npcpus = 2;
    assert_int_equal(cpu_policy_step(p, &in, &plan), -EINVAL);
    pcpus[1].id = CPUSET_MAX;
    assert_int_equal(cpu_policy_step(p, &in, &plan), -EINVAL);
    pcpus[1].id = 2;
    assert_int_equal(cpu_policy_step(p, &in, &plan), 0);
    assert_int_equal(plan.verdict, CPU_VERDICT_WAITING);
    in.nvcpus = in.npcpus = 0;
    assert_int_equal(cpu_policy_step(p, &in, &plan), 0);
    assert_int_equal(plan.verdict, CPU_VERDICT_IDLE);
    cpu_policy_result(p, &v.key, 0, 1); /* of a vCPU that is gone */
    cpu_policy_destroy(p);
    cpu_policy_destroy(NULL);
    assert_string_equal(cpu_verdict_name(CPU_VERDICT_NO_GAIN), "no-gain");
    assert_string_equal(cpu_verdict_name((enum cpu_verdict)99), "unknown");
}

/* Domains come, go, restart, are pinned by hand; pCPUs vanish and return; counters
 * jump. */
static void churn(struct model *x)
{
    struct model_vcpu *v = &x->v[rnd((uint32_t)x->n)];
    switch (rnd(12)) {
    case 0:
        if (x->n < 24) {
            v = add(x, rnd(1001) / 1000.0, (int)rnd(9) - 1);
            v->domain = rnd(1000);
        }
        break;
    case 1:
        if (x->n > 1)
            *v = x->v[--x->n];
        break;
    case 2:
        v->domain_id++;
        v->ran_ns = v->delay_ns = 0.0;
        break;
    case 3:
        v->mask = cpuset_of(rnd(8));
        break;
    case 4:
        v->mask = v->allowed = (struct cpuset){{1 + rnd(255)}};
        break;
    case 5:
        v->fixed = !v->fixed;
        break;
    case 6:
        x->m = 1 + rnd(8);
        break;
    case 7:
        v->ran_ns = rnd(2) ? 0.0 : v->ran_ns * 3;
        break;
    case 8:
        x->fail_next = rnd(3);
        break;
    case 9:
        v->no_delay = !v->no_delay;
        v->frozen = rnd(4) == 0;
        break;
    case 10:
        x->interval_ns = rnd(5) == 0 ? SECOND / 5 : SECOND * (1 + rnd(3));
        x->adopt = rnd(4) != 0;
        break;
    default:
        v->demand = rnd(1001) / 1000.0;
        v->weight = 256U << rnd(4);
        break;
    }
}

/* Time and waiting as a guess, without solving the model: fast, and rough on purpose.
 */
static void run_roughly(struct model *x)
{
    for (size_t i = 0; i < x->n; i++) {
        double got = x->v[i].demand * (500 + rnd(501)) / 1000.0;
        x->v[i].ran_ns += got * (double)x->interval_ns;
        x->v[i].delay_ns += (1.0 - got) * rnd(1001) / 1000.0 * (double)x->interval_ns;
    }
    x->now_ns += x->interval_ns + (int64_t)rnd(20000000);
}

static void test_churn(void **state)
{
    uint64_t seed = getenv("SEED") != NULL ? strtoull(getenv("SEED"), NULL, 10) : 7;
    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    seed_random(seed);
    struct model *x = model_new(8);
    for (int i = 0; i < 8; i++)
        add(x, 0.5, -1);
    for (int k = 0; k < 10000; k++) {
        if (rnd(3) == 0)
            churn(x);
        run_roughly(x);
        tick(x); /* which asserts that no move leaves the law */
    }
    printf("  %u moves in 10000 ticks\n", x->changes);
    model_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_multi_vcpu),
        cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_offline),
        cmocka_unit_test(test_home_is_remembered),
        cmocka_unit_test(test_demand_stretched_by_siblings),
        cmocka_unit_test(test_stale_sample),
        cmocka_unit_test(test_old_sample_after_move),
        cmocka_unit_test(test_dry_run),
        cmocka_unit_test(test_failures_back_off),
        cmocka_unit_test(test_somebody_else_pins),
        cmocka_unit_test(test_restless_load),
        cmocka_unit_test(test_blip),
        cmocka_unit_test(test_no_adopt),
        cmocka_unit_test(test_without_delay),
        cmocka_unit_test(test_host_load),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_churn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
