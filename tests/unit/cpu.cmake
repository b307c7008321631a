# The CPU policy: tables, the oracle, the closed loop; a benchmark that prints.
vmbalance_unit_test(test_cpu_demand cpu_policy cpuset)
vmbalance_unit_test(test_cpu_placement cpu_policy cpuset)
vmbalance_unit_test(test_cpu_policy cpu_policy cpuset)
vmbalance_unit_test(test_cpu_policy_life cpu_policy cpuset)

add_executable(bench_cpu_policy ${CMAKE_SOURCE_DIR}/tests/unit/bench_cpu_policy.c)
target_link_libraries(bench_cpu_policy PRIVATE vmbalance-options cpu_policy cpuset)
set_target_properties(bench_cpu_policy PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

add_test(NAME mutants.cpu COMMAND ${CMAKE_SOURCE_DIR}/tests/mutants/cpu.sh ${CMAKE_SOURCE_DIR})
set_tests_properties(mutants.cpu PROPERTIES LABELS mutants TIMEOUT 900 SKIP_RETURN_CODE 77)
