/* cpuset.h - a set of pCPU numbers, as a plain value.  Pure: no allocation, no I/O. */
#ifndef COMMON_CPUSET_H
#define COMMON_CPUSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* pCPU numbers run from 0 to CPUSET_MAX - 1; pCPUs beyond are left out by host/. */
#define CPUSET_MAX 1024U
#define CPUSET_WORDS (CPUSET_MAX / 64U)
/* Room for the longest list cpuset_format() can print ("0,2,4,...,1022"). */
#define CPUSET_TEXT_MAX 2560U

struct cpuset {
    uint64_t word[CPUSET_WORDS];
};

static inline void cpuset_clear(struct cpuset *s)
{
    memset(s, 0, sizeof(*s));
}

static inline void cpuset_add(struct cpuset *s, uint32_t cpu)
{
    if (cpu < CPUSET_MAX)
        s->word[cpu / 64] |= UINT64_C(1) << (cpu % 64);
}

static inline void cpuset_remove(struct cpuset *s, uint32_t cpu)
{
    if (cpu < CPUSET_MAX)
        s->word[cpu / 64] &= ~(UINT64_C(1) << (cpu % 64));
}

static inline bool cpuset_has(const struct cpuset *s, uint32_t cpu)
{
    return cpu < CPUSET_MAX && ((s->word[cpu / 64] >> (cpu % 64)) & 1U) != 0;
}

static inline uint32_t cpuset_count(const struct cpuset *s)
{
    uint32_t n = 0;
    for (size_t i = 0; i < CPUSET_WORDS; i++)
        n += (uint32_t)__builtin_popcountll(s->word[i]);
    return n;
}

/* The least member >= from, or CPUSET_MAX when there is none. */
static inline uint32_t cpuset_next(const struct cpuset *s, uint32_t from)
{
    for (uint32_t i = from / 64; i < CPUSET_WORDS; i++) {
        uint64_t w = s->word[i];
        if (i == from / 64)
            w &= ~UINT64_C(0) << (from % 64);
        if (w != 0)
            return i * 64 + (uint32_t)__builtin_ctzll(w);
    }
    return CPUSET_MAX;
}

static inline uint32_t cpuset_first(const struct cpuset *s)
{
    return cpuset_next(s, 0);
}

static inline bool cpuset_empty(const struct cpuset *s)
{
    return cpuset_first(s) == CPUSET_MAX;
}

static inline bool cpuset_equal(const struct cpuset *a, const struct cpuset *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static inline struct cpuset cpuset_and(const struct cpuset *a, const struct cpuset *b)
{
    struct cpuset r;
    for (size_t i = 0; i < CPUSET_WORDS; i++)
        r.word[i] = a->word[i] & b->word[i];
    return r;
}

static inline bool cpuset_subset(const struct cpuset *part, const struct cpuset *whole)
{
    for (size_t i = 0; i < CPUSET_WORDS; i++)
        if ((part->word[i] & ~whole->word[i]) != 0)
            return false;
    return true;
}

static inline struct cpuset cpuset_of(uint32_t cpu)
{
    struct cpuset s;
    cpuset_clear(&s);
    cpuset_add(&s, cpu);
    return s;
}

/* Reads a libvirt/cpuset(7) style list: "0-3,8,^2" (a leading ^ takes away); blanks are
 * allowed around items, the empty string is the empty set.
 * Returns 0; -EINVAL for bad syntax or a backward range; -ERANGE for a number
 * >= CPUSET_MAX.  On failure *ret_set is untouched. */
int cpuset_parse(const char *text, struct cpuset *ret_set);

/* Writes the set as "0-3,8" into buf[size] (always NUL-terminated when size > 0; "" for
 * the empty set; cut short when size < CPUSET_TEXT_MAX does not suffice).  Returns buf.
 */
char *cpuset_format(const struct cpuset *set, char *buf, size_t size);

#endif
