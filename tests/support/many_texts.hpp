// SPDX-License-Identifier: MIT
#pragma once
// Texts of all kinds for a tiny model, and answers compared to the bit.

#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "fewfit/api.hpp"
#include "tiny_model.hpp"

namespace support {

/// A hundred texts of 0 to 12 words: more than one task takes, some longer than the model looks at.
inline const std::vector<std::string_view>& many_texts() {
  static const std::vector<std::string> storage = [] {
    const std::vector<std::string> words = {"good",     "bad",    "day",           "not",  "very",
                                            "gooddays", "!",      tiny_words::mir, "?",    tiny_words::net,
                                            "new york", "[USER]", "[MASK]",        "\xFF", tiny_words::middle,
                                            "ab1",      "#"};
    std::vector<std::string> out;
    std::mt19937 random(3);
    for (std::size_t i = 0; i < 100; ++i) {
      std::string text;
      for (std::size_t n = i % 13; n > 0; --n) {
        text += words[random() % words.size()];  // a statement for each number: compilers differ in operands' order
        text += random() % 4 == 0 ? "" : " ";
      }
      out.push_back(text);
    }
    return out;
  }();
  static const std::vector<std::string_view> views(storage.begin(), storage.end());
  return views;
}

inline bool same(const fewfit::prediction& a, const fewfit::prediction& b) {
  return a.label == b.label && std::memcmp(&a.probability, &b.probability, sizeof a.probability) == 0 &&
         a.index == b.index && a.tokens == b.tokens && a.truncated == b.truncated && a.status == b.status;
}

inline bool same(const std::vector<fewfit::prediction>& a, const std::vector<fewfit::prediction>& b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
    if (!same(a[i], b[i])) return false;
  return a.size() == b.size();
}

}  // namespace support
