// SPDX-License-Identifier: MIT
#pragma once
// Characters: UTF-8 in and out, their classes, their decomposition and lower case. The only header with utf8proc.
//
// Classes come from unicode_tables.hpp. utf8proc is asked for one code point at a time and only where that table says
// that there is an answer and the answer is as old as Unicode 9, so every version of it gives the same ids; whole
// texts never go through it, because its reordering of marks is quadratic (3.8 s for 64 KB of them).
// source  The Unicode Standard, section 3.9: table 3-7 (well-formed UTF-8) and "maximal subpart" replacement.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <utf8proc.h>

#include "fewfit/config.hpp"
#include "fewfit/text/unicode_tables.hpp"
#include "fewfit/text/word_ranges.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

inline constexpr char32_t replacement_character = 0xFFFD;
inline constexpr char32_t space_character = U' ';

/// A code point and the bytes it came from.
struct decoded {
  char32_t value;
  std::uint32_t size;  // in bytes, 1 to 4
  bool well_formed;    // otherwise the value is U+FFFD and the bytes are a maximal ill-formed subpart
};

constexpr unsigned byte_at(const char* p) noexcept { return static_cast<unsigned char>(*p); }

constexpr bool is_continuation(unsigned byte) noexcept { return (byte & 0xC0u) == 0x80u; }

/// The sequence that begins with a byte >= 0x80. needs p < end
///
/// Only the second byte has a range of its own, by which overlong forms, surrogates and what is beyond U+10FFFF
/// are refused: table 3-7.
inline decoded decode_multibyte(const char* p, const char* end) noexcept {
  const unsigned lead = byte_at(p);
  if (lead < 0xC2 || lead > 0xF4) return {replacement_character, 1, false};
  const std::uint32_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  unsigned low = 0x80, high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  char32_t value = lead & (0x7Fu >> size);
  for (std::uint32_t i = 1; i < size; ++i) {
    const unsigned byte = p + i == end ? 0u : byte_at(p + i);
    if (byte < low || byte > high) return {replacement_character, i, false};
    value = value << 6 | (byte & 0x3Fu);
    low = 0x80, high = 0xBF;
  }
  return {value, size, true};
}

/// The code point that begins at p. needs p < end
inline decoded decode(const char* p, const char* end) noexcept {
  if (byte_at(p) < 0x80) return {byte_at(p), 1, true};
  return decode_multibyte(p, end);
}

/// The code point that ends at p, as reading from the front would see it. needs begin < p
///
/// A sequence starts at the last byte that is no continuation, at most four back; a continuation byte that no such
/// sequence reaches is ill-formed by itself.
inline decoded decode_before(const char* begin, const char* p) noexcept {
  for (std::uint32_t size = 1; size <= 4 && p - begin >= static_cast<std::ptrdiff_t>(size); ++size) {
    if (is_continuation(byte_at(p - size))) continue;
    const decoded last = decode(p - size, p);
    if (last.size == size) return last;
    break;
  }
  return {replacement_character, 1, false};
}

/// UTF-8 of a code point; returns the number of bytes. needs room for 4
inline std::uint32_t encode_utf8(char32_t c, char* out) noexcept {
  const auto put = [out](unsigned i, char32_t byte) { out[i] = static_cast<char>(static_cast<unsigned char>(byte)); };
  const auto continuation = [c](unsigned shift) { return 0x80u | (c >> shift & 0x3Fu); };
  if (c < 0x80) return put(0, c), 1;
  if (c < 0x800) return put(0, 0xC0u | c >> 6), put(1, continuation(0)), 2;
  if (c < 0x10000) return put(0, 0xE0u | c >> 12), put(1, continuation(6)), put(2, continuation(0)), 3;
  return put(0, 0xF0u | c >> 18), put(1, continuation(12)), put(2, continuation(6)), put(3, continuation(0)), 4;
}

/// The bits of `char_class`.
inline std::uint8_t class_of(char32_t c) noexcept {
  if (c < class_table_end) {
    return class_blocks[class_index[c / class_block_size] * class_block_size + c % class_block_size];
  }
  for (const class_range& range : upper_classes) {
    if (c >= range.first && c <= range.last) return range.value;
  }
  return 0;
}

inline std::uint8_t ascii_class(unsigned c) noexcept {
  return class_blocks[c];  // ASCII is the first two blocks
}

inline bool is_white_space(char32_t c) noexcept { return (class_of(c) & char_class::white_space) != 0; }

/// Whether a single_word token beside it is part of a longer word: marks, digits, '_' and CJK are, too.
inline bool is_word_character(char32_t c) noexcept {
  std::size_t first = 0;
  std::size_t last = sizeof word_ranges / sizeof word_ranges[0];
  while (first < last) {
    const std::size_t middle = (first + last) / 2;
    if (c > word_ranges[middle][1])
      first = middle + 1;
    else
      last = middle;
  }
  return first < sizeof word_ranges / sizeof word_ranges[0] && c >= word_ranges[first][0];
}

/// A code point as one to four.
struct code_points {
  char32_t value[4];
  unsigned count;
};

inline bool is_hangul_syllable(char32_t c) noexcept { return c >= 0xAC00 && c < 0xAC00 + 19 * 21 * 28; }

/// A syllable as two or three jamo: The Unicode Standard, section 3.12. needs is_hangul_syllable
inline code_points decompose_hangul(char32_t c) noexcept {
  const char32_t index = c - 0xAC00, vowel = index / 28 % 21, tail = index % 28;
  return {{0x1100 + index / (21 * 28), 0x1161 + vowel, 0x11A7 + tail}, tail == 0 ? 2u : 3u};
}

/// The full canonical decomposition of Unicode 9. needs the class bit `decomposes`
///
/// That a decomposition never changes is one of Unicode's promises.
inline code_points decompose(char32_t c) noexcept {
  if (is_hangul_syllable(c)) return decompose_hangul(c);
  utf8proc_int32_t parts[4] = {};
  const utf8proc_ssize_t count =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts, 4, UTF8PROC_DECOMPOSE, nullptr);
  code_points out = {{c}, 1};
  if (count < 1 || count > 4) return out;  // not with any utf8proc we know
  out.count = static_cast<unsigned>(count);
  for (unsigned i = 0; i < out.count; ++i) out.value[i] = static_cast<char32_t>(parts[i]);
  return out;
}

/// Lower case, the same in every context: no final sigma. needs the class bit `has_lower`
inline code_points lower_case(char32_t c) noexcept {
  if (c == 0x130) return {{U'i', 0x307}, 2};  // the only one that gets longer; utf8proc has one-to-one mappings alone
  for (const lower_range& range : newer_lower) {
    if (c < range.first) break;
    if (c > range.last || (c - range.first) % range.step != 0) continue;
    return {{static_cast<char32_t>(static_cast<std::int32_t>(c) + range.delta)}, 1};
  }
  return {{static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)))}, 1};
}

/// The canonical combining class. needs the class bit `reorders`
///
/// That it never changes is another of Unicode's promises.
inline unsigned combining_class(char32_t c) noexcept {
  return static_cast<unsigned>(utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class);
}

}  // namespace detail

/// Whether every byte belongs to a well-formed sequence.
inline bool is_valid_utf8(std::string_view text) noexcept {
  const char* const end = text.data() + text.size();
  for (const char* p = text.data(); p != end;) {
    std::uint64_t eight;
    if (end - p >= 8) {  // most of a vocabulary is ASCII
      std::memcpy(&eight, p, sizeof eight);
      if ((eight & 0x8080808080808080u) == 0) {
        p += sizeof eight;
        continue;
      }
    }
    const detail::decoded next = detail::decode(p, end);
    if (!next.well_formed) return false;
    p += next.size;
  }
  return true;
}

}  // namespace v0
}  // namespace fewfit
