# Replies made up for the tests, and a stand-in for the monitor that serves them.
add_library(ctl_fixture STATIC ${CMAKE_SOURCE_DIR}/tests/unit/test_ctl_fixture.c
  ${CMAKE_SOURCE_DIR}/tests/unit/test_ctl_fake.c)
target_link_libraries(ctl_fixture PUBLIC vmbalance-options ctl Threads::Threads)

vmbalance_unit_test(test_ctl_ask ctl_fixture)
vmbalance_unit_test(test_ctl_health ctl_fixture)
vmbalance_unit_test(test_ctl_json ctl_fixture)
vmbalance_unit_test(test_ctl_render ctl_fixture)
vmbalance_unit_test(test_ctl_text ctl_fixture)

vmbalance_unit_test(test_ctl_cli ctl_fixture)
target_compile_definitions(test_ctl_cli PRIVATE VMCTL="$<TARGET_FILE:vmctl>")
add_dependencies(test_ctl_cli vmctl)
