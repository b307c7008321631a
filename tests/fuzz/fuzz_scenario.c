/* fuzz_scenario.c - scenario files: taken, or refused with a reason. */
#include "tests/fuzz/fuzz.h"

#include "sim/scenario/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scenario *s;
    struct err e = {""};
    if (scenario_parse((const char *)data, size, "fuzz.ini", &s, &e) == 0)
        scenario_destroy(s);
    else
        assert(e.text[0] != '\0');
    return 0;
}
