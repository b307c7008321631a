# How targets are made here: one INTERFACE target carries flags, and one function per kind.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

add_library(vmbalance-options INTERFACE)
target_include_directories(vmbalance-options INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
target_compile_definitions(vmbalance-options INTERFACE _GNU_SOURCE)
target_compile_options(vmbalance-options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wvla -Wstrict-prototypes -Wmissing-prototypes
  -Wformat=2 -Wundef -Wpointer-arith)
if(VMBALANCE_WERROR)
  target_compile_options(vmbalance-options INTERFACE -Werror)
endif()
if(VMBALANCE_SANITIZE)
  target_compile_options(vmbalance-options INTERFACE -fsanitize=${VMBALANCE_SANITIZE}
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(vmbalance-options INTERFACE -fsanitize=${VMBALANCE_SANITIZE})
endif()
if(VMBALANCE_HARDEN)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  target_compile_options(vmbalance-options INTERFACE -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
  target_link_options(vmbalance-options INTERFACE -pie -Wl,-z,relro,-z,now)
endif()

# A policy: pure code that links nothing.  tests/architecture checks its undefined symbols
# against a short list, so that a clock, a log or a file cannot creep in.
function(vmbalance_pure_library name)
  add_library(${name} STATIC ${ARGN})
  target_link_libraries(${name} PRIVATE vmbalance-options)
  set_property(GLOBAL APPEND PROPERTY VMBALANCE_PURE_LIBRARIES ${name})
endfunction()

# A library of ours that may use others.
function(vmbalance_library name)
  add_library(${name} STATIC ${ARGN})
  target_link_libraries(${name} PUBLIC vmbalance-options)
endfunction()

# A program, put into build/bin and installed under DESTINATION.
function(vmbalance_program name destination)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE vmbalance-options)
  install(TARGETS ${name} RUNTIME DESTINATION ${destination})
endfunction()

# A unit test: tests/unit/<name>.c linked with the libraries named after it.
function(vmbalance_unit_test name)
  add_executable(${name} ${CMAKE_SOURCE_DIR}/tests/unit/${name}.c)
  target_link_libraries(${name} PRIVATE vmbalance-options ${ARGN} ${CMOCKA_LIBRARY})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME unit.${name} COMMAND ${name})
  set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()

# A second name for a program: a symbolic link beside it, here and where it is installed.
function(vmbalance_alias program alias)
  add_custom_command(TARGET ${program} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -E create_symlink ${program} ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${alias})
  install(CODE "file(CREATE_LINK ${program}
    \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBEXECDIR}/vmbalance/${alias}\" SYMBOLIC)")
endfunction()
