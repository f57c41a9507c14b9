// SPDX-License-Identifier: MIT
#pragma once
// Whole short words to ids in one step: a hash table that lies in the model file beside the trie.
//
// Most words of English text are tokens as they stand and fit into a 64-bit number, which is the key: one
// multiplication and nearly always one comparison, where a trie takes a step a letter, each waiting for the one
// before (1.4 to 1.6 times the speed on English). It holds every token of 1 to 7 ASCII bytes but those that begin
// with "##", so what it does not hold the trie has to cut.
// source  Knuth, The Art of Computer Programming 3, 6.4: multiplicative hashing, linear probing; docs/model_file.md.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fewfit/config.hpp"
#include "fewfit/strings.hpp"

namespace fewfit {
inline namespace v0 {

/// A view into the model file; without slots it holds nothing.
struct short_words {
  const std::uint64_t* keys = nullptr;  // [slots], 0 where a slot is empty
  const std::uint32_t* ids = nullptr;   // [slots]
  std::uint32_t slots = 0;              // a power of two, at least 2
  std::uint32_t shift = 63;             // 64 - log2(slots)
};

inline constexpr std::uint32_t no_token = 0xFFFFFFFFu;
inline constexpr std::size_t max_short_word_bytes = 7;

/// needs   slots a power of two, at least 2
inline short_words make_short_words(const std::uint64_t* keys, const std::uint32_t* ids,
                                    std::uint32_t slots) noexcept {
  short_words words{keys, ids, slots, 63};
  for (std::uint32_t n = slots; n > 2; n /= 2) --words.shift;
  return words;
}

/// The id of the word whose bytes are the number's, the first one lowest, or no_token.
/// needs   words_are_sound, key != 0
/// cost    one cache line of keys, nearly always; words_are_sound bounds it
inline std::uint32_t find(const short_words& words, std::uint64_t key) noexcept {
  // 2^64 over the golden ratio, of which the upper bits depend on all bits of the key.
  auto slot = static_cast<std::uint32_t>(key * 0x9E3779B97F4A7C15u >> words.shift);
  while (words.keys[slot] != key) {
    if (words.keys[slot] == 0) return no_token;
    slot = (slot + 1) & (words.slots - 1);
  }
  return words.ids[slot];
}

namespace detail {

/// The number that stands for a token, or 0 if the table does not hold tokens of this form.
inline std::uint64_t short_word_key(std::string_view token) noexcept {
  if (token.empty() || token.size() > max_short_word_bytes || token.substr(0, 2) == "##") return 0;
  std::uint64_t key = 0;
  for (std::size_t i = token.size(); i != 0; --i) {
    const auto byte = static_cast<unsigned char>(token[i - 1]);
    if (byte >= 0x80 || byte == 0) return 0;
    key = key << 8 | byte;
  }
  return key;
}

/// How many slots in a row may be taken: what a look-up may cost. The writer doubles a table that has more.
inline constexpr std::uint32_t max_taken_slots = 64;

/// Whether every look-up ends, `count` slots are taken, and the others are zero.
inline bool slots_are_sound(const short_words& words, std::uint32_t count) noexcept {
  if (count >= words.slots) return false;
  std::uint32_t taken = 0, in_a_row = 0, longest = 0, ids_of_empty = 0;
  for (std::uint32_t i = 0; i < words.slots; ++i) {
    const bool is_taken = words.keys[i] != 0;
    ids_of_empty |= is_taken ? 0 : words.ids[i];
    taken += is_taken ? 1 : 0;
    in_a_row = is_taken ? in_a_row + 1 : 0;
    longest = in_a_row > longest ? in_a_row : longest;
  }
  for (std::uint32_t i = 0; i < words.slots && words.keys[i] != 0; ++i) ++in_a_row;  // past the end
  longest = in_a_row > longest ? in_a_row : longest;
  return taken == count && ids_of_empty == 0 && longest <= max_taken_slots;
}

}  // namespace detail

/// Whether a table can be trusted and holds the short tokens of a string table with their ids, and nothing else.
///
/// needs   a sound string table; slots a power of two, at least 2
/// cost    one pass over the slots, one look-up a short token
inline bool words_are_sound(const short_words& words, const string_table& tokens) noexcept {
  std::uint32_t expected = 0;
  for (std::uint32_t id = 0; id < tokens.count; ++id) expected += detail::short_word_key(tokens[id]) != 0 ? 1 : 0;
  if (!detail::slots_are_sound(words, expected)) return false;
  for (std::uint32_t id = 0; id < tokens.count; ++id) {
    const std::uint64_t key = detail::short_word_key(tokens[id]);
    if (key != 0 && find(words, key) != id) return false;
  }
  return true;
}

}  // namespace v0
}  // namespace fewfit
