// SPDX-License-Identifier: MIT
#pragma once
// A utf8proc that answers nonsense for every code point that Unicode 9 did not know: what the library must not ask.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include <utf8proc.h>

#include "test_files.hpp"

namespace support {

inline bool is_known_to_unicode_9(utf8proc_int32_t c) {
  static const std::set<utf8proc_int32_t> known = [] {
    std::set<utf8proc_int32_t> out;
    const auto hex = [](const nlohmann::json& j) { return std::stoi(j.get<std::string>(), nullptr, 16); };
    const nlohmann::json j = nlohmann::json::parse(read_file("tests/data/unicode_9.json"));
    for (const nlohmann::json& range : j.at("assigned"))
      for (int code_point = hex(range[0]); code_point <= hex(range[1]); ++code_point) out.insert(code_point);
    return out;
  }();
  return known.count(c) != 0;
}

inline utf8proc_ssize_t wrong_decompose_char(utf8proc_int32_t c, utf8proc_int32_t* out, utf8proc_ssize_t size,
                                             utf8proc_option_t options, int* boundary) {
  if (is_known_to_unicode_9(c)) return utf8proc_decompose_char(c, out, size, options, boundary);
  out[0] = 'x', out[1] = ' ';
  return 2;
}

inline utf8proc_int32_t wrong_tolower(utf8proc_int32_t c) {
  return is_known_to_unicode_9(c) ? utf8proc_tolower(c) : 'x';
}

inline const utf8proc_property_t* wrong_get_property(utf8proc_int32_t c) {
  return utf8proc_get_property(is_known_to_unicode_9(c) ? c : 0x301);
}

}  // namespace support
