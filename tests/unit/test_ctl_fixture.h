/* test_ctl_fixture.h - replies of a monitor, made up for the tests of ctl/. */
#ifndef TEST_CTL_FIXTURE_H
#define TEST_CTL_FIXTURE_H

#include "common/control.h"

#include <stddef.h>
#include <stdio.h>

#define FIXTURE_S INT64_C(1000000000)
#define FIXTURE_MIB UINT64_C(1024)
#define FIXTURE_NOW_NS (5000 * FIXTURE_S)

/* A healthy host with npcpus pCPUs and nvms VMs "vm1", "vm2", ..., two vCPUs and 512 of
 * 2048 MiB each, judged by both actors.  control_reply_fini() it. */
void fixture_reply(struct control_reply *ret, size_t npcpus, size_t nvms);

/* The VM of that name; the test fails when there is none. */
struct snapshot_domain *fixture_vm(struct control_reply *r, const char *name);

/* Everything that render() writes, as one string to be freed. */
char *fixture_text(void (*render)(FILE *to, void *arg), void *arg);

#endif
