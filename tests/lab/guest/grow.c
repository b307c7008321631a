/* grow.c - grow MIB [--rate MIB_PER_S] [--hold S] [--keep-free MIB] [--huge 1]: use memory.
 *
 * Takes memory and touches it page by page until it has MIB, or until the guest has no more
 * than --keep-free MiB available.  That limit stands in for malloc() saying no: since Linux
 * 5.1 it never does, the guest's OOM killer strikes instead.  Prints "reached N MiB" or
 * "refused at N MiB", holds for --hold seconds, gives everything back, prints "released".
 * With --huge 1 the pages are of 2 MiB, which costs hardly any CPU: 10 MiB/s of small pages
 * take 16 % of a pCPU under TCG.
 * Exit status: 0 reached, 3 refused. */
#include "guest.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB (1024U * 1024U)
#define KEEP_FREE_MIB 16 /* the OOM killer comes when MemAvailable has long been 0 */

struct options {
    uint64_t mib;
    uint64_t rate_mib_per_s; /* 0: as fast as it goes */
    uint64_t hold_s;
    uint64_t keep_free_mib;
    uint64_t huge;
};

/* MemAvailable in KiB; 0 if it cannot be told, which stops the growth. */
static uint64_t available_kib(void)
{
    char text[4096];
    int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    const char *line = strstr(text, "MemAvailable:");
    return line != NULL ? strtoull(line + strlen("MemAvailable:"), NULL, 10) : 0;
}

static int parse_options(int argc, char **argv, struct options *o)
{
    if (argc < 2 || argc % 2 != 0 ||
        parse_number(argv[1], 1, 1U << 24, NULL, &o->mib) != 0)
        return -1;
    for (int i = 2; i < argc; i += 2) {
        uint64_t *value = strcmp(argv[i], "--rate") == 0        ? &o->rate_mib_per_s
                          : strcmp(argv[i], "--hold") == 0      ? &o->hold_s
                          : strcmp(argv[i], "--keep-free") == 0 ? &o->keep_free_mib
                          : strcmp(argv[i], "--huge") == 0      ? &o->huge
                                                                : NULL;
        if (value == NULL || parse_number(argv[i + 1], 0, 1U << 20, NULL, value) != 0)
            return -1;
    }
    return 0;
}

/* Touch memory from its start, looking at MemAvailable before each MiB.
 * Returns the number of MiB touched. */
static uint64_t grow(volatile unsigned char *memory, const struct options *o)
{
    uint64_t start_ns = now_ns();
    for (uint64_t n = 0; n < o->mib; n++) {
        if (available_kib() <= (o->keep_free_mib + 1) * 1024)
            return n;
        for (uint64_t at = 0; at < MIB; at += 4096)
            memory[n * MIB + at] = 1;
        if (o->rate_mib_per_s > 0) {
            uint64_t due_ns = start_ns + (n + 1) * 1000000000U / o->rate_mib_per_s;
            uint64_t t_ns = now_ns();
            if (t_ns < due_ns)
                sleep_ns(due_ns - t_ns);
        }
    }
    return o->mib;
}

int grow_main(int argc, char **argv)
{
    struct options o = {.keep_free_mib = KEEP_FREE_MIB};
    if (parse_options(argc, argv, &o) != 0) {
        fputs("usage: grow MIB [--rate MIB_PER_S] [--hold S] [--keep-free MIB] "
              "[--huge 1]\n",
              stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (write(fd, "1000", 4) != 4)
            perror("grow: oom_score_adj");
        close(fd);
    }
    unsigned char *memory = mmap(NULL, o.mib * MIB, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        perror("grow: mmap");
        return 1;
    }
    /* Small ones: else 2 MiB come at the first touch. */
    madvise(memory, o.mib * MIB, o.huge != 0 ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    uint64_t got_mib = grow(memory, &o);
    printf("%s %llu MiB\n", got_mib == o.mib ? "reached" : "refused at",
           (unsigned long long)got_mib);
    sleep_ns(o.hold_s * 1000000000U);
    munmap(memory, o.mib * MIB);
    puts("released");
    return got_mib == o.mib ? 0 : 3;
}
