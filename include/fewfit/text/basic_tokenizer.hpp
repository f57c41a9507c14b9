// SPDX-License-Identifier: MIT
#pragma once
// Text to words: the plain way, which knows every rule, and a short cut for the characters to which few rules apply.
//
//   bytes --(normalizer)--> characters --(word_splitter)--> words        plain
//   bytes ---------------------(fast_words)---------------> words        no accents to order, no ranges wanted
//
// A stage hands each result to the next one at once and stops when that returns false; nothing is collected but the
// word at hand. The splitter is BertPreTokenizer of huggingface/tokenizers 0.21.1 (pre_tokenizers/bert.rs).

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fewfit/strings.hpp"
#include "fewfit/text/fold_table.hpp"
#include "fewfit/text/normalizer.hpp"
#include "fewfit/text/short_words.hpp"
#include "fewfit/text/unicode.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

/// The word at hand. Of one that is too long no more is kept than that it is.
struct word_buffer {
  char* bytes;         // [4 max_chars]
  byte_range* ranges;  // [4 max_chars], where each byte came from; null if nobody wants to know
  std::uint32_t max_chars;
  std::uint32_t chars = 0;
  std::size_t size = 0;
  byte_range whole;  // where the word came from

  word_buffer(char* bytes_memory, byte_range* ranges_memory, std::uint32_t limit) noexcept
      : bytes(bytes_memory), ranges(ranges_memory), max_chars(limit) {}

  void clear() noexcept { chars = 0, size = 0; }

  void append(char32_t c) noexcept {
    if (chars >= max_chars) return chars = max_chars + 1, void();
    ++chars;
    size += encode_utf8(c, bytes + size);
  }

  /// A character that stays as it is.
  void append_bytes(const char* p, std::uint32_t n) noexcept {
    if (chars >= max_chars) return chars = max_chars + 1, void();
    ++chars;
    std::memcpy(bytes + size, p, n);
    size += n;
  }

  void append(char32_t c, byte_range from) noexcept {
    const std::size_t before = size;
    if (chars == 0) whole.begin = from.begin;
    whole.end = from.end;
    append(c);
    for (std::size_t i = before; ranges != nullptr && i != size; ++i) ranges[i] = from;
  }
};

/// Gathers normalised characters to words.
///
/// `Next` has bool word(const word_buffer&), where the bytes of a word that is too long are not all there, and
/// bool token(index, byte_range) for the added tokens that come by, and bool short_word(key, bool& wants_more).
template <class Next>
class word_splitter {
 public:
  word_splitter(const word_buffer& empty, Next& next) noexcept : word_(empty), next_(next) {}

  bool character(char32_t c, std::uint8_t bits, byte_range from) {
    if ((bits & (char_class::white_space | char_class::punctuation)) != 0) {
      return finish() && ((bits & char_class::punctuation) == 0 || (word_.append(c, from), finish()));
    }
    word_.append(c, from);
    return true;
  }

  bool token(std::uint32_t index, byte_range from) { return finish() && next_.token(index, from); }

  /// A word as a key of short_words.hpp. False if it is not there: it has to come as characters.
  /// needs   no word at hand, no ranges wanted
  bool short_word(std::uint64_t key, bool& wants_more) { return next_.short_word(key, wants_more); }

  /// The word at hand, if there is one, is complete.
  bool finish() {
    if (word_.chars == 0) return true;
    const bool wants_more = next_.word(word_);
    word_.clear();
    return wants_more;
  }

  word_buffer& word() noexcept { return word_; }

 private:
  word_buffer word_;
  Next& next_;
};

/// Which short cut a configuration allows. The two that models are trained with have one.
enum class shortcut { none, uncased, cased };

inline shortcut shortcut_for(const tokenizer_config& c) noexcept {
  if (!c.clean_text || c.strip_accents != c.lowercase) return shortcut::none;
  return c.lowercase ? shortcut::uncased : shortcut::cased;
}

/// What normalisation makes of a character below U+0800, as an entry of `folded`.
template <shortcut S>
std::uint16_t fold(char32_t c) noexcept {
  if (S == shortcut::uncased) return folded[c];
  const std::uint8_t bits = class_of(c);
  if ((bits & char_class::removed) != 0) return fold_kind::nothing;
  if ((bits & char_class::white_space) != 0) return fold_kind::space;
  const std::uint16_t kind = (bits & char_class::punctuation) != 0 ? std::uint16_t{fold_kind::punctuation} : 0;
  return static_cast<std::uint16_t>(c | kind);
}

/// The ASCII letters and digits that eight bytes begin with, as `fold` has them; the bytes behind are garbage.
struct ascii_run {
  std::uint64_t bytes;
  std::uint64_t before;  // all bits up to the top one of the byte behind the run, or all there are
  std::uint32_t count;

  /// needs   count < 8. Little-endian, as config.hpp demands
  std::uint64_t key() const noexcept { return bytes & before >> 7; }
};

/// needs   8 bytes to read
///
/// Eight at once in a 64-bit number, since a loop over a word's letters mispredicts its end. A byte x below 0x80 is
/// in [low, high] where x + 0x80 - low has its top bit set and x + 0x7F - high has not.
template <shortcut S>
ascii_run ascii_at(const char* p) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101u, tops = 0x80 * ones, case_bit = 0x20 * ones;
  std::uint64_t bytes;
  std::memcpy(&bytes, p, sizeof bytes);
  const std::uint64_t low_bits = bytes & ~tops, lower = low_bits | case_bit;
  const std::uint64_t letters = (lower + (0x80 - 'a') * ones) & ~(lower + (0x7F - 'z') * ones);
  const std::uint64_t digits = (low_bits + (0x80 - '0') * ones) & ~(low_bits + (0x7F - '9') * ones);
  const std::uint64_t others = ~((letters | digits) & ~bytes) & tops;
  bytes |= S == shortcut::uncased ? case_bit : 0;  // which digits have anyway
  if (others == 0) return {bytes, ~std::uint64_t{0}, 8};
  const std::uint64_t before = (others & (0 - others)) - 1;  // a bit in each byte up to the first other one
  return {bytes, before, static_cast<std::uint32_t>(((before & ones) * ones >> 56) - 1)};
}

/// Takes words from the front of [p, end) as long as nothing but a table is needed for a character.
///
/// needs   no run of marks at hand, no normalized added token in the vocabulary, shortcut_for(config) == S
/// Returns where it stopped: at `end`, at a character for the plain way, or behind a word when `wants_more` became
/// false. The word at hand stays in the splitter's buffer, so the two ways may take turns at any character.
template <shortcut S, class Next>
class fast_words {
 public:
  fast_words(const tokenizer_config& config, word_splitter<Next>& words) noexcept
      : words_(words), word_(words.word()) {
    // With lower case and accents as they are, only these classes mean anything.
    constexpr unsigned cased = char_class::removed | char_class::white_space | char_class::punctuation;
    meaning_ = S == shortcut::cased ? cased : 0xFFu & ~unsigned{char_class::cjk};
    if (config.handle_chinese_chars) meaning_ |= char_class::cjk;
  }

  const char* take(const char* p, const char* end, bool& wants_more) {
    while (p != end) {
      if (word_.chars == 0 && byte_at(p) < 0x80) {
        p = take_short_words(p, end, wants_more);
        if (!wants_more) return p;
      }
      p = take_letters(p, end);
      if (p == end) break;
      const unsigned lead = byte_at(p);
      std::uint32_t size = 1;
      bool plain = false;
      if (lead < 0x80) {
        wants_more = folded_character(fold<S>(lead), plain);
      } else if (lead < 0xE0 && end - p > 1 && lead >= 0xC2 && is_continuation(byte_at(p + 1))) {
        size = 2;
        wants_more = folded_character(fold<S>((lead & 0x1Fu) << 6 | (byte_at(p + 1) & 0x3Fu)), plain);
      } else {
        const decoded next = decode_multibyte(p, end);
        size = next.size;
        wants_more = long_character(p, next, plain);
      }
      if (plain) return p;
      p += size;
      if (!wants_more) return p;
    }
    return p;
  }

 private:
  /// Words and punctuation that one look-up knows, and spaces, while all of it is ASCII: they never see the buffer.
  /// Stops in front of anything else. needs  no word at hand
  const char* take_short_words(const char* p, const char* end, bool& wants_more) {
    static_assert(max_short_word_bytes == 7, "the eighth byte tells where a word ends");
    while (wants_more && end - p >= 8 && word_.max_chars >= max_short_word_bytes) {
      const ascii_run run = ascii_at<S>(p);
      if (run.count == 8) break;
      const unsigned next = byte_at(p + run.count);
      // Most are spaces; a character that is removed would not end the word.
      const bool is_space = next == ' ';
      if (!is_space && (next >= 0x80 || (fold<S>(next) & (fold_kind::space | fold_kind::punctuation)) == 0)) break;
      if (run.count != 0) {
        if (!words_.short_word(run.key(), wants_more)) break;
        p += run.count;
      } else {
        if (!is_space && (fold<S>(next) & fold_kind::space) == 0 && !words_.short_word(next, wants_more)) break;
        ++p;
      }
    }
    return p;
  }

  /// Characters below U+0800 that go into the word as they are in the table: nearly all that there are in most texts.
  /// The word stays in local variables: a store through a char pointer might change any member. (2.3 times as fast.)
  const char* take_letters(const char* p, const char* end) noexcept {
    char* out = word_.bytes + word_.size;
    std::uint32_t chars = word_.chars;
    while (end - p >= 8 && byte_at(p) < 0x80 && chars + 8 <= word_.max_chars) {
      const ascii_run run = ascii_at<S>(p);
      std::memcpy(out, &run.bytes, sizeof run.bytes);
      p += run.count, out += run.count, chars += run.count;
      if (run.count != 8) break;
    }
    for (; p != end && chars < word_.max_chars; ++chars) {
      const unsigned lead = byte_at(p);
      const bool is_pair = lead >= 0xC2 && lead < 0xE0 && end - p > 1 && is_continuation(byte_at(p + 1));
      if (lead >= 0x80 && !is_pair) break;
      const unsigned entry = fold<S>(is_pair ? (lead & 0x1Fu) << 6 | (byte_at(p + 1) & 0x3Fu) : lead);
      if (entry >= 0x800) break;
      if (entry < 0x80) {
        *out++ = static_cast<char>(entry);
      } else {
        *out++ = static_cast<char>(0xC0u | entry >> 6);
        *out++ = static_cast<char>(0x80u | (entry & 0x3Fu));
      }
      p += is_pair ? 2 : 1;
    }
    word_.chars = chars;
    word_.size = static_cast<std::size_t>(out - word_.bytes);
    return p;
  }

  bool folded_character(std::uint16_t entry, bool& plain) {
    if (entry < 0x800) return word_.append(entry), true;
    if ((entry & fold_kind::space) != 0) return words_.finish();
    if ((entry & fold_kind::nothing) != 0) return true;
    if ((entry & fold_kind::other) != 0) return plain = true;
    return alone(entry & 0x7FFu);
  }

  // From U+0800 on, and what is no UTF-8.
  bool long_character(const char* p, const decoded& c, bool& plain) {
    const unsigned bits = class_of(c.value) & meaning_;
    if (bits == 0) return word_.append_bytes(p, c.size), true;
    if (bits == char_class::cjk || bits == char_class::punctuation) return alone(c.value);
    if ((bits & char_class::removed) != 0) return true;  // U+FFFD, so all that is no UTF-8, belongs here
    if ((bits & char_class::white_space) != 0) return words_.finish();
    if (is_hangul_syllable(c.value)) return hangul(c.value);
    if ((bits & ~unsigned{char_class::reorders}) == char_class::stripped_mark) return true;
    return plain = true;
  }

  bool hangul(char32_t c) {
    const code_points parts = decompose_hangul(c);
    for (unsigned i = 0; i < parts.count; ++i) word_.append(parts.value[i]);
    return true;
  }

  bool alone(char32_t c) { return words_.finish() && (word_.append(c), words_.finish()); }

  word_splitter<Next>& words_;
  word_buffer& word_;
  unsigned meaning_;  // the class bits that this configuration looks at
};

}  // namespace detail
}  // namespace v0
}  // namespace fewfit
