/* domain_cache.h - what changes rarely about a domain, by UUID and running id:
 * affinity, the operator's law, devices.  Plain data without locks: the backend holds
 * its lock around every call, and fetches (libvirt_fetch.h) outside of it.
 *
 * A fact is fetched when a domain is first seen, when an event marks it, and once in a
 * while anyway, since not every change has an event (vcpupin --config, a balloon
 * period). */
#ifndef HOST_DOMAIN_CACHE_H
#define HOST_DOMAIN_CACHE_H

#include "common/snapshot.h"
#include "host/domain_xml.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DOMAIN_CACHE_MAX_AGE_NS INT64_C(60000000000)

enum domain_stale {
    DOMAIN_FRESH = 0,
    DOMAIN_STALE_PINS = 1, /* only the affinity */
    DOMAIN_STALE_ALL = 2,
};

struct domain_facts {
    struct domain_xml live; /* live XML; its pins are today's state, not law */
    struct domain_xml law;  /* persistent XML: vcpupin and cpuset are law */
    bool persistent;        /* false: law is zeroed */
    bool has_auto_cpus;     /* placement='auto': what numad chose */
    struct cpuset auto_cpus;
    struct cpuset *affinity; /* [naffinity], indexed by vCPU number */
    size_t naffinity;
};

struct domain_entry {
    char uuid[SNAPSHOT_UUID_MAX];
    char name[SNAPSHOT_NAME_MAX];
    int32_t id;
    enum domain_stale stale;
    uint64_t marks; /* times it was marked: a fetch begun before a mark is not fresh */
    int64_t fetched_ns; /* of the last complete fetch; 0 = never, facts are empty */
    int64_t tried_ns;   /* of the last attempt, successful or not */
    struct domain_facts facts;
    bool quarantined;
    size_t vcpus_seen;       /* in the last sample: a change has the facts fetched */
    uint32_t partial_streak; /* samples in a row with statistics missing */
    uint64_t round;          /* of the last sample that saw it */
};

struct domain_cache {
    struct domain_entry *entries; /* ascending by uuid */
    size_t n;
    uint64_t round;
};

void domain_facts_fini(struct domain_facts *f);

/* Frees what the cache owns and empties it. */
void domain_cache_fini(struct domain_cache *c);

/* The entry of that domain or NULL; valid until the next see or sweep. */
struct domain_entry *domain_cache_find(struct domain_cache *c, const char *uuid);

/* Notes that the domain runs under that id: a new one, or a new id, gets an empty entry
 * to be fetched.  Returns the entry, as find; NULL when memory or SNAPSHOT_DOMAINS_MAX
 * is exhausted. */
struct domain_entry *domain_cache_see(struct domain_cache *c, const char *uuid,
                                      int32_t id);

/* Starts a sample; what is not seen by the time of domain_cache_sweep() is dropped. */
void domain_cache_begin(struct domain_cache *c);
void domain_cache_sweep(struct domain_cache *c);

/* Has the domain (NULL: every one) fetched again; never lowers what is due. */
void domain_cache_mark(struct domain_cache *c, const char *uuid,
                       enum domain_stale what);

/* What is to be fetched for the entry at now_ns. */
enum domain_stale domain_cache_due(const struct domain_entry *entry, int64_t now_ns);

/* Takes over the facts of a fetch of `what` that began when entry->marks was marks;
 * facts is zeroed.  With DOMAIN_STALE_PINS only its affinity is used. */
void domain_cache_store(struct domain_entry *entry, enum domain_stale what,
                        uint64_t marks, int64_t now_ns, struct domain_facts *facts);

/* Fills in d what the entry knows: balloon, law and affinity (within online, when that
 * leaves something), and the vCPUs themselves if d has none.  An entry never fetched
 * leaves allowed and affinity empty, sets operator_pinned (hands off) and partial. */
void domain_cache_apply(const struct domain_entry *entry, const struct cpuset *online,
                        struct snapshot_domain *d);

#endif
