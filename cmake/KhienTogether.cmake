# Sources of a target compiled several at a time (a unity build): whoever builds everything anew spends half the
# time. Not for daily work, where one changed line would compile its neighbours, too.
option(KHIEN_TOGETHER "Compile the sources of a target several at a time" OFF)

# Sources with names of their own that a neighbour has as well, which only works for each by itself. Whoever gets
# "redefinition of …" from a build of this kind renames one of the two, or adds it here.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/alone.txt)
file(STRINGS ${CMAKE_SOURCE_DIR}/cmake/alone.txt KHIEN_ALONE REGEX "^[^#]")

# khien_together(TARGET), after its sources are known.
function(khien_together target)
  if(NOT KHIEN_TOGETHER)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    cmake_path(ABSOLUTE_PATH source OUTPUT_VARIABLE path)
    cmake_path(RELATIVE_PATH path BASE_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE name)
    if(name IN_LIST KHIEN_ALONE)
      set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
  endforeach()
endfunction()
