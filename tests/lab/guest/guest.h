/* guest.h - what the lab's guest programs share.  All of them are one static binary. */
#ifndef LAB_GUEST_H
#define LAB_GUEST_H
#include <stdint.h>

int agent_main(int argc, char **argv);
int busy_main(int argc, char **argv);
int grow_main(int argc, char **argv);
int work_main(int argc, char **argv);

/* Do steps of fixed work: a chain of multiplications, because under TCG that runs at one
 * steady speed, where counting in memory runs at two (store forwarding, factor 3-4).
 * Returns a value that depends on every step, so that nothing is optimised away. */
uint64_t spin(uint64_t seed, uint64_t steps);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t now_ns(void);

/* Sleep for ns nanoseconds, through signals. */
void sleep_ns(uint64_t ns);

/* Read a decimal number in [least, greatest] from text; end may be NULL (then nothing may
 * follow the number), else *end is what follows.  Returns 0, or -1 if text is no such
 * number; *ret_value is then untouched. */
int parse_number(const char *text, uint64_t least, uint64_t greatest, const char **end,
                 uint64_t *ret_value);

#endif
