/* work.c - work SECONDS [THREADS]: how much fixed work gets done in that time.
 *
 * Every thread (a process each) does loops of one fixed size until the time is over, then
 * "work SECONDS LOOPS" is printed: LOOPS summed over all threads.  The figure says what a
 * guest really got, whatever its vCPU time claims. */
#include "guest.h"
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_THREADS 64
#define LOOP_STEPS 100000U /* 0.1-0.2 ms here: 2 ms of rounding in 10 s is nothing */

static uint64_t loop_until(uint64_t end_ns)
{
    uint64_t loops = 0, value = 1;
    while (now_ns() < end_ns) {
        value = spin(value, LOOP_STEPS);
        loops++;
    }
    return loops;
}

int work_main(int argc, char **argv)
{
    uint64_t seconds, threads = 1;
    if (argc < 2 || argc > 3 || parse_number(argv[1], 1, 86400, NULL, &seconds) != 0 ||
        (argc == 3 && parse_number(argv[2], 1, MAX_THREADS, NULL, &threads) != 0)) {
        fputs("usage: work SECONDS [THREADS]\n", stderr);
        return 2;
    }
    uint64_t *loops = mmap(NULL, MAX_THREADS * sizeof(*loops), PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (loops == MAP_FAILED) {
        perror("work: mmap");
        return 1;
    }
    uint64_t start_ns = now_ns(), end_ns = start_ns + seconds * 1000000000U;
    for (uint64_t i = 1; i < threads; i++) {
        pid_t pid = fork();
        if (pid < 0) {
            perror("work: fork");
            return 1;
        }
        if (pid == 0) {
            loops[i] = loop_until(end_ns);
            _exit(0);
        }
    }
    loops[0] = loop_until(end_ns);
    while (wait(NULL) > 0)
        ;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < threads; i++)
        sum += loops[i];
    printf("work %.3f %llu\n", (double)(now_ns() - start_ns) / 1e9,
           (unsigned long long)sum);
    return 0;
}
