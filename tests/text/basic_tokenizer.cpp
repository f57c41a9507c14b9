// SPDX-License-Identifier: MIT
// Text to words, each step with and without the others.

#include "fewfit/text/basic_tokenizer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "support/reference_tokenizer.hpp"

namespace {

using fewfit::tokenizer_config;

struct collected_text {
  std::u32string text;
  bool character(char32_t c, std::uint8_t, fewfit::byte_range) { return text += c, true; }
};

struct collected_words {
  std::vector<std::string> words;
  bool word(const fewfit::detail::word_buffer& w) {
    words.emplace_back(w.chars > w.max_chars ? std::string_view("(too long)") : std::string_view(w.bytes, w.size));
    return true;
  }
  bool token(std::uint32_t, fewfit::byte_range) { return true; }
};

// In two parts, so that a piece's parts are seen to belong together.
std::u32string normalize(const tokenizer_config& config, const std::string& text, std::size_t first_part = 0) {
  collected_text out;
  fewfit::detail::normalizer<collected_text> normalizer(config, text.data(), true, out);
  normalizer.begin(text.data());
  CHECK(normalizer.feed(text.data() + first_part));
  CHECK(normalizer.feed(text.data() + text.size()));
  CHECK(normalizer.finish());
  return out.text;
}

std::vector<std::string> words(const std::string& text, const tokenizer_config& config = {}) {
  collected_words out;
  std::vector<char> scratch(4 * config.max_input_chars_per_word);
  using splitter_type = fewfit::detail::word_splitter<collected_words>;
  splitter_type splitter({scratch.data(), nullptr, config.max_input_chars_per_word}, out);
  fewfit::detail::normalizer<splitter_type> normalizer(config, text.data(), false, splitter);
  normalizer.begin(text.data());
  CHECK(normalizer.feed(text.data() + text.size()));
  CHECK(normalizer.finish());
  CHECK(splitter.finish());
  return out.words;
}

support::tokenizer_options as_options(const tokenizer_config& config) {
  return {config.clean_text, config.handle_chinese_chars, config.strip_accents, config.lowercase, 100, {}};
}

using list = std::vector<std::string>;

}  // namespace

TEST_CASE("basic_tokenizer: words are split at white space, punctuation is a word of its own") {
  CHECK(words("Hello, world!") == list{"hello", ",", "world", "!"});
  CHECK(words("  a\tb\nc\r\nd\xC2\xA0" "e\xE2\x80\xA8" "f ") == list{"a", "b", "c", "d", "e", "f"});
  CHECK(words("don't $5 a_b") == list{"don", "'", "t", "$", "5", "a", "_", "b"});
  CHECK(words("\xE2\x82\xAC" "5") == list{"\xE2\x82\xAC" "5"});  // the euro is no punctuation
  CHECK(words("").empty());
  CHECK(words(" \t ").empty());
}

TEST_CASE("basic_tokenizer: clean_text deletes before it makes spaces") {
  CHECK(words("foo\x0B" "bar\xC2\x85" "baz") == list{"foobarbaz"});
  CHECK(words(std::string("a\0b\xEF\xBF\xBD\xE2\x80\x8B" "c", 10)) == list{"abc"});
  tokenizer_config config;
  config.clean_text = false;
  CHECK(words("foo\x0B" "bar\xC2\x85" "baz", config) == list{"foo", "bar", "baz"});
  CHECK(words("a\xE2\x80\x8B" "b", config) == list{"a\xE2\x80\x8B" "b"});
}

TEST_CASE("basic_tokenizer: ideographs stand alone, kana and Hangul do not") {
  const std::string text = "a\xE4\xB8\xAD\xE6\x96\x87" "b";
  CHECK(words(text) == list{"a", "\xE4\xB8\xAD", "\xE6\x96\x87", "b"});
  tokenizer_config config;
  config.handle_chinese_chars = false;
  CHECK(words(text, config) == list{text});
  CHECK(words("\xE3\x82\xAB\xE3\x82\xAF").size() == 1);
  CHECK(words("\xF0\xAB\xA0\xA0" "a").size() == 1);  // U+2B820: the hole in the original's ranges
  CHECK(words("\xF0\xAB\xA4\xA0" "a").size() == 2);  // U+2B920
}

TEST_CASE("basic_tokenizer: accents go and case goes, each by its own switch") {
  const std::string text = "\xC3\x89" "COLE \xD0\x81\xD0\x9B\xD0\x9A\xD0\x90 \xC4\xB0";
  CHECK(words(text) == list{"ecole", "\xD0\xB5\xD0\xBB\xD0\xBA\xD0\xB0", "i"});
  tokenizer_config config;
  config.lowercase = false;
  CHECK(words(text, config) == list{"ECOLE", "\xD0\x95\xD0\x9B\xD0\x9A\xD0\x90", "I"});
  config.strip_accents = false;
  CHECK(words(text, config) == list{"\xC3\x89" "COLE", "\xD0\x81\xD0\x9B\xD0\x9A\xD0\x90", "\xC4\xB0"});
  config.lowercase = true;
  CHECK(words(text, config) == list{"\xC3\xA9" "cole", "\xD1\x91\xD0\xBB\xD0\xBA\xD0\xB0", "i\xCC\x87"});
}

TEST_CASE("basic_tokenizer: the length of a word is counted in characters after normalisation") {
  const std::string hundred(100, 'a');
  CHECK(words(hundred) == list{hundred});
  CHECK(words(hundred + "a") == list{"(too long)"});
  CHECK(words(hundred + "\xCC\x81\xC2\xAD") == list{hundred});  // an accent and a soft hyphen vanish
  std::string hangul;
  for (int i = 0; i < 33; ++i) hangul += "\xED\x95\x9C";  // three letters each
  CHECK(words(hangul) != list{"(too long)"});
  CHECK(words(hangul + "\xED\x95\x9C") == list{"(too long)"});
  CHECK(words(hundred + "a b") == list{"(too long)", "b"});
}

TEST_CASE("basic_tokenizer: kept marks are ordered as a stable sort of the whole run orders them") {
  static const char32_t marks[] = {0x1D165, 0x1D16D, 0x1D16E, 0x1B44, 0x302E, 0x302F, 0x1DFB, 0x8D4, 0x1E944, 0x11446,
                                   0x301,   0x34F,   0x901,   0x200B, 0xAD,   0x1D15E, 0x1D1C0, 0x344, U'a',    0x20};
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    std::size_t middle = 0;
    for (std::size_t n = random() % 30; n > 0; --n) {
      support::append_utf8(text, marks[random() % (i % 2 == 0 ? 10 : 20)]);
      if (random() % 4 == 0) middle = text.size();
    }
    const tokenizer_config config = {i % 3 != 0, true, true, true, 100, 0, 0, 0};
    const std::u32string plain = support::normalize_text(as_options(config), support::decode_with_replacement(text));
    REQUIRE(normalize(config, text, middle) == plain);
  }
}

TEST_CASE("basic_tokenizer: a run of a hundred thousand marks is exact and takes no longer than its length") {
  std::string text = "x";
  for (int i = 0; i < 50000; ++i) text += "\xF0\x9D\x85\xAD\xF0\x9D\x85\xA5\xCC\x81";  // 226, 216, one stripped
  const std::u32string expected = U"x" + std::u32string(50000, 0x1D165) + std::u32string(50000, 0x1D16D);
  const auto start = std::chrono::steady_clock::now();
  CHECK(normalize({}, text) == expected);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));  // squared, it would be minutes
}

TEST_CASE("basic_tokenizer: a stage that wants no more stops the ones before it") {
  struct one_character {
    int calls = 0;
    bool character(char32_t, std::uint8_t, fewfit::byte_range) { return ++calls < 1; }
  } out;
  const std::string text = "a\xCC\x81\xF0\x9D\x85\xA5 \xE4\xB8\xAD";
  fewfit::detail::normalizer<one_character> normalizer({}, text.data(), false, out);
  normalizer.begin(text.data());
  CHECK_FALSE(normalizer.feed(text.data() + text.size()));
  CHECK(out.calls == 1);
}
