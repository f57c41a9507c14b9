# Finds utf8proc and makes the target utf8proc::utf8proc.
#
# Debian ships utf8proc without a CMake package, so its two files are looked for where the package is absent.
# utf8proc_USE_STATIC_LIBS asks for the archive; where there is none, the shared library serves.

if(NOT utf8proc_USE_STATIC_LIBS)
  find_package(utf8proc CONFIG QUIET)
endif()
if(NOT TARGET utf8proc::utf8proc)
  find_path(utf8proc_INCLUDE_DIR utf8proc.h)
  find_library(utf8proc_LIBRARY NAMES utf8proc utf8proc_static)
  find_library(utf8proc_ARCHIVE NAMES libutf8proc.a utf8proc_static)
  mark_as_advanced(utf8proc_INCLUDE_DIR utf8proc_LIBRARY utf8proc_ARCHIVE)
  if(utf8proc_USE_STATIC_LIBS AND utf8proc_ARCHIVE)
    set(utf8proc_chosen "${utf8proc_ARCHIVE}")
  else()
    set(utf8proc_chosen "${utf8proc_LIBRARY}")
  endif()
  include(FindPackageHandleStandardArgs)
  find_package_handle_standard_args(utf8proc REQUIRED_VARS utf8proc_chosen utf8proc_INCLUDE_DIR)
  if(utf8proc_FOUND)
    add_library(utf8proc::utf8proc UNKNOWN IMPORTED)
    set_target_properties(utf8proc::utf8proc PROPERTIES
      IMPORTED_LOCATION "${utf8proc_chosen}" INTERFACE_INCLUDE_DIRECTORIES "${utf8proc_INCLUDE_DIR}")
    if(utf8proc_chosen MATCHES "\\.a$|static")
      # Without it the header declares imports, which an archive does not satisfy on Windows.
      set_target_properties(utf8proc::utf8proc PROPERTIES INTERFACE_COMPILE_DEFINITIONS UTF8PROC_STATIC)
    endif()
  endif()
endif()
