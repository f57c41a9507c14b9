// SPDX-License-Identifier: MIT
#include "output.hpp"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "common.hpp"

namespace tool {
namespace {

[[noreturn]] void give_up() {
  if (errno == EPIPE) throw output_closed{};
  throw failure(bad_file, std::string("cannot write: ") + std::strerror(errno));
}

template <class Number>
void append_shortest(std::string& out, Number number) {
  char digits[40];
  const auto end = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, static_cast<std::size_t>(end.ptr - digits));
}

}  // namespace

void write_line(std::string_view line) {
  if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() || std::putc('\n', stdout) == EOF) give_up();
}

void flush() {
  if (std::fflush(stdout) != 0) give_up();
}

void append_number(std::string& out, float number) { append_shortest(out, number); }
void append_number(std::string& out, double number) { append_shortest(out, number); }

std::string rounded(double number, int digits) {
  char out[400];  // the largest number has 309 before it
  std::snprintf(out, sizeof out, "%.*f", digits, number);
  return out;
}

}  // namespace tool
