/* settings.c - which settings are in force: defaults, config file, command line, vmctl. */
#include "monitor/monitor.h"

#include "common/config.h"
#include "common/log.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* In the runtime directory: what is in force, for the monitor that is started after this
 * one was killed.  A stack that was paused must not act again because of a crash. */
#define KEPT "settings"

int monitor_load_settings(const struct monitor_options *o, struct settings *ret,
                          struct err *e)
{
    struct settings s;
    settings_init(&s);
    int r = o->config != NULL ? config_read(o->config, &s, e) : 0;
    if (r < 0)
        return r;
    if (o->interval_ms != 0)
        s.interval_ms = o->interval_ms;
    *ret = s;
    return 0;
}

static void keep(const struct monitor *m)
{
    char path[PATH_MAX], fresh[PATH_MAX], text[SETTINGS_TEXT_MAX];
    const char *dir = m->options.process.runtime_dir;
    size_t n;
    const struct settings_row *rows = settings_table(&n);
    if (snprintf(path, sizeof(path), "%s/" KEPT, dir) >= (int)sizeof(path) ||
        snprintf(fresh, sizeof(fresh), "%s/" KEPT ".new", dir) >= (int)sizeof(fresh))
        return;
    FILE *f = fopen(fresh, "we");
    for (size_t i = 0; f != NULL && i < n; i++)
        fprintf(f, "%s = %s\n", rows[i].key,
                settings_format(&m->settings, &rows[i], text, sizeof(text)));
    bool whole = f != NULL && ferror(f) == 0;
    whole = f != NULL && fclose(f) == 0 && whole;
    if (!whole || rename(fresh, path) < 0)
        log_warning("cannot keep the settings in %s: %s; they end with this process",
                    path, strerror(errno));
}

void monitor_recall_settings(struct monitor *m)
{
    char path[PATH_MAX], line[SETTINGS_TEXT_MAX + 80];
    struct settings s = m->settings;
    struct err e;
    if (snprintf(path, sizeof(path), "%s/" KEPT, m->options.process.runtime_dir) >=
        (int)sizeof(path))
        return;
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return;
    while (fgets(line, sizeof(line), f) != NULL) {
        char *value = strstr(line, " = ");
        line[strcspn(line, "\n")] = '\0';
        if (value == NULL)
            continue;
        *value = '\0';
        if (settings_set(&s, line, value + strlen(" = "), &e) < 0)
            log_warning("%s: %s, ignoring", path, e.text);
    }
    fclose(f);
    m->settings = s;
    log_info("the settings of the monitor before are in force again (%s)", path);
}

void monitor_forget_settings(const struct monitor *m)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s/" KEPT, m->options.process.runtime_dir) <
        (int)sizeof(path))
        unlink(path);
}

void monitor_use_settings(struct monitor *m, const struct settings *s)
{
    m->settings = *s;
    m->settings_version++;
    keep(m);
    sampler_hurry(m);
}

void monitor_reload(struct monitor *m)
{
    struct settings s;
    struct err e;
    if (m->options.config == NULL) {
        log_info("SIGHUP: no config file to read again");
    } else if (monitor_load_settings(&m->options, &s, &e) < 0) {
        log_error("%s; the settings in force stay", e.text);
    } else {
        monitor_use_settings(m, &s);
        publisher_event(m, "settings-reloaded", NULL, "%s", m->options.config);
    }
}
