// SPDX-License-Identifier: MIT
#pragma once
// Added tokens that are found after normalisation: "Yesterday" is found in YESTERDAY, yesterday and inside words.
//
// source  huggingface/tokenizers 0.21.1, tokenizer/added_vocabulary.rs, `find_matches`.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fewfit/strings.hpp"
#include "fewfit/text/added_tokens.hpp"
#include "fewfit/text/trie.hpp"
#include "fewfit/text/unicode.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

/// A character after normalisation, and where it came from.
struct normalized_character {
  char32_t value;
  byte_range from;
};

/// White space beside tokens, which belongs to those that strip it: to the one before it first.
class white_space_beside {
 public:
  /// A token with rstrip ended, or some other one.
  void token_ended(bool rstrip) noexcept { taken_ = rstrip, open_ = false; }

  void character_passed(bool is_white, byte_range from) noexcept {
    if (!is_white) taken_ = open_ = false;
    if (!is_white || taken_) return;
    if (!open_) begin_ = from.begin;
    open_ = true;
  }

  /// Where a token with lstrip begins that stands at `own`.
  std::uint32_t begin_before(std::uint32_t own) const noexcept { return open_ ? begin_ : own; }

 private:
  bool taken_ = false;  // by the token in front of it
  bool open_ = false;
  std::uint32_t begin_ = 0;
};

/// Finds added tokens in the normalised characters of a piece, and passes on the rest.
///
/// Characters wait in a window while they may belong to a token. `Next` has character, token and finish as
/// word_splitter has. What lstrip and rstrip take along would only separate words, so it matters to ranges alone:
/// where those are wanted, a token with rstrip waits for the end of the white space behind it, or for another token.
/// (If that token is white space and no more, the range may be cut short. Such pairs of tokens are the one exception
/// to "what offset_mapping holds".)
template <class Next>
class normalized_matcher {
 public:
  // A token of one-byte characters, and the character behind it that single_word asks about.
  static constexpr std::size_t window_size = max_added_token_bytes + 1;

  normalized_matcher(const added_tokens& added, bool ranges, normalized_character* window, Next& next) noexcept
      : added_(added), active_(added.normalized.nodes[0].link != 0), ranges_(ranges), window_(window), next_(next) {}

  bool is_active() const noexcept { return active_; }

  void begin() noexcept { before_ = 0, beside_ = {}; }

  bool character(char32_t c, std::uint8_t bits, byte_range from) {
    if (!active_) return next_.character(c, bits, from);
    const bool is_white = (bits & char_class::white_space) != 0;
    if (waiting_ != 0 && is_white) waiting_range_.end = from.end;
    if (waiting_ != 0 && !is_white && !hand_on_waiting()) return false;
    if (size_ == 0 && step_character(added_.normalized, 0, c) == 0) return pass({c, from}, bits);
    window_[size_++] = {c, from};
    return advance(false);
  }

  bool finish() { return advance(true) && hand_on_waiting() && next_.finish(); }

 private:
  bool pass(const normalized_character& c, std::uint8_t bits) {
    before_ = c.value;
    beside_.character_passed((bits & char_class::white_space) != 0, c.from);
    return next_.character(c.value, bits, c.from);
  }

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
      node_ = step_character(added_.normalized, node_, window_[walked_].value);
      if (node_ == 0) return false;
      if (added_.normalized.nodes[node_].value == 0) continue;
      match_ = added_.normalized.nodes[node_].value;
      match_end_ = walked_ + 1;
    }
    return size_ - first != window_size;
  }

  // What is at the front of the window: a token, a token that does not count, or a character.
  bool take(std::size_t first, std::size_t& taken) {
    if (match_ != 0) taken = match_end_ - first;
    if (match_ != 0 && is_accepted()) return take_token(first);
    for (std::size_t i = first; i != first + taken; ++i) {
      if (!pass(window_[i], class_of(window_[i].value))) return false;
    }
    return true;
  }

  bool is_accepted() const noexcept {
    const std::uint32_t flags = added_.flags[match_ - 1];
    if (!is_wanted(added_, flags)) return false;
    if ((flags & added_token_flag::single_word) == 0) return true;
    return !is_word_character(before_) && (match_end_ == size_ || !is_word_character(window_[match_end_].value));
  }

  bool take_token(std::size_t first) {
    if (!hand_on_waiting()) return false;
    const std::uint32_t flags = added_.flags[match_ - 1];
    const bool rstrip = (flags & added_token_flag::rstrip) != 0;
    byte_range range = {window_[first].from.begin, window_[match_end_ - 1].from.end};
    if ((flags & added_token_flag::lstrip) != 0) range.begin = stripped_begin(first);
    before_ = window_[match_end_ - 1].value;
    beside_.token_ended(rstrip);
    waiting_ = match_;
    waiting_range_ = range;
    if (!rstrip || !ranges_) return hand_on_waiting();
    for (std::size_t i = match_end_; i != size_; ++i) {
      if (!is_white_space(window_[i].value)) return hand_on_waiting();
      waiting_range_.end = window_[i].from.end;
    }
    return true;
  }

  // Not before the end of the last token, which may have taken white space that this one begins with.
  std::uint32_t stripped_begin(std::size_t first) const noexcept {
    for (std::size_t i = first; i != match_end_; ++i) {
      if (window_[i].from.begin < taken_to_) continue;
      return i == first ? beside_.begin_before(window_[i].from.begin) : window_[i].from.begin;
    }
    return window_[match_end_ - 1].from.end;
  }

  bool hand_on_waiting() {
    if (waiting_ == 0) return true;
    const std::uint32_t index = waiting_ - 1;
    waiting_ = 0;
    taken_to_ = waiting_range_.end;
    return next_.token(index, waiting_range_);
  }

  const added_tokens& added_;
  const bool active_;
  const bool ranges_;             // are wanted
  normalized_character* window_;  // [window_size]
  std::size_t size_ = 0;          // characters that wait
  std::size_t walked_ = 0;        // that the trie has seen
  std::uint32_t node_ = 0;        // where it is
  std::uint32_t match_ = 0;       // index + 1 of the longest token at the front so far
  std::size_t match_end_ = 0;     // in characters
  char32_t before_ = 0;           // the character before the window; U+0000 at the beginning of a piece
  std::uint32_t waiting_ = 0;     // index + 1 of a token whose range may grow
  byte_range waiting_range_;
  std::uint32_t taken_to_ = 0;  // where the last token ended
  white_space_beside beside_;
  Next& next_;
};

}  // namespace detail
}  // namespace v0
}  // namespace fewfit
