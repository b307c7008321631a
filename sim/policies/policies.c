/* policies.c - the list. */
#include "sim/policies/policies.h"

#include "sim/policies/adapter_cpu.h"
#include "sim/policies/adapter_mem.h"
#include "sim/policies/adapter_xen.h"

const struct sim_policy *sim_policies(size_t *ret_n)
{
    static const struct sim_policy list[] = {
        {"mom", "memory: oVirt's MOM, each guest by itself, +-5 % per 10 s",
         mom_policy_create, mom_policy_destroy, mom_policy_decide},
        {"proxmox", "memory: Proxmox auto-ballooning, host at 80 %, 100 MiB per 10 s",
         proxmox_policy_create, proxmox_policy_destroy, proxmox_policy_decide},
        {"squeezed",
         "memory: Xen's squeezed, all guests at the same share of their range",
         squeezed_policy_create, squeezed_policy_destroy, squeezed_policy_decide},
        {"qmemman", "memory: Qubes' qmemman, 1.3 times what each guest uses",
         qmemman_policy_create, qmemman_policy_destroy, qmemman_policy_decide},
        {"irqbalance", "CPU: irqbalance's passes with vCPUs as interrupts, every 10 s",
         irqbalance_policy_create, irqbalance_policy_destroy, irqbalance_policy_decide},
        {"lxd", "CPU: LXD, the CPUs with the fewest pins, on start and stop only",
         lxd_policy_create, lxd_policy_destroy, lxd_policy_decide},
    };
    *ret_n = sizeof(list) / sizeof(list[0]);
    return list;
}
