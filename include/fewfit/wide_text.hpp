// SPDX-License-Identifier: MIT
#pragma once
// Texts in UTF-16 or in wchar_t, as Windows, Qt and game engines have them: asked as they are, answered in their own
// units.
//
//   fewfit::prediction answer = fewfit::predict(model, L"...");           // or u"..."
//   fewfit::token_ids tokens = fewfit::tokenize(model, u"...", {true, true, true});   // offsets count char16_t
//
// Where wchar_t has two bytes it is UTF-16, else UTF-32. What is no character (a surrogate without the other half, a
// number beyond U+10FFFF) becomes U+FFFD, as what is no UTF-8 does in the tokenizer. To ask often and without
// allocating: `wide_texts` holds texts in UTF-8 for every call of a model, and `to_units` takes what comes back.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "fewfit/api.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

/// A character of a wide text: its units there and its bytes in UTF-8.
struct wide_character {
  char32_t value = 0;
  std::uint32_t units = 0;
  std::uint32_t bytes() const noexcept { return value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4; }
};

constexpr bool is_high_surrogate(char32_t c) noexcept { return c >= 0xD800 && c < 0xDC00; }
constexpr bool is_low_surrogate(char32_t c) noexcept { return c >= 0xDC00 && c < 0xE000; }

/// The character at unit i.    needs  i < text.size()
template <class Char>
wide_character wide_at(std::basic_string_view<Char> text, std::size_t i) noexcept {
  static_assert(sizeof(Char) == 2 || sizeof(Char) == 4, "UTF-16 or UTF-32");
  using number = std::conditional_t<sizeof(Char) == 2, std::uint16_t, std::uint32_t>;  // wchar_t may be signed
  const auto unit = static_cast<char32_t>(static_cast<number>(text[i]));
  if (sizeof(Char) == 2 && is_high_surrogate(unit) && i + 1 < text.size()) {
    const auto next = static_cast<char32_t>(static_cast<number>(text[i + 1]));
    if (is_low_surrogate(next)) return {0x10000 + ((unit - 0xD800) << 10) + (next - 0xDC00), 2};
  }
  return {unit > 0x10FFFF || is_high_surrogate(unit) || is_low_surrogate(unit) ? char32_t{0xFFFD} : unit, 1};
}

template <class Bytes>
void append_utf8(Bytes& out, const wide_character& c) {
  const std::uint32_t size = c.bytes();
  static constexpr unsigned leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
  out.push_back(static_cast<char>(leads[size] | c.value >> (6 * (size - 1))));
  for (std::uint32_t i = size - 1; i-- > 0;) out.push_back(static_cast<char>(0x80u | (c.value >> (6 * i) & 0x3Fu)));
}

template <class Bytes, class Char>
void append_utf8(Bytes& out, std::basic_string_view<Char> text) {
  for (std::size_t i = 0; i < text.size();) {
    const wide_character c = wide_at(text, i);
    append_utf8(out, c);
    i += c.units;
  }
}

}  // namespace detail

inline std::string to_utf8(std::u16string_view text) {
  std::string out;
  return detail::append_utf8(out, text), out;
}
inline std::string to_utf8(std::wstring_view text) {
  std::string out;
  return detail::append_utf8(out, text), out;
}

/// Wide texts in UTF-8, in one block: `model.predict(texts.views(), scratch, out)`.
class wide_texts {
 public:
  explicit wide_texts(span<const std::u16string_view> texts) { take(texts); }
  explicit wide_texts(span<const std::wstring_view> texts) { take(texts); }
  wide_texts(const wide_texts&) = delete;
  wide_texts& operator=(const wide_texts&) = delete;

  span<const std::string_view> views() const noexcept { return views_; }

 private:
  template <class Char>
  void take(span<const std::basic_string_view<Char>> texts) {
    std::vector<std::size_t> ends;
    for (const std::basic_string_view<Char> text : texts) {
      detail::append_utf8(bytes_, text);
      ends.push_back(bytes_.size());
    }
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
      views_.emplace_back(bytes_.data() + begin, end - begin);
      begin = end;
    }
  }

  std::vector<char> bytes_;
  std::vector<std::string_view> views_;
};

/// Where a byte of the UTF-8 text lies in the wide one: walks from one question to the next, in either direction, so
/// questions in order cost one walk over the text and no memory.
template <class Char>
class unit_finder {
 public:
  explicit unit_finder(std::basic_string_view<Char> text) noexcept : text_(text) {}

  /// The unit at which the character begins that has this byte; the end of the text for a byte behind it.
  std::size_t unit_at(std::size_t byte) noexcept {
    if (byte == 0) return 0;  // [CLS] and [SEP] ask for it, and shall not make it walk
    while (byte < byte_) step_back();
    while (unit_ < text_.size()) {
      const detail::wide_character c = detail::wide_at(text_, unit_);
      if (byte < byte_ + c.bytes()) break;
      byte_ += c.bytes(), unit_ += c.units;
    }
    return unit_;
  }

 private:
  void step_back() noexcept {
    std::size_t before = unit_ - 1;
    if (before > 0 && detail::wide_at(text_, before - 1).units == 2) --before;
    byte_ -= detail::wide_at(text_, before).bytes();
    unit_ = before;
  }

  std::basic_string_view<Char> text_;
  std::size_t byte_ = 0, unit_ = 0;  // where a character begins, in both
};

namespace detail {

template <class Char>
void ranges_to_units(std::basic_string_view<Char> text, span<byte_range> ranges) noexcept {
  unit_finder<Char> finder(text);
  for (byte_range& r : ranges) {
    r.begin = static_cast<std::uint32_t>(finder.unit_at(r.begin));
    r.end = static_cast<std::uint32_t>(finder.unit_at(r.end));
  }
}

template <class Char>
token_ids tokenize_wide(const model& m, std::basic_string_view<Char> text, const tokenize_options& options) {
  token_ids out = m.tokenize(to_utf8(text), options);
  ranges_to_units<Char>(text, out.offsets);
  return out;
}

}  // namespace detail

/// Ranges of the UTF-8 text become ranges of the wide text that it was made of.
inline void to_units(std::u16string_view text, span<byte_range> ranges) noexcept {
  detail::ranges_to_units(text, ranges);
}
inline void to_units(std::wstring_view text, span<byte_range> ranges) noexcept {
  detail::ranges_to_units(text, ranges);
}

/// The same of one range, of a word that speaks for a label or of a window.
inline byte_range to_units(std::u16string_view text, byte_range range) noexcept {
  detail::ranges_to_units(text, {&range, 1});
  return range;
}
inline byte_range to_units(std::wstring_view text, byte_range range) noexcept {
  detail::ranges_to_units(text, {&range, 1});
  return range;
}

// --- The easy forms of a model, for one text and for many. They may let std::bad_alloc out. ---

inline prediction predict(const model& m, std::u16string_view text) { return m.predict(to_utf8(text)); }
inline prediction predict(const model& m, std::wstring_view text) { return m.predict(to_utf8(text)); }
inline std::vector<prediction> predict(const model& m, span<const std::u16string_view> texts) {
  return m.predict(wide_texts(texts).views());
}
inline std::vector<prediction> predict(const model& m, span<const std::wstring_view> texts) {
  return m.predict(wide_texts(texts).views());
}
inline result<std::vector<double>> predict_proba(const model& m, std::u16string_view text) {
  return m.predict_proba(to_utf8(text));
}
inline result<std::vector<double>> predict_proba(const model& m, std::wstring_view text) {
  return m.predict_proba(to_utf8(text));
}
inline result<std::vector<double>> predict_proba(const model& m, span<const std::u16string_view> texts) {
  return m.predict_proba(wide_texts(texts).views());
}
inline result<std::vector<double>> predict_proba(const model& m, span<const std::wstring_view> texts) {
  return m.predict_proba(wide_texts(texts).views());
}
inline result<std::vector<float>> encode(const model& m, std::u16string_view text) { return m.encode(to_utf8(text)); }
inline result<std::vector<float>> encode(const model& m, std::wstring_view text) { return m.encode(to_utf8(text)); }
inline result<std::vector<float>> encode(const model& m, span<const std::u16string_view> texts) {
  return m.encode(wide_texts(texts).views());
}
inline result<std::vector<float>> encode(const model& m, span<const std::wstring_view> texts) {
  return m.encode(wide_texts(texts).views());
}
/// The ids of a text; offsets count the units of `text`.
inline token_ids tokenize(const model& m, std::u16string_view text, const tokenize_options& options = {}) {
  return detail::tokenize_wide(m, text, options);
}
inline token_ids tokenize(const model& m, std::wstring_view text, const tokenize_options& options = {}) {
  return detail::tokenize_wide(m, text, options);
}

}  // namespace v0
}  // namespace fewfit
