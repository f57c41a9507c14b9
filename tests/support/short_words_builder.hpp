// SPDX-License-Identifier: MIT
#pragma once
// Builds the hash table that text/short_words.hpp reads, by the rules of docs/model_file.md, "Short words".

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fewfit/text/short_words.hpp"

namespace support {

struct short_words_table {
  std::vector<std::uint64_t> keys;
  std::vector<std::uint32_t> ids;

  fewfit::short_words view() const {
    return fewfit::make_short_words(keys.data(), ids.data(), static_cast<std::uint32_t>(keys.size()));
  }
};

/// The bytes of a token as a number, the first lowest; 0 for a token that does not belong into the table.
inline std::uint64_t key_of(const std::string& token) {
  std::uint64_t key = 0;
  if (token.size() > 7 || token.compare(0, 2, "##") == 0) return 0;
  for (std::size_t i = 0; i != token.size(); ++i) {
    const auto byte = static_cast<unsigned char>(token[i]);
    if (byte == 0 || byte > 0x7F) return 0;
    key += std::uint64_t{byte} << (8 * i);
  }
  return key;
}

/// Tokens by id, into the first free slot each; as many slots as keep it at most half full.
inline short_words_table build_short_words(const std::vector<std::string>& tokens) {
  std::size_t count = 0, slots = 2;
  unsigned shift = 63;
  for (const std::string& token : tokens) count += key_of(token) != 0 ? 1 : 0;
  for (; slots < 2 * count; slots *= 2) --shift;
  short_words_table table{std::vector<std::uint64_t>(slots), std::vector<std::uint32_t>(slots)};
  for (std::size_t id = 0; id != tokens.size(); ++id) {
    const std::uint64_t key = key_of(tokens[id]);
    if (key == 0) continue;
    std::size_t slot = (key * 0x9E3779B97F4A7C15u) >> shift;
    while (table.keys[slot] != 0) slot = (slot + 1) % slots;
    table.keys[slot] = key;
    table.ids[slot] = static_cast<std::uint32_t>(id);
  }
  return table;
}

}  // namespace support
