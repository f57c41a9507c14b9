# The same two programs, however fewfit was found.
enable_testing()
add_executable(header_only "${CMAKE_CURRENT_LIST_DIR}/header_only.cpp")
add_executable(light "${CMAKE_CURRENT_LIST_DIR}/light_main.cpp" "${CMAKE_CURRENT_LIST_DIR}/light_other.cpp"
                     "${CMAKE_CURRENT_LIST_DIR}/light_implementation.cpp")
foreach(program header_only light)
  target_link_libraries(${program} PRIVATE fewfit::fewfit)
  add_test(NAME ${program} COMMAND ${program} "${FEWFIT_MODEL}")
endforeach()

# And one that carries its model inside.
if(NOT MSVC)
  add_executable(embedded "${CMAKE_CURRENT_LIST_DIR}/embedded.cpp")
  target_link_libraries(embedded PRIVATE fewfit::fewfit)
  fewfit_embed_model(embedded "${FEWFIT_MODEL}" NAME inside)
  add_test(NAME embedded COMMAND embedded)
endif()

# Flags that are ours must not have come along.
get_target_property(options fewfit::fewfit INTERFACE_COMPILE_OPTIONS)
get_target_property(definitions fewfit::fewfit INTERFACE_COMPILE_DEFINITIONS)
if(options OR definitions)
  message(FATAL_ERROR "fewfit::fewfit sets compile options (${options}) or definitions (${definitions})")
endif()
