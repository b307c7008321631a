/* sections.h - the sections of a scenario file, one reader each; for scenario.c. */
#ifndef SIM_SCENARIO_SECTIONS_H
#define SIM_SCENARIO_SECTIONS_H

#include "sim/scenario/lines.h"
#include "sim/scenario/scenario.h"

/* Each reads the lines of its section (others are skipped) into s.  Returns 0; -EINVAL,
 * -ERANGE or -ENOENT with the line's number in *ret_line and the reason in e; -ENOMEM. */
int section_scenario(const struct lines *l, struct scenario *s, unsigned *ret_line,
                     struct err *e);
int section_host(const struct lines *l, struct scenario *s, unsigned *ret_line,
                 struct err *e);
int section_settings(const struct lines *l, struct scenario *s, unsigned *ret_line,
                     struct err *e);
int section_expect(const struct lines *l, struct scenario *s, unsigned *ret_line,
                   struct err *e);
int section_vms(const struct lines *l, struct scenario *s, unsigned *ret_line,
                struct err *e);

/* The defaults of a VM; maximum and kernel are still to be given. */
void section_vm_defaults(struct sim_vm_spec *spec);

/* Appends an event; -ENOMEM or -E2BIG. */
int scenario_add_event(struct scenario *s, const struct sim_event *ev);

/* The T of "at.T" in ns.  -ENOENT when the key is of another kind; -EINVAL, -ERANGE. */
int section_event_time(const char *key, int64_t *ret_ns, struct err *e);

#endif
