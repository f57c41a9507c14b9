// SPDX-License-Identifier: MIT
// The table of short words: what it finds, what it leaves out, and every way in which a file may damage it.

#include "fewfit/text/short_words.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/owned_tokenizer.hpp"

namespace {

struct small_table {
  std::vector<std::string> tokens = {"",  "a", "of", "##a", "abcdefg", "abcdefgh", "\xD0\xB0", std::string("\0a", 2),
                                     ".", "#"};
  support::owned_vocabulary vocabulary{tokens};
  support::short_words_table words = vocabulary.words;

  bool is_sound() const { return fewfit::words_are_sound(words.view(), vocabulary.strings.view()); }
  std::uint32_t id(const char* word) const { return fewfit::find(words.view(), support::key_of(word)); }
  std::size_t slot(const char* word) const {
    std::size_t i = 0;
    while (words.keys[i] != support::key_of(word)) ++i;
    return i;
  }
  std::size_t empty_slot() const {
    std::size_t i = 0;
    while (words.keys[i] != 0) ++i;
    return i;
  }
};

}  // namespace

TEST_CASE("short words: whole words of up to seven ASCII bytes are there, and nothing else is") {
  const small_table s;
  CHECK(s.is_sound());
  CHECK(s.id("a") == 1);
  CHECK(s.id("of") == 2);
  CHECK(s.id("abcdefg") == 4);
  CHECK(s.id(".") == 8);
  CHECK(s.id("#") == 9);
  CHECK(s.id("b") == fewfit::no_token);
  CHECK(fewfit::find(s.words.view(), 0xB0D0u) == fewfit::no_token);
  using namespace std::string_literals;
  using namespace std::string_view_literals;
  for (const std::string_view left_out :
       {""sv, "##a"sv, "##"sv, "abcdefgh"sv, "\xD0\xB0"sv, "a\0"sv, "a\0b"sv, "\0"sv}) {
    const std::string padded = std::string(left_out) + "padding\0"s;  // with bytes behind it to read, and without
    CHECK(fewfit::detail::short_word_key({padded.data(), left_out.size()}, padded.data() + padded.size()) == 0);
    CHECK(fewfit::detail::short_word_key(left_out, left_out.data() + left_out.size()) == 0);
  }
}

TEST_CASE("short words: the vocabulary's are sound, and each token is found") {
  const support::owned_vocabulary& bert = support::bert_vocabulary();
  CHECK(fewfit::words_are_sound(bert.words.view(), bert.strings.view()));
  std::size_t found = 0;
  for (std::uint32_t id = 0; id < bert.tokens.size(); ++id) {
    const std::uint64_t key = support::key_of(bert.tokens[id]);
    const std::string& token = bert.tokens[id];
    REQUIRE(key == fewfit::detail::short_word_key(token, token.data() + token.size()));
    REQUIRE(key == fewfit::detail::short_word_key(token, token.data() + token.size() + 1));
    const std::string more = token + "\xFF##seven";
    REQUIRE(key == fewfit::detail::short_word_key({more.data(), token.size()}, more.data() + more.size()));
    if (key == 0) continue;
    REQUIRE(fewfit::find(bert.words.view(), key) == id);
    ++found;
  }
  CHECK(found == 14388);
}

TEST_CASE("short words: an empty table has two slots and finds nothing") {
  const support::short_words_table none = support::build_short_words({});
  CHECK(none.keys.size() == 2);
  CHECK(fewfit::words_are_sound(none.view(), {}));
  for (std::uint64_t key = 1; key < 1000; ++key) CHECK(fewfit::find(none.view(), key) == fewfit::no_token);
}

TEST_CASE("short words: a damaged table is refused") {
  const auto refused = [](auto&& damage) {
    small_table s;
    damage(s);
    return !s.is_sound();
  };
  CHECK_FALSE(refused([](small_table&) {}));
  CHECK(refused(
      [](small_table& s) { s.words.keys[s.slot("a")] = 0, s.words.ids[s.slot("of")] = 2; }));   // one is missing
  CHECK(refused([](small_table& s) { s.words.keys[s.slot("a")] = support::key_of("b"); }));     // no token
  CHECK(refused([](small_table& s) { s.words.keys[s.empty_slot()] = support::key_of("b"); }));  // one too many
  CHECK(refused([](small_table& s) { s.words.ids[s.slot("a")] = 2; }));                         // another's id
  CHECK(refused([](small_table& s) { s.words.ids[s.slot("a")] = 0xFFFFFFFFu; }));
  CHECK(refused([](small_table& s) { s.words.ids[s.empty_slot()] = 1; }));  // an empty slot's id
  CHECK(refused([](small_table& s) { std::swap(s.words.keys[s.slot("a")], s.words.keys[s.slot("of")]); }));
  CHECK(refused([](small_table& s) {  // no slot is empty: a look-up would not end
    for (std::uint64_t& key : s.words.keys) key = key == 0 ? 1 : key;
  }));
}

TEST_CASE("short words: 64 taken slots in a row are allowed, 65 are not, past the end as well") {
  const auto sound = [](std::uint32_t first, std::uint32_t count) {
    std::vector<std::uint64_t> keys(256);
    const std::vector<std::uint32_t> ids(256);
    for (std::uint32_t i = 0; i != count; ++i) keys[(first + i) % 256] = 1 + i;
    std::uint32_t taken = 0;
    const bool fine = fewfit::detail::slots_are_sound(fewfit::make_short_words(keys.data(), ids.data(), 256), taken);
    CHECK(taken == count);
    return fine;
  };
  for (const std::uint32_t first : {0u, 100u, 192u, 193u, 220u, 255u}) {
    CHECK(sound(first, 64));
    CHECK_FALSE(sound(first, 65));
  }
}

TEST_CASE("short words: a small table without an empty slot is refused, however short its row") {
  for (const std::uint32_t slots : {2u, 4u, 32u}) {
    std::vector<std::uint64_t> keys(slots, 1);
    const std::vector<std::uint32_t> ids(slots);
    const fewfit::short_words words = fewfit::make_short_words(keys.data(), ids.data(), slots);
    std::uint32_t taken = 0;
    CHECK_FALSE(fewfit::detail::slots_are_sound(words, taken));
    keys[slots / 2] = 0;
    CHECK(fewfit::detail::slots_are_sound(words, taken));
    CHECK(taken == slots - 1);
  }
}

TEST_CASE("short words: the tokenizer asks the table, cased and uncased, unless words may not be so long") {
  for (const bool lowercase : {true, false})
    for (const std::uint32_t limit : {6u, 7u, 8u, 100u}) {
      support::tokenizer_options options;
      options.lowercase = options.strip_accents = lowercase;
      options.max_input_chars_per_word = limit;
      support::owned_tokenizer tokenizer(options);
      fewfit::tokenizer marked = tokenizer.view();
      const std::vector<std::uint32_t> sevens(support::bert_vocabulary().words.ids.size(), 7);
      marked.vocab.words.ids = sevens.data();  // says 7 of every word
      std::vector<std::uint32_t> found;
      const std::vector<char> text = {'t', 'h', 'e', ' ', 'w', 'o', 'r', 'd', 's', ',', ' ',
                                      '1', '2', ' ', 'o', 'f', ' ', 't', 'h', 'e', 'm'};
      fewfit::tokenize_all(marked, {text.data(), text.size()}, tokenizer.scratch(),
                           [&](const std::uint32_t* first, const fewfit::byte_range*, std::size_t count) {
                             return found.insert(found.end(), first, first + count), true;
                           });
      CHECK(std::count(found.begin(), found.end(), 7u) == (limit < 7 ? 0 : 4));  // not in the last eight bytes
    }
}

TEST_CASE("short words: the tokenizer gives the same ids without the table") {
  support::tokenizer_options options;
  support::owned_tokenizer with(options);
  fewfit::tokenizer without = with.view();
  without.vocab.words = {};
  const auto ids = [&](const fewfit::tokenizer& t, const std::string& text) {
    std::vector<std::uint32_t> out;
    fewfit::tokenize_all(t, text, with.scratch(), [&](const std::uint32_t* first, const auto*, std::size_t count) {
      return out.insert(out.end(), first, first + count), true;
    });
    return out;
  };
  const std::string parts[] = {"the",      "The",          "a",         "embeddings", "sorting", "abcdefg",
                               "abcdefgh", "zqxj",         " ",         "  ",         ",",       ".",
                               "...",      "\t",           "\n",        "##",         "42",      "7",
                               "\xD0\xB0", "\xE4\xB8\xAD", "e\xCC\x81", "\xFF",       "\x7F",    std::string(1, '\0'),
                               "\xC2\xA0", "\xEF\xBF\xBD"};
  std::uint32_t state = 1;
  for (unsigned round = 0; round < 20000; ++round) {
    std::string text;
    for (unsigned n = round % 12; n != 0; --n) {
      state = state * 1664525u + 1013904223u;
      text += parts[(state >> 16) % (sizeof parts / sizeof *parts)];
    }
    CAPTURE(text);
    REQUIRE(ids(with.view(), text) == ids(without, text));
  }
}
