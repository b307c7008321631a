/* main.c - simhost: a simulated host that several processes share, as libvirtd would be.
 * It answers the `sim:` backend of host/ on sim.sock: CONTROL_STATE is a sample,
 * CONTROL_ACT a call. */
#include "common/bus.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/process.h"
#include "common/runtime_dir.h"
#include "common/version.h"
#include "common/wire/wire.h"
#include "sim/run/view.h"
#include "sim/scenario/scenario.h"
#include "sim/simhost/rescale.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TURN_MS 100 /* the model is not let fall behind by more */
#define REQUESTS_PER_TURN 64

enum { KEY_SCENARIO = 0x2000, KEY_ENDPOINT, KEY_SPEED, KEY_SEED };

struct simhost {
    struct process_options process;
    const char *scenario_path, *endpoint;
    double speed;
    uint64_t seed;
    bool has_seed;

    struct scenario *scenario;
    struct sim_model *model;
    struct rescale rescale;
    struct snapshot last;
    struct bus *bus;
    struct bus_socket *socket;
    int signal_fd;
    char uri[SNAPSHOT_NAME_MAX];
};

static const struct argp_option options[] = {
    {"scenario", KEY_SCENARIO, "FILE", 0, "the host, its VMs and what happens to them",
     0},
    {"endpoint", KEY_ENDPOINT, "ENDPOINT", 0,
     "where to answer (default: ipc://RUNTIME-DIR/sim.sock)", 0},
    {"speed", KEY_SPEED, "X", 0, "let the script go by X times as fast, 0.1..100", 0},
    {"seed", KEY_SEED, "N", 0, "another seed than the scenario's", 0},
    {0},
};

static void parse_number(const char *arg, double least, double most, double *ret,
                         struct argp_state *state, const char *name)
{
    char *end;
    errno = 0;
    double d = strtod(arg, &end);
    if (errno != 0 || end == arg || *end != '\0' || !(d >= least && d <= most))
        argp_error(state, "%s '%s' is not a number in %g..%g", name, arg, least, most);
    *ret = d;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct simhost *h = state->input;
    double number = 0;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &h->process;
        return 0;
    case KEY_SCENARIO:
        h->scenario_path = arg;
        return 0;
    case KEY_ENDPOINT:
        h->endpoint = arg;
        return 0;
    case KEY_SPEED:
        parse_number(arg, 0.1, 100, &h->speed, state, "--speed");
        return 0;
    case KEY_SEED:
        parse_number(arg, 0, 1e15, &number, state, "--seed");
        h->seed = (uint64_t)number;
        h->has_seed = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is one argument too many", arg);
        return 0;
    case ARGP_KEY_END:
        if (h->scenario_path == NULL)
            argp_error(state, "--scenario FILE is missing; tests/scenarios has some");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_version(FILE *out, struct argp_state *state)
{
    (void)state;
    fprintf(out, "simhost (vmbalance) %s\n", VMBALANCE_VERSION);
}

static void parse_options(int argc, char **argv, struct simhost *h)
{
    const struct argp_child children[] = {{.argp = &process_argp}, {0}};
    const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc = "A simulated host, for everything that takes --connect sim:FILE."
               "\vExample: simhost --scenario tests/scenarios/cpu3.ini --speed 5",
        .children = children,
    };
    process_options_init(&h->process, "");
    argp_program_version_hook = print_version;
    argp_err_exit_status = PROCESS_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, h);
}

/* ---- answering ---- */

static int act(struct simhost *h, const struct report_action *a)
{
    size_t vm = view_vm(h->model, a->uuid);
    if (vm >= h->model->nvms)
        return -ENOENT;
    double period_s = (double)a->to_value * h->speed;
    switch (a->kind) {
    case REPORT_PIN:
        return sim_model_pin(h->model, vm, a->vcpu, &a->to_pcpus);
    case REPORT_SET_MEMORY:
        return sim_model_set_memory(h->model, vm, (int64_t)a->to_value);
    case REPORT_STATS_PERIOD:
        if (a->to_value > 0 && period_s < 1)
            period_s = 1;
        return sim_model_set_period(h->model, vm, (uint32_t)period_s);
    }
    return -EOPNOTSUPP;
}

static int sample(struct simhost *h, struct control_reply *reply)
{
    struct settings defaults; /* the monitor puts its own in */
    settings_init(&defaults);
    int r = view_take(h->model, &defaults, 1, &h->last);
    if (r < 0 || snapshot_copy(&reply->snapshot, &h->last) < 0)
        return -ENOMEM;
    rescale_snapshot(&h->rescale, &reply->snapshot);
    memcpy(reply->snapshot.host.uri, h->uri, sizeof(h->uri));
    reply->has_snapshot = true;
    return 0;
}

static void answer(struct simhost *h, const struct control_request *q,
                   struct control_reply *reply)
{
    memcpy(reply->id, q->id, sizeof(reply->id));
    snprintf(reply->version, sizeof(reply->version), "%s", VMBALANCE_VERSION);
    reply->pid = (int32_t)getpid();
    reply->mono_ns = clock_mono_ns();
    settings_init(&reply->settings);
    if (q->verb == CONTROL_STATE)
        reply->error = sample(h, reply);
    else if (q->verb == CONTROL_ACT && q->has_action)
        reply->error = act(h, &q->action);
    else if (q->verb != CONTROL_PING)
        reply->error = -EOPNOTSUPP;
    if (reply->error != 0)
        snprintf(reply->error_text, sizeof(reply->error_text), "simulated host: %s",
                 strerror(-reply->error));
}

static void serve_one(struct simhost *h, const struct bus_message *in)
{
    struct wire_message w;
    struct err e = {""};
    if (wire_decode(WIRE_CONTROL, in->data, in->len, &w, &e) < 0) {
        log_debug("dropped a message: %s", e.text);
        return;
    }
    if (w.kind == WIRE_KIND_REQUEST) {
        struct control_reply reply = {.error = 0};
        struct wire_origin o = {.sender = "simhost",
                                .mono_ns = clock_mono_ns(),
                                .wall_ns = clock_wall_ns()};
        struct wire_frame frame;
        answer(h, &w.u.request, &reply);
        memcpy(o.host_uuid, reply.snapshot.host.uuid, sizeof(o.host_uuid));
        memcpy(o.boot_id, reply.snapshot.boot_id, sizeof(o.boot_id));
        if (wire_encode_reply(&o, &reply, &frame) == 0) {
            bus_reply(h->socket, in, frame.data, frame.len);
            free(frame.data);
        }
        control_reply_fini(&reply);
    }
    wire_message_fini(&w);
}

static int run(struct simhost *h)
{
    for (;;) {
        struct bus_poll items[] = {{.fd = h->signal_fd}, {.socket = h->socket}};
        int r = bus_wait(items, 2, TURN_MS);
        if (r < 0)
            return PROCESS_FAILED;
        int sig = items[0].ready ? process_next_signal(h->signal_fd) : 0;
        if (sig == SIGTERM || sig == SIGINT)
            return PROCESS_OK;
        int64_t now_ns = rescale_to_model_ns(&h->rescale, clock_mono_ns());
        if (sim_model_advance(h->model, now_ns) < 0) {
            log_error("out of memory");
            return PROCESS_FAILED;
        }
        struct bus_message in;
        for (int i = 0; i < REQUESTS_PER_TURN && bus_recv(h->socket, &in) == 0; i++) {
            serve_one(h, &in);
            bus_message_fini(&in);
        }
    }
}

/* ---- start and end ---- */

static int fail(const struct err *e, int status)
{
    log_error("%s", e->text);
    return status;
}

static int open_socket(struct simhost *h, struct err *e)
{
    char endpoint[ENDPOINT_MAX];
    int r = runtime_dir_make(h->process.runtime_dir, e);
    r = r < 0 ? r
              : endpoint_ipc(h->process.runtime_dir, ENDPOINT_SIMHOST, endpoint,
                             sizeof(endpoint), e);
    r = r < 0 ? r : bus_create(&h->bus);
    struct bus_open how = {.kind = BUS_SERVE,
                           .endpoint = h->endpoint != NULL ? h->endpoint : endpoint,
                           .message_max = WIRE_REQUEST_MAX,
                           .mode = 0660};
    return r < 0 ? r : bus_socket_open(h->bus, &how, &h->socket, e);
}

static int start(struct simhost *h)
{
    struct err e = {""};
    h->signal_fd = process_signals(h->process.parent);
    if (scenario_read(h->scenario_path, &h->scenario, &e) < 0 || h->scenario == NULL)
        return fail(&e, PROCESS_MISCONFIGURED);
    h->model = scenario_build(h->scenario, h->has_seed ? h->seed : h->scenario->seed);
    if (h->model == NULL) {
        err_set(&e, 0, "out of memory");
        return fail(&e, PROCESS_FAILED);
    }
    snprintf(h->uri, sizeof(h->uri), "sim:%s", h->scenario_path);
    h->rescale = (struct rescale){
        .mono_ns = clock_mono_ns(), .wall_ns = clock_wall_ns(), .speed = h->speed};
    return open_socket(h, &e) < 0 ? fail(&e, PROCESS_FAILED) : PROCESS_OK;
}

int main(int argc, char **argv)
{
    static struct simhost h = {.speed = 1, .signal_fd = -1};
    parse_options(argc, argv, &h);
    log_init("simhost", h.process.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    int status = start(&h);
    if (status == PROCESS_OK) {
        log_info("%s started: %s, speed %g", VMBALANCE_VERSION, h.scenario_path,
                 h.speed);
        process_ready(h.process.ready_fd);
        status = run(&h);
    }
    bus_socket_close(h.socket);
    bus_destroy(h.bus);
    snapshot_fini(&h.last);
    sim_model_destroy(h.model);
    scenario_destroy(h.scenario);
    return status;
}
