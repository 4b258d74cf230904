# khien_module(NAME SOURCES … [TESTS …] [DEPS …] [LINK …] [TEST_LINK …] [TEST_LABELS unit])
#   Makes the library khien::NAME from src/NAME and, with TESTS, the program khien_NAME_test, which
#   CTest runs as one test under TEST_LABELS. DEPS are modules of ours (tools/tidy compares them with
#   tools/layers.txt); LINK are third-party targets.
# khien_test(NAME SOURCES … DEPS … LABELS … [LINK …])
#   One more test program, for tests with other labels: contract, integration, threads, scenario.
# khien_app(NAME SOURCES … DEPS … [LINK …])
#   A program in apps/NAME: main.cpp and wiring only.

function(khien_prefixed out)
  set(result "")
  foreach(dep IN LISTS ARGN)
    list(APPEND result khien::${dep})
  endforeach()
  set(${out} ${result} PARENT_SCOPE)
endfunction()

# Code of tests: in a release build less is optimised, for time to compile, and it is position-independent as
# their precompiled headers are.
function(khien_test_code target)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(${target} PRIVATE -O1 -fPIC)
  endif()
endfunction()

function(khien_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPS;LINK;LABELS" ${ARGN})
  if(NOT KHIEN_TESTS)
    return()
  endif()
  khien_prefixed(deps ${ARG_DEPS})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE khien_flags ${deps} ${ARG_LINK} GTest::gmock GTest::gtest
    GTest::gtest_main)
  khien_precompiled(${name} test)
  khien_together(${name})
  khien_test_code(${name})
  # Tests may read the shared data beside the repository; where it is absent they skip and say so.
  target_compile_definitions(${name} PRIVATE
    KHIEN_SOURCE_DIR="${CMAKE_SOURCE_DIR}" KHIEN_BINARY_DIR="${CMAKE_BINARY_DIR}")
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
    WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()

function(khien_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;TESTS;DEPS;LINK;TEST_LINK;TEST_LABELS" ${ARGN})
  add_library(khien_${name} STATIC ${ARG_SOURCES})
  add_library(khien::${name} ALIAS khien_${name})
  khien_prefixed(deps ${ARG_DEPS})
  target_link_libraries(khien_${name} PUBLIC khien_flags ${deps} ${ARG_LINK})
  khien_precompiled(khien_${name} library)
  khien_together(khien_${name})
  if(ARG_TESTS)
    if(NOT ARG_TEST_LABELS)
      set(ARG_TEST_LABELS unit)
    endif()
    khien_test(khien_${name}_test SOURCES ${ARG_TESTS} DEPS ${name} LINK ${ARG_TEST_LINK}
      LABELS ${ARG_TEST_LABELS})
  endif()
endfunction()

function(khien_app name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LINK" ${ARGN})
  khien_prefixed(deps ${ARG_DEPS})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE khien_flags ${deps} ${ARG_LINK})
  khien_precompiled(${name} library)
  khien_together(${name})
endfunction()

# khien_fuzz(NAME DEPS …): fuzz/NAME.cpp with the corpus fuzz/corpus/NAME. In the fuzz preset it is the
# libFuzzer program fuzz_NAME, elsewhere replay_NAME; the corpus is replayed as an ordinary test in every build but
# that of release.
function(khien_fuzz name)
  cmake_parse_arguments(ARG "" "" "DEPS;LINK" ${ARGN})
  khien_prefixed(deps ${ARG_DEPS})
  set(corpus ${CMAKE_SOURCE_DIR}/fuzz/corpus/${name})
  if(KHIEN_FUZZ)
    set(program fuzz_${name})
    set(replay ${program} -runs=0 ${corpus})
    add_executable(${program} ${name}.cpp)
    target_link_options(${program} PRIVATE -fsanitize=fuzzer)
  elseif(KHIEN_TESTS AND NOT CMAKE_BUILD_TYPE STREQUAL "Release")
    set(program replay_${name})
    set(replay ${program} ${corpus})
    add_executable(${program} ${name}.cpp replay_main.cpp)
  else()
    return()
  endif()
  target_link_libraries(${program} PRIVATE khien_flags ${deps} ${ARG_LINK})
  khien_precompiled(${program} library)
  if(KHIEN_TESTS)
    add_test(NAME replay_${name} COMMAND ${replay})
    set_tests_properties(replay_${name} PROPERTIES LABELS unit)
  endif()
endfunction()
