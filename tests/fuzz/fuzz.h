/* fuzz.h - what a fuzz target is: libFuzzer calls it with one input after the other. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#undef NDEBUG

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* Returns 0; whatever is wrong ends the process (assert, ASan, UBSan). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The path of a file in memory that holds these bytes, the same at each call; for what
 * only reads files. */
const char *fuzz_file(const uint8_t *data, size_t size);

#endif
