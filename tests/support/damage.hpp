// SPDX-License-Identifier: MIT
#pragma once
// One way in which a model file can be wrong, what the reader must say of it, and the nearest file that is right.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "fewfit/result.hpp"
#include "tiny_reference.hpp"

namespace support {

using file_maker = std::function<std::string()>;

struct damage {
  std::string name;
  fewfit::errc code;
  std::string where;
  file_maker spoilt;
  file_maker neighbour = {};                              // empty: the tiny model as it is
  fewfit::errc neighbour_code = fewfit::errc::none;     // where no small file can be right: what is wrong next
  bool only_full = false;                               // verify::structure lets it pass, and must not crash on it
};

/// Of the parts, before sections are made of them.
inline file_maker parts(const std::function<void(tiny_parts&)>& edit) {
  return [edit] {
    tiny_parts p = tiny_model();
    edit(p);
    return tiny_file(with_self_test(p)).bytes();
  };
}

/// Of the sections; checksums are made afterwards.
inline file_maker sections(const std::function<void(tiny_file&)>& edit) {
  return [edit] {
    tiny_file f = tiny_sections();
    edit(f);
    return f.bytes();
  };
}

/// Of the finished file, whose checksums are set right again.
inline file_maker repaired(const std::function<void(std::string&)>& edit) {
  return [edit] {
    std::string bytes = tiny_bytes();
    edit(bytes);
    repair(bytes);
    return bytes;
  };
}

/// Of the finished file, whose checksums stay as they were.
inline file_maker raw(const std::function<void(std::string&)>& edit) {
  return [edit] {
    std::string bytes = tiny_bytes();
    edit(bytes);
    return bytes;
  };
}

template <class T>
file_maker field(const std::string& name, T value, std::size_t index = 0) {
  return sections([=](tiny_file& f) { f.set(name, value, index); });
}

}  // namespace support
