// SPDX-License-Identifier: MIT
#pragma once
// Standard output with every failure noticed, and numbers that survive the round trip.

#include <string>
#include <string_view>

namespace tool {

/// Writes one line and its "\n". Throws output_closed where nobody reads any more, else a failure (a full disk).
void write_line(std::string_view line);

/// Hands everything over to the reader.
void flush();

/// The shortest decimal that reads back as the same number.
void append_number(std::string& out, float number);
void append_number(std::string& out, double number);

/// So many digits behind the point.
std::string rounded(double number, int digits);

}  // namespace tool
