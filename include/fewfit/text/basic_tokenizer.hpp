// SPDX-License-Identifier: MIT
#pragma once
// Text to words: clean, space around CJK, decompose, strip accents, lower-case; split at spaces and punctuation.
//
//   bytes --(normalizer)--> characters --(word_splitter)--> words
//
// A stage hands each result to the next one at once and stops when that returns false; nothing is collected but the
// word at hand. The first half is BertNormalizer, the second BertPreTokenizer, of huggingface/tokenizers 0.21.1
// (normalizers/bert.rs, pre_tokenizers/bert.rs), and the four steps keep their names. Time is linear in the text,
// whatever the text.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fewfit/text/unicode.hpp"

namespace fewfit {
inline namespace v0 {

/// The numbers of a tokenizer. `strip_accents` is the effective value: the original's "unset" means "as lowercase".
struct tokenizer_config {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  bool strip_accents = true;
  bool lowercase = true;
  std::uint32_t max_input_chars_per_word = 100;  // a longer word is one [UNK]
  std::uint32_t unk = 0;                         // ids of the special tokens
  std::uint32_t cls = 0;
  std::uint32_t sep = 0;
};

namespace detail {

/// Turns the text between two added tokens into normalised characters.
///
/// Marks of one run come out in the order of their combining classes, equal ones as they stood. Nearly all are
/// stripped, and of the 83 that are not no more is kept than where their run began and which of the few classes it
/// has: at its end the run is read again, once for each class. So a run has no longest length, and no memory of its
/// own. A stripped mark of class 0 (U+034F, U+FE0F) ends a run like any other character of class 0.
///
/// `Next` has bool character(char32_t, class bits).
template <class Next>
class normalizer {
 public:
  normalizer(const tokenizer_config& config, Next& next) noexcept : config_(config), next_(next) {}

  /// A piece begins here: what came before it has no influence.
  void begin(const char* piece) noexcept {
    at_ = here_ = piece;
    ranks_ = 0;
  }

  /// The piece reaches at least to `end`. needs a boundary between characters
  bool feed(const char* end) {
    while (at_ < end) {
      here_ = at_;
      const decoded next = decode(at_, end);
      at_ += next.size;
      if (!do_clean_text(next.value)) return false;
    }
    return true;
  }

  /// The piece ends where it was fed to.
  bool finish() {
    here_ = at_;
    return end_run();
  }

  const char* fed() const noexcept { return at_; }

 private:
  // As BertNormalizer does: what is to be deleted is deleted first, so a vertical tab joins words and a tab does not.
  bool do_clean_text(char32_t c) {
    const std::uint8_t bits = c < 0x80 ? ascii_class(c) : class_of(c);
    if (!config_.clean_text || (bits & (char_class::removed | char_class::white_space)) == 0) {
      return do_handle_chinese_chars(c, bits);
    }
    if ((bits & char_class::removed) != 0) return true;
    return do_strip_accents(space_character, char_class::white_space);
  }

  bool do_handle_chinese_chars(char32_t c, std::uint8_t bits) {
    if (!config_.handle_chinese_chars || (bits & char_class::cjk) == 0) return do_strip_accents(c, bits);
    return do_strip_accents(space_character, char_class::white_space) && do_strip_accents(c, bits) &&
           do_strip_accents(space_character, char_class::white_space);
  }

  bool do_strip_accents(char32_t c, std::uint8_t bits) {
    if (!config_.strip_accents) return do_lowercase(c, bits);
    if ((bits & char_class::decomposes) == 0) return strip_part(c, bits);
    const code_points parts = decompose(c);
    for (unsigned i = 0; i < parts.count; ++i) {
      if (!strip_part(parts.value[i], class_of(parts.value[i]))) return false;
    }
    return true;
  }

  bool strip_part(char32_t c, std::uint8_t bits) {
    if ((bits & char_class::reorders) != 0) {
      if ((bits & char_class::stripped_mark) == 0) hold_back(c);
      return true;
    }
    if (!end_run()) return false;
    return (bits & char_class::stripped_mark) != 0 || do_lowercase(c, bits);
  }

  bool do_lowercase(char32_t c, std::uint8_t bits) {
    if (!config_.lowercase || (bits & char_class::has_lower) == 0) return next_.character(c, bits);
    if (c < 0x80) return next_.character(c | 0x20u, 0);
    const code_points lower = lower_case(c);
    for (unsigned i = 0; i < lower.count; ++i) {
      if (!next_.character(lower.value[i], 0)) return false;  // no lower case is a space or punctuation
    }
    return true;
  }

  void hold_back(char32_t mark) noexcept {
    if (ranks_ == 0) run_ = here_;
    ranks_ |= 1u << mark_rank(mark);
  }

  bool end_run() {
    if (ranks_ == 0) return true;
    const unsigned ranks = ranks_;
    ranks_ = 0;
    for (unsigned rank = 0; rank < mark_ranks; ++rank) {
      if ((ranks >> rank & 1u) != 0 && !marks_of_rank(rank)) return false;
    }
    return true;
  }

  // From the character in which the run began, whose first part may not belong to it, to the one that ended it.
  // What else lies between was deleted by clean_text and has class 0.
  bool marks_of_rank(unsigned rank) {
    for (const char* p = run_; p != here_;) {
      const decoded next = decode(p, here_);
      p += next.size;
      code_points parts = {{next.value}, 1};
      if ((class_of(next.value) & char_class::decomposes) != 0) parts = decompose(next.value);
      for (unsigned i = 0; i < parts.count; ++i) {
        const std::uint8_t bits = class_of(parts.value[i]);
        const unsigned kind = bits & (char_class::reorders | char_class::stripped_mark);
        if (kind != char_class::reorders || mark_rank(parts.value[i]) != rank) continue;
        if (!do_lowercase(parts.value[i], bits)) return false;
      }
    }
    return true;
  }

  const tokenizer_config config_;
  Next& next_;
  const char* at_ = nullptr;    // behind the last character that was read
  const char* here_ = nullptr;  // its first byte
  const char* run_ = nullptr;   // the first byte of the character in which the run of marks began
  unsigned ranks_ = 0;          // a bit for each rank among the marks held back
};

/// Gathers normalised characters to words.
///
/// `Next` has bool word(bytes, too_long), where the bytes of a word that is too long are not all there, and
/// bool token(index) for the added tokens that come by.
template <class Next>
class word_splitter {
 public:
  /// needs   room for 4 max_input_chars_per_word bytes in `scratch`
  word_splitter(const tokenizer_config& config, char* scratch, Next& next) noexcept
      : word_(scratch), max_chars_(config.max_input_chars_per_word), next_(next) {}

  bool character(char32_t c, std::uint8_t bits) {
    if ((bits & (char_class::white_space | char_class::punctuation)) != 0) {
      return finish() && ((bits & char_class::punctuation) == 0 || (append(c), finish()));
    }
    append(c);
    return true;
  }

  bool token(std::uint32_t index) { return finish() && next_.token(index); }

  /// The word at hand, if there is one, is complete.
  bool finish() {
    if (chars_ == 0) return true;
    const std::string_view word(word_, bytes_);
    const bool too_long = chars_ > max_chars_;
    chars_ = 0;
    bytes_ = 0;
    return next_.word(word, too_long);
  }

 private:
  void append(char32_t c) noexcept {
    if (chars_ >= max_chars_) {
      chars_ = max_chars_ + 1;
      return;
    }
    ++chars_;
    bytes_ += encode_utf8(c, word_ + bytes_);
  }

  char* word_;
  std::size_t bytes_ = 0;
  std::uint32_t chars_ = 0;
  std::uint32_t max_chars_;
  Next& next_;
};

}  // namespace detail
}  // namespace v0
}  // namespace fewfit
