// SPDX-License-Identifier: MIT
#pragma once
// Lines of a file or of standard input, as they are.

#include <cstdio>
#include <memory>
#include <string>

namespace tool {

class line_reader {
 public:
  /// Opens `path`, "-" for standard input. Throws a failure that names it.
  explicit line_reader(const std::string& path);

  /// The next line without its "\n"; false at the end. A last line without "\n" counts. Throws on a read error.
  bool next(std::string& line);

  const std::string& name() const { return name_; }
  unsigned long long bytes_read() const { return bytes_read_; }
  unsigned long long bytes_in_all() const { return bytes_in_all_; }  // 0 where it cannot be known

 private:
  struct closer {
    void operator()(std::FILE* file) const {
      if (file != stdin) std::fclose(file);
    }
  };
  std::unique_ptr<std::FILE, closer> file_;
  std::string name_;
  unsigned long long bytes_read_ = 0, bytes_in_all_ = 0;
};

}  // namespace tool
