/* scenario.h - a scenario file: a host, its VMs, what happens to them, the settings, and
 * what is expected.  The format is documented in docs/simulator.md. */
#ifndef SIM_SCENARIO_SCENARIO_H
#define SIM_SCENARIO_SCENARIO_H

#include "common/err.h"
#include "common/settings.h"
#include "sim/model/event.h"
#include "sim/model/model.h"
#include "sim/scenario/expect.h"

#include <stddef.h>
#include <stdint.h>

#define SCENARIO_TITLE_MAX 160
#define SCENARIO_LINES_MAX 10000
#define SCENARIO_EXPECT_MAX 64
#define SCENARIO_SETTINGS_MAX 64
#define SCENARIO_ALL_VCPUS_MAX 16384

struct scenario_vm {
    struct sim_vm_spec spec;
    struct cpuset mask; /* of all its vCPUs; empty = anywhere lawful */
};

/* A setting that somebody changes while it runs. */
struct scenario_setting {
    int64_t at_ns;
    const struct settings_row *row;
    struct settings value; /* of which the row's field counts */
};

struct scenario {
    char title[SCENARIO_TITLE_MAX];
    int64_t duration_ns;
    uint32_t warmup_samples; /* not counted in work and fairness */
    uint64_t seed;
    int64_t pin_ns, memory_ns; /* how long a call takes */
    struct settings settings;
    struct sim_host_spec host;
    struct scenario_vm *vms;
    size_t nvms;
    struct sim_event *events;
    size_t nevents;
    struct scenario_setting *changes;
    size_t nchanges;
    struct expectation expect[SCENARIO_EXPECT_MAX];
    size_t nexpect;
};

/* Fills a zeroed one in with every default. */
void scenario_defaults(struct scenario *s);

/* Reads the file.  Returns 0 and *ret (free it with scenario_destroy()); -errno when it
 * cannot be read; -EINVAL for the first thing that is wrong: e says file, line, key and
 * what is allowed; -ENOMEM. */
int scenario_read(const char *path, struct scenario **ret, struct err *e);

/* The same from memory; name stands for the file's in e. */
int scenario_parse(const char *text, size_t size, const char *name,
                   struct scenario **ret, struct err *e);

void scenario_destroy(struct scenario *s);

/* A model of it that has been started.  Returns NULL when memory is out. */
struct sim_model *scenario_build(const struct scenario *s, uint64_t seed);

#endif
