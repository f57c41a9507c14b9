// SPDX-License-Identifier: MIT
#pragma once
// Text to normalised characters: clean, space around CJK, decompose, strip accents, lower-case.
//
// This is BertNormalizer of huggingface/tokenizers 0.21.1 (normalizers/bert.rs), and its four steps keep their names.
// Each character is handed on at once, with the bytes of the text that it came from, and nothing is collected. Time
// is linear in the text, whatever the text.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fewfit/strings.hpp"
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
/// stripped, and of the 83 that are not no more is kept than where their run began and which of their six classes it
/// has: at its end the run is read again, once for each class. So a run has no longest length, and no memory of its
/// own. A stripped mark of class 0 (U+034F, U+FE0F) ends a run like any other character of class 0.
///
/// `Next` has bool character(char32_t, class bits, byte_range).
template <class Next>
class normalizer {
 public:
  /// Ranges count from `text`; without `ranges`, those of marks that change places may be wrong.
  normalizer(const tokenizer_config& config, const char* text, bool ranges, Next& next) noexcept
      : config_(config), text_(text), ranges_(ranges), next_(next) {}

  /// A piece begins here: what came before it has no influence.
  void begin(const char* piece) noexcept {
    at_ = here_ = piece;
    run_ = nullptr;
    kept_classes_ = 0;
  }

  /// The piece reaches at least to `end`. needs a boundary between characters
  bool feed(const char* end) {
    while (at_ < end) {
      if (!feed_one(end)) return false;
    }
    return true;
  }

  /// Reads one character. needs fed() < end
  bool feed_one(const char* end) {
    here_ = at_;
    const decoded next = decode(at_, end);
    at_ += next.size;
    range_ = range_of(here_, at_);
    return do_clean_text(next.value);
  }

  /// Characters up to `p` were dealt with elsewhere. needs !in_run()
  void skip_to(const char* p) noexcept { at_ = p; }

  /// The piece ends where it was fed to.
  bool finish() {
    here_ = at_;
    return end_run();
  }

  const char* fed() const noexcept { return at_; }
  bool in_run() const noexcept { return run_ != nullptr; }

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
      if (run_ == nullptr) run_ = here_;
      if ((bits & char_class::stripped_mark) == 0) kept_classes_ |= class_bit(combining_class(c));
      return true;
    }
    if (!end_run()) return false;
    return (bits & char_class::stripped_mark) != 0 || do_lowercase(c, bits);
  }

  bool do_lowercase(char32_t c, std::uint8_t bits) {
    if (!config_.lowercase || (bits & char_class::has_lower) == 0) return next_.character(c, bits, range_);
    if (c < 0x80) return next_.character(c | 0x20u, 0, range_);
    const code_points lower = lower_case(c);
    for (unsigned i = 0; i < lower.count; ++i) {
      if (!next_.character(lower.value[i], 0, range_)) return false;  // never a space or punctuation
    }
    return true;
  }

  static unsigned class_bit(unsigned combining_class) noexcept {
    unsigned bits = 0, bit = 1;
    for (const std::uint8_t kept : kept_mark_classes) {
      bits |= kept == combining_class ? bit : 0;
      bit <<= 1;
    }
    return bits;
  }

  bool end_run() {
    if (run_ == nullptr) return true;
    const byte_range last = range_;
    bool wants_more = true;
    for (const std::uint8_t mark_class : kept_mark_classes) {
      const bool in_run = (kept_classes_ & class_bit(mark_class)) != 0;
      if (wants_more && in_run) wants_more = marks_of_class(mark_class);
    }
    run_ = nullptr;
    kept_classes_ = 0;
    range_ = last;
    return wants_more;
  }

  /// Calls visit(mark, whether it begins its character) for the marks of the run, in the order of the text, until
  /// that returns false.
  ///
  /// A run reaches from the character whose first part may not belong to it to the one that ended it. What else lies
  /// between was deleted by clean_text and has class 0.
  template <class Visit>
  bool each_mark(const Visit& visit) const {
    for (const char* p = run_; p != here_;) {
      const decoded next = decode(p, here_);
      p += next.size;
      code_points parts = {{next.value}, 1};
      if ((class_of(next.value) & char_class::decomposes) != 0) parts = decompose(next.value);
      for (unsigned i = 0; i < parts.count; ++i) {
        if ((class_of(parts.value[i]) & char_class::reorders) == 0) continue;
        if (!visit(parts.value[i], i == 0)) return false;
      }
    }
    return true;
  }

  bool marks_of_class(unsigned mark_class) {
    range_cursor ranges(*this, mark_class);
    return each_mark([&](char32_t mark, bool first) {
      if (combining_class(mark) != mark_class) return true;
      if (first) ranges.advance();
      range_ = ranges.range();
      const std::uint8_t bits = class_of(mark);
      return (bits & char_class::stripped_mark) != 0 || do_lowercase(mark, bits);
    });
  }

  /// The ranges of the marks of one class. The original sorts marks, but not where they came from: once sorted, the
  /// k-th of those that begin their character has the range of the k-th that did before, and one that does not begin
  /// it has that of the mark in front of it.
  /// source  huggingface/tokenizers 0.21.1, tokenizer/normalizer.rs, `transform_range`
  class range_cursor {
   public:
    range_cursor(const normalizer& n, unsigned mark_class) noexcept : normalizer_(n), at_(n.run_) {
      if (!n.ranges_) return;
      std::size_t before = 0;
      n.each_mark([&](char32_t mark, bool first) {
        if (first && combining_class(mark) < mark_class) ++before;
        return true;
      });
      range_ = n.range_of(at_, at_ + decode(at_, n.here_).size);
      while (before-- != 0) advance();
    }

    void advance() noexcept {
      for (bool is_mark = false; normalizer_.ranges_ && !is_mark;) {
        const decoded next = decode(at_, normalizer_.here_);
        const std::uint8_t bits = class_of(next.value);
        is_mark = (bits & char_class::reorders) != 0 ||
                  ((bits & char_class::decomposes) != 0 &&
                   (class_of(decompose(next.value).value[0]) & char_class::reorders) != 0);
        range_ = normalizer_.range_of(at_, at_ + next.size);
        at_ += next.size;
      }
    }

    byte_range range() const noexcept { return range_; }

   private:
    const normalizer& normalizer_;
    const char* at_;
    byte_range range_;
  };

  byte_range range_of(const char* begin, const char* end) const noexcept {
    return {static_cast<std::uint32_t>(begin - text_), static_cast<std::uint32_t>(end - text_)};
  }

  const tokenizer_config config_;
  const char* const text_;
  const bool ranges_;  // are wanted
  Next& next_;
  const char* at_ = nullptr;    // behind the last character that was read
  const char* here_ = nullptr;  // its first byte
  byte_range range_;            // of the character that is handed on
  const char* run_ = nullptr;   // the first byte of the character in which a run of marks began, or null
  unsigned kept_classes_ = 0;   // a bit for each class among the marks that are held back
};

}  // namespace detail
}  // namespace v0
}  // namespace fewfit
