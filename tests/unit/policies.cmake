# What other systems would do: their published vectors, and the adapters over snapshots.
vmbalance_unit_test(test_policies_mom sim_baselines m)
vmbalance_unit_test(test_policies_proxmox sim_baselines)
vmbalance_unit_test(test_policies_xen sim_baselines m)
vmbalance_unit_test(test_policies_cpu sim_baselines)
vmbalance_unit_test(test_policies_shared sim_policies m)
vmbalance_unit_test(test_policies_adapters sim_policies)
