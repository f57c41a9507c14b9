# fewfit_embed_model(target file [NAME name]) puts a model file into a program, which then needs none beside it:
#
#   fewfit_embed_model(game models/moods.fewfit)
#
#   #include "moods_model.hpp"
#   auto model = load_moods();          // a fewfit::result<fewfit::model>, like that of model::load
#
# The name is that of the file, unless NAME says otherwise. With cl.exe there is no way to copy a file into an object:
# there a program loads it (or is built by clang-cl).

function(fewfit_embed_model target file)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "NAME" "")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "fewfit_embed_model: what is ${arg_UNPARSED_ARGUMENTS}? Say fewfit_embed_model(target file [NAME name])")
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "MSVC")
    message(FATAL_ERROR "fewfit_embed_model: cl.exe cannot put a file into an object; load ${file} with model::load")
  endif()
  cmake_path(ABSOLUTE_PATH file NORMALIZE OUTPUT_VARIABLE FILE)
  if(FILE MATCHES "[\"\\]")
    message(FATAL_ERROR "fewfit_embed_model: ${FILE} has a quote or a backslash in its name")
  endif()
  cmake_path(GET file STEM NAME)
  if(arg_NAME)
    set(NAME "${arg_NAME}")
  endif()
  string(MAKE_C_IDENTIFIER "${NAME}" NAME)
  set(directory "${CMAKE_CURRENT_BINARY_DIR}/${target}.embedded")
  foreach(kind cpp hpp)
    configure_file("${CMAKE_CURRENT_FUNCTION_LIST_DIR}/embedded_model.${kind}.in" "${directory}/${NAME}_model.${kind}" @ONLY)
  endforeach()
  # Link-time optimisation does not see what an assembler defines.
  set_source_files_properties("${directory}/${NAME}_model.cpp" PROPERTIES
    OBJECT_DEPENDS "${FILE}" COMPILE_OPTIONS -fno-lto SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(${target} PRIVATE "${directory}/${NAME}_model.cpp")
  target_include_directories(${target} PRIVATE "${directory}")
endfunction()
