/* guest.c - the one binary in a lab guest: looks at its own name, runs that program. */
#include "guest.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} programs[] = {
    {"agent", agent_main},
    {"busy", busy_main},
    {"grow", grow_main},
    {"work", work_main},
};

uint64_t __attribute__((noinline)) spin(uint64_t seed, uint64_t steps)
{
    for (uint64_t i = 0; i < steps; i++)
        seed = seed * 6364136223846793005U + 1442695040888963407U;
    __asm__ volatile("" : "+r"(seed));
    return seed;
}

uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

void sleep_ns(uint64_t ns)
{
    struct timespec t = {.tv_sec = (time_t)(ns / 1000000000U),
                         .tv_nsec = (long)(ns % 1000000000U)};
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t) == EINTR)
        ;
}

int parse_number(const char *text, uint64_t least, uint64_t greatest, const char **end,
                 uint64_t *ret_value)
{
    if (text[0] < '0' || text[0] > '9')
        return -1;
    errno = 0;
    char *rest;
    uint64_t value = strtoull(text, &rest, 10);
    if (errno != 0 || value < least || value > greatest ||
        (end == NULL && *rest != '\0'))
        return -1;
    if (end != NULL)
        *end = rest;
    *ret_value = value;
    return 0;
}

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    const char *name = slash != NULL ? slash + 1 : argv[0];
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
        if (strcmp(name, programs[i].name) == 0)
            return programs[i].run(argc, argv);
    fprintf(stderr, "%s: no such program\n", name);
    return 2;
}
