# Compiler and linker flags of every target: warnings, assertions, sanitizers, hardening.
find_package(Threads REQUIRED)

add_library(khien_flags INTERFACE)
target_include_directories(khien_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_link_libraries(khien_flags INTERFACE Threads::Threads)
target_compile_options(khien_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -fno-omit-frame-pointer)
target_compile_definitions(khien_flags INTERFACE _GLIBCXX_ASSERTIONS)

option(KHIEN_WERROR "Warnings are errors" ON)
# Instrumentation hides value ranges from the compiler, which then warns of conversions that are fine:
# warnings are errors only where nothing is instrumented.
if(KHIEN_WERROR AND NOT KHIEN_SANITIZE)
  target_compile_options(khien_flags INTERFACE -Werror)
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these inside its own library at -O2 (GCC bugs 105329, 105562, 107852).
  target_compile_options(khien_flags INTERFACE -Wno-restrict -Wno-error=maybe-uninitialized
    -Wno-error=stringop-overflow -Wno-error=array-bounds -Wno-error=dangling-pointer)
endif()

if(KHIEN_SANITIZE)
  target_compile_options(khien_flags INTERFACE -Wno-conversion -Wno-sign-conversion)
  target_compile_options(khien_flags INTERFACE -fsanitize=${KHIEN_SANITIZE}
    -fno-sanitize-recover=all)
  target_link_options(khien_flags INTERFACE -fsanitize=${KHIEN_SANITIZE})
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Release")
  # Hardening as Debian builds its own packages.
  target_compile_options(khien_flags INTERFACE -g1 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
    -fstack-protector-strong -fstack-clash-protection)
  target_link_options(khien_flags INTERFACE -Wl,-z,relro -Wl,-z,now)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  target_link_options(khien_flags INTERFACE $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)
endif()

# A program is bound to what it calls, not to all that its modules could call.
target_link_options(khien_flags INTERFACE -Wl,--as-needed)

find_program(KHIEN_CCACHE ccache)
if(KHIEN_CCACHE)
  # As ccache wants it where headers are precompiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${KHIEN_CCACHE})
endif()
find_program(KHIEN_MOLD mold)
if(KHIEN_MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT KHIEN_LTO)
  target_link_options(khien_flags INTERFACE -fuse-ld=mold)
endif()
