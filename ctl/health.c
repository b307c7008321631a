/* health.c - is the stack well? */
#include "ctl/health.h"

#include "common/clock.h"
#include "ctl/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define INTERVALS_MAX 3 /* older than so many is not data any more */
#define ACTOR_GRACE_NS CLOCK_NS_PER_S

/* Keeps bad lines in front; when there is no room left, the text is dropped. */
static void add_line(struct health *h, bool bad, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void add_line(struct health *h, bool bad, const char *fmt, ...)
{
    h->degraded = h->degraded || bad;
    if (h->nlines == HEALTH_LINES_MAX)
        return;
    size_t at = h->nlines++;
    for (; bad && at > 0 && !h->lines[at - 1].bad; at--)
        h->lines[at] = h->lines[at - 1];
    h->lines[at].bad = bad;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(h->lines[at].text, sizeof(h->lines[at].text), fmt, ap);
    va_end(ap);
}

int64_t health_snapshot_age_ns(const struct control_reply *r)
{
    int64_t age_ns = r->mono_ns - r->snapshot.mono_ns;
    return age_ns > 0 ? age_ns : 0;
}

int64_t health_report_age_ns(const struct control_reply *r, enum report_actor actor)
{
    int64_t age_ns = r->mono_ns - r->reports[actor].received_ns;
    return age_ns > 0 ? age_ns : 0;
}

/* A change of the interval takes one of the old ones to arrive: the longer one counts.
 */
static int64_t interval_ns(const struct control_reply *r, uint32_t other_ms)
{
    uint32_t ms = r->settings.interval_ms;
    if (r->has_snapshot && r->snapshot.settings.interval_ms > ms)
        ms = r->snapshot.settings.interval_ms;
    return (int64_t)(other_ms > ms ? other_ms : ms) * CLOCK_NS_PER_MS;
}

static void check_snapshot(const struct control_reply *r, struct health *h)
{
    char age[TEXT_NUMBER_MAX], interval[TEXT_NUMBER_MAX];
    const struct snapshot_host *host = &r->snapshot.host;
    if (!r->has_snapshot) {
        text_duration(r->mono_ns - r->started_ns, age, sizeof(age));
        add_line(h, true,
                 "the monitor has no snapshot of the host yet, %s after its start",
                 age);
        return;
    }
    if (!host->connected)
        add_line(h, true, "libvirt does not answer at %.100s%s%.160s", host->uri,
                 host->trouble[0] != '\0' ? ": " : "", host->trouble);
    int64_t age_ns = health_snapshot_age_ns(r), each_ns = interval_ns(r, 0);
    if (age_ns > INTERVALS_MAX * each_ns)
        add_line(h, true, "the last snapshot is %s old (there should be one every %s)",
                 text_duration(age_ns, age, sizeof(age)),
                 text_duration(each_ns, interval, sizeof(interval)));
}

static enum health_actor actor_state(const struct control_reply *r, enum report_actor a)
{
    const struct control_report *slot = &r->reports[a];
    bool cpu = a == REPORT_ACTOR_CPU;
    uint32_t mode = cpu ? r->settings.cpu_mode : r->settings.mem_mode;
    bool paused = cpu ? r->settings.cpu_paused : r->settings.mem_paused;
    int64_t since_ns = slot->has ? slot->received_ns : r->started_ns;
    int64_t most_ns =
        INTERVALS_MAX * interval_ns(r, slot->has ? slot->report.interval_ms : 0) +
        ACTOR_GRACE_NS;
    if (mode == SETTINGS_MODE_OFF)
        return HEALTH_ACTOR_OFF;
    if (r->mono_ns - since_ns > most_ns)
        return HEALTH_ACTOR_SILENT;
    if (!slot->has)
        return HEALTH_ACTOR_STARTING;
    if (!slot->report.connected)
        return HEALTH_ACTOR_LOST;
    if (paused || slot->report.paused)
        return HEALTH_ACTOR_PAUSED;
    /* its own --dry-run shows in the report, not in the settings */
    if (mode == SETTINGS_MODE_OBSERVE || slot->report.mode == SETTINGS_MODE_OBSERVE)
        return HEALTH_ACTOR_OBSERVE;
    return HEALTH_ACTOR_OK;
}

static void check_actor(const struct control_reply *r, enum report_actor a,
                        struct health *h)
{
    const char *name = report_actor_name(a),
               *word = a == REPORT_ACTOR_CPU ? "cpu" : "mem";
    char age[TEXT_NUMBER_MAX];
    const struct control_report *slot = &r->reports[a];
    h->actors[a] = actor_state(r, a);
    switch (h->actors[a]) {
    case HEALTH_ACTOR_SILENT:
        if (!slot->has)
            add_line(h, true, "%s has never reported: is it running?", name);
        else
            add_line(h, true, "%s is silent: its last report came %s ago", name,
                     text_duration(health_report_age_ns(r, a), age, sizeof(age)));
        break;
    case HEALTH_ACTOR_LOST:
        add_line(h, true, "%s has no connection to libvirt", name);
        break;
    case HEALTH_ACTOR_STARTING:
        add_line(h, false, "%s has not reported yet", name);
        break;
    case HEALTH_ACTOR_PAUSED:
        add_line(h, false, "%s is paused ('vmctl resume %s' lets it go on)", name,
                 word);
        break;
    case HEALTH_ACTOR_OBSERVE:
        add_line(h, false, "%s only observes: it changes nothing", name);
        break;
    case HEALTH_ACTOR_OFF:
        add_line(h, false, "%s is off (%s.mode)", name, word);
        break;
    case HEALTH_ACTOR_OK:
        break;
    }
}

static void note_quarantined(const struct control_reply *r, struct health *h)
{
    size_t n = 0;
    const char *first = "";
    for (size_t i = 0; r->has_snapshot && i < r->snapshot.ndomains; i++)
        if (r->snapshot.domains[i].quarantined && n++ == 0)
            first = r->snapshot.domains[i].name;
    if (n == 1)
        add_line(h, false, "VM %.200s does not answer (quarantined)", first);
    else if (n > 1)
        add_line(h, false, "%zu VMs do not answer (quarantined): %.160s and others", n,
                 first);
}

void health_check(const struct control_reply *r, struct health *ret)
{
    memset(ret, 0, sizeof(*ret));
    check_snapshot(r, ret);
    check_actor(r, REPORT_ACTOR_CPU, ret);
    check_actor(r, REPORT_ACTOR_MEM, ret);
    note_quarantined(r, ret);
}

const struct report *health_report(const struct control_reply *r,
                                   const struct health *h, enum report_actor actor)
{
    bool fresh = r->reports[actor].has && h->actors[actor] != HEALTH_ACTOR_SILENT;
    return fresh ? &r->reports[actor].report : NULL;
}

const char *health_actor_word(enum health_actor state)
{
    static const char *const words[] = {
        [HEALTH_ACTOR_OK] = "ok",         [HEALTH_ACTOR_STARTING] = "starting",
        [HEALTH_ACTOR_SILENT] = "silent", [HEALTH_ACTOR_LOST] = "no libvirt",
        [HEALTH_ACTOR_PAUSED] = "paused", [HEALTH_ACTOR_OBSERVE] = "observe",
        [HEALTH_ACTOR_OFF] = "off",
    };
    return words[state];
}
