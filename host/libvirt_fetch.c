/* libvirt_fetch.c - the facts of one domain.  None of these calls needs the domain's
 * job or its QEMU, but each takes a round trip, so the worker makes them under the
 * watchdog and only for what is marked. */
#include "host/libvirt_backend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int fetch_xml(struct session *s, virDomainPtr dom, unsigned flags,
                     struct domain_xml *ret)
{
    if (!session_call_begin(s, LIBVIRT_CALL_LIMIT_NS))
        return -EIO;
    char *text = virDomainGetXMLDesc(dom, flags);
    int r =
        session_call_end(s) && text != NULL ? domain_xml_parse(text, ret, NULL) : -EIO;
    free(text);
    return r;
}

static void to_cpuset(const unsigned char *map, int length, struct cpuset *ret)
{
    cpuset_clear(ret);
    for (int cpu = 0; cpu < 8 * length && cpu < (int)CPUSET_MAX; cpu++)
        if (VIR_CPU_USED(map, cpu))
            cpuset_add(ret, (uint32_t)cpu);
}

static int fetch_affinity(struct session *s, virDomainPtr dom, uint32_t vcpus_max,
                          struct domain_facts *ret)
{
    int length = VIR_CPU_MAPLEN((int)CPUSET_MAX);
    unsigned char *maps = calloc(vcpus_max, (size_t)length);
    ret->affinity = calloc(vcpus_max, sizeof(*ret->affinity));
    int r = maps != NULL && ret->affinity != NULL ? 0 : -ENOMEM;
    if (r == 0 && !session_call_begin(s, LIBVIRT_CALL_LIMIT_NS))
        r = -EIO;
    if (r == 0) {
        unsigned flags =
            s->backend->imaginary ? VIR_DOMAIN_AFFECT_CURRENT : VIR_DOMAIN_AFFECT_LIVE;
        int n = virDomainGetVcpuPinInfo(dom, (int)vcpus_max, maps, length, flags);
        r = session_call_end(s) && n >= 0 ? 0 : -EIO;
        for (int i = 0; i < n && r == 0; i++)
            to_cpuset(VIR_GET_CPUMAP(maps, length, i), length, &ret->affinity[i]);
        ret->naffinity = r == 0 ? (size_t)n : 0;
    }
    free(maps);
    return r;
}

/* What numad chose is nowhere in the XML, but where the emulator may run tells, as long
 * as it has no pin of its own. */
static void fetch_auto_cpus(struct session *s, virDomainPtr dom,
                            struct domain_facts *ret)
{
    unsigned char map[VIR_CPU_MAPLEN(CPUSET_MAX)] = {0};
    int length = (int)sizeof(map);
    if (!ret->live.placement_auto || ret->live.has_emulatorpin ||
        !session_call_begin(s, LIBVIRT_CALL_LIMIT_NS))
        return;
    int n = virDomainGetEmulatorPinInfo(dom, map, length, VIR_DOMAIN_AFFECT_LIVE);
    if (session_call_end(s) && n > 0) {
        to_cpuset(map, length, &ret->auto_cpus);
        ret->has_auto_cpus = !cpuset_empty(&ret->auto_cpus);
    }
}

/* A transient domain has no persistent configuration; its inactive XML would show live
 * pins, which are not law. */
static int fetch_law(struct session *s, virDomainPtr dom, struct domain_facts *ret)
{
    if (!session_call_begin(s, LIBVIRT_CALL_LIMIT_NS))
        return -EIO;
    int persistent = virDomainIsPersistent(dom);
    if (!session_call_end(s) || persistent < 0)
        return -EIO;
    ret->persistent = persistent == 1;
    return ret->persistent ? fetch_xml(s, dom, VIR_DOMAIN_XML_INACTIVE, &ret->law) : 0;
}

int session_fetch(struct session *s, virDomainPtr dom, enum domain_stale what,
                  uint32_t vcpus_max, struct domain_facts *ret)
{
    memset(ret, 0, sizeof(*ret));
    int r = 0;
    if (what == DOMAIN_STALE_ALL) {
        r = fetch_xml(s, dom, 0, &ret->live);
        vcpus_max = ret->live.vcpus_max;
        if (r == 0)
            r = fetch_law(s, dom, ret);
        if (r == 0)
            fetch_auto_cpus(s, dom, ret);
    }
    if (r == 0)
        r = fetch_affinity(s, dom, vcpus_max > 0 ? vcpus_max : 1, ret);
    if (r < 0)
        domain_facts_fini(ret);
    return r < 0 ? -EIO : 0;
}
