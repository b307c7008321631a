/* parts.h - the bodies of an Envelope, packed and unpacked; for wire.c. */
#ifndef COMMON_WIRE_PARTS_H
#define COMMON_WIRE_PARTS_H

#include "common/control.h"
#include "common/err.h"
#include "common/report.h"
#include "common/snapshot.h"
#include "common/wire/arena.h"

#include "vmbalance.pb-c.h"

/* Packing gives NULL when the arena is exhausted. */
Vmb__Snapshot *pack_snapshot(struct arena *a, const struct snapshot *s);
Vmb__Report *pack_report(struct arena *a, const struct report *r);
Vmb__Request *pack_request(struct arena *a, const struct control_request *q);
Vmb__Reply *pack_reply(struct arena *a, const struct control_reply *r);
/* Into a message that was initialised: 0 or -ENOMEM. */
int pack_action(struct arena *a, const struct report_action *from, Vmb__Action *m);
/* *ret_list has *ret_n elements; 0 or -ENOMEM. */
int pack_settings(struct arena *a, const struct settings *s, size_t *ret_n,
                  Vmb__Setting ***ret_list);

/* Unpacking into zeroed structs; on failure (-EINVAL, -ENOMEM) the caller frees what is
 * there with the struct's _fini(). */
int unpack_snapshot(const Vmb__Snapshot *m, struct snapshot *s, struct err *e);
int unpack_report(const Vmb__Report *m, struct report *r, struct err *e);
int unpack_request(const Vmb__Request *m, struct control_request *q, struct err *e);
int unpack_action(const Vmb__Action *m, struct report_action *to, struct err *e);
int unpack_reply(const Vmb__Reply *m, struct control_reply *r, struct err *e);
/* Starts from the defaults; a key that we do not know is ignored (a newer sender). */
int unpack_settings(size_t n, Vmb__Setting *const *list, struct settings *s,
                    struct err *e);

/* The list of n pointers to initialised messages that repeated fields want:
 * PACK_LIST(arena, n, Vmb__Vcpu, vmb__vcpu__init), NULL when memory is out. */
#define PACK_LIST(a, n, type, init)                                                    \
    (type **)/* NOLINT(bugprone-macro-parentheses): a type */ pack_list(               \
        (a), (n), sizeof(type), (void (*)(void *))(init))
void **pack_list(struct arena *a, size_t n, size_t size, void (*init)(void *));

#endif
