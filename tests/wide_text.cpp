// SPDX-License-Identifier: MIT
// Wide texts: every scalar value and every lone surrogate, and byte ranges in the caller's units.

#include "fewfit/wide_text.hpp"

#include <doctest/doctest.h>

#include <random>

#include "support/adversarial_texts.hpp"
#include "support/call_faults.hpp"
#include "support/many_texts.hpp"

using fewfit::byte_range;
using fewfit::span;

namespace {

constexpr bool is_surrogate(char32_t c) { return c >= 0xD800 && c < 0xE000; }

/// A character in the units of Char, as the standards have it; lone surrogates and more than U+10FFFF as they are.
template <class Char>
void append_wide(std::basic_string<Char>& out, char32_t c) {
  if (sizeof(Char) == 2 && c >= 0x10000) {
    out += static_cast<Char>(0xD800 + ((c - 0x10000) >> 10));
    out += static_cast<Char>(0xDC00 + ((c - 0x10000) & 0x3FF));
  } else {
    out += static_cast<Char>(c);
  }
}

template <class Char>
std::string expected_utf8(char32_t c) {
  std::string out;
  support::append_utf8(out, is_surrogate(c) || c > 0x10FFFF ? char32_t{0xFFFD} : c);
  return out;
}

/// Text with its UTF-8 and, for every byte of that and for its end, the unit where its character begins.
template <class Char>
struct mapped_text {
  std::basic_string<Char> wide;
  std::string utf8;
  std::vector<std::size_t> unit;

  void add(char32_t c) {
    const std::string bytes = expected_utf8<Char>(c);
    unit.insert(unit.end(), bytes.size(), wide.size());
    utf8 += bytes;
    append_wide(wide, c);
  }
  void end() { unit.push_back(wide.size()); }
};

/// Characters from a seed, no low surrogate behind a high one.
template <class Char>
mapped_text<Char> random_text(std::mt19937& random, std::size_t count) {
  mapped_text<Char> out;
  char32_t before = 0;
  for (std::size_t i = 0; i < count; ++i) {
    constexpr char32_t starts[] = {0x20, 0x80, 0x400, 0xD800, 0xDC00, 0xFFF0, 0x10000, 0x1F600, 0x10FFF0};
    const char32_t c = starts[random() % 9] + random() % 16;
    if (before >= 0xD800 && before < 0xDC00 && c >= 0xDC00 && c < 0xE000) continue;
    out.add(c);
    before = c;
  }
  out.end();
  return out;
}

template <class Char>
void check_scalars() {
  for (char32_t c = 0; c < 0x110000; ++c) {
    std::basic_string<Char> text;
    append_wide(text, c);
    if (fewfit::to_utf8(text) != expected_utf8<Char>(c)) FAIL_CHECK("alone, " << static_cast<std::uint32_t>(c));
    text.insert(text.begin(), static_cast<Char>('a'));
    text += static_cast<Char>('b');
    if (fewfit::to_utf8(text) != "a" + expected_utf8<Char>(c) + "b")
      FAIL_CHECK("between, " << static_cast<std::uint32_t>(c));
  }
}

template <class Char>
void check_units() {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const mapped_text<Char> t = random_text<Char>(random, random() % 60);
    REQUIRE(fewfit::to_utf8(t.wide) == t.utf8);
    fewfit::unit_finder<Char> forth(t.wide), back(t.wide), anywhere(t.wide);
    for (std::size_t byte = 0; byte <= t.utf8.size(); ++byte) REQUIRE(forth.unit_at(byte) == t.unit[byte]);
    for (std::size_t byte = t.utf8.size() + 1; byte-- > 0;) REQUIRE(back.unit_at(byte) == t.unit[byte]);
    for (int i = 0; i < 100; ++i) {
      const std::size_t byte = random() % t.unit.size();
      REQUIRE(anywhere.unit_at(byte) == t.unit[byte]);
    }
    REQUIRE(forth.unit_at(t.utf8.size() + 5) == t.wide.size());
    std::vector<byte_range> ranges;
    for (int i = 0; i < 20; ++i)
      ranges.push_back({static_cast<std::uint32_t>(random() % t.unit.size()),
                        static_cast<std::uint32_t>(random() % t.unit.size())});
    const std::vector<byte_range> bytes = ranges;
    fewfit::to_units(t.wide, ranges);
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      REQUIRE(ranges[i].begin == t.unit[bytes[i].begin]);
      REQUIRE(ranges[i].end == t.unit[bytes[i].end]);
    }
  }
}

template <class Char>
void check_calls() {
  const fewfit::model& m = support::shared_tiny();
  std::vector<std::basic_string<Char>> wide;
  std::vector<std::string> narrow;
  std::mt19937 random(8);
  for (int i = 0; i < 40; ++i) {
    const mapped_text<Char> t = random_text<Char>(random, random() % 30);
    wide.push_back(t.wide), narrow.push_back(t.utf8);
    for (const char letter : std::string(" good day [USER] new york")) wide.back() += static_cast<Char>(letter);
    narrow.back() += " good day [USER] new york";
  }
  const std::vector<std::basic_string_view<Char>> texts(wide.begin(), wide.end());
  const std::vector<std::string_view> views(narrow.begin(), narrow.end());
  const span<const std::basic_string_view<Char>> all(texts);
  const fewfit::wide_texts held(all);
  REQUIRE(held.views().size == views.size());
  for (std::size_t i = 0; i < views.size(); ++i) CHECK(held.views()[i] == views[i]);
  const auto expected = m.predict(span<const std::string_view>(views));
  CHECK(support::same(fewfit::predict(m, all), expected));
  CHECK(fewfit::predict_proba(m, all).value() == m.predict_proba(span<const std::string_view>(views)).value());
  CHECK(fewfit::encode(m, all).value() == m.encode(span<const std::string_view>(views)).value());
  for (std::size_t i = 0; i < views.size(); ++i) {
    CHECK(support::same(fewfit::predict(m, texts[i]), expected[i]));
    const fewfit::token_ids tokens = fewfit::tokenize(m, texts[i], {true, false, true});
    const fewfit::token_ids bytes = m.tokenize(views[i], {true, false, true});
    REQUIRE(tokens.ids == bytes.ids);
    for (std::size_t t = 1; t + 1 < tokens.ids.size(); ++t) {
      const auto part = texts[i].substr(tokens.offsets[t].begin, tokens.offsets[t].end - tokens.offsets[t].begin);
      const auto same = views[i].substr(bytes.offsets[t].begin, bytes.offsets[t].end - bytes.offsets[t].begin);
      CHECK(fewfit::to_utf8(part) == same);
    }
    CHECK(tokens.offsets.back().end == 0);  // [SEP]
  }
  CHECK(fewfit::tokenize(m, texts[0]).ids == m.tokenize(views[0]).ids);
}

}  // namespace

TEST_SUITE_BEGIN("wide_text");

TEST_CASE("every scalar value and every lone surrogate, alone and between letters") {
  check_scalars<char16_t>();
  check_scalars<wchar_t>();
}

TEST_CASE("two surrogates: a character in their order, two U+FFFD in any other") {
  const std::string bad = "\xEF\xBF\xBD";
  const char16_t high = 0xD83D, low = 0xDE00;
  CHECK(fewfit::to_utf8(std::u16string{high, low}) == "\xF0\x9F\x98\x80");
  CHECK(fewfit::to_utf8(std::u16string{low, high}) == bad + bad);
  CHECK(fewfit::to_utf8(std::u16string{high, high, low}) == bad + "\xF0\x9F\x98\x80");
  CHECK(fewfit::to_utf8(std::u16string{high, low, low}) == "\xF0\x9F\x98\x80" + bad);
  CHECK(fewfit::to_utf8(std::u16string{high}) == bad);
  fewfit::unit_finder<char16_t> finder(u"\xD83D\xD83D\xDE00\xDE00");  // bytes 3, 4, 3
  CHECK(finder.unit_at(10) == 4);
  CHECK(finder.unit_at(7) == 3);
  CHECK(finder.unit_at(6) == 1);
  CHECK(finder.unit_at(2) == 0);
}

TEST_CASE("numbers beyond U+10FFFF where wchar_t has four bytes") {
  if (sizeof(wchar_t) == 2) return;
  for (const std::uint32_t c : {0x110000u, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu})
    CHECK(fewfit::to_utf8(std::wstring(1, static_cast<wchar_t>(c))) == "\xEF\xBF\xBD");
}

TEST_CASE("bytes to units: in order, backwards and anywhere, inside of characters and behind the text") {
  check_units<char16_t>();
  check_units<wchar_t>();
}

TEST_CASE("the calls of a model: the answers to the same text in UTF-8, offsets in units") {
  check_calls<char16_t>();
  check_calls<wchar_t>();
  CHECK(fewfit::predict(support::shared_tiny(), u"good").index == support::shared_tiny().predict("good").index);
  CHECK(fewfit::predict(support::shared_tiny(), L"bad day").index == support::shared_tiny().predict("bad day").index);
}

TEST_CASE("one text, every verb; one range") {
  const fewfit::model& m = support::shared_tiny();
  const std::u16string_view wide = u"good day";
  CHECK(fewfit::predict_proba(m, wide).value() == m.predict_proba("good day").value());
  CHECK(fewfit::predict_proba(m, L"good day").value() == m.predict_proba("good day").value());
  CHECK(fewfit::encode(m, wide).value() == m.encode("good day").value());
  CHECK(fewfit::encode(m, L"good day").value() == m.encode("good day").value());
  const fewfit::byte_range range = fewfit::to_units(u"\u043C\u0438\u0440 day", fewfit::byte_range{7, 10});
  CHECK(range.begin == 4);
  CHECK(range.end == 7);
  CHECK(fewfit::to_units(L"\u043C\u0438\u0440 day", fewfit::byte_range{0, 6}).end == 3);
}

TEST_SUITE_END();
