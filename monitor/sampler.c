/* sampler.c - when the host is looked at, and what becomes of the answer. */
#include "monitor/monitor.h"

#include "common/clock.h"

#include <errno.h>

#define CLOSEST_NS (200 * CLOCK_NS_PER_MS)

int sampler_run(struct monitor *m)
{
    int64_t now_ns = clock_mono_ns();
    int64_t interval_ns = m->settings.interval_ms * CLOCK_NS_PER_MS;
    if (now_ns >= m->next_sample_ns) {
        host_request(m->host);
        m->last_request_ns = now_ns;
        /* Keep the beat, unless it was lost (suspended, or stopped by a signal). */
        bool late = now_ns - m->next_sample_ns > interval_ns;
        m->next_sample_ns = (late ? now_ns : m->next_sample_ns) + interval_ns;
    }
    return (int)((m->next_sample_ns - now_ns) / CLOCK_NS_PER_MS) + 1;
}

void sampler_hurry(struct monitor *m)
{
    int64_t soonest_ns = m->last_request_ns + CLOSEST_NS;
    if (soonest_ns < m->next_sample_ns)
        m->next_sample_ns = soonest_ns;
}

int sampler_take(struct monitor *m)
{
    struct snapshot s;
    snapshot_init(&s);
    int r = host_take(m->host, &s);
    if (r < 0)
        return r;
    s.sequence = ++m->sequence;
    s.settings = m->settings;
    s.settings_version = m->settings_version;
    for (size_t i = 0; i < s.ndomains; i++)
        s.domains[i].managed = settings_selects(&m->settings, s.domains[i].name);
    snapshot_fini(&m->last);
    m->last = s;
    return 0;
}
