// SPDX-License-Identifier: MIT
#pragma once
// A folder of one's own that goes when its owner does.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <system_error>

namespace support {

/// A path of its name in UTF-8, which C++20 wants in characters of another type.
inline std::filesystem::path path_of(const std::string& utf8) {
#if defined(__cpp_char8_t)
  return std::u8string(utf8.begin(), utf8.end());
#else
  return std::filesystem::u8path(utf8);
#endif
}

class temporary_folder {
 public:
  temporary_folder() {
    std::random_device random;
    do path_ = std::filesystem::temp_directory_path() / ("fewfit-tests-" + std::to_string(random()));
    while (!std::filesystem::create_directory(path_));
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  /// A name in the folder, in UTF-8.
  std::string name(const std::string& file) const {
    const auto utf8 = (path_ / path_of(file)).u8string();
    return {utf8.begin(), utf8.end()};
  }
  /// A file with these bytes; returns its name.
  std::string file(const std::string& file_name, std::string_view bytes) const {
    std::ofstream out(path_of(name(file_name)), std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) std::abort();
    return name(file_name);
  }

 private:
  std::filesystem::path path_;
};

}  // namespace support
