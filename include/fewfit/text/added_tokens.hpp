// SPDX-License-Identifier: MIT
#pragma once
// Tokens that are found in the text itself, before any word is cut: [SEP], [MASK] and what a user has added.
//
// Those with `normalized` false are looked for in the raw text, which they cut into pieces; the others in each piece
// after normalisation. Leftmost first, then longest, no overlaps, inside words as well. A text that spells "[SEP]"
// gets its id, as the original means it, unless special_tokens_are_text (its `encode_special_tokens`).
// source  huggingface/tokenizers 0.21.1, tokenizer/added_vocabulary.rs, `find_matches`.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "fewfit/strings.hpp"
#include "fewfit/text/trie.hpp"
#include "fewfit/text/unicode.hpp"

namespace fewfit {
inline namespace v0 {

/// Bits of added_tokens::flags.
struct added_token_flag {
  enum : std::uint32_t {
    single_word = 1,  // not beside a word character
    lstrip = 2,       // takes the white space before it along
    rstrip = 4,       // and behind it
    normalized = 8,   // is matched after normalisation; its content is normalised, too
    special = 16,
  };
};

inline constexpr std::size_t max_added_token_bytes = 1024;

/// Views into the model file. A trie's value is an index + 1 into the arrays.
struct added_tokens {
  trie raw;
  trie normalized;
  const std::uint32_t* ids = nullptr;    // [content.count]
  const std::uint32_t* flags = nullptr;  // [content.count]
  string_table content;
  bool special_tokens_are_text = false;  // those with the flag `special` are passed over
  int first_byte = -1;                   // of every raw token, if it is the same: memchr finds it
  bool strips_left = true;               // some raw token has lstrip, so that white space waits for what follows it
};

namespace detail {

/// Whether a match counts, before anybody looks at what stands beside it.
inline bool is_wanted(const added_tokens& added, std::uint32_t flags) noexcept {
  return !added.special_tokens_are_text || (flags & added_token_flag::special) == 0;
}

/// Follows the UTF-8 of a character; U+FFFD stands for ill-formed bytes here, too.
inline std::uint32_t step_character(const trie& t, std::uint32_t node, char32_t c) noexcept {
  if (c < 0x80) return step(t, node, static_cast<unsigned char>(c));
  char bytes[4];
  const std::uint32_t size = encode_utf8(c, bytes);
  for (std::uint32_t i = 0; i < size; ++i) {
    node = step(t, node, static_cast<unsigned char>(bytes[i]));
    if (node == 0) break;
  }
  return node;
}

/// An added token in the raw text, or, if value is 0, none before `end`.
struct raw_match {
  const char* begin;
  const char* end;
  std::uint32_t value;  // index + 1
};

/// Notes what all raw tokens have in common. needs a sound trie
///
/// The byte that they begin with is nearly always that of "[". ASCII alone counts, since what is no UTF-8 may stand
/// for U+FFFD.
inline void note_common(added_tokens& added) noexcept {
  int bytes = 0;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (step(added.raw, 0, static_cast<unsigned char>(byte)) == 0) continue;
    added.first_byte = bytes == 0 && byte < 0x80 ? static_cast<int>(byte) : -1;
    ++bytes;
  }
  added.strips_left = false;
  for (std::uint32_t i = 0; i < added.content.count; ++i) {
    constexpr std::uint32_t both = added_token_flag::lstrip | added_token_flag::normalized;
    if ((added.flags[i] & both) == added_token_flag::lstrip) added.strips_left = true;
  }
}

inline raw_match longest_match_at(const trie& raw, const char* begin, const char* end) noexcept {
  raw_match longest = {begin, begin, 0};
  std::uint32_t node = 0;
  for (const char* p = begin; p != end && p - begin < static_cast<std::ptrdiff_t>(max_added_token_bytes);) {
    const decoded next = decode(p, end);
    node = step_character(raw, node, next.value);
    if (node == 0) break;
    p += next.size;
    if (raw.nodes[node].value != 0) longest = {begin, p, raw.nodes[node].value};
  }
  return longest;
}

/// The first match that begins in the next few thousand bytes: a caller who has ids enough need not wait for more.
///
/// cost    a trie walk from each byte that leaves the root, so at most max_added_token_bytes steps a byte
inline raw_match find_raw_match(const added_tokens& added, const char* from, const char* end) noexcept {
  constexpr std::ptrdiff_t chunk = 4096;
  const trie& raw = added.raw;
  const char* const limit = end - from > chunk ? from + chunk : end;
  const bool finds_ill_formed = step_character(raw, 0, replacement_character) != 0;
  const char* p = from;
  while (p < limit) {
    if (added.first_byte >= 0) {
      const void* const next = std::memchr(p, added.first_byte, static_cast<std::size_t>(limit - p));
      p = next == nullptr ? limit : static_cast<const char*>(next);
      if (p == limit) break;
    }
    // No token begins with a continuation byte, so characters need not be told apart here.
    if (step(raw, 0, static_cast<unsigned char>(*p)) == 0 && (!finds_ill_formed || byte_at(p) < 0x80)) {
      ++p;
      continue;
    }
    const raw_match match = longest_match_at(raw, p, end);
    if (match.value != 0) return match;
    p += decode(p, end).size;
  }
  while (!finds_ill_formed && p != end && is_continuation(byte_at(p))) ++p;  // else p is between characters already
  return {p, p, 0};
}

/// Back over white space, not beyond `begin`.
inline const char* before_white_space(const char* begin, const char* p) noexcept {
  while (p != begin) {
    const decoded last = decode_before(begin, p);
    if (!is_white_space(last.value)) break;
    p -= last.size;
  }
  return p;
}

inline bool stands_alone(const raw_match& match, std::string_view text) noexcept {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  return (match.begin == begin || !is_word_character(decode_before(begin, match.begin).value)) &&
         (match.end == end || !is_word_character(decode(match.end, end).value));
}

/// Whether a match is a token, or text that looks like one.
inline bool counts(const added_tokens& added, const raw_match& match, std::string_view text) noexcept {
  const std::uint32_t flags = added.flags[match.value - 1];
  if (!is_wanted(added, flags)) return false;
  return (flags & added_token_flag::single_word) == 0 || stands_alone(match, text);
}

/// Where a token with lstrip begins: before the white space in front of it, but behind what the last token took,
/// which may be white space that the token itself begins with.
inline const char* stripped_begin(const raw_match& match, const char* taken) noexcept {
  if (taken < match.begin) return before_white_space(taken, match.begin);
  return taken < match.end ? taken : match.end;
}

/// Where the white space behind a token ends. The run that was looked at last is remembered: tokens that are white
/// space themselves may stand side by side in it, and each takes all of the rest along.
class white_space_behind {
 public:
  explicit white_space_behind(const char* end) noexcept : from_(end), to_(end), end_(end) {}

  const char* operator()(const char* p) noexcept {
    if (p < from_ || p > to_) to_ = p;
    from_ = p;
    while (to_ != end_ && is_white_space(decode(to_, end_).value)) to_ += decode(to_, end_).size;
    return to_;
  }

 private:
  const char* from_;
  const char* to_;
  const char* end_;
};

/// Cuts the raw text at added tokens.
///
/// `Pieces` has begin(p), feed(p), finish() and fed() as the normalizer has, and token(index, byte_range). White
/// space is not fed before it is known that no token takes it along (lstrip), and looked at once, however many chunks
/// it fills.
template <class Pieces>
bool split_at_added_tokens(const added_tokens& added, std::string_view text, Pieces& pieces) {
  const char* const end = text.data() + text.size();
  const char* search = text.data();
  white_space_behind stripped(end);
  pieces.begin(search);
  while (search != end) {
    const raw_match match = find_raw_match(added, search, end);
    if (match.value == 0 || !counts(added, match, text)) {
      const char* const plain = added.strips_left ? before_white_space(search, match.end) : match.end;
      if (plain != search && !pieces.feed(plain)) return false;
      search = match.end;
      continue;
    }
    search = match.end;
    const std::uint32_t flags = added.flags[match.value - 1];
    const bool lstrip = (flags & added_token_flag::lstrip) != 0;
    const char* const stop = lstrip ? stripped_begin(match, pieces.fed()) : match.begin;
    const char* const after = (flags & added_token_flag::rstrip) != 0 ? stripped(match.end) : match.end;
    const byte_range range = {static_cast<std::uint32_t>(stop - text.data()),
                              static_cast<std::uint32_t>(after - text.data())};
    if (!pieces.feed(stop) || !pieces.finish() || !pieces.token(match.value - 1, range)) return false;
    pieces.begin(after);
  }
  return pieces.feed(end) && pieces.finish();
}

}  // namespace detail
}  // namespace v0
}  // namespace fewfit
