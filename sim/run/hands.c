/* hands.c - see hands.h. */
#include "sim/run/hands.h"

#include "sim/run/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int lane_of(enum report_action_kind kind)
{
    return kind == REPORT_PIN ? 0 : 1;
}

void hands_begin(struct hands *h)
{
    for (int i = 0; i < HANDS_LANES; i++)
        h->lane_ns[i] = h->model->now_ns;
    h->n = 0;
}

/* Whether it would succeed: on a copy of nothing, so by what the model says at once. */
static int check(const struct hands *h, const struct hands_call *c)
{
    const struct sim_model *m = h->model;
    if (m->outage)
        return -ENOTCONN;
    if (c->vm >= m->nvms || m->vms[c->vm].state == SIM_OFF)
        return -ENOENT;
    const struct sim_vm *vm = &m->vms[c->vm];
    unsigned failing = m->failing | vm->failing;
    if (vm->hung)
        return -EBUSY;
    if ((failing & (1U << ((unsigned)c->kind - 1))) != 0)
        return -EIO;
    if (c->kind == REPORT_PIN)
        return c->vcpu < vm->nvcpus && !cpuset_empty(&c->pcpus) ? 0 : -EINVAL;
    if (c->kind == REPORT_SET_MEMORY)
        return c->value > 0 && c->value <= vm->spec.guest.maximum_kib &&
                       vm->spec.guest.balloon != SIM_BALLOON_NONE
                   ? 0
                   : -EINVAL;
    return 0;
}

static struct hands_call *add(struct hands *h)
{
    if (h->n == h->room) {
        size_t room = h->room == 0 ? 64 : 2 * h->room;
        struct hands_call *list = realloc(h->queue, room * sizeof(*list));
        if (list == NULL)
            return NULL;
        h->queue = list;
        h->room = room;
    }
    return &h->queue[h->n];
}

static int perform(void *context, const struct report_action *a, struct err *e)
{
    struct hands *h = context;
    struct hands_call *c = add(h);
    if (c == NULL)
        return err_set(e, -ENOMEM, "out of memory");
    h->last_lane = lane_of(a->kind);
    h->lane_ns[h->last_lane] += a->kind == REPORT_PIN ? h->pin_ns : h->memory_ns;
    *c = (struct hands_call){
        .due_ns = h->lane_ns[h->last_lane],
        .kind = a->kind,
        .vm = view_vm(h->model, a->uuid),
        .vcpu = a->vcpu,
        .pcpus = a->to_pcpus,
        .value = (int64_t)a->to_value,
    };
    int r = check(h, c);
    h->calls[a->kind]++;
    h->failed += r < 0;
    if (r < 0)
        return err_set(e, r, "the simulated host refuses: %s", strerror(-r));
    h->n++;
    return 0;
}

static int64_t clock_now(void *context)
{
    const struct hands *h = context;
    return VIEW_MONO_NS + h->lane_ns[h->last_lane];
}

const struct actor_hands hands_of_model = {.perform = perform, .clock = clock_now};

static int by_due(const void *a, const void *b)
{
    const struct hands_call *x = a, *y = b;
    return (x->due_ns > y->due_ns) - (x->due_ns < y->due_ns);
}

static void apply(struct sim_model *m, const struct hands_call *c)
{
    switch (c->kind) {
    case REPORT_PIN:
        (void)sim_model_pin(m, c->vm, c->vcpu, &c->pcpus);
        break;
    case REPORT_SET_MEMORY:
        (void)sim_model_set_memory(m, c->vm, c->value);
        break;
    case REPORT_STATS_PERIOD:
        (void)sim_model_set_period(m, c->vm, (uint32_t)c->value);
        break;
    }
}

int hands_advance(struct hands *h, int64_t to_ns)
{
    if (h->n > 1)
        qsort(h->queue, h->n, sizeof(*h->queue), by_due);
    for (size_t i = 0; i < h->n; i++) {
        int r = sim_model_advance(h->model, h->queue[i].due_ns);
        if (r < 0)
            return r;
        apply(h->model, &h->queue[i]);
    }
    h->n = 0;
    return sim_model_advance(h->model, to_ns);
}

void hands_fini(struct hands *h)
{
    free(h->queue);
    h->queue = NULL;
}
