/* guest.h - one guest's memory: what its kernel, its program and its page cache hold, and
 * what its balloon and its statistics make of that.  Pure; KiB, ns.
 *
 *     |<----------------- maximum ----------------->|
 *     |<------------ actual ------------>|  balloon |
 *     | kernel | os | program | cache | free |
 *               (program: what is not swapped out)
 *
 * The numbers behind the defaults were measured on real guests; docs/simulator.md. */
#ifndef SIM_MODEL_GUEST_H
#define SIM_MODEL_GUEST_H

#include "sim/model/random.h"

#include <stdbool.h>
#include <stdint.h>

enum sim_balloon {
    SIM_BALLOON_OK,        /* follows its target */
    SIM_BALLOON_STUCK,     /* stays where it is */
    SIM_BALLOON_NO_DRIVER, /* a device that nobody drives: no movement, no statistics */
    SIM_BALLOON_NONE,      /* no device */
};

/* What a guest is made of. */
struct sim_guest_spec {
    int64_t maximum_kib;
    int64_t boot_kib;      /* actual when it starts */
    int64_t kernel_kib;    /* of actual, outside MemTotal */
    int64_t os_kib;        /* in use at rest */
    int64_t watermark_kib; /* of free, that MemAvailable leaves out */
    int64_t
        least_free_kib; /* free at which the balloon gets no more and processes die */
    int64_t qemu_kib;   /* what QEMU needs on top, on the host */
    int64_t swap_kib;
    int64_t inflate_kib_s, deflate_kib_s;
    uint32_t period_s; /* of its statistics when it starts; 0 = off */
    uint32_t age_s;    /* it answers at most that often; 0 = every period */
    enum sim_balloon balloon;
    bool reporting; /* free page reporting: freed pages go back to the host */
};

/* As the balloon driver reports them. */
struct sim_guest_stats {
    bool any;         /* it has answered since it started */
    int64_t taken_ns; /* when it last answered */
    int64_t available_kib, unused_kib, usable_kib, cache_kib;
    int64_t swap_in_kib, swap_out_kib, major_faults;
};

struct sim_guest {
    struct sim_guest_spec spec;
    bool alive; /* false: it has panicked; its domain still says "running" */
    bool mute;  /* statistics stand still */
    int64_t actual_kib, target_kib;
    int64_t program_kib, program_goal_kib, program_rate_kib_s;
    bool program_full; /* the goal is all that the guest can have at its maximum */
    int64_t cache_kib, cache_goal_kib, cache_rate_kib_s;
    int64_t swapped_kib;
    int64_t touched_kib; /* backed by host memory, QEMU's own not included */
    uint32_t period_s;
    int64_t stats_due_ns, process_due_ns;
    int64_t reported_kib, reported_ns; /* balloon.current as libvirt has it */
    int64_t swap_in_kib, swap_out_kib, major_faults;
    struct sim_guest_stats stats;
    /* for the score */
    uint32_t failed_allocations; /* refused while the guest was below its maximum */
    uint32_t reached_max;        /* refused or done at its maximum */
    uint32_t goals_reached;
    uint32_t deaths;
    int64_t lowest_usable_kib, lowest_actual_kib;
};

/* Boots it: all counters anew. */
void sim_guest_boot(struct sim_guest *g, const struct sim_guest_spec *spec,
                    int64_t now_ns, struct sim_random *random);

/* What it holds of actual, free memory and MemAvailable now. */
int64_t sim_guest_resident_kib(const struct sim_guest *g);
int64_t sim_guest_free_kib(const struct sim_guest *g);
int64_t sim_guest_usable_kib(const struct sim_guest *g);

/* Its QEMU's memory on the host. */
int64_t sim_guest_rss_kib(const struct sim_guest *g);

/* Lets dt_ns go by, up to now_ns: program, cache, swap, balloon, statistics. */
void sim_guest_run(struct sim_guest *g, int64_t now_ns, int64_t dt_ns);

/* Sets the balloon's target; 1 .. maximum. */
void sim_guest_set_target(struct sim_guest *g, int64_t target_kib);

/* Sets the statistics period; 0 stops them, the last ones stay. */
void sim_guest_set_period(struct sim_guest *g, uint32_t period_s, int64_t now_ns);

/* ---- parts, for sim_guest_run() ---- */

/* Frees page cache, then swaps out, until want_kib could be taken from what is free above
 * keep_kib; returns how much of want_kib may be taken. */
int64_t sim_guest_make_room(struct sim_guest *g, int64_t want_kib, int64_t keep_kib);

void sim_balloon_run(struct sim_guest *g, int64_t now_ns, int64_t dt_ns);
void sim_program_run(struct sim_guest *g, int64_t dt_ns);
void sim_guest_stats_run(struct sim_guest *g, int64_t now_ns);

#endif
