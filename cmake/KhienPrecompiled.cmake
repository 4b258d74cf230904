# Precompiled headers, built once for all modules and once for all tests, because most of a small file's compile
# time is the standard library and GoogleTest. Each source still includes what it uses: `./khien lint --alone`
# compiles them without.
option(KHIEN_PRECOMPILED "Use precompiled headers" ON)

# khien_precompiled(TARGET WHICH): TARGET uses the headers of WHICH, `library` or `test`.
# Not for the programs that ship where code is position-independent: theirs (-fPIE) is another kind than that of
# modules (-fPIC).
function(khien_precompiled target which)
  get_target_property(type ${target} TYPE)
  set(is_other_kind OFF)
  if(CMAKE_POSITION_INDEPENDENT_CODE AND type STREQUAL EXECUTABLE AND NOT which STREQUAL test)
    set(is_other_kind ON)
  endif()
  if(KHIEN_PRECOMPILED AND NOT is_other_kind)
    target_precompile_headers(${target} REUSE_FROM khien_precompiled_${which})
  endif()
endfunction()

# khien_precompile(WHICH HEADERS … LINK …): makes what khien_precompiled(… WHICH) uses.
function(khien_precompile which)
  cmake_parse_arguments(ARG "" "" "HEADERS;LINK" ${ARGN})
  set(source ${CMAKE_BINARY_DIR}/precompiled_${which}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "")
  add_library(khien_precompiled_${which} OBJECT ${source})
  target_link_libraries(khien_precompiled_${which} PRIVATE khien_flags ${ARG_LINK})
  target_precompile_headers(khien_precompiled_${which} PRIVATE ${ARG_HEADERS})
endfunction()

if(KHIEN_PRECOMPILED)
  set(common <algorithm> <array> <chrono> <cstdint> <cstring> <functional> <map> <memory> <optional>
    <set> <span> <string> <string_view> <thread> <unordered_map> <utility> <variant> <vector> <fmt/format.h>
    <tl/expected.hpp>)
  khien_precompile(library HEADERS ${common} LINK fmt::fmt tl::expected)
  if(KHIEN_TESTS)
    khien_precompile(test HEADERS ${common} <gtest/gtest.h> LINK fmt::fmt tl::expected GTest::gtest)
    khien_test_code(khien_precompiled_test)
  endif()
endif()
