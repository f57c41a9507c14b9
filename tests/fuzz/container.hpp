// SPDX-License-Identifier: MIT
#pragma once
// A model or head file as a fuzzer changes it: sections that are edited, resized, exchanged, doubled and dropped,
// then put together again with sizes that agree; checksums are set right. Else every change would end at the first.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "fewfit/io/crc32c.hpp"
#include "support/tiny_model.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace fuzz {

using random_numbers = std::minstd_rand;

template <class T>
T get(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}
using support::put;
using support::up_to_64;

/// Sets checksums right, and nothing else: what the sizes say is looked at, not believed.
inline void repair(unsigned char* file, std::size_t size) {
  static const fewfit::crc32c_function sum = fewfit::fastest_crc32c();
  support::repair(file, size, [](std::string_view s) {
    return ~sum(~0u, reinterpret_cast<const unsigned char*>(s.data()), s.size());
  });
}

class container {
 public:
  /// False where the bytes are none: whoever wants to go on takes another file.
  bool read(std::string_view file) {
    sections_.clear();
    if (file.size() < 128) return false;
    header_ = file.substr(0, 64);
    const std::size_t count = get<std::uint32_t>(file, 28);
    if (count == 0 || count > 64 || up_to_64(count * 16) > file.size() - 64) return false;
    std::size_t at = 64 + up_to_64(count * 16);
    for (std::size_t i = 0; i < count; ++i) {
      const auto size = get<std::uint64_t>(file, 72 + 16 * i);
      if (size > file.size() - at || up_to_64(size) > file.size() - at) return false;
      sections_.push_back({get<std::uint32_t>(file, 64 + 16 * i), std::string(file.substr(at, size))});
      at += up_to_64(size);
    }
    return true;
  }

  /// Without checksums: whoever gives it to the loader repairs them anyway.
  std::string write() const {
    std::string out = header_;
    out.resize(64 + up_to_64(sections_.size() * 16));
    for (std::size_t i = 0; i < sections_.size(); ++i) {
      put(out, 64 + 16 * i, sections_[i].type);
      put(out, 72 + 16 * i, std::uint64_t{sections_[i].body.size()});
      out += sections_[i].body;
      out.resize(up_to_64(out.size()));
    }
    put(out, 16, std::uint64_t{out.size()});
    put(out, 28, static_cast<std::uint32_t>(sections_.size()));
    return out;
  }

  /// One change, which may be none.
  void change(random_numbers& random, const container& other) {
    section& one = sections_[random() % sections_.size()];
    switch (random() % 16) {
      case 0: return resize(one, random);
      case 1: std::swap(one, sections_[random() % sections_.size()]); return;
      case 2: return exchange(one, random, other);
      case 3: return change_header(random);
      case 4: one.type = random() % 8 != 0 ? random() % 16 : number(random); return;
      case 5: return change_order(random);
      case 6:
      case 7:
      case 8: return let_fuzzer(one, random);
      case 9:
      case 10: return set<float>(one, random, fraction(random));
      case 11: return set<double>(one, random, static_cast<double>(fraction(random)));
      default: return set<std::uint32_t>(one, random, number(random));
    }
  }

  /// Sections of the other, here and there.
  void cross(random_numbers& random, const container& other) {
    for (section& one : sections_)
      if (random() % 3 == 0) exchange(one, random, other);
  }

 private:
  struct section {
    std::uint32_t type;
    std::string body;
  };

  static std::uint32_t number(random_numbers& random) {
    constexpr std::uint32_t interesting[] = {0,          1,          2,          3,          4,          5,
                                             15,         16,         17,         63,         64,         65,
                                             127,        128,        255,        256,        257,        4096,
                                             65535,      65536,      0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF,
                                             0x1FFFFFFF, 0x40000000, 0x20000000, 0x00FFFFFF, 0x01000000, 0xD800};
    constexpr std::size_t count = sizeof interesting / sizeof *interesting;
    return random() % 4 != 0 ? interesting[random() % count] : static_cast<std::uint32_t>(random());
  }
  static float fraction(random_numbers& random) {
    constexpr std::uint32_t bits[] = {0x7F800000, 0xFF800000, 0x7FC00000, 0x7F7FFFFF, 0xFF7FFFFF, 0x00000001,
                                      0x80000000, 0x00800000, 0x3F800000, 0x7E967699, 0x2B8CBCCC, 0x5F000000};
    float out;
    std::memcpy(&out, &bits[random() % 12], sizeof out);
    return out;
  }
  /// Half of the changes go to a section's first 128 bytes, where its numbers are.
  template <class T>
  static void set(section& s, random_numbers& random, T value) {
    const std::size_t end = random() % 2 == 0 ? std::min<std::size_t>(s.body.size(), 128) : s.body.size();
    if (end < sizeof(T)) return;
    const std::size_t at = random() % (end / sizeof(T)) * sizeof(T);
    if (std::is_integral<T>::value && random() % 3 == 0)  // one more or less than what is there
      value = static_cast<T>(get<T>(s.body, at) + (random() % 2 == 0 ? T(1) : T(-1)));
    put(s.body, at, value);
  }
  static void resize(section& s, random_numbers& random) {
    const std::size_t much = random() % 4 == 0 ? random() % 4096 : random() % 130;
    s.body.resize(random() % 2 == 0 ? s.body.size() + much : s.body.size() - std::min(much, s.body.size()));
  }
  static void let_fuzzer(section& s, random_numbers& random) {
    if (s.body.empty()) return;
    const std::size_t at = random() % s.body.size(),
                      size = std::min<std::size_t>(s.body.size() - at, 1 + random() % 64);
    LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(&s.body[at]), size, size);
  }
  void exchange(section& one, random_numbers& random, const container& other) {
    if (other.sections_.empty()) return;
    const section& theirs = other.sections_[random() % other.sections_.size()];
    for (const section& same : other.sections_)
      if (same.type == one.type && random() % 8 != 0) return one.body = same.body, void();
    if (random() % 4 == 0) one = theirs;
  }
  void change_header(random_numbers& random) {
    const std::size_t at = 8 + random() % 8 * 4;
    put(header_, at, number(random));
  }
  void change_order(random_numbers& random) {
    const auto at = sections_.begin() + static_cast<std::ptrdiff_t>(random() % sections_.size());
    if (random() % 2 == 0 && sections_.size() > 1)
      sections_.erase(at);
    else if (sections_.size() < 40)
      sections_.insert(at, section(*at));
  }

  std::string header_;
  std::vector<section> sections_;
};

}  // namespace fuzz
