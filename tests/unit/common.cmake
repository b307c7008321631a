vmbalance_unit_test(test_cpuset cpuset)
vmbalance_unit_test(test_settings common)
vmbalance_unit_test(test_wire wire)
vmbalance_unit_test(test_bus bus)
