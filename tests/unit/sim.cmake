# The simulator: its model against known cases, scenario files, the runner.
vmbalance_unit_test(test_sim_share sim_model)
vmbalance_unit_test(test_sim_cpu sim_run)
vmbalance_unit_test(test_sim_guest sim_model)
vmbalance_unit_test(test_sim_scenario sim_scenario)
vmbalance_unit_test(test_sim_run sim_run)
foreach(test test_sim_share test_sim_cpu test_sim_guest)
  target_link_libraries(${test} PRIVATE m)
endforeach()

vmbalance_unit_test(test_sim_rescale sim_run)
target_sources(test_sim_rescale PRIVATE ${CMAKE_SOURCE_DIR}/sim/simhost/rescale.c)

vmbalance_unit_test(test_sim_recorded sim_run)
target_link_libraries(test_sim_recorded PRIVATE sim_recorded recording wire m)
