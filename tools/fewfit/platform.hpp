// SPDX-License-Identifier: MIT
#pragma once
// What differs between systems, and the only `#if` of this program is in platform.cpp.

#include <cstdio>
#include <string>
#include <vector>

namespace tool {

/// The arguments in UTF-8. Also makes standard input and output binary, so that no byte is changed on its way.
std::vector<std::string> prepare(int argc, char** argv);

/// Opens a file whose name is UTF-8 for reading bytes. Null, and errno, where that fails.
std::FILE* open_for_reading(const std::string& path);

/// Whether a person is looking at standard error.
bool stderr_is_terminal();

/// Whether standard output is a terminal that colours can be sent to; Windows' is asked to obey them.
bool stdout_shows_colours();

/// Bytes of a regular file, 0 where that cannot be known.
unsigned long long size_of(std::FILE* file);

}  // namespace tool
