// SPDX-License-Identifier: MIT
// Characters: UTF-8 both ways, and every class, decomposition and lower case of the tables.

#include "fewfit/text/unicode.hpp"

#include <doctest/doctest.h>

#include <iterator>
#include <random>
#include <set>
#include <string>

#include "support/reference_tokenizer.hpp"

namespace {

using namespace fewfit::detail;
using support::character_tables;

std::u32string decode_all(const std::string& bytes) {
  std::u32string out;
  const char* const end = bytes.data() + bytes.size();
  for (const char* p = bytes.data(); p != end;) {
    const decoded next = decode(p, end);
    REQUIRE(next.size >= 1);
    REQUIRE(next.size <= static_cast<std::uint32_t>(end - p));
    out += next.value;
    p += next.size;
  }
  return out;
}

std::string random_bytes(std::mt19937& random) {
  static const unsigned char awkward[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                          0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEE, 0xEF,
                                          0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFE, 0xFF};
  std::string bytes(1 + random() % 12, '\0');
  for (char& byte : bytes) byte = static_cast<char>(awkward[random() % sizeof awkward]);
  return bytes;
}

bool is_scalar(char32_t c) { return c < 0x110000 && !(c >= 0xD800 && c < 0xE000); }

// Checks a million facts in one assertion: the first code point for which one does not hold.
template <class Fact>
void check_each(const Fact& holds) {
  char32_t c = 0;
  while (c < 0x110000 && holds(c)) ++c;
  CHECK(static_cast<unsigned>(c) == 0x110000u);
}

std::u32string as_text(const code_points& parts) { return {parts.value, parts.count}; }

}  // namespace

TEST_CASE("unicode: every scalar value is the same after encoding and decoding") {
  check_each([](char32_t c) {
    if (!is_scalar(c)) return true;
    char bytes[4] = {};
    const std::string_view text(bytes, encode_utf8(c, bytes));
    const decoded back = decode(bytes, bytes + text.size());
    return text == support::to_utf8(std::u32string(1, c)) && back.value == c && back.size == text.size() &&
           back.well_formed && fewfit::is_valid_utf8(text);
  });
}

TEST_CASE("unicode: every maximal ill-formed subpart is one U+FFFD") {
  const auto replaced = [](std::size_t n) { return std::u32string(n, 0xFFFD); };  // examples of the standard, 3.9
  CHECK(decode_all("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41") == replaced(4) + U'A');
  CHECK(decode_all("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41") == replaced(8) + U'A');
  CHECK(decode_all("\xED\xA0\x80") == replaced(3));
  CHECK(decode_all("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42") == replaced(5) + U'A' + replaced(2) + U'B');
  std::mt19937 random(1);
  for (int i = 0; i < 200000; ++i) {
    const std::string bytes = random_bytes(random);
    REQUIRE(decode_all(bytes) == support::decode_with_replacement(bytes));
  }
}

TEST_CASE("unicode: text is valid exactly when nothing was replaced") {
  CHECK(fewfit::is_valid_utf8(""));
  CHECK(fewfit::is_valid_utf8(std::string_view("\0", 1)));
  CHECK(fewfit::is_valid_utf8("\xEF\xBF\xBD"));  // U+FFFD itself
  CHECK_FALSE(fewfit::is_valid_utf8("a\xC3"));
  std::mt19937 random(2);
  for (int i = 0; i < 100000; ++i) {
    const std::string bytes = random_bytes(random);
    REQUIRE(fewfit::is_valid_utf8(bytes) == (support::to_utf8(decode_all(bytes)) == bytes));
  }
}

TEST_CASE("unicode: reading backwards finds the characters that reading forwards finds") {
  std::mt19937 random(3);
  for (int i = 0; i < 100000; ++i) {
    const std::string bytes = random_bytes(random);
    const char* const end = bytes.data() + bytes.size();
    for (const char* p = bytes.data(); p != end;) {
      const decoded next = decode(p, end);
      p += next.size;
      const decoded last = decode_before(bytes.data(), p);
      REQUIRE(last.value == next.value);
      REQUIRE((last.size == next.size || !next.well_formed));
      if (p == end || !next.well_formed) continue;
      REQUIRE(decode_before(p - next.size, p).size == next.size);
    }
  }
}

TEST_CASE("unicode: every code point has the classes of the original") {
  const character_tables& tables = character_tables::get();
  const auto bit = [](bool value, unsigned mask) { return value ? mask : 0u; };
  check_each([&](char32_t c) {
    const bool hangul = c >= 0xAC00 && c <= 0xD7A3;
    const unsigned expected = bit(support::has(tables.removed, c), char_class::removed) |
                              bit(support::has(tables.white_space, c), char_class::white_space) |
                              bit(support::has(tables.punctuation, c), char_class::punctuation) |
                              bit(support::has(tables.stripped, c), char_class::stripped_mark) |
                              bit(tables.combining_class.count(c) != 0, char_class::reorders) |
                              bit(tables.lower.count(c) != 0, char_class::has_lower) |
                              bit(hangul || tables.decomposition.count(c) != 0, char_class::decomposes) |
                              bit(support::has(tables.cjk, c), char_class::cjk);
    return class_of(c) == expected && (c >= 0x80 || ascii_class(c) == expected);
  });
  check_each([&](char32_t c) { return is_word_character(c) == support::has(tables.word, c); });
  check_each([&](char32_t c) { return is_white_space(c) == support::has(tables.white_space, c); });
}

TEST_CASE("unicode: decompositions and lower case are the original's, whatever utf8proc is linked") {
  const character_tables& tables = character_tables::get();
  check_each([](char32_t c) {
    return (class_of(c) & char_class::decomposes) == 0 ||
           as_text(decompose(c)) == support::decompose_text(std::u32string(1, c));
  });
  check_each([&](char32_t c) {
    return (class_of(c) & char_class::has_lower) == 0 || as_text(lower_case(c)) == tables.lower.at(c);
  });
}

TEST_CASE("unicode: combining classes are the original's, and those of the marks that are kept are known") {
  const character_tables& tables = character_tables::get();
  std::set<unsigned> kept;
  for (const auto& [c, expected] : tables.combining_class) {
    REQUIRE(combining_class(c) == expected);
    if ((class_of(c) & (char_class::stripped_mark | char_class::decomposes)) == 0) kept.insert(expected);
  }
  CHECK(std::vector<unsigned>(kept.begin(), kept.end()) ==
        std::vector<unsigned>(std::begin(kept_mark_classes), std::end(kept_mark_classes)));
}
