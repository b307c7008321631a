/* render_settings.c - settings for people. */
#include "ctl/render_settings.h"

#include "ctl/table.h"
#include "ctl/text.h"

#include <string.h>

#define KEY_COLUMNS 16
#define VALUE_COLUMNS 12 /* longer values have a line of their own */

/* An empty value is shown as what it is. */
static const char *shown(const char *value)
{
    return value[0] != '\0' ? value : "\"\"";
}

static void one_row(const struct settings *s, const struct settings *defaults,
                    const struct settings_row *row, FILE *to)
{
    char value[SETTINGS_TEXT_MAX], safe[4 * SETTINGS_TEXT_MAX],
        initial[SETTINGS_TEXT_MAX];
    char range[SETTINGS_TEXT_MAX];
    settings_format(s, row, value, sizeof(value));
    settings_format(defaults, row, initial, sizeof(initial));
    bool changed = strcmp(value, initial) != 0;
    text_safe(shown(value), safe, sizeof(safe));
    bool fits = text_columns(safe) <= VALUE_COLUMNS;
    fprintf(to, "%-*s %c %-*s  %-*s  %s\n", KEY_COLUMNS, row->key, changed ? '*' : ' ',
            VALUE_COLUMNS, fits ? safe : "(see below)", VALUE_COLUMNS, shown(initial),
            settings_range(row, range, sizeof(range)));
    if (!fits)
        table_text("    = ", value, to);
    fprintf(to, "    %s [%s]\n", row->help, row->used_by);
}

void render_settings(const struct settings *s, uint64_t version, FILE *to)
{
    size_t n;
    const struct settings_row *rows = settings_table(&n);
    struct settings defaults;
    settings_init(&defaults);
    fprintf(to, "%-*s   %-*s  %-*s  %s\n    meaning [used by]\n", KEY_COLUMNS, "KEY",
            VALUE_COLUMNS, "VALUE", VALUE_COLUMNS, "DEFAULT", "ALLOWED");
    for (size_t i = 0; i < n; i++)
        one_row(s, &defaults, &rows[i], to);
    fprintf(
        to,
        "\nsettings version %llu; * differs from the default; 'vmctl set KEY VALUE' "
        "changes one\n",
        (unsigned long long)version);
}

void render_get(const struct settings *s, FILE *to)
{
    size_t n;
    const struct settings_row *rows = settings_table(&n);
    char value[SETTINGS_TEXT_MAX], safe[4 * SETTINGS_TEXT_MAX];
    for (size_t i = 0; i < n; i++) {
        settings_format(s, &rows[i], value, sizeof(value));
        text_safe(value, safe, sizeof(safe));
        fprintf(to, "%s =%s%s\n", rows[i].key, safe[0] != '\0' ? " " : "", safe);
    }
}

void render_set(const struct settings_row *row, const struct settings *was,
                const struct settings *now, uint64_t version, FILE *to)
{
    char old[SETTINGS_TEXT_MAX], value[SETTINGS_TEXT_MAX];
    char safe_old[4 * SETTINGS_TEXT_MAX], safe[4 * SETTINGS_TEXT_MAX];
    settings_format(was, row, old, sizeof(old));
    settings_format(now, row, value, sizeof(value));
    fprintf(to, "%s = %s (was %s), settings version %llu\n", row->key,
            text_safe(shown(value), safe, sizeof(safe)),
            text_safe(shown(old), safe_old, sizeof(safe_old)),
            (unsigned long long)version);
}
