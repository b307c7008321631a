/* event_text.c - see event_text.h. */
#include "sim/scenario/event_text.h"

#include "sim/scenario/value.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX 6

struct words {
    char copy[EVENT_TEXT_MAX];
    const char *word[WORDS_MAX];
    size_t n;
};

/* Cuts the text at blanks; -EINVAL for too long, too many, or none. */
static int split(const char *text, struct words *w)
{
    w->n = 0;
    if (strlen(text) >= sizeof(w->copy))
        return -EINVAL;
    memcpy(w->copy, text, strlen(text) + 1);
    for (char *p = w->copy + strspn(w->copy, " \t"); *p != '\0';) {
        if (w->n == WORDS_MAX)
            return -EINVAL;
        w->word[w->n++] = p;
        p += strcspn(p, " \t");
        if (*p != '\0')
            *p++ = '\0';
        p += strspn(p, " \t");
    }
    return w->n > 0 ? 0 : -EINVAL;
}

int event_text_demands(const char *text, double *ret, size_t most)
{
    size_t n = 0;
    while (n < most) {
        char item[32];
        size_t len = strcspn(text, ",");
        if (len >= sizeof(item))
            return -EINVAL;
        memcpy(item, text, len);
        item[len] = '\0';
        if (value_share(item, &ret[n]) < 0 || ret[n] > 1.0)
            return -EINVAL;
        n++;
        if (text[len] == '\0')
            return (int)n;
        text += len + 1;
    }
    return -EINVAL;
}

int event_text_calls(const char *text, unsigned *ret)
{
    static const struct {
        const char *word;
        unsigned call;
    } calls[] = {{"pin", SIM_CALL_PIN},
                 {"memory", SIM_CALL_MEMORY},
                 {"period", SIM_CALL_PERIOD},
                 {"none", 0}};
    unsigned sum = 0;
    for (;;) {
        size_t len = strcspn(text, ","), i = 0;
        for (; i < 4; i++)
            if (strlen(calls[i].word) == len && strncmp(calls[i].word, text, len) == 0)
                break;
        if (i == 4)
            return -EINVAL;
        sum |= calls[i].call;
        if (text[len] == '\0')
            break;
        text += len + 1;
    }
    *ret = sum;
    return 0;
}

int event_text_balloon(const char *text, enum sim_balloon *ret)
{
    static const char *const names[] = {[SIM_BALLOON_OK] = "ok",
                                        [SIM_BALLOON_STUCK] = "stuck",
                                        [SIM_BALLOON_NO_DRIVER] = "no-driver",
                                        [SIM_BALLOON_NONE] = "none"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], text) != 0)
            continue;
        *ret = (enum sim_balloon)i;
        return 0;
    }
    return -EINVAL;
}

static int cpus_of(const char *text, uint32_t pcpus, struct cpuset *ret)
{
    struct cpuset set;
    if (cpuset_parse(text, &set) < 0 || cpuset_empty(&set))
        return -EINVAL;
    for (uint32_t p = cpuset_first(&set); p < CPUSET_MAX; p = cpuset_next(&set, p + 1))
        if (p >= pcpus)
            return -EINVAL;
    *ret = set;
    return 0;
}

/* ---- of a VM: one reader per verb; args are the words after it ---- */

static int read_demand(const struct words *w, uint32_t pcpus, struct event_text *ret)
{
    (void)pcpus;
    int n = w->n == 2 ? event_text_demands(w->word[1], ret->demands, SIM_VCPUS_MAX)
                      : -EINVAL;
    if (n < 0)
        return n;
    ret->ndemands = (uint32_t)n;
    ret->event.number = ret->demands[0];
    return 0;
}

static int read_share(const struct words *w, uint32_t pcpus, struct event_text *ret)
{
    (void)pcpus;
    if (w->n != 2 || value_share(w->word[1], &ret->event.number) < 0)
        return -EINVAL;
    return ret->event.number <= 1.0 ? 0 : -EINVAL;
}

static int read_count(const struct words *w, uint32_t pcpus, struct event_text *ret)
{
    uint32_t n;
    (void)pcpus;
    if (w->n != 2 || value_count(w->word[1], &n) < 0 || n > 262144)
        return -EINVAL;
    bool vcpus = ret->event.kind == SIM_EVENT_VCPUS,
         shares = ret->event.kind == SIM_EVENT_WEIGHT;
    if ((vcpus && (n == 0 || n > SIM_VCPUS_MAX)) || (shares && n < 2))
        return -EINVAL;
    ret->event.number = n;
    return 0;
}

static int read_cpus(const struct words *w, uint32_t pcpus, struct event_text *ret)
{
    return w->n == 2 ? cpus_of(w->word[1], pcpus, &ret->event.cpus) : -EINVAL;
}

static int read_nothing(const struct words *w, uint32_t pcpus, struct event_text *ret)
{
    (void)pcpus;
    (void)ret;
    return w->n == 1 ? 0 : -EINVAL;
}

static int read_switch(const struct words *w, uint32_t pcpus, struct event_text *ret)
{
    bool on;
    (void)pcpus;
    if (w->n != 2 || value_bool(w->word[1], &on) < 0)
        return -EINVAL;
    ret->event.number = on;
    return 0;
}

/* RATE to SIZE | RATE to full */
static int read_growth(const struct words *w, uint32_t pcpus, struct event_text *ret)
{
    (void)pcpus;
    if (w->n != 4 || strcmp(w->word[2], "to") != 0 ||
        value_rate(w->word[1], &ret->event.kib_s) < 0)
        return -EINVAL;
    if (ret->event.kind == SIM_EVENT_GROW && strcmp(w->word[3], "full") == 0) {
        ret->event.kind = SIM_EVENT_GROW_FULL;
        return ret->event.kib_s > 0 ? 0 : -EINVAL;
    }
    return value_size(w->word[3], &ret->event.kib);
}

/* nothing | [RATE] to SIZE */
static int read_release(const struct words *w, uint32_t pcpus, struct event_text *ret)
{
    (void)pcpus;
    size_t to = w->n == 4 ? 2 : 1;
    if (w->n == 1)
        return 0;
    if ((w->n != 3 && w->n != 4) || strcmp(w->word[to], "to") != 0 ||
        (w->n == 4 && value_rate(w->word[1], &ret->event.kib_s) < 0))
        return -EINVAL;
    return value_size(w->word[to + 1], &ret->event.kib);
}

static int read_target(const struct words *w, uint32_t pcpus, struct event_text *ret)
{
    (void)pcpus;
    if (w->n != 2 || value_size(w->word[1], &ret->event.kib) < 0)
        return -EINVAL;
    return ret->event.kib > 0 ? 0 : -EINVAL;
}

static int read_balloon(const struct words *w, uint32_t pcpus, struct event_text *ret)
{
    enum sim_balloon b;
    (void)pcpus;
    if (w->n != 2 || event_text_balloon(w->word[1], &b) < 0)
        return -EINVAL;
    ret->event.number = b;
    return 0;
}

static int read_calls(const struct words *w, uint32_t pcpus, struct event_text *ret)
{
    unsigned calls;
    (void)pcpus;
    if (w->n != 2 || event_text_calls(w->word[1], &calls) < 0)
        return -EINVAL;
    ret->event.number = calls;
    return 0;
}

static const struct verb {
    const char *word;
    enum sim_event_kind kind;
    int (*read)(const struct words *w, uint32_t pcpus, struct event_text *ret);
    const char *form;
} verbs[] = {
    {"demand", SIM_EVENT_DEMAND, read_demand, "SHARE[,SHARE..]"},
    {"noise", SIM_EVENT_NOISE, read_share, "SHARE"},
    {"shares", SIM_EVENT_WEIGHT, read_count, "2..262144"},
    {"pin", SIM_EVENT_MASK, read_cpus, "PCPUS"},
    {"vcpus", SIM_EVENT_VCPUS, read_count, "N"},
    {"start", SIM_EVENT_START, read_nothing, ""},
    {"stop", SIM_EVENT_STOP, read_nothing, ""},
    {"pause", SIM_EVENT_PAUSE, read_nothing, ""},
    {"resume", SIM_EVENT_RESUME, read_nothing, ""},
    {"grow", SIM_EVENT_GROW, read_growth, "RATE to SIZE|full"},
    {"release", SIM_EVENT_RELEASE, read_release, "[[RATE] to SIZE]"},
    {"cache", SIM_EVENT_CACHE, read_growth, "RATE to SIZE"},
    {"memory", SIM_EVENT_TARGET, read_target, "SIZE"},
    {"balloon", SIM_EVENT_BALLOON, read_balloon, "ok|stuck|no-driver|none"},
    {"stats", SIM_EVENT_STATS, read_switch, "on|off"},
    {"stats_period", SIM_EVENT_PERIOD, read_count, "S"},
    {"partial", SIM_EVENT_PARTIAL, read_switch, "on|off"},
    {"hang", SIM_EVENT_HUNG, read_switch, "on|off"},
    {"fail", SIM_EVENT_FAIL, read_calls, "none|pin,memory,period"},
};

int event_text_of_vm(const char *text, uint32_t pcpus, struct event_text *ret,
                     struct err *e)
{
    struct words w;
    size_t n = sizeof(verbs) / sizeof(verbs[0]);
    memset(ret, 0, sizeof(*ret));
    if (split(text, &w) < 0)
        return err_set(e, -EINVAL, "'%.80s' is empty or too long", text);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(verbs[i].word, w.word[0]) != 0)
            continue;
        ret->event.kind = verbs[i].kind;
        ret->event.vcpu = SIM_ALL_VCPUS;
        if (verbs[i].read(&w, pcpus, ret) == 0)
            return 0;
        return err_set(e, -EINVAL, "'%.80s' is not understood; allowed: %s %s", text,
                       verbs[i].word, verbs[i].form);
    }
    err_set(e, 0, "unknown event '%.40s'; allowed: ", w.word[0]);
    for (size_t i = 0, used = strlen(e->text); i < n && used < sizeof(e->text); i++)
        used += (size_t)snprintf(e->text + used, sizeof(e->text) - used, "%s%s",
                                 i > 0 ? ", " : "", verbs[i].word);
    return -EINVAL;
}

/* ---- of the host ---- */

static int read_host(const struct words *w, uint32_t pcpus, struct sim_event *ret)
{
    const char *verb = w->word[0];
    bool on = false;
    unsigned calls = 0;
    if (strcmp(verb, "load") == 0 && w->n == 3) {
        ret->kind = SIM_EVENT_LOAD;
        if (cpus_of(w->word[1], pcpus, &ret->cpus) < 0 ||
            value_share(w->word[2], &ret->number) < 0)
            return -EINVAL;
        return ret->number <= 1.0 ? 0 : -EINVAL;
    }
    if (w->n != 2)
        return -EINVAL;
    if (strcmp(verb, "used") == 0) {
        ret->kind = SIM_EVENT_USED;
        return value_size(w->word[1], &ret->kib);
    }
    if (strcmp(verb, "online") == 0 || strcmp(verb, "offline") == 0) {
        ret->kind = SIM_EVENT_ONLINE;
        ret->number = strcmp(verb, "online") == 0;
        return cpus_of(w->word[1], pcpus, &ret->cpus);
    }
    if (strcmp(verb, "outage") == 0 && value_bool(w->word[1], &on) == 0) {
        ret->kind = SIM_EVENT_OUTAGE;
        ret->number = on;
        return 0;
    }
    if (strcmp(verb, "fail") == 0 && event_text_calls(w->word[1], &calls) == 0) {
        ret->kind = SIM_EVENT_FAIL;
        ret->number = calls;
        return 0;
    }
    return -EINVAL;
}

int event_text_of_host(const char *text, uint32_t pcpus, struct sim_event *ret,
                       struct err *e)
{
    struct words w;
    memset(ret, 0, sizeof(*ret));
    ret->vm = SIZE_MAX;
    if (split(text, &w) == 0 && read_host(&w, pcpus, ret) == 0)
        return 0;
    return err_set(
        e, -EINVAL,
        "'%.80s' is not understood; allowed: load PCPUS SHARE, used SIZE, "
        "offline PCPUS, online PCPUS, outage on|off, fail none|pin,memory,period, "
        "set KEY VALUE",
        text);
}
