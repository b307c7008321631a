/* runtime_dir.h - the directory that holds one stack's sockets and locks. */
#ifndef COMMON_RUNTIME_DIR_H
#define COMMON_RUNTIME_DIR_H

#include "common/err.h"

#include <limits.h>
#include <stddef.h>

#define ENDPOINT_MAX 128 /* bytes of an endpoint, NUL included; see endpoint_ipc() */

/* The endpoints of one stack; the monitor binds all but simhost's. */
#define ENDPOINT_SNAPSHOTS "pub.sock"   /* XPUB: snapshots, reports, events */
#define ENDPOINT_REPORTS "reports.sock" /* PULL: reports of the actors */
#define ENDPOINT_READ "read.sock"       /* ROUTER: questions */
#define ENDPOINT_SIMHOST "sim.sock"     /* ROUTER of simhost: a simulated host */
#define ENDPOINT_ADMIN "admin.sock"     /* ROUTER: questions and changes */

/* $VMBALANCE_RUNTIME_DIR, else /run/vmbalance for root, else
 * $XDG_RUNTIME_DIR/vmbalance, else /tmp/vmbalance-UID.  Returns buf. */
char *runtime_dir_default(char *buf, size_t size);

/* Makes the directory (0750) unless it is there.  Returns 0 or -errno; -EPERM when it
 * belongs to somebody else, which in a shared place such as /tmp is an attack. */
int runtime_dir_make(const char *dir, struct err *e);

/* Takes the lock DIR/NAME.lock for as long as the descriptor stays open, and writes the
 * pid into it.
 * Returns the descriptor; -EBUSY when another process holds it (e names its pid);
 * -errno. */
int runtime_dir_lock(const char *dir, const char *name, struct err *e);

/* "ipc://DIR/NAME".  Returns 0; -ENAMETOOLONG when the path would not fit into a unix
 * socket address (107 bytes). */
int endpoint_ipc(const char *dir, const char *name, char *ret, size_t size,
                 struct err *e);

#endif
