/* busy.c - busy DUTY [SECONDS]: keep one vCPU busy for a share of the time.
 *
 * A closed loop, as a real server is one: do a fixed amount of WORK, then sleep for a fixed
 * time.  The amount is calibrated once, to be DUTY of a period on a CPU of one's own:
 *
 *     |####work####|......sleep......|####work####|......sleep......|
 *     '-------------- 20 ms ---------'
 *
 * When others contend for the CPU the work takes longer and the sleep stays as long, so
 * the program gets slower instead of asking for more: what it wants stays the same. */
#include "guest.h"
#include <stdio.h>
#include <string.h>

#define PERIOD_NS 20000000U
#define PROBE_STEPS                                                                    \
    UINT64_C(50000) /* about 0.2 ms: far below a time slice of the host */
#define PROBES 400
#define SPEED_FILE "/run/busy.speed"

/* The speed of this CPU in steps per millisecond when nobody disturbs: from the fastest of
 * many short runs, and no less than what an earlier program in this guest has seen. */
static uint64_t calibrate(void)
{
    uint64_t best_ns = UINT64_MAX, value = 1;
    for (int i = 0; i < PROBES; i++) {
        uint64_t start_ns = now_ns();
        value = spin(value, PROBE_STEPS);
        uint64_t took_ns = now_ns() - start_ns;
        if (took_ns < best_ns && took_ns > 0)
            best_ns = took_ns;
    }
    uint64_t speed = PROBE_STEPS * 1000000U / best_ns;

    unsigned long long seen = 0;
    FILE *f = fopen(SPEED_FILE, "r");
    if (f != NULL) {
        if (fscanf(f, "%llu", &seen) != 1)
            seen = 0;
        fclose(f);
    }
    if (seen >= speed)
        return seen;
    f = fopen(SPEED_FILE, "w");
    if (f != NULL) {
        fprintf(f, "%llu\n", (unsigned long long)speed);
        fclose(f);
    }
    return speed;
}

/* DUTY as permille: "30" and "30%" are percent, "300" and "300p" are permille. */
static int parse_duty(const char *text, uint64_t *ret_permille)
{
    const char *unit;
    uint64_t value;
    if (parse_number(text, 1, 1000, &unit, &value) != 0)
        return -1;
    int percent = strcmp(unit, "%") == 0 || (*unit == '\0' && value <= 100);
    if (!percent && strcmp(unit, "p") != 0 && *unit != '\0')
        return -1;
    if (percent && value > 100)
        return -1;
    *ret_permille = percent ? value * 10 : value;
    return 0;
}

int busy_main(int argc, char **argv)
{
    uint64_t permille, seconds = 0;
    if (argc < 2 || argc > 3 || parse_duty(argv[1], &permille) != 0 ||
        (argc == 3 && parse_number(argv[2], 1, 86400, NULL, &seconds) != 0)) {
        fputs("usage: busy DUTY [SECONDS]\n"
              "DUTY: 1-100 (or 1%-100%) percent, 101-1000 (or 1p-1000p) permille\n",
              stderr);
        return 2;
    }
    uint64_t work_ns = PERIOD_NS / 1000 * permille, idle_ns = PERIOD_NS - work_ns;
    uint64_t steps = calibrate() * (work_ns / 1000) / 1000;
    uint64_t end_ns = seconds > 0 ? now_ns() + seconds * 1000000000U : UINT64_MAX;
    for (uint64_t value = 1; now_ns() < end_ns;) {
        value = spin(value, steps);
        if (idle_ns > 0)
            sleep_ns(idle_ns);
    }
    return 0;
}
