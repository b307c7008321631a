/* fuzz_config.c - config files: taken whole, or refused with a reason and not at all;
 * each value that was taken can be written and read again. */
#include "tests/fuzz/fuzz.h"

#include "common/config.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings s, before;
    struct err e = {""};
    memset(&s, 0, sizeof(s));
    settings_init(&s);
    memcpy(&before, &s, sizeof(s));
    if (config_read(fuzz_file(data, size), &s, &e) < 0) {
        assert(e.text[0] != '\0');
        assert(memcmp(&before, &s, sizeof(s)) == 0);
        return 0;
    }
    size_t n;
    const struct settings_row *rows = settings_table(&n);
    for (size_t i = 0; i < n; i++) {
        char text[SETTINGS_TEXT_MAX], again[SETTINGS_TEXT_MAX];
        settings_format(&s, &rows[i], text, sizeof(text));
        assert(settings_set(&before, rows[i].key, text, &e) == 0);
        assert(strcmp(settings_format(&before, &rows[i], again, sizeof(again)), text) ==
               0);
    }
    return 0;
}
