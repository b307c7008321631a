/* test_policies_cpu.c - irqbalance's two passes by its vectors; LXD's counting. */
#include "tests/unit/unit.h"

#include "sim/policies/irqbalance.h"
#include "sim/policies/lxd.h"

#include <string.h>

#define ITEMS 6
#define CPUS 4
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct world {
    struct irqbalance_object objects[CPUS + 2];
    struct irqbalance_item items[ITEMS];
    uint32_t order[ITEMS];
    struct irqbalance_tree tree;
};

/* One level of CPUs; loads[cpu][..] are its items, up to a 0. */
static void flat(struct world *w, const double loads[CPUS][3])
{
    memset(w, 0, sizeof(*w));
    w->tree = (struct irqbalance_tree){
        .objects = w->objects, .items = w->items, .order = w->order};
    for (uint32_t c = 0; c < CPUS && loads[c][0] > 0; c++, w->tree.nobjects++) {
        struct irqbalance_object *o = &w->objects[c];
        *o =
            (struct irqbalance_object){.parent = IRQBALANCE_NONE, .cpus = cpuset_of(c)};
        for (size_t k = 0; k < 3 && loads[c][k] > 0; k++) {
            struct irqbalance_item *item = &w->items[w->tree.nitems++];
            *item = (struct irqbalance_item){.load = loads[c][k], .at = c};
            memset(&item->lawful, 0xff, sizeof(item->lawful));
            o->load += item->load;
            o->items++;
        }
    }
    assert_int_equal(irqbalance_order(&w->tree), 0);
}

static const struct row {
    double loads[CPUS][3];
    double e;
    double leave[ITEMS]; /* loads, largest first */
} rows[] = {
    {{{50, 50}, {10}, {5}}, 0, {0}},
    {{{50, 50}, {10}, {5}}, 2, {50}},
    {{{60, 20, 10}, {30}, {5}}, 0, {20, 10}},
    {{{60, 20, 10}, {30}, {5}}, 2, {60}},
    /* a load of 1 is none; the last one stays */
    {{{1, 1, 1}, {.5}}, 0, {0}},
    {{{90}, {5}}, 0, {0}},
    {{{50, 50}, {100}}, 2, {0}},
    {{{90}, {5}}, .5, {0}},
    /* what the first donor gives raises the least to 50, not to 55: 36 may follow */
    {{{50, 50}, {64, 36}, {5}}, 2, {50, 36}},
};

static void donors_give_what_the_vectors_say(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(rows); k++) {
        struct world w;
        flat(&w, rows[k].loads);
        size_t want = 0, seen = 0;
        while (rows[k].leave[want] > 0)
            want++;
        assert_int_equal(irqbalance_select(&w.tree, 0, rows[k].e), want);
        for (size_t i = 0; i < w.tree.nitems; i++) {
            const struct irqbalance_item *item = &w.items[w.order[i]];
            if (item->at != IRQBALANCE_NONE)
                continue;
            assert_true(item->load >= rows[k].leave[seen] &&
                        item->load <= rows[k].leave[seen]);
            seen++;
        }
        assert_int_equal(seen, want);
    }
}

static void what_leaves_goes_to_the_least_loaded(void **state)
{
    (void)state;
    struct world w;
    flat(&w, (const double[CPUS][3]){{60, 20, 10}, {30}, {5}});
    assert_int_equal(irqbalance_select(&w.tree, 0, 0), 2);
    irqbalance_place(&w.tree);
    assert_int_equal(w.items[0].at, 0);
    assert_int_equal(w.items[1].at, 2); /* 20 on 5 */
    assert_int_equal(w.items[2].at, 2); /* 10 on 26: +1 for each that comes */
    assert_int_equal(w.objects[2].items, 3);
    assert_true(w.objects[2].load > 36.9 && w.objects[2].load < 37.1);
}

static void ties_go_to_the_one_with_fewer_items(void **state)
{
    (void)state;
    struct world w;
    flat(&w, (const double[CPUS][3]){{5, 5}, {10}, {20}});
    w.items[3].at = IRQBALANCE_NONE;
    irqbalance_place(&w.tree);
    assert_int_equal(w.items[3].at, 1);
}

/* Two nodes, two CPUs each; all items are to be placed. */
static void two_nodes(struct world *w)
{
    flat(w, (const double[CPUS][3]){{0}});
    for (uint32_t i = 0; i < 2 + CPUS; i++) {
        struct irqbalance_object *o = &w->objects[i];
        *o = (struct irqbalance_object){.level = i >= 2, .parent = IRQBALANCE_NONE};
        if (i < 2)
            continue;
        uint32_t cpu = i - 2, node = cpu / 2;
        o->parent = node;
        o->cpus = cpuset_of(cpu);
        cpuset_add(&w->objects[node].cpus, cpu);
    }
    w->tree.nobjects = 2 + CPUS;
}

static void placing_goes_down_the_tree(void **state)
{
    (void)state;
    struct world w;
    two_nodes(&w);
    w.objects[2].load = 100; /* CPU 0: node 0 is the fuller one, though CPU 1 is idle */
    w.objects[4].load = w.objects[5].load = 20;
    irqbalance_sum(&w.tree);
    assert_true(w.objects[0].load > 99 && w.objects[1].load > 39);
    w.tree.nitems = 2;
    for (size_t i = 0; i < 2; i++) {
        w.items[i] = (struct irqbalance_item){.load = 10, .at = IRQBALANCE_NONE};
        memset(&w.items[i].lawful, 0xff, sizeof(w.items[i].lawful));
    }
    w.items[1].lawful = cpuset_of(1); /* may only go there */
    assert_int_equal(irqbalance_order(&w.tree), 0);
    irqbalance_place(&w.tree);
    assert_int_equal(w.items[0].at, 4);
    assert_int_equal(w.items[1].at, 3);
    w.items[1].at = IRQBALANCE_NONE;
    w.items[1].lawful = cpuset_of(99); /* nowhere */
    irqbalance_place(&w.tree);
    assert_int_equal(w.items[1].at, IRQBALANCE_NONE);
}

/* ---- LXD ---- */

static void lxd_takes_the_least_used(void **state)
{
    (void)state;
    uint32_t users[CPUSET_MAX] = {0};
    struct cpuset four, pinned, taken;
    assert_int_equal(cpuset_parse("0-3", &four), 0);
    assert_int_equal(cpuset_parse("0,2", &pinned), 0);
    lxd_count(users, &pinned);
    const struct {
        size_t n;
        const char *want;
    } steps[] = {{2, "1,3"}, {1, "0"}, {2, "1-2"}, {0, ""}, {9, "0-3"}, {1, "3"}};
    for (size_t i = 0; i < COUNT(steps); i++) {
        char text[CPUSET_TEXT_MAX];
        taken = lxd_take(users, &four, steps[i].n);
        assert_string_equal(cpuset_format(&taken, text, sizeof(text)), steps[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(donors_give_what_the_vectors_say),
        cmocka_unit_test(what_leaves_goes_to_the_least_loaded),
        cmocka_unit_test(ties_go_to_the_one_with_fewer_items),
        cmocka_unit_test(placing_goes_down_the_tree),
        cmocka_unit_test(lxd_takes_the_least_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
