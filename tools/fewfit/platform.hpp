// SPDX-License-Identifier: MIT
#pragma once
// The three things that differ between systems, and the only `#if` of this program is in platform.cpp.

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

/// Bytes of a regular file, 0 where that cannot be known.
unsigned long long size_of(std::FILE* file);

}  // namespace tool
