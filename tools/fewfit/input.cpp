// SPDX-License-Identifier: MIT
#include "input.hpp"

#include <cerrno>
#include <cstring>

#include "common.hpp"
#include "platform.hpp"

namespace tool {

line_reader::line_reader(const std::string& path)
    : file_(path == "-" ? stdin : open_for_reading(path)), name_(path == "-" ? "<stdin>" : path) {
  if (!file_) throw failure(bad_file, name_ + ": " + std::strerror(errno));
  bytes_in_all_ = size_of(file_.get());
}

// Not fread: it waits for a full buffer, and a program that talks to us through a pipe waits for its answer.
bool line_reader::next(std::string& line) {
  line.clear();
  errno = 0;
  int c = 0;
  while ((c = std::getc(file_.get())) != EOF) {
    ++bytes_read_;
    if (c == '\n') return true;
    line += static_cast<char>(c);
  }
  if (std::ferror(file_.get())) throw failure(bad_file, name_ + ": " + std::strerror(errno));
  return !line.empty();
}

}  // namespace tool
