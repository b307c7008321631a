/* test_wire.c - messages through the wire and back, and hostile bytes into it. */
#include "tests/unit/unit.h"

#include "common/wire/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST_UUID "01234567-89ab-cdef-0123-456789abcdef"

static struct wire_origin origin(void)
{
    return (struct wire_origin){
        .host_uuid = HOST_UUID,
        .boot_id = "fedcba98-7654-3210-fedc-ba9876543210",
        .sender = "monitor",
        .sequence = 42,
        .mono_ns = 1,
        .wall_ns = 1795300000000000000,
    };
}

static void fill_domain(struct snapshot *s, size_t i, size_t nvcpus)
{
    struct snapshot_domain *d = snapshot_add_domain(s);
    assert_non_null(d);
    snprintf(d->name, sizeof(d->name), "vm-%zu-\xc3\xa4", i);
    snprintf(d->uuid, sizeof(d->uuid), "00000000-0000-0000-0000-%012zu", i);
    d->id = (int32_t)i + 1;
    d->state = i % 3 == 0 ? SNAPSHOT_STATE_PAUSED : SNAPSHOT_STATE_RUNNING;
    d->managed = i % 2 == 0;
    d->partial = i % 4 == 0;
    d->quarantined = i % 5 == 0;
    d->sampled_ns = 1000 + (int64_t)i;
    d->cpu_shares = (struct opt_u64){2048, i % 2 == 0};
    if (!d->cpu_shares.has)
        d->cpu_shares.value = 0;
    d->memory.maximum_kib = (struct opt_u64){4 << 20, true};
    d->memory.current_kib = (struct opt_u64){0, true}; /* zero is not absence */
    d->memory.period_s = (struct opt_u64){1, true};
    d->memory.balloon = SNAPSHOT_BALLOON_VIRTIO;
    d->memory.hugepages = true;
    for (size_t k = 0; k < nvcpus; k++) {
        struct snapshot_vcpu *v = snapshot_add_vcpu(d);
        assert_non_null(v);
        v->number = (uint32_t)(2 * k); /* sparse */
        v->time_ns = (struct opt_u64){10000000 * k, true};
        cpuset_add(&v->affinity, (uint32_t)k);
        cpuset_add(&v->affinity, CPUSET_MAX - 1);
        v->operator_pinned = k == 1;
    }
}

static void fill_snapshot(struct snapshot *s, size_t ndomains, size_t nvcpus)
{
    snapshot_init(s);
    settings_init(&s->settings);
    s->settings.interval_ms = 1500;
    s->settings_version = 7;
    s->sequence = 42;
    s->mono_ns = 123456789;
    s->wall_ns = 1795300000000000000;
    s->took_ns = 1000;
    snprintf(s->host.uri, sizeof(s->host.uri), "qemu:///system");
    s->host.connected = true;
    s->host.memory_total_kib = (struct opt_u64){16 << 20, true};
    s->host.memory_psi_permille = (struct opt_u64){12, true};
    for (uint32_t i = 0; i < 4; i++) {
        struct snapshot_pcpu *p = snapshot_add_pcpu(s);
        assert_non_null(p);
        *p = (struct snapshot_pcpu){.id = i, .core = i / 2, .online = i != 3};
        p->busy_ns = (struct opt_u64){i * 1000, true};
    }
    for (size_t i = 0; i < ndomains; i++)
        fill_domain(s, i, nvcpus);
}

/* What was decoded says the very same when it is encoded again. */
static void assert_encodes_to(const struct wire_message *m, const struct wire_frame *f)
{
    struct wire_frame again;
    assert_int_equal(wire_encode_snapshot(&m->origin, &m->u.snapshot, &again), 0);
    assert_int_equal(again.len, f->len);
    assert_memory_equal(again.data, f->data, f->len);
    free(again.data);
}

static void assert_domain_7(const struct snapshot_domain *d)
{
    assert_string_equal(d->name, "vm-7-\xc3\xa4");
    assert_string_equal(d->uuid, "00000000-0000-0000-0000-000000000007");
    assert_int_equal(d->id, 8);
    assert_int_equal(d->state, SNAPSHOT_STATE_RUNNING);
    assert_false(d->managed);
    assert_false(d->cpu_shares.has);
    assert_true(d->memory.current_kib.has); /* zero is not absence */
    assert_int_equal(d->memory.current_kib.value, 0);
    assert_false(d->memory.usable_kib.has);
    assert_int_equal(d->memory.balloon, SNAPSHOT_BALLOON_VIRTIO);
    assert_int_equal(d->nvcpus, 3);
    assert_int_equal(d->vcpus[2].number, 4);
    assert_true(d->vcpus[1].operator_pinned);
    assert_true(cpuset_has(&d->vcpus[2].affinity, 2));
    assert_true(cpuset_has(&d->vcpus[2].affinity, CPUSET_MAX - 1));
    assert_int_equal(cpuset_count(&d->vcpus[2].affinity), 2);
    assert_false(d->vcpus[2].delay_ns.has);
}

static void snapshot_survives(void **state)
{
    (void)state;
    struct snapshot s;
    struct wire_origin o = origin();
    struct wire_frame f;
    struct wire_message m;
    struct err e = {""};
    fill_snapshot(&s, 9, 3);
    assert_int_equal(wire_encode_snapshot(&o, &s, &f), 0);
    assert_memory_equal(f.data, wire_prefix(WIRE_SNAPSHOT), WIRE_PREFIX_LEN);
    if (wire_decode(WIRE_SNAPSHOT, f.data, f.len, &m, &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(m.kind, WIRE_KIND_SNAPSHOT);
    assert_int_equal(m.origin.sequence, 42);
    const struct snapshot *t = &m.u.snapshot;
    assert_string_equal(t->host.uuid, HOST_UUID);
    assert_string_equal(t->boot_id, o.boot_id);
    assert_int_equal(t->sequence, s.sequence);
    assert_int_equal(t->settings_version, 7);
    assert_int_equal(t->settings.interval_ms, 1500);
    assert_int_equal(t->host.npcpus, 4);
    assert_false(t->host.pcpus[3].online);
    assert_false(t->host.memory_available_kib.has);
    assert_int_equal(t->ndomains, 9);
    assert_domain_7(&t->domains[7]);
    assert_encodes_to(&m, &f);
    wire_message_fini(&m);
    snapshot_fini(&s);
    free(f.data);
}

static struct report a_report(void)
{
    struct report r = {
        .actor = REPORT_ACTOR_CPU,
        .pid = 99,
        .version = "0.1.0",
        .interval_ms = 2000,
        .mode = SETTINGS_MODE_OBSERVE,
        .verdict = "move",
        .reason = "pcpu 0 carries 184 %",
        .nactions = 1,
    };
    r.actions = calloc(1, sizeof(*r.actions));
    r.actions[0] = (struct report_action){.kind = REPORT_PIN,
                                          .uuid = HOST_UUID,
                                          .name = "web1",
                                          .vcpu = 3,
                                          .error = -EBUSY};
    snprintf(r.actions[0].error_text, REPORT_TEXT_MAX, "two\nlines \xff");
    cpuset_add(&r.actions[0].to_pcpus, 5);
    r.cpu.npcpus = 1;
    r.cpu.pcpus = calloc(1, sizeof(*r.cpu.pcpus));
    r.cpu.pcpus[0].load_permille = 1840;
    r.cpu.nvcpus = 1;
    r.cpu.vcpus = calloc(1, sizeof(*r.cpu.vcpus));
    snprintf(r.cpu.vcpus[0].uuid, SNAPSHOT_UUID_MAX, "%s", HOST_UUID);
    r.cpu.vcpus[0].demand_permille = 1000;
    return r;
}

static void report_survives_and_its_texts_are_made_printable(void **state)
{
    (void)state;
    struct report r = a_report();
    struct wire_origin o = origin();
    struct wire_frame f;
    struct wire_message m;
    struct err e = {""};
    assert_int_equal(wire_encode_report(&o, &r, &f), 0);
    if (wire_decode(WIRE_REPORT, f.data, f.len, &m, &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(m.kind, WIRE_KIND_REPORT);
    assert_string_equal(m.u.report.verdict, "move");
    assert_int_equal(m.u.report.actions[0].error, -EBUSY);
    assert_string_equal(m.u.report.actions[0].error_text, "two?lines ?");
    assert_true(cpuset_has(&m.u.report.actions[0].to_pcpus, 5));
    assert_int_equal(m.u.report.cpu.pcpus[0].load_permille, 1840);
    assert_int_equal(m.u.report.cpu.vcpus[0].demand_permille, 1000);
    wire_message_fini(&m);
    report_fini(&r);
    free(f.data);
}

static void request_and_reply_survive(void **state)
{
    (void)state;
    struct control_change c = {.key = "interval", .value = "2"};
    struct control_request q = {
        .id = "abc", .verb = CONTROL_SET, .changes = &c, .nchanges = 1};
    struct wire_origin o = origin();
    struct wire_frame f;
    struct wire_message m;
    struct err e = {""};
    assert_int_equal(wire_encode_request(&o, &q, &f), 0);
    assert_int_equal(wire_decode(WIRE_CONTROL, f.data, f.len, &m, &e), 0);
    assert_int_equal(m.kind, WIRE_KIND_REQUEST);
    assert_string_equal(m.u.request.changes[0].value, "2");
    wire_message_fini(&m);
    free(f.data);

    struct control_reply r = {.id = "abc",
                              .version = "0.1.0",
                              .error = -ERANGE,
                              .error_text = "no",
                              .has_snapshot = true};
    settings_init(&r.settings);
    fill_snapshot(&r.snapshot, 2, 1);
    r.reports[REPORT_ACTOR_CPU] =
        (struct control_report){.has = true, .received_ns = 5, .report = a_report()};
    assert_int_equal(wire_encode_reply(&o, &r, &f), 0);
    if (wire_decode(WIRE_CONTROL, f.data, f.len, &m, &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(m.kind, WIRE_KIND_REPLY);
    assert_int_equal(m.u.reply.error, -ERANGE);
    assert_int_equal(m.u.reply.snapshot.ndomains, 2);
    assert_true(m.u.reply.reports[REPORT_ACTOR_CPU].has);
    assert_false(m.u.reply.reports[REPORT_ACTOR_MEM].has);
    wire_message_fini(&m);
    control_reply_fini(&r);
    free(f.data);
}

static void event_survives(void **state)
{
    (void)state;
    struct wire_event v = {
        .kind = "vm-gone", .domain = "web1", .text = "no longer active"};
    struct wire_origin o = origin();
    struct wire_frame f;
    struct wire_message m;
    assert_int_equal(wire_encode_event(&o, &v, &f), 0);
    assert_int_equal(wire_decode(WIRE_EVENT, f.data, f.len, &m, NULL), 0);
    assert_string_equal(m.u.event.domain, "web1");
    wire_message_fini(&m);
    free(f.data);
}

static void another_version_is_refused_by_name(void **state)
{
    (void)state;
    struct wire_event v = {.kind = "x"};
    struct wire_origin o = origin();
    struct wire_frame f;
    struct wire_message m;
    struct err e = {""};
    assert_int_equal(wire_encode_event(&o, &v, &f), 0);
    f.data[WIRE_PREFIX_LEN - 1] = WIRE_MAJOR + 1;
    assert_int_equal(wire_decode(WIRE_EVENT, f.data, f.len, &m, &e), -EPROTONOSUPPORT);
    assert_non_null(strstr(e.text, "speaks protocol 2"));
    f.data[WIRE_PREFIX_LEN - 1] = WIRE_MAJOR;
    assert_int_equal(wire_decode(WIRE_REPORT, f.data, f.len, &m, &e), -EPROTO);
    assert_int_equal(wire_decode(WIRE_EVENT, f.data, 3, &m, &e), -EPROTO);
    assert_int_equal(wire_decode(WIRE_EVENT, f.data, WIRE_PREFIX_LEN, &m, &e), -EINVAL);
    free(f.data);
}

/* Encodes a snapshot that change() has spoilt, and expects a refusal that names the
 * field. */
static void assert_refused(void (*change)(struct snapshot *), const char *said)
{
    struct snapshot s;
    struct wire_origin o = origin();
    struct wire_frame f;
    struct wire_message m;
    struct err e = {""};
    fill_snapshot(&s, 3, 2);
    change(&s);
    assert_int_equal(wire_encode_snapshot(&o, &s, &f), 0);
    assert_int_equal(wire_decode(WIRE_SNAPSHOT, f.data, f.len, &m, &e), -EINVAL);
    if (strstr(e.text, said) == NULL)
        fail_msg("'%s' lacks '%s'", e.text, said);
    snapshot_fini(&s);
    free(f.data);
}

static void no_name(struct snapshot *s)
{
    s->domains[1].name[0] = '\0';
}
static void bad_uuid(struct snapshot *s)
{
    s->domains[1].uuid[5] = 'z';
}
static void two_alike(struct snapshot *s)
{
    memcpy(s->domains[1].uuid, s->domains[0].uuid, SNAPSHOT_UUID_MAX);
}
static void vcpus_unsorted(struct snapshot *s)
{
    s->domains[0].vcpus[1].number = 0;
}
static void vcpu_number(struct snapshot *s)
{
    s->domains[0].vcpus[1].number = UINT32_MAX;
}
static void pcpu_number(struct snapshot *s)
{
    s->host.pcpus[3].id = CPUSET_MAX;
}
static void psi_above_one(struct snapshot *s)
{
    s->host.memory_psi_permille = (struct opt_u64){1001, true};
}
static void time_travel(struct snapshot *s)
{
    s->mono_ns = INT64_MIN;
}

static void numbers_out_of_bounds_are_refused(void **state)
{
    (void)state;
    assert_refused(no_name, "domain name");
    assert_refused(bad_uuid, "uuid");
    assert_refused(two_alike, "ascending");
    assert_refused(vcpus_unsorted, "ascending");
    assert_refused(vcpu_number, "number");
    assert_refused(pcpu_number, "id");
    assert_refused(psi_above_one, "memory_psi_permille");
    assert_refused(time_travel, "mono_ns");
}

/* Whatever a decoder makes of spoilt bytes, it must not crash, leak (ASan build) or let
 * a number out of its bounds. */
static void spoilt_bytes_are_survived(void **state)
{
    (void)state;
    uint64_t seed = 4711;
    struct snapshot s;
    struct wire_origin o = origin();
    struct wire_frame f;
    fill_snapshot(&s, 5, 3);
    assert_int_equal(wire_encode_snapshot(&o, &s, &f), 0);
    uint8_t *copy = malloc(f.len);
    unsigned accepted = 0;
    for (int round = 0; round < 20000; round++) {
        memcpy(copy, f.data, f.len);
        size_t len = unit_random(&seed) % 8 == 0 ? unit_random(&seed) % f.len : f.len;
        for (uint64_t k = unit_random(&seed) % 6; k > 0; k--)
            copy[unit_random(&seed) % f.len] = (uint8_t)unit_random(&seed);
        struct wire_message m;
        if (wire_decode(WIRE_SNAPSHOT, copy, len, &m, NULL) == 0) {
            accepted++;
            assert_int_equal(m.kind, WIRE_KIND_SNAPSHOT);
            for (size_t i = 0; i < m.u.snapshot.host.npcpus; i++)
                assert_true(m.u.snapshot.host.pcpus[i].id < CPUSET_MAX);
            wire_message_fini(&m);
        }
    }
    assert_true(accepted > 0 && accepted < 20000);
    free(copy);
    free(f.data);
    snapshot_fini(&s);
}

/* 2 bytes on the wire become an 80 byte struct: the arena's limit stops that. */
static void amplification_is_bounded(void **state)
{
    (void)state;
    size_t len = WIRE_FRAME_MAX;
    uint8_t *bytes = malloc(len);
    memcpy(bytes, wire_prefix(WIRE_SNAPSHOT), WIRE_PREFIX_LEN);
    size_t body = len - WIRE_PREFIX_LEN - 5;
    uint8_t *p = bytes + WIRE_PREFIX_LEN;
    *p++ = 10 << 3 | 2; /* Envelope.snapshot */
    for (int i = 0; i < 4; i++)
        *p++ = (uint8_t)((body >> (7 * i) & 0x7f) | (i < 3 ? 0x80 : 0));
    for (size_t i = 0; i + 1 < body; i += 2) {
        p[i] = 8 << 3 | 2; /* an empty Snapshot.domains element */
        p[i + 1] = 0;
    }
    struct wire_message m;
    assert_true(wire_decode(WIRE_SNAPSHOT, bytes, len, &m, NULL) < 0);
    free(bytes);
}

static void a_thousand_vcpus_fit(void **state)
{
    (void)state;
    struct snapshot s;
    struct wire_origin o = origin();
    struct wire_frame f;
    struct wire_message m;
    struct err e = {""};
    fill_snapshot(&s, 1000, 4);
    assert_int_equal(wire_encode_snapshot(&o, &s, &f), 0);
    print_message("1000 domains x 4 vCPUs: %zu bytes\n", f.len);
    if (wire_decode(WIRE_SNAPSHOT, f.data, f.len, &m, &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(m.u.snapshot.ndomains, 1000);
    wire_message_fini(&m);
    snapshot_fini(&s);
    free(f.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snapshot_survives),
        cmocka_unit_test(report_survives_and_its_texts_are_made_printable),
        cmocka_unit_test(request_and_reply_survive),
        cmocka_unit_test(event_survives),
        cmocka_unit_test(another_version_is_refused_by_name),
        cmocka_unit_test(numbers_out_of_bounds_are_refused),
        cmocka_unit_test(spoilt_bytes_are_survived),
        cmocka_unit_test(amplification_is_bounded),
        cmocka_unit_test(a_thousand_vcpus_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
