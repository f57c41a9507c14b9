// SPDX-License-Identifier: MIT
#pragma once
// What differs between systems, and the only `#if` of this program is in platform.cpp.

#include <cstddef>
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

/// Whether a person types at standard input.
bool stdin_is_terminal();

/// A key at that terminal, at once and without showing it: its byte, 0 for one that sends several, EOF at the end.
/// Ctrl-C is a key, so that no terminal stays as it is for the while. Lines before it have been read to their end.
int read_key();

/// Bytes of a regular file, 0 where that cannot be known.
unsigned long long size_of(std::FILE* file);

/// Whether both names lead to one file, which exists.
bool same_file(const std::string& one, const std::string& other);

/// Whether there is something of this name that is no file of bytes: a folder, a device, a pipe.
bool is_no_regular_file(const std::string& path);

/// Bytes that become a file at once or not at all: they go into a file with a name of its own in the same folder,
/// which takes the final name, and the permissions of a file that had it, when all of it is on the disk.
///
/// What goes wrong is told as errno; nothing is left behind then, and what had the final name still has it.
class new_file {
 public:
  /// needs   a name in UTF-8. Makes the file, so that a folder nobody can write to is known early; `ok` tells
  explicit new_file(const std::string& path);
  new_file(const new_file&) = delete;
  new_file& operator=(const new_file&) = delete;
  ~new_file();

  bool ok() const { return handle_ >= 0; }
  /// Once. False, and errno, where that fails.
  bool finish(const void* bytes, std::size_t size);

 private:
  std::string path_, temporary_;
  int handle_ = -1;
};

}  // namespace tool
