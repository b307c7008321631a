/* domain_xml.c - reading of domain XML, by XPath. */
#include "host/domain_xml.h"
#include "host/xml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* cpu_shares as libvirt takes them; anything else is as good as unset. */
#define SHARES_LEAST 2U
#define SHARES_MOST 262144U

static int parse_cpuset(xmlChar *text, const char *where, struct cpuset *ret,
                        struct err *e)
{
    int r = text != NULL ? cpuset_parse((const char *)text, ret) : -EINVAL;
    if (r < 0)
        err_set(e, r, "bad CPU list in %s: '%.64s'", where,
                text != NULL ? (const char *)text : "");
    xmlFree(text);
    return r;
}

static int parse_vcpu(const struct xml *x, struct domain_xml *d, struct err *e)
{
    uint64_t max = 1;
    int r = xml_u64(x, "/domain/vcpu", &max);
    if (r == -EINVAL || r == -ERANGE || max == 0 || max > SNAPSHOT_VCPUS_MAX)
        return err_set(e, -EINVAL, "bad number of vCPUs (at most %d)",
                       SNAPSHOT_VCPUS_MAX);
    d->vcpus_max = (uint32_t)max;
    d->placement_auto = xml_has(x, "/domain/vcpu[@placement='auto']");
    xmlXPathObjectPtr found = xml_nodes(x, "/domain/vcpu[@cpuset]");
    if (found == NULL)
        return 0;
    r = parse_cpuset(xml_attribute(found->nodesetval->nodeTab[0], "cpuset"), "<vcpu>",
                     &d->cpuset, e);
    d->has_cpuset = r == 0;
    xmlXPathFreeObject(found);
    return r;
}

static int by_vcpu(const void *a, const void *b)
{
    const struct domain_pin *x = a, *y = b;
    return (x->vcpu > y->vcpu) - (x->vcpu < y->vcpu);
}

static int parse_pin(xmlNodePtr node, struct domain_pin *ret, struct err *e)
{
    uint64_t vcpu;
    if (xml_attribute_u64(node, "vcpu", &vcpu) < 0 || vcpu >= SNAPSHOT_VCPUS_MAX)
        return err_set(e, -EINVAL, "bad vCPU number in <vcpupin>");
    ret->vcpu = (uint32_t)vcpu;
    return parse_cpuset(xml_attribute(node, "cpuset"), "<vcpupin>", &ret->pcpus, e);
}

static int parse_pins(const struct xml *x, struct domain_xml *d, struct err *e)
{
    xmlXPathObjectPtr found = xml_nodes(x, "/domain/cputune/vcpupin");
    if (found == NULL)
        return 0;
    int n = found->nodesetval->nodeNr, r = 0;
    if (n > SNAPSHOT_VCPUS_MAX)
        r = err_set(e, -EINVAL, "more than %d <vcpupin>", SNAPSHOT_VCPUS_MAX);
    else if ((d->pins = calloc((size_t)n, sizeof(*d->pins))) == NULL)
        r = err_set(e, -ENOMEM, "out of memory");
    for (int i = 0; i < n && r == 0; i++, d->npins += r == 0 ? 1 : 0)
        r = parse_pin(found->nodesetval->nodeTab[i], &d->pins[i], e);
    xmlXPathFreeObject(found);
    if (r < 0)
        return r;
    qsort(d->pins, d->npins, sizeof(*d->pins), by_vcpu);
    for (size_t i = 1; i < d->npins; i++)
        if (d->pins[i].vcpu == d->pins[i - 1].vcpu)
            return err_set(e, -EINVAL, "vCPU %u has two <vcpupin>", d->pins[i].vcpu);
    return 0;
}

static void parse_balloon(const struct xml *x, struct domain_xml *d)
{
    if (!xml_has(x, "/domain/devices/memballoon[starts-with(@model, 'virtio')]"))
        return;
    d->balloon = SNAPSHOT_BALLOON_VIRTIO;
    d->period_s.has = true;
    uint64_t period;
    if (xml_u64(x, "/domain/devices/memballoon/stats/@period", &period) == 0)
        d->period_s.value = period;
}

/* Adds up an element of all virtio-mem devices; libvirt prints KiB always. */
static uint64_t sum_virtio_mem(const struct xml *x, const char *expression)
{
    xmlXPathObjectPtr found = xml_nodes(x, expression);
    uint64_t sum = 0;
    for (int i = 0; found != NULL && i < found->nodesetval->nodeNr; i++) {
        xmlChar *text = xmlNodeGetContent(found->nodesetval->nodeTab[i]);
        uint64_t kib = text != NULL ? strtoull((const char *)text, NULL, 10) : 0;
        sum = kib > UINT64_MAX - sum ? UINT64_MAX : sum + kib;
        xmlFree(text);
    }
    xmlXPathFreeObject(found);
    return sum;
}

static void parse_memory(const struct xml *x, struct domain_xml *d)
{
    d->hostdev =
        xml_has(x, "/domain/devices/hostdev[@type='pci' or @type='mdev']"
                   " | /domain/devices/interface[@type='hostdev' or @type='vdpa']");
    d->hugepages = xml_has(x, "/domain/memoryBacking/hugepages");
    d->locked = xml_has(x, "/domain/memoryBacking/locked | /domain/launchSecurity");
    d->virtio_mem_kib =
        sum_virtio_mem(x, "/domain/devices/memory[@model='virtio-mem']/target/size");
    d->virtio_mem_current_kib =
        sum_virtio_mem(x, "/domain/devices/memory[@model='virtio-mem']/target/current");
}

int domain_xml_parse(const char *text, struct domain_xml *ret, struct err *e)
{
    memset(ret, 0, sizeof(*ret));
    struct xml x;
    int r = xml_open(text, "domain", &x, e);
    if (r < 0)
        return r;
    uint64_t shares;
    if (xml_u64(&x, "/domain/cputune/shares", &shares) == 0 && shares >= SHARES_LEAST &&
        shares <= SHARES_MOST)
        ret->cpu_shares = (struct opt_u64){.value = shares, .has = true};
    ret->has_emulatorpin = xml_has(&x, "/domain/cputune/emulatorpin");
    parse_balloon(&x, ret);
    parse_memory(&x, ret);
    r = parse_vcpu(&x, ret, e);
    if (r == 0)
        r = parse_pins(&x, ret, e);
    xml_close(&x);
    if (r < 0)
        domain_xml_fini(ret);
    return r;
}

void domain_xml_fini(struct domain_xml *d)
{
    free(d->pins);
    memset(d, 0, sizeof(*d));
}
