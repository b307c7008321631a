/* test_bus.c - the sockets between processes, over real ipc:// paths. */
#include "tests/unit/unit.h"

#include "common/bus.h"
#include "common/clock.h"
#include "common/runtime_dir.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TIMEOUT_MS 5000

static char directory[] = "/tmp/vmbalance-test-bus-XXXXXX";

static const char *endpoint(const char *name)
{
    static char text[ENDPOINT_MAX];
    assert_int_equal(endpoint_ipc(directory, name, text, sizeof(text), NULL), 0);
    return text;
}

static struct bus_socket *open_socket(struct bus *b, enum bus_kind kind,
                                      const char *name)
{
    struct err e = {""};
    struct bus_socket *s = NULL;
    struct bus_open how = {.kind = kind,
                           .endpoint = endpoint(name),
                           .prefix = (const uint8_t *)"AB",
                           .prefix_len = 2,
                           .message_max = 1000,
                           .mode = 0600};
    if (bus_socket_open(b, &how, &s, &e) < 0)
        fail_msg("%s", e.text);
    return s;
}

static void wait_for(struct bus_socket *s)
{
    struct bus_poll item = {.socket = s, .fd = -1};
    int64_t deadline_ns = clock_mono_ns() + TIMEOUT_MS * CLOCK_NS_PER_MS;
    while (bus_wait(&item, 1, 100) == 0)
        assert_true(clock_mono_ns() < deadline_ns);
}

static void assert_receives(struct bus_socket *s, const char *text)
{
    struct bus_message m;
    wait_for(s);
    assert_int_equal(bus_recv(s, &m), 0);
    assert_int_equal(m.len, strlen(text));
    assert_memory_equal(m.data, text, m.len);
    bus_message_fini(&m);
}

static void subscribers_get_their_topic_and_the_latest_only_if_they_want(void **state)
{
    struct bus *b = *state;
    struct bus_socket *pub = open_socket(b, BUS_PUBLISH, "pub");
    struct bus_socket *all = open_socket(b, BUS_SUBSCRIBE, "pub");
    wait_for(pub); /* the subscription */
    assert_receives(pub, "\001AB");
    assert_int_equal(bus_send(pub, "ABone", 5), 0);
    assert_int_equal(bus_send(pub, "XYtwo", 5), 0);
    assert_int_equal(bus_send(pub, "ABthree", 7), 0);
    assert_receives(all, "ABone");
    assert_receives(all, "ABthree");

    struct bus_socket *latest = open_socket(b, BUS_LATEST, "pub");
    assert_receives(pub, "\001AB"); /* also the second subscriber is announced */
    for (int i = 0; i < 10; i++)    /* fewer than a queue holds */
        assert_int_equal(bus_send(pub, i < 9 ? "ABold" : "ABnew", 5), 0);
    struct bus_message m;
    for (bool newest = false; !newest;) { /* it may look in while they arrive */
        wait_for(latest);
        assert_int_equal(bus_recv(latest, &m), 0);
        newest = memcmp(m.data, "ABnew", 5) == 0;
        bus_message_fini(&m);
    }
    assert_int_equal(bus_recv(latest, &m), -EAGAIN);
    bus_socket_close(latest);
    bus_socket_close(all);
    bus_socket_close(pub);
}

static void a_bound_path_cannot_be_stolen(void **state)
{
    struct bus *b = *state;
    struct bus_socket *first = open_socket(b, BUS_COLLECT, "one"), *second = NULL;
    struct err e = {""};
    struct bus_open how = {
        .kind = BUS_COLLECT, .endpoint = endpoint("one"), .mode = 0600};
    assert_int_equal(bus_socket_open(b, &how, &second, &e), -EADDRINUSE);
    assert_non_null(strstr(e.text, "/one"));
    assert_null(second);
    bus_socket_close(first);
    assert_int_equal(bus_socket_open(b, &how, &second, &e), 0); /* free again */
    bus_socket_close(second);
}

static void modes_and_bad_endpoints(void **state)
{
    struct bus *b = *state;
    struct bus_socket *s = open_socket(b, BUS_SERVE, "mode");
    char path[200];
    struct stat st;
    snprintf(path, sizeof(path), "%s/mode", directory);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    bus_socket_close(s);

    struct err e = {""};
    struct bus_open tcp = {.kind = BUS_SERVE, .endpoint = "tcp://127.0.0.1:5555"};
    assert_int_equal(bus_socket_open(b, &tcp, &s, &e), -EPROTONOSUPPORT);
    assert_non_null(strstr(e.text, "CURVE"));
    char text[ENDPOINT_MAX], deep[200];
    memset(deep, 'x', sizeof(deep));
    deep[0] = '/';
    deep[sizeof(deep) - 1] = '\0';
    assert_int_equal(endpoint_ipc(deep, "a", text, sizeof(text), &e), -ENAMETOOLONG);
    assert_non_null(strstr(e.text, "shorter"));
}

static void reports_reach_the_collector_and_are_dropped_without_one(void **state)
{
    struct bus *b = *state;
    struct err e = {""};
    struct bus_socket *push = NULL;
    struct bus_open how = {.kind = BUS_REPORT, .endpoint = endpoint("reports")};
    assert_int_equal(bus_socket_open(b, &how, &push, &e), 0);
    assert_int_equal(bus_send(push, "lost", 4), -EAGAIN);
    struct bus_socket *pull = open_socket(b, BUS_COLLECT, "reports");
    int64_t deadline_ns = clock_mono_ns() + TIMEOUT_MS * CLOCK_NS_PER_MS;
    while (bus_send(push, "ABx", 3) == -EAGAIN)
        assert_true(clock_mono_ns() < deadline_ns);
    assert_receives(pull, "ABx");
    bus_socket_close(push);
    bus_socket_close(pull);
}

/* ---- requests ---- */

struct server {
    struct bus_socket *socket;
    int ignore; /* requests not answered */
    int seen;
    bool stop;
};

static void *serve(void *arg)
{
    struct server *s = arg;
    struct bus_poll item = {.socket = s->socket, .fd = -1};
    while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
        struct bus_message m;
        if (bus_wait(&item, 1, 20) <= 0 || bus_recv(s->socket, &m) < 0)
            continue;
        if (s->seen++ >= s->ignore)
            bus_reply(s->socket, &m, m.data, m.len);
        bus_message_fini(&m);
    }
    return NULL;
}

/* Asks while a server thread, which owns the socket in between, answers. */
static int ask_server(struct bus *b, int ignore, int timeout_ms,
                      struct bus_message *ret)
{
    struct server s = {.socket = open_socket(b, BUS_SERVE, "ask"), .ignore = ignore};
    pthread_t thread;
    struct err e = {""};
    assert_int_equal(pthread_create(&thread, NULL, serve, &s), 0);
    struct bus_question q = {
        .endpoint = endpoint("ask"), .data = "ping", .len = 4, .reply_max = 1000};
    q.timeout_ms = timeout_ms;
    int r = bus_ask(b, &q, ret, &e);
    __atomic_store_n(&s.stop, true, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    bus_socket_close(s.socket);
    return r;
}

static void a_request_is_answered_also_when_the_first_was_lost(void **state)
{
    struct bus *b = *state;
    struct bus_message m;
    for (int lost = 0; lost < 3; lost++) {
        assert_int_equal(ask_server(b, lost, TIMEOUT_MS, &m), 0);
        assert_int_equal(m.len, 4);
        assert_memory_equal(m.data, "ping", 4);
        bus_message_fini(&m);
    }
}

static void nobody_there_is_a_timeout(void **state)
{
    struct bus *b = *state;
    struct bus_message m;
    struct err e = {""};
    int64_t start_ns = clock_mono_ns();
    struct bus_question q = {.endpoint = endpoint("nobody"),
                             .data = "x",
                             .len = 1,
                             .reply_max = 1000,
                             .timeout_ms = 300};
    assert_int_equal(bus_ask(b, &q, &m, &e), -ETIMEDOUT);
    assert_true(clock_mono_ns() - start_ns >= 290 * CLOCK_NS_PER_MS);
    assert_non_null(strstr(e.text, "no answer"));
    assert_int_equal(ask_server(b, 1000, 300, &m), -ETIMEDOUT);
}

static void too_long_a_message_is_not_let_in(void **state)
{
    struct bus *b = *state;
    struct bus_socket *pull = open_socket(b, BUS_COLLECT, "size");
    struct bus_socket *push = open_socket(b, BUS_REPORT, "size");
    char big[2000] = "AB";
    int64_t deadline_ns = clock_mono_ns() + TIMEOUT_MS * CLOCK_NS_PER_MS;
    while (bus_send(push, big, sizeof(big)) == -EAGAIN)
        assert_true(clock_mono_ns() < deadline_ns);
    while (bus_send(push, "ABok", 4) == -EAGAIN) /* it reconnects */
        assert_true(clock_mono_ns() < deadline_ns);
    struct bus_socket *other = open_socket(b, BUS_REPORT, "size");
    while (bus_send(other, "ABok", 4) == -EAGAIN)
        assert_true(clock_mono_ns() < deadline_ns);
    assert_receives(pull, "ABok");
    bus_socket_close(other);
    bus_socket_close(push);
    bus_socket_close(pull);
}

static int set_up(void **state)
{
    struct bus *b = NULL;
    if (mkdtemp(directory) == NULL || bus_create(&b) < 0)
        return -1;
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"pub", "one", "mode", "reports", "ask", "size"};
    bus_destroy(*state);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[200];
        snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        unlink(path);
        snprintf(path, sizeof(path), "%s/%s.lock", directory, names[i]);
        unlink(path);
    }
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subscribers_get_their_topic_and_the_latest_only_if_they_want),
        cmocka_unit_test(a_bound_path_cannot_be_stolen),
        cmocka_unit_test(modes_and_bad_endpoints),
        cmocka_unit_test(reports_reach_the_collector_and_are_dropped_without_one),
        cmocka_unit_test(a_request_is_answered_also_when_the_first_was_lost),
        cmocka_unit_test(nobody_there_is_a_timeout),
        cmocka_unit_test(too_long_a_message_is_not_let_in),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
