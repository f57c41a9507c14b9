// SPDX-License-Identifier: MIT
#pragma once
// Tokens that are found in the text itself, before any word is cut: [SEP], [MASK] and what a user has added.
//
// Those with `normalized` false are looked for in the raw text, which they cut into pieces; the others in each piece
// after normalisation. Leftmost first, then longest, no overlaps, inside words as well. A text that spells "[SEP]"
// gets its id: the original means it so. (Treating them as plain text would be one more reason to pass over a match
// in split_at_added_tokens, beside single_word.)
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
};

namespace detail {

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
inline raw_match find_raw_match(const trie& raw, const char* from, const char* end) noexcept {
  constexpr std::ptrdiff_t chunk = 4096;
  const char* const limit = end - from > chunk ? from + chunk : end;
  const char* p = from;
  while (p < limit) {
    if (byte_at(p) < 0x80 && step(raw, 0, static_cast<unsigned char>(*p)) == 0) {
      ++p;
      continue;
    }
    const raw_match match = longest_match_at(raw, p, end);
    if (match.value != 0) return match;
    p += decode(p, end).size;
  }
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
/// `Pieces` has begin(p), feed(p), finish() and fed() as the normalizer has, and token(index). White space is not fed
/// before it is known that no token takes it along (lstrip), and looked at once, however many chunks it fills.
template <class Pieces>
bool split_at_added_tokens(const added_tokens& added, std::string_view text, Pieces& pieces) {
  const char* const end = text.data() + text.size();
  const char* search = text.data();
  white_space_behind stripped(end);
  pieces.begin(search);
  while (search != end) {
    const raw_match match = find_raw_match(added.raw, search, end);
    if (match.value == 0) {
      const char* const plain = before_white_space(search, match.end);
      if (plain != search && !pieces.feed(plain)) return false;
      search = match.end;
      continue;
    }
    search = match.end;
    const std::uint32_t flags = added.flags[match.value - 1];
    if ((flags & added_token_flag::single_word) != 0 && !stands_alone(match, text)) continue;
    const bool lstrip = (flags & added_token_flag::lstrip) != 0 && pieces.fed() < match.begin;
    const char* const stop = lstrip ? before_white_space(pieces.fed(), match.begin) : match.begin;
    if (!pieces.feed(stop) || !pieces.finish() || !pieces.token(match.value - 1)) return false;
    pieces.begin((flags & added_token_flag::rstrip) != 0 ? stripped(match.end) : match.end);
  }
  return pieces.feed(end) && pieces.finish();
}

/// Finds added tokens in the normalised characters of a piece, and passes on the rest.
///
/// Characters wait in a window while they may belong to a token. `Next` has character, token and finish as
/// word_splitter has. lstrip and rstrip need no care: what they take along would only separate words.
template <class Next>
class normalized_matcher {
 public:
  // A token of one-byte characters, and the character behind it that single_word asks about.
  static constexpr std::size_t window_size = max_added_token_bytes + 1;

  normalized_matcher(const added_tokens& added, std::uint32_t* window, Next& next) noexcept
      : added_(added), active_(added.normalized.nodes[0].link != 0), window_(window), next_(next) {}

  void begin() noexcept { before_ = 0; }

  bool character(char32_t c, std::uint8_t bits) {
    if (!active_) return next_.character(c, bits);
    if (size_ == 0 && step_character(added_.normalized, 0, c) == 0) {
      before_ = c;
      return next_.character(c, bits);
    }
    window_[size_++] = c;
    return advance(false);
  }

  bool finish() { return advance(true) && next_.finish(); }

 private:
  bool advance(bool at_end) {
    std::size_t first = 0;
    while (first != size_) {
      if (walk_on(first) && !at_end) break;
      std::size_t taken = 1;
      if (!take(first, taken)) return false;
      first += taken;
      walked_ = first;
      node_ = match_ = 0;
    }
    if (first == 0) return true;
    std::memmove(window_, window_ + first, (size_ - first) * sizeof *window_);
    size_ -= first;
    walked_ -= first;
    match_end_ -= match_ != 0 ? first : 0;
    return true;
  }

  // Whether all of the window from `first` on may yet be (part of) a token. Only a hostile trie fills the window.
  bool walk_on(std::size_t first) noexcept {
    for (; walked_ != size_; ++walked_) {
      node_ = step_character(added_.normalized, node_, window_[walked_]);
      if (node_ == 0) return false;
      if (added_.normalized.nodes[node_].value == 0) continue;
      match_ = added_.normalized.nodes[node_].value;
      match_end_ = walked_ + 1;
    }
    return size_ - first != window_size;
  }

  // What is at the front of the window: a token, a token that does not stand alone, or a character.
  bool take(std::size_t first, std::size_t& taken) {
    if (match_ != 0) taken = match_end_ - first;
    if (match_ != 0 && is_accepted()) {
      before_ = window_[match_end_ - 1];
      return next_.token(match_ - 1);
    }
    for (std::size_t i = first; i != first + taken; ++i) {
      before_ = window_[i];
      if (!next_.character(before_, class_of(before_))) return false;
    }
    return true;
  }

  bool is_accepted() const noexcept {
    if ((added_.flags[match_ - 1] & added_token_flag::single_word) == 0) return true;
    return !is_word_character(before_) && (match_end_ == size_ || !is_word_character(window_[match_end_]));
  }

  const added_tokens& added_;
  const bool active_;
  std::uint32_t* window_;      // [window_size] characters
  std::size_t size_ = 0;       // that wait
  std::size_t walked_ = 0;     // that the trie has seen
  std::uint32_t node_ = 0;     // where it is
  std::uint32_t match_ = 0;    // index + 1 of the longest token at the front so far
  std::size_t match_end_ = 0;  // in characters
  char32_t before_ = 0;        // the character before the window; U+0000 at the beginning of a piece
  Next& next_;
};

}  // namespace detail
}  // namespace v0
}  // namespace fewfit
