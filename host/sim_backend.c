/* sim_backend.c - the host as a simhost process plays it: URI sim:FILE.
 *
 * A worker thread asks for samples, so that the caller never waits; acting calls are made
 * by the caller, on a bus of its own. */
#include "host/host.h"

#include "common/bus.h"
#include "common/clock.h"
#include "common/runtime_dir.h"
#include "common/wire/wire.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SCHEME "sim:"
#define SAMPLE_TIMEOUT_MS 800 /* every request is answered within 0.9 s: host.h */
#define ACT_TIMEOUT_MS 2000

struct sim_host {
    char uri[SNAPSHOT_NAME_MAX];
    char endpoint[ENDPOINT_MAX];
    bool read_only;
    struct bus *act_bus;  /* of the caller */
    struct bus *work_bus; /* of the worker */
    int event_fd;
    pthread_t worker;
    pthread_mutex_t lock; /* over all below */
    pthread_cond_t wake;
    bool wanted, stop;
    bool has_ready, changed;
    struct snapshot ready;
    uint64_t seen; /* a sum over who runs, to notice changes */
    struct host_health health;
};

static bool sim_claims(const char *uri)
{
    return strncmp(uri, SCHEME, strlen(SCHEME)) == 0;
}

/* One request and its reply, which control_reply_fini() frees. */
static int ask(const struct sim_host *h, struct bus *bus, struct control_request *q,
               int timeout_ms, struct control_reply *ret, struct err *e)
{
    struct wire_origin o = {
        .sender = "host", .mono_ns = clock_mono_ns(), .wall_ns = clock_wall_ns()};
    struct wire_frame frame;
    struct bus_message in;
    struct wire_message w;
    snprintf(q->id, sizeof(q->id), "%d-%lld", (int)getpid(), (long long)o.mono_ns);
    int r = wire_encode_request(&o, q, &frame);
    if (r < 0)
        return r;
    const struct bus_question question = {.endpoint = h->endpoint,
                                          .data = frame.data,
                                          .len = frame.len,
                                          .reply_max = WIRE_FRAME_MAX,
                                          .timeout_ms = timeout_ms};
    r = bus_ask(bus, &question, &in, e);
    free(frame.data);
    if (r < 0)
        return err_set(
            e, -ENOTCONN,
            "no simhost answers on %s; 'vmbalance up --connect %.100s' starts one",
            h->endpoint, h->uri);
    r = wire_decode(WIRE_CONTROL, in.data, in.len, &w, e);
    bus_message_fini(&in);
    if (r < 0)
        return r;
    if (w.kind != WIRE_KIND_REPLY) {
        wire_message_fini(&w);
        return err_set(e, -EPROTO, "simhost sent something that is no reply");
    }
    *ret = w.u.reply;
    return 0;
}

/* ---- the worker ---- */

/* Differs when a domain came, went, or gained or lost a vCPU. */
static uint64_t who_runs(const struct snapshot *s)
{
    uint64_t sum = s->ndomains + 1;
    for (size_t i = 0; i < s->ndomains; i++) {
        const struct snapshot_domain *d = &s->domains[i];
        sum = sum * 31 + (uint64_t)d->id;
        sum = sum * 31 + d->nvcpus * 8 + d->state;
    }
    return sum;
}

static void take_sample(struct sim_host *h, struct snapshot *ret)
{
    struct control_request q = {.verb = CONTROL_STATE};
    struct control_reply reply;
    struct err e = {""};
    int64_t start_ns = clock_mono_ns();
    snapshot_init(ret);
    int r = ask(h, h->work_bus, &q, SAMPLE_TIMEOUT_MS, &reply, &e);
    if (r == 0 && reply.has_snapshot) {
        *ret = reply.snapshot;
        snapshot_init(&reply.snapshot);
    }
    if (r == 0) {
        snprintf(e.text, sizeof(e.text), "%s", reply.error_text);
        control_reply_fini(&reply);
    }
    if (ret->mono_ns == 0) { /* nothing came */
        ret->mono_ns = clock_mono_ns();
        ret->wall_ns = clock_wall_ns();
        snprintf(ret->host.uri, sizeof(ret->host.uri), "%s", h->uri);
        snprintf(ret->host.trouble, sizeof(ret->host.trouble), "%.255s", e.text);
    }
    ret->took_ns = clock_mono_ns() - start_ns;
}

static void deliver(struct sim_host *h, struct snapshot *s)
{
    uint64_t runs = who_runs(s);
    uint64_t one = 1;
    if (s->host.connected && !h->health.connected && h->seen != 0)
        h->health.reconnects++;
    h->changed |= runs != h->seen && h->seen != 0;
    h->seen = runs;
    h->health.connected = s->host.connected;
    memcpy(h->health.trouble, s->host.trouble, sizeof(h->health.trouble));
    h->health.samples++;
    if (h->has_ready)
        snapshot_fini(&h->ready);
    h->ready = *s;
    h->has_ready = true;
    ssize_t ignored = write(h->event_fd, &one, sizeof(one));
    (void)ignored;
}

static void *work(void *arg)
{
    struct sim_host *h = arg;
    struct snapshot s;
    pthread_mutex_lock(&h->lock);
    while (!h->stop) {
        while (!h->wanted && !h->stop)
            pthread_cond_wait(&h->wake, &h->lock);
        if (h->stop)
            break;
        pthread_mutex_unlock(&h->lock);
        take_sample(h, &s);
        pthread_mutex_lock(&h->lock);
        h->wanted = false;
        deliver(h, &s);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

/* ---- the operations ---- */

static void sim_close(void *self)
{
    struct sim_host *h = self;
    pthread_mutex_lock(&h->lock);
    h->stop = true;
    pthread_cond_signal(&h->wake);
    pthread_mutex_unlock(&h->lock);
    pthread_join(h->worker, NULL);
    bus_destroy(h->work_bus);
    bus_destroy(h->act_bus);
    close(h->event_fd);
    snapshot_fini(&h->ready);
    pthread_mutex_destroy(&h->lock);
    pthread_cond_destroy(&h->wake);
    free(h);
}

static int find_endpoint(struct sim_host *h, const struct host_options *opt,
                         struct err *e)
{
    char dir[PATH_MAX];
    if (opt->uri[strlen(SCHEME)] == '\0')
        return err_set(e, -EINVAL, "%s: the scenario file is missing: sim:FILE",
                       opt->uri);
    if (opt->runtime_dir != NULL)
        snprintf(dir, sizeof(dir), "%s", opt->runtime_dir);
    else
        runtime_dir_default(dir, sizeof(dir));
    return endpoint_ipc(dir, ENDPOINT_SIMHOST, h->endpoint, sizeof(h->endpoint), e);
}

static int sim_open(const struct host_options *opt, void **ret_self, struct err *e)
{
    struct sim_host *h = calloc(1, sizeof(*h));
    if (h == NULL)
        return -ENOMEM;
    h->read_only = opt->read_only;
    snprintf(h->uri, sizeof(h->uri), "%s", opt->uri);
    int r = find_endpoint(h, opt, e);
    h->event_fd = r < 0 ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r = r < 0 ? r : h->event_fd < 0 ? -errno : bus_create(&h->act_bus);
    r = r < 0 ? r : bus_create(&h->work_bus);
    if (r == 0) {
        pthread_mutex_init(&h->lock, NULL);
        pthread_cond_init(&h->wake, NULL);
        r = -pthread_create(&h->worker, NULL, work, h);
    }
    if (r < 0) {
        bus_destroy(h->act_bus);
        bus_destroy(h->work_bus);
        if (h->event_fd >= 0)
            close(h->event_fd);
        free(h);
        return r;
    }
    h->wanted = true; /* to know at once whether it answers */
    pthread_cond_signal(&h->wake);
    *ret_self = h;
    return 0;
}

static int sim_fd(const void *self)
{
    const struct sim_host *h = self;
    return h->event_fd;
}

static int sim_request(void *self)
{
    struct sim_host *h = self;
    pthread_mutex_lock(&h->lock);
    h->wanted = true;
    pthread_cond_signal(&h->wake);
    pthread_mutex_unlock(&h->lock);
    return 0;
}

static int sim_take(void *self, struct snapshot *ret)
{
    struct sim_host *h = self;
    uint64_t ignored;
    pthread_mutex_lock(&h->lock);
    int r = h->has_ready ? 0 : -EAGAIN;
    if (r == 0) {
        *ret = h->ready;
        snapshot_init(&h->ready);
        h->has_ready = false;
    }
    if (!h->changed && read(h->event_fd, &ignored, sizeof(ignored)) < 0)
        r = r < 0 ? r : 0; /* nothing to drain */
    pthread_mutex_unlock(&h->lock);
    return r;
}

static bool sim_changed(void *self)
{
    struct sim_host *h = self;
    uint64_t ignored;
    pthread_mutex_lock(&h->lock);
    bool changed = h->changed;
    h->changed = false;
    if (!h->has_ready && read(h->event_fd, &ignored, sizeof(ignored)) < 0)
        ignored = 0; /* nothing to drain */
    pthread_mutex_unlock(&h->lock);
    return changed;
}

static void sim_health(void *self, struct host_health *ret)
{
    struct sim_host *h = self;
    pthread_mutex_lock(&h->lock);
    *ret = h->health;
    pthread_mutex_unlock(&h->lock);
}

static int act(struct sim_host *h, struct report_action *a, const char *uuid,
               struct err *e)
{
    struct control_reply reply;
    if (h->read_only)
        return err_set(e, -EPERM, "opened read-only");
    snprintf(a->uuid, sizeof(a->uuid), "%s", uuid);
    snprintf(a->name, sizeof(a->name), "%s", uuid);
    struct control_request q = {.verb = CONTROL_ACT, .has_action = true, .action = *a};
    int r = ask(h, h->act_bus, &q, ACT_TIMEOUT_MS, &reply, e);
    if (r < 0)
        return r;
    r = reply.error;
    if (r < 0)
        err_set(e, r, "%s", reply.error_text);
    control_reply_fini(&reply);
    return r;
}

static int sim_pin(void *self, const char *uuid, uint32_t vcpu,
                   const struct cpuset *pcpus, struct err *e)
{
    struct report_action a = {.kind = REPORT_PIN, .vcpu = vcpu, .to_pcpus = *pcpus};
    return act(self, &a, uuid, e);
}

static int sim_set_memory(void *self, const char *uuid, uint64_t target_kib,
                          struct err *e)
{
    struct report_action a = {.kind = REPORT_SET_MEMORY, .to_value = target_kib};
    return act(self, &a, uuid, e);
}

static int sim_set_stats_period(void *self, const char *uuid, uint32_t period_s,
                                struct err *e)
{
    struct report_action a = {.kind = REPORT_STATS_PERIOD, .to_value = period_s};
    return act(self, &a, uuid, e);
}

const struct host_ops host_sim_ops = {
    .name = "sim",
    .claims = sim_claims,
    .open = sim_open,
    .close = sim_close,
    .fd = sim_fd,
    .request = sim_request,
    .take = sim_take,
    .changed = sim_changed,
    .health = sim_health,
    .pin = sim_pin,
    .set_memory = sim_set_memory,
    .set_stats_period = sim_set_stats_period,
};
