// SPDX-License-Identifier: MIT
#pragma once
// Sixty texts with labels for a tiny model to learn, and what its heads say.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "call_faults.hpp"
#include "many_texts.hpp"
#include "memory.hpp"
#include "tiny_head.hpp"

namespace support {

using texts_view = fewfit::span<const std::string_view>;

inline const tiny_loaded& taught_body() {
  static const tiny_loaded m(tiny());
  return m;
}

/// Texts with words, and a label for each by what it says.
struct taught_texts {
  std::vector<std::string_view> texts, labels;
  taught_texts() {
    for (const std::string_view text : many_texts()) {
      const bool is_utf8 = text.find('\xFF') == text.npos;  // for texts that are kept
      if (texts.size() == 60 || !is_utf8 || taught_body()->tokenize(text).ids.size() == 2) continue;
      texts.push_back(text);
      labels.push_back(text.find("good") != text.npos ? "praise" : text.find("bad") != text.npos ? "blame" : "other");
    }
  }
  texts_view some(std::size_t first, std::size_t n) const { return {texts.data() + first, n}; }
  texts_view labels_of(std::size_t first, std::size_t n) const { return {labels.data() + first, n}; }
  /// The labels as a head numbers them.
  std::vector<std::uint32_t> numbers() const {
    std::vector<std::uint32_t> out;
    for (const std::string_view label : labels) out.push_back(label == "blame" ? 0 : label == "other" ? 1 : 2);
    return out;
  }
};

inline const taught_texts& lessons() {
  static const taught_texts all;
  return all;
}

/// Probabilities of all texts.
inline std::vector<double> says(const fewfit::head& h) {
  const auto vectors = taught_body()->encode(texts_view(many_texts())).value();
  std::vector<double> out(many_texts().size() * h.probabilities_size());
  REQUIRE(h.predict_proba(vectors, out) == fewfit::errc::none);
  return out;
}

inline double farthest(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::fabs(a[i] - b[i]));
  return worst;
}

inline std::string file_of(const fewfit::head& h) {
  return {reinterpret_cast<const char*>(h.contents().data), h.contents().size};
}

/// Where a section of a head's file begins, by its place in the directory.
inline std::size_t section_begin(const std::string& file, std::size_t section) {
  std::size_t at = 128;
  for (std::size_t i = 0; i < section; ++i)
    at += up_to_64(static_cast<std::size_t>(get<std::uint64_t>(file, 72 + 16 * i)));
  return at;
}

/// What is said of a taught head's file in which a number of a section was changed: 1 is the head, 3 the examples.
template <class T>
fewfit::error taught_head_error(std::size_t section, std::size_t at, T value) {
  const std::string_view texts[] = {"good", "bad"}, labels[] = {"a", "b"};
  fewfit::teach_options options;
  options.keep_texts = true;
  std::string file = file_of(*taught_body()->teach(texts, labels, options));
  put(file, section_begin(file, section) + at, value);
  repair(file);
  return head_error(file, *taught_body());
}

}  // namespace support
