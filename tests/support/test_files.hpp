// SPDX-License-Identifier: MIT
#pragma once
// Files of the repository, by their path from its top, which the build names.

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "stop.hpp"

#if !defined(FEWFIT_SOURCE_DIR)
#define FEWFIT_SOURCE_DIR "."
#endif

namespace support {

inline std::string read_file(const std::string& path) {
  std::ifstream file(std::string(FEWFIT_SOURCE_DIR) + "/" + path, std::ios::binary);
  if (!file) stop(std::runtime_error("cannot open " + path));
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace support
