/* period.h - keeping the balloon statistics alive: without a period a guest says
 * nothing.
 *
 * The mem_actor owns the period (the monitor's read-only connection cannot set it), but
 * others change it too (Cockpit sets 10 s), and no event tells.  So it is set once when
 * a guest is first seen, and again when its statistics have dried up. */
#ifndef MEM_ACTOR_PERIOD_H
#define MEM_ACTOR_PERIOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PERIOD_UUID_MAX 37

struct period_entry {
    char uuid[PERIOD_UUID_MAX];
    int32_t domain_id;
    uint32_t period_s;          /* that we set */
    int64_t set_ns;             /* when */
    uint64_t answered_before_s; /* the guest's last answer by then */
    bool failed;                /* the call did */
    bool proposed;              /* said once that it would be set */
    uint32_t fruitless;         /* times it was set without an answer since */
    bool seen;                  /* in this turn */
};

/* Zero-initialise; free with period_fini(). */
struct period_book {
    struct period_entry *entries;
    size_t n, room;
};

/* What a snapshot says of one guest. */
struct period_guest {
    const char *uuid;
    int32_t domain_id;
    bool on_time;        /* it answers as often as the setting asks for */
    uint64_t answered_s; /* wall clock of its last answer, 0 = never */
    uint64_t period_s;   /* in force as far as known; 0 = off or not known */
};

/* Whether the guest's period should be set to period_s now.  A guest that never answers
 * is asked less and less often: after 10 s, 20 s, ... up to 10 minutes. False, too,
 * when memory is out. */
bool period_is_due(struct period_book *b, const struct period_guest *g,
                   uint32_t period_s, int64_t now_ns);

/* Notes that it was set, or that this failed with that error. */
void period_was_set(struct period_book *b, const struct period_guest *g,
                    uint32_t period_s, int64_t now_ns, int error);

/* For a dry run: true the first time it is due, until it was set or is on time. */
bool period_is_news(struct period_book *b, const struct period_guest *g);

/* True when the guest has answered since its period was set (compared by change: the
 * host's clock may be set back).  What it said before is of a time when its balloon was
 * perhaps elsewhere: taken with today's balloon it made a guest at rest look as if it had
 * grown by 700 MiB in a second. */
bool period_is_answered(const struct period_book *b, const struct period_guest *g);

/* Forgets the guests that period_is_due() was not asked about since the last call. */
void period_sweep(struct period_book *b);

void period_fini(struct period_book *b);

#endif
