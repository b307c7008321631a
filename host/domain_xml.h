/* domain_xml.h - what a domain's XML says that matters here.  Pure: text in, numbers
 * out. */
#ifndef HOST_DOMAIN_XML_H
#define HOST_DOMAIN_XML_H

#include "common/cpuset.h"
#include "common/err.h"
#include "common/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One <vcpupin>. */
struct domain_pin {
    uint32_t vcpu;
    struct cpuset pcpus;
};

struct domain_xml {
    uint32_t
        vcpus_max; /* <vcpu>: the ceiling of vCPU numbers, 1 .. SNAPSHOT_VCPUS_MAX */
    bool placement_auto; /* <vcpu placement='auto'>: numad chose the pCPUs */
    bool has_cpuset;     /* <vcpu cpuset=..> is there */
    struct cpuset cpuset;
    bool has_emulatorpin;
    struct domain_pin *pins; /* ascending by vCPU, no vCPU twice */
    size_t npins;
    struct opt_u64 cpu_shares;
    enum snapshot_balloon balloon;
    struct opt_u64 period_s; /* absent without a balloon; 0 = statistics are off */
    bool hostdev;            /* a device that pins guest memory: VFIO, mediated, vDPA */
    bool hugepages;
    bool locked; /* <locked/>, or a launch security that locks all the same */
    uint64_t virtio_mem_kib; /* sizes of virtio-mem devices: not the balloon's */
    uint64_t virtio_mem_current_kib; /* of that, plugged now */
};

/* Reads a domain's XML, live or inactive.  Elements that are missing leave their zero.
 * Returns 0 (domain_xml_fini() ret); -EINVAL or -E2BIG for XML that is malformed, not a
 * <domain>, or has a number or CPU list that cannot be; -ERANGE for a CPU list beyond
 * CPUSET_MAX; -ENOMEM.  e says which.  On failure ret is zeroed. */
int domain_xml_parse(const char *text, struct domain_xml *ret, struct err *e);

/* Frees what it owns and zeroes it; a zeroed one is fine. */
void domain_xml_fini(struct domain_xml *d);

#endif
