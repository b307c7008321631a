/* settings.c - which settings are in force: defaults, config file, command line, vmctl. */
#include "monitor/monitor.h"

#include "common/config.h"
#include "common/log.h"

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

void monitor_use_settings(struct monitor *m, const struct settings *s)
{
    m->settings = *s;
    m->settings_version++;
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
