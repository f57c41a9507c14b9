# How our own programs are compiled. Nothing here touches the fewfit target, so none of it reaches a user.

option(FEWFIT_WERROR "Treat warnings in our own programs as errors" OFF)
set(FEWFIT_ARCH "" CACHE STRING "-march= of our own programs on x86-64; empty: the compiler's default")

find_package(Threads REQUIRED)
add_library(fewfit_flags INTERFACE)
if(MSVC)
  target_compile_options(fewfit_flags INTERFACE /W4 /utf-8 $<$<BOOL:${FEWFIT_WERROR}>:/WX>)
else()
  target_compile_options(fewfit_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                         $<$<BOOL:${FEWFIT_WERROR}>:-Werror>)
  if(FEWFIT_ARCH AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
    target_compile_options(fewfit_flags INTERFACE -march=${FEWFIT_ARCH})
  endif()
endif()

# A program of ours: fewfit_program(name source...).
function(fewfit_program name)
  add_executable(${name} ${ARGN})
  set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)  # what a unit is matters to most of them; tests/ says where not
  target_link_libraries(${name} PRIVATE fewfit::fewfit fewfit_flags Threads::Threads)
endfunction()

# The demonstration model, converted once a build. Tests, examples and benchmarks are handed its path.
set(FEWFIT_MODEL "" CACHE FILEPATH "A converted models/interviews; empty: convert it in this build")
function(fewfit_demonstration_model)
  if(TARGET fewfit_model)
    return()
  endif()
  if(FEWFIT_MODEL)
    add_custom_target(fewfit_model)
    set_property(TARGET fewfit_model PROPERTY FEWFIT_FILE "${FEWFIT_MODEL}")
    return()
  endif()
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  execute_process(COMMAND "${Python3_EXECUTABLE}" -c "import numpy, safetensors" RESULT_VARIABLE missing ERROR_QUIET)
  if(missing)
    message(FATAL_ERROR "The demonstration model is converted by ${Python3_EXECUTABLE}, which has no numpy or no "
                        "safetensors. Run ./check or ./quickstart once (they make build/venv) and add "
                        "-DPython3_EXECUTABLE=build/venv/bin/python, or name a converted file with -DFEWFIT_MODEL=.")
  endif()
  set(file "${PROJECT_BINARY_DIR}/interviews.fewfit")
  file(GLOB_RECURSE inputs CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/models/interviews/*"
                                             "${PROJECT_SOURCE_DIR}/tools/fewfit_convert/*.py")
  add_custom_command(OUTPUT "${file}" DEPENDS ${inputs} VERBATIM COMMENT "Converting models/interviews"
    COMMAND "${Python3_EXECUTABLE}" -B "${PROJECT_SOURCE_DIR}/tools/fewfit_convert"
            "${PROJECT_SOURCE_DIR}/models/interviews" -o "${file}")
  add_custom_target(fewfit_model ALL DEPENDS "${file}")
  set_property(TARGET fewfit_model PROPERTY FEWFIT_FILE "${file}")
endfunction()
