/* event_text.h - "grow 100MiB/s to 1500MiB" and its like: the value of an at.T line. */
#ifndef SIM_SCENARIO_EVENT_TEXT_H
#define SIM_SCENARIO_EVENT_TEXT_H

#include "common/err.h"
#include "sim/model/event.h"

#include <stdbool.h>

#define EVENT_TEXT_MAX 512

/* What one line may become: one event, or one per vCPU. */
struct event_text {
    struct sim_event event; /* at_ns, every_ns and vm are the caller's to fill in */
    double demands[SIM_VCPUS_MAX];
    uint32_t ndemands; /* > 1: of vCPU 0, 1, .., the list again for the rest */
};

/* Reads what happens to a VM.  Returns 0 or -EINVAL (e says what is allowed). */
int event_text_of_vm(const char *text, uint32_t pcpus, struct event_text *ret,
                     struct err *e);

/* Reads what happens to the host. */
int event_text_of_host(const char *text, uint32_t pcpus, struct sim_event *ret,
                       struct err *e);

/* "0.5" or "0.9,0.1,0.1": demands of vCPUs, each 0..1.  Returns their number or -EINVAL. */
int event_text_demands(const char *text, double *ret, size_t most);

/* "pin,memory", "period", "none": calls that fail, as enum sim_call or-ed. */
int event_text_calls(const char *text, unsigned *ret);

/* "ok", "stuck", "no-driver", "none". */
int event_text_balloon(const char *text, enum sim_balloon *ret);

#endif
