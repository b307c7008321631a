/* report.c - freeing reports, and the one wording of an action. */
#include "common/report.h"

#include <stdio.h>
#include <stdlib.h>

void report_fini(struct report *r)
{
    if (r == NULL)
        return;
    free(r->actions);
    free(r->cpu.pcpus);
    free(r->cpu.vcpus);
    free(r->mem.guests);
    memset(r, 0, sizeof(*r));
}

const char *report_actor_name(enum report_actor a)
{
    switch (a) {
    case REPORT_ACTOR_CPU:
        return "cpu_actor";
    case REPORT_ACTOR_MEM:
        return "mem_actor";
    default:
        return "none";
    }
}

static int format_what(const struct report_action *a, char *buf, size_t size)
{
    char from[CPUSET_TEXT_MAX], to[CPUSET_TEXT_MAX];
    switch (a->kind) {
    case REPORT_PIN:
        return snprintf(buf, size, "pin vm=%s vcpu=%u pcpus=%s->%s", a->name, a->vcpu,
                        cpuset_format(&a->from_pcpus, from, sizeof(from)),
                        cpuset_format(&a->to_pcpus, to, sizeof(to)));
    case REPORT_SET_MEMORY:
        return snprintf(buf, size, "set-memory vm=%s mib=%llu->%llu", a->name,
                        (unsigned long long)(a->from_value / 1024),
                        (unsigned long long)(a->to_value / 1024));
    case REPORT_STATS_PERIOD:
        return snprintf(buf, size, "stats-period vm=%s s=%llu->%llu", a->name,
                        (unsigned long long)a->from_value,
                        (unsigned long long)a->to_value);
    }
    return snprintf(buf, size, "unknown action vm=%s", a->name);
}

char *report_action_format(const struct report_action *a, char *buf, size_t size)
{
    int n = format_what(a, buf, size);
    if (n < 0 || (size_t)n >= size)
        return buf;
    size_t used = (size_t)n;
    const char *result = a->dry_run ? "dry-run" : a->error == 0 ? "ok" : "failed";
    n = snprintf(buf + used, size - used, " result=%s reason=\"%s\"", result,
                 a->reason);
    used += n > 0 ? (size_t)n : 0;
    if (a->error != 0 && !a->dry_run && used < size)
        snprintf(buf + used, size - used, " error=\"%s\"", a->error_text);
    return buf;
}
