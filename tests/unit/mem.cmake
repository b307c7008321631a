# The memory policy: parts, closed loop against a small model, random worlds.
vmbalance_unit_test(test_mem_need mem_policy)
vmbalance_unit_test(test_mem_allocation mem_policy)
vmbalance_unit_test(test_mem_policy mem_policy)
vmbalance_unit_test(test_mem_cases mem_policy)
vmbalance_unit_test(test_mem_property mem_policy)

add_test(NAME mutants.mem COMMAND ${CMAKE_SOURCE_DIR}/tests/mutants/mem.sh ${CMAKE_SOURCE_DIR})
set_tests_properties(mutants.mem PROPERTIES LABELS mutants TIMEOUT 900 SKIP_RETURN_CODE 77)
