# cmake -DOUT=file.cpp -DFOLDER=dir -P EmbedTexts.cmake : writes a C++ source with every file of FOLDER as a string
# literal, found by name through khien::pages::embedded_NAME (NAME = the folder's name).
get_filename_component(name ${FOLDER} NAME)
file(GLOB files ${FOLDER}/*)
list(SORT files)
set(source "// Generated from ${name}/ by cmake/EmbedTexts.cmake.\n#include \"pages/embedded.h\"\n\n")
string(APPEND source "namespace khien::pages {\n\nstd::string_view embedded_${name}(std::string_view name) noexcept {\n")
foreach(path IN LISTS files)
  get_filename_component(file ${path} NAME)
  file(READ ${path} text)
  string(APPEND source "  if (name == \"${file}\") return R\"khientext(${text})khientext\";\n")
endforeach()
string(APPEND source "  return {};\n}\n\n}  // namespace khien::pages\n")
file(WRITE ${OUT} "${source}")
