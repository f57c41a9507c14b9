# What is tested about the build itself: the sources' form, linking, consumers, other compilers and flags.

set(here "${CMAKE_CURRENT_LIST_DIR}")

function(fewfit_script_test name label)
  add_test(NAME ${name} COMMAND "${Python3_EXECUTABLE}" -B ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS "${label}" ENVIRONMENT PYTHONUTF8=1)
endfunction()

# --- form --------------------------------------------------------------------------------------------------------
fewfit_script_test(headers.layering lint "${PROJECT_SOURCE_DIR}/tools/check_includes.py")
foreach(rule ascii opening conditionals prose readme version)
  fewfit_script_test(sources.${rule} lint "${here}/lint.py" ${rule})
endforeach()

# --- linking -----------------------------------------------------------------------------------------------------
fewfit_program(two_units build/two_units/one.cpp build/two_units/other.cpp)
add_dependencies(two_units fewfit_model)
add_test(NAME build.two_units COMMAND two_units "${model}")
set_tests_properties(build.two_units PROPERTIES LABELS program)

if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND FEWFIT_BUILD_TOOLS AND FEWFIT_BUILD_EXAMPLES AND NOT CMAKE_CXX_FLAGS MATCHES sanitize)
  fewfit_script_test(build.linkage program "${here}/linkage.py" $<TARGET_FILE:fewfit_cli> $<TARGET_FILE:hello>
                     $<TARGET_FILE:batch> $<TARGET_FILE:no_exceptions> $<TARGET_FILE:own_job_system>)
endif()

get_target_property(eigen_directory Eigen3::Eigen INTERFACE_INCLUDE_DIRECTORIES)
if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang" AND NOT CMAKE_CXX_COMPILER_FRONTEND_VARIANT STREQUAL "MSVC")
  fewfit_script_test(build.refusals lint "${here}/refusals.py" "${CMAKE_CXX_COMPILER}" "${eigen_directory}")
endif()

option(FEWFIT_TEST_ALL "Register the tests that take minutes, too" OFF)
if(NOT FEWFIT_TEST_ALL)
  return()
endif()

# --- each header alone, with every compiler there is ------------------------------------------------------------
if(FEWFIT_ARCH AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(arch_flag -march=${FEWFIT_ARCH})
endif()
foreach(compiler g++ clang++)
  find_program(FEWFIT_${compiler} ${compiler})
  if(FEWFIT_${compiler})
    set(which)
    if(compilers)
      set(which --outermost)
    endif()
    list(APPEND compilers ${FEWFIT_${compiler}})
    foreach(flags "-std=c++20 -fno-exceptions -fno-rtti")
      string(REGEX REPLACE "[^a-z0-9+.]+" "_" name "headers.alone.${compiler}${flags}")
      fewfit_script_test(${name} dear "${here}/headers_alone.py" ${FEWFIT_${compiler}} "${eigen_directory}" ${which}
                         -std=c++17 ${arch_flag} "${flags}")
    endforeach()
  endif()
endforeach()
fewfit_script_test(build.compile_time dear "${here}/compile_time.py" "${CMAKE_CXX_COMPILER}" "${eigen_directory}")
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  fewfit_script_test(build.program_size dear "${here}/program_size.py" "${CMAKE_CXX_COMPILER}" "${eigen_directory}")
  set_tests_properties(build.program_size PROPERTIES SKIP_RETURN_CODE 77)
endif()

# --- consumers ---------------------------------------------------------------------------------------------------
set(prefix "${CMAKE_CURRENT_BINARY_DIR}/prefix")
add_test(NAME consumer.install COMMAND "${CMAKE_COMMAND}" --install "${PROJECT_BINARY_DIR}" --prefix "${prefix}")
set_tests_properties(consumer.install PROPERTIES LABELS dear FIXTURES_SETUP installed)

function(fewfit_consumer_test name source)
  add_test(NAME ${name} COMMAND "${CMAKE_CTEST_COMMAND}"
    --build-and-test "${source}" "${CMAKE_CURRENT_BINARY_DIR}/${name}" --build-generator "${CMAKE_GENERATOR}"
    --build-options "-DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}" "-DFEWFIT_MODEL=${model}" ${ARGN}
    --test-command "${CMAKE_CTEST_COMMAND}" --output-on-failure --no-tests=error)
  set_tests_properties(${name} PROPERTIES LABELS dear)
endfunction()

fewfit_consumer_test(consumer.add_subdirectory "${here}/consumer" "-DFEWFIT_SOURCE_DIR=${PROJECT_SOURCE_DIR}")
fewfit_consumer_test(consumer.find_package "${here}/consumer/installed" "-DCMAKE_PREFIX_PATH=${prefix}")
fewfit_script_test(consumer.pkg_config dear "${here}/pkg_config.py" "${CMAKE_CXX_COMPILER}" "${prefix}" "${model}")
set_tests_properties(consumer.find_package consumer.pkg_config PROPERTIES FIXTURES_REQUIRED installed)

find_program(FEWFIT_MESON meson)
if(FEWFIT_MESON)
  foreach(part suite subproject pkg_config)
    fewfit_script_test(meson.${part} dear "${here}/meson.py" ${part} "${FEWFIT_MESON}" "${model}"
                       "${CMAKE_CURRENT_BINARY_DIR}/meson.${part}" "${FEWFIT_ARCH}" "${breadth}")
  endforeach()
endif()

# --- one answer from every compiler and every flag ---------------------------------------------------------------
fewfit_script_test(build.digest_matrix dear "${here}/digest_matrix.py" "${eigen_directory}"
                   ${compilers})
set_tests_properties(build.digest_matrix PROPERTIES COST 500)  # minutes: not as the last one, alone

# --- a guest in other people's programs --------------------------------------------------------------------------
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND FEWFIT_g++)
  set(other_compiler)
  if(FEWFIT_clang++)
    set(other_compiler "${FEWFIT_clang++}")
  endif()
  fewfit_script_test(build.guest dear "${here}/guest.py" "${eigen_directory}" "${FEWFIT_g++}" ${other_compiler})
  set_tests_properties(build.guest PROPERTIES TIMEOUT 3600 COST 400)
endif()

# --- registers ---------------------------------------------------------------------------------------------------
# A cross compiler for the other processor where there is one; nothing it makes is run.
find_program(FEWFIT_aarch64_cross aarch64-linux-gnu-g++)
find_program(FEWFIT_OBJDUMP objdump)
if(FEWFIT_OBJDUMP AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(all_compilers ${compilers})
  if(FEWFIT_aarch64_cross)
    list(APPEND all_compilers "${FEWFIT_aarch64_cross}")
  endif()
  fewfit_script_test(build.spills dear "${here}/spills.py" "${eigen_directory}" ${all_compilers})
endif()

# --- the tokenizer whatever surrounds it, and whatever it is given -------------------------------------------------
fewfit_script_test(build.surroundings dear "${here}/surroundings.py" ${compilers})
fewfit_program(linear_time time/linear_time.cpp)
target_compile_definitions(linear_time PRIVATE FEWFIT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
target_link_libraries(linear_time PRIVATE nlohmann_json::nlohmann_json)
add_test(NAME time.linear COMMAND linear_time)
set_tests_properties(time.linear PROPERTIES LABELS dear)

# --- other builds of the same suite ------------------------------------------------------------------------------
# Their folders stay, so that the next run compiles what has changed. The models are this build's.
function(fewfit_leg preset run)
  add_test(NAME suite.${preset} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" COMMAND sh -c
    "cmake --preset ${preset} -DFEWFIT_MODEL='${model}' -DFEWFIT_BREADTH='${breadth}' \
       -DPython3_EXECUTABLE='${Python3_EXECUTABLE}' && \
     cmake --build --preset ${preset} && \
     '${Python3_EXECUTABLE}' -B '${here}/skipped.py' ${run}")
  set_tests_properties(suite.${preset} PROPERTIES LABELS dear TIMEOUT 3600 COST 1000)
endfunction()
# Clang's sanitizers, because its compiler takes a third of g++'s time with them, and so the suite sees both compilers.
find_program(FEWFIT_clang++ clang++)
if(FEWFIT_clang++)
  fewfit_leg(asan "preset build/asan asan")
endif()
# What the standard library checks of itself, in the newest language, without exceptions and types at run time. Where
# those are off a failed REQUIRE does not end its case: what follows may crash, which is as red.
if(FEWFIT_g++)
  fewfit_leg(strict "preset build/strict strict")
endif()

# Five minutes each of new inputs; recorded runs are longer (SECURITY.md).
if(FEWFIT_clang++)
  foreach(target model_file texts)
    fewfit_script_test(fuzz.${target} dear "${here}/../fuzz/run.py" ${target} --seconds 300 --compiler
                       "${FEWFIT_clang++}" --eigen "${eigen_directory}" --folder "${PROJECT_BINARY_DIR}/fuzz")
    set_tests_properties(fuzz.${target} PROPERTIES TIMEOUT 1800 COST 600)
  endforeach()
endif()

# Valgrind knows AVX2 but not AVX-512, so it sees the build for x86-64-v3, seventy times as slow: without the cases that
# are exhaustive, which would take it hours. It runs one thread at a time, in turn, or threads that wait would not end.
find_program(FEWFIT_VALGRIND valgrind)
if(FEWFIT_VALGRIND)
  add_test(NAME suite.valgrind COMMAND "${Python3_EXECUTABLE}" -B "${here}/skipped.py" cases
           "${FEWFIT_VALGRIND}" -q --error-exitcode=1 --leak-check=full --fair-sched=yes --
           $<TARGET_FILE:fewfit_tests> "${here}/exhaustive.txt")
  set_tests_properties(suite.valgrind PROPERTIES LABELS dear TIMEOUT 3600 COST 500)
endif()

# Races between threads are seen by ThreadSanitizer, however right the answers are: plan.cpp's case on threads and
# thread_pool.cpp's short calls passed while arenas and pool lacked their memory orders, and it reported both.
if(FEWFIT_clang++)
  fewfit_leg(tsan "cases -- build/tsan/tests/fewfit_thread_tests")
endif()
