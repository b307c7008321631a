# host/: XML, procfs and statistics parsing, and the live API against test:///default.
foreach(test domain_xml topology procfs cache live)
  vmbalance_unit_test(test_host_${test} host)
  target_compile_definitions(test_host_${test} PRIVATE
    HOST_TEST_DATA="${CMAKE_CURRENT_SOURCE_DIR}/unit/data/host")
endforeach()
vmbalance_unit_test(test_host_stats host PkgConfig::LIBVIRT)
set_tests_properties(unit.test_host_live PROPERTIES ENVIRONMENT
  "TSAN_OPTIONS=suppressions=${CMAKE_CURRENT_SOURCE_DIR}/unit/data/host_tsan.supp")

# For checks by hand on real guests.
add_executable(host_probe ${CMAKE_SOURCE_DIR}/tests/unit/host_probe.c)
target_link_libraries(host_probe PRIVATE vmbalance-options host)
set_target_properties(host_probe PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
