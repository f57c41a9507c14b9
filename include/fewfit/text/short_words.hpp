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
#include <cstring>
#include <string_view>

#include "fewfit/config.hpp"
#include "fewfit/strings.hpp"

namespace fewfit {
inline namespace v0 {

/// A view into the model file; without slots it holds nothing.
struct short_words {
  const std::uint64_t* keys = nullptr;  // [slot_count], 0 where a slot is empty
  const std::uint32_t* ids = nullptr;   // [slot_count]
  std::uint32_t slot_count = 0;         // a power of two, at least 2
  std::uint32_t shift = 63;             // 64 - log2(slot_count)
};

inline constexpr std::uint32_t no_token = 0xFFFFFFFFu;
inline constexpr std::size_t max_short_word_bytes = 7;

/// needs   slots a power of two, at least 2
inline short_words make_short_words(const std::uint64_t* keys, const std::uint32_t* ids,
                                    std::uint32_t slot_count) noexcept {
  short_words words{keys, ids, slot_count, 63};
  for (std::uint32_t n = slot_count; n > 2; n /= 2) --words.shift;
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
    slot = (slot + 1) & (words.slot_count - 1);
  }
  return words.ids[slot];
}

namespace detail {

/// The number that stands for a token, or 0 if the table does not hold tokens of this form.
/// needs   what lies between the token and `end` can be read
inline std::uint64_t short_word_key(std::string_view token, const char* end) noexcept {
  if (token.empty() || token.size() > max_short_word_bytes) return 0;
  const std::uint64_t ones = 0x0101010101010101u, beyond = ~std::uint64_t{0} << 8 * token.size();
  std::uint64_t key = 0;
  if (end - token.data() >= 8)  // one load, where as many as there are bytes would be a loop of unforeseen length
    std::memcpy(&key, token.data(), 8);
  else
    std::memcpy(&key, token.data(), token.size());
  key &= ~beyond;
  const bool has_zero = (((key | beyond) - ones) & ~(key | beyond) & ones << 7) != 0;
  const bool is_ascii = (key & ones << 7) == 0, continues = (key & 0xFFFFu) == 0x2323u;  // "##"
  return has_zero || !is_ascii || continues ? 0 : key;
}

/// How many slots in a row may be taken: what a look-up may cost. The writer doubles a table that has more.
inline constexpr std::uint32_t max_taken_slots = 64;

/// Whether every look-up ends and empty slots are zero; counts the others.
inline bool slots_are_sound(const short_words& words, std::uint32_t& taken) noexcept {
  std::uint32_t in_a_row = 0, longest = 0, ids_of_empty = 0;
  taken = 0;
  for (std::uint32_t i = 0; i < words.slot_count; ++i) {
    const bool is_taken = words.keys[i] != 0;
    ids_of_empty |= is_taken ? 0 : words.ids[i];
    taken += is_taken ? 1 : 0;
    in_a_row = is_taken ? in_a_row + 1 : 0;
    longest = in_a_row > longest ? in_a_row : longest;
  }
  for (std::uint32_t i = 0; i < words.slot_count && words.keys[i] != 0; ++i) ++in_a_row;  // past the end
  longest = in_a_row > longest ? in_a_row : longest;
  return taken < words.slot_count && ids_of_empty == 0 && longest <= max_taken_slots;
}

}  // namespace detail

/// Whether a table can be trusted and holds the short tokens of a string table with their ids, and nothing else.
///
/// needs   a sound string table; slots a power of two, at least 2
/// cost    one pass over the slots, one look-up a short token
inline bool words_are_sound(const short_words& words, const string_table& tokens) noexcept {
  std::uint32_t taken = 0, expected = 0;
  if (!detail::slots_are_sound(words, taken)) return false;
  const char* const end = tokens.count == 0 ? nullptr : tokens.pool + tokens.offsets[tokens.count];
  bool found = true;
  for (std::uint32_t id = 0; id < tokens.count; ++id) {
    const std::uint64_t key = detail::short_word_key(tokens[id], end);
    if (key == 0) continue;
    ++expected;
    found &= find(words, key) == id;
  }
  return found && taken == expected;
}

}  // namespace v0
}  // namespace fewfit
