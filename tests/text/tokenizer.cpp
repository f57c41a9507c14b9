// SPDX-License-Identifier: MIT
// Whole texts: every case and digest of BertTokenizerFast, and truncation.

#include "fewfit/text/tokenizer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/adversarial_texts.hpp"
#include "support/owned_tokenizer.hpp"
#include "support/sha256.hpp"

namespace {

using ids_t = std::vector<std::uint32_t>;

support::tokenizer_options bert_options() {
  support::tokenizer_options options;
  options.added = support::bert_specials();
  return options;
}

support::owned_tokenizer& bert() {
  static support::owned_tokenizer tokenizer(bert_options());
  return tokenizer;
}

nlohmann::json cases(const char* name) {
  return nlohmann::json::parse(support::read_file(std::string("tests/data/") + name + ".json"));
}

// An added token keeps the id that the vocabulary has for its content; a new one gets the next.
support::tokenizer_options with_added(const nlohmann::json& extra) {
  support::tokenizer_options options = bert_options();
  std::uint32_t next = static_cast<std::uint32_t>(support::bert_vocabulary().tokens.size());
  for (const nlohmann::json& j : extra) {
    support::added_token token;
    token.content = j.at("content");
    token.single_word = j.value("single_word", false);
    token.lstrip = j.value("lstrip", false);
    token.rstrip = j.value("rstrip", false);
    token.normalized = j.value("normalized", false);
    token.special = j.value("special", false);
    token.id = support::bert_vocabulary().id(token.content);
    if (token.id == 0xFFFFFFFFu) token.id = next++;
    const auto same = [&](const support::added_token& other) { return other.content == token.content; };
    options.added.erase(std::remove_if(options.added.begin(), options.added.end(), same), options.added.end());
    options.added.push_back(token);
  }
  return options;
}

std::string digest(const std::string& before, const std::string& after) {
  support::sha256 sum;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text = before;
    support::append_utf8(text, c);
    const ids_t ids = bert().all_ids(text + after);
    const std::uint16_t count = static_cast<std::uint16_t>(ids.size());
    sum.add(&count, sizeof count);
    sum.add(ids.data(), ids.size() * sizeof(std::uint32_t));
  }
  return sum.hex();
}

}  // namespace

TEST_CASE("sha256: the digest of abc is the published one") {
  support::sha256 sum;
  sum.add("abc", 3);
  CHECK(sum.hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("tokenizer: every Unicode scalar value alone has the original's ids") {
  CHECK(digest("", "") == "e091c6be5726b46c80498aaa709ab862849358cfa552ac33020c57eb99ed640d");
}

TEST_CASE("tokenizer: every Unicode scalar value between letters has the original's ids") {
  CHECK(digest("a", "b") == "6ef776c5a48734a36a8a805835e8248a53b063719faae667cda69980abf6a842");
}

TEST_CASE("tokenizer: every Unicode scalar value before a suffix has the original's ids") {
  CHECK(digest("the ", "s") == "50e3f6ef792f2716793f13313a5c677e0c94330d00643b774c510e5080da8db5");
}

TEST_CASE("tokenizer: the corner cases have the original's ids") {
  for (const nlohmann::json& c : cases("corner_cases")) {
    CAPTURE(c.at("name").get<std::string>());
    CHECK(c.at("options").at("lowercase") == true);
    const std::string text = c.at("text");
    CHECK(bert().ids(text, c.at("options").at("max_length")) == c.at("expected_ids").get<ids_t>());
  }
}

TEST_CASE("tokenizer: added tokens are found where the original finds them") {
  for (const nlohmann::json& c : cases("added_token_cases")) {
    const std::string text = c.at("text");
    CAPTURE(c.at("name").get<std::string>());
    CAPTURE(text);
    support::owned_tokenizer tokenizer(with_added(c.at("options").at("extra_added_tokens")));
    CHECK(tokenizer.all_ids(text) == c.at("expected_ids").get<ids_t>());
    CHECK(tokenizer.reference().ids(text) == c.at("expected_ids").get<ids_t>());
  }
}

TEST_CASE("tokenizer: invalid UTF-8 is U+FFFD before added tokens are looked for") {
  for (const nlohmann::json& c : cases("invalid_utf8_cases")) {
    const std::string hex = c.at("hex");
    CAPTURE(hex);
    std::string text;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
      text += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    CHECK(bert().all_ids(text) == c.at("replace_ids").get<ids_t>());
  }
}

TEST_CASE("tokenizer: any text has the ids of the plain reference, whatever the options") {
  for (unsigned flags = 0; flags < 16; ++flags) {
    support::tokenizer_options options = support::awkward_options();
    options.clean_text = (flags & 1) != 0;
    options.handle_chinese_chars = (flags & 2) != 0;
    options.strip_accents = (flags & 4) != 0;
    options.lowercase = (flags & 8) != 0;
    options.max_input_chars_per_word = flags % 3 == 0 ? 7 : 100;
    support::owned_tokenizer tokenizer(options);
    options.added = support::bert_specials();
    support::owned_tokenizer usual(options);  // may go the fast way
    support::adversarial_texts texts(flags);
    for (int i = 0; i < 1500; ++i) {
      const std::string text = texts.next();
      CAPTURE(flags);
      CAPTURE(i);
      CAPTURE(text);
      REQUIRE(tokenizer.all_ids(text) == tokenizer.reference().ids(text));
      REQUIRE(usual.all_ids(text) == usual.reference().ids(text));
    }
  }
}

TEST_CASE("tokenizer: the fast way and the plain way find the same ids") {
  for (unsigned flags = 0; flags < 8; ++flags) {
    support::tokenizer_options options = bert_options();
    options.lowercase = options.strip_accents = (flags & 1) != 0;
    options.handle_chinese_chars = (flags & 2) != 0;
    options.max_input_chars_per_word = (flags & 4) != 0 ? 5 : 100;
    support::owned_tokenizer tokenizer(options);
    CHECK(fewfit::detail::shortcut_for(tokenizer.view().config) != fewfit::detail::shortcut::none);
    support::adversarial_texts texts(flags + 50);
    for (int i = 0; i < 3000; ++i) {
      const std::string text = texts.next();
      CAPTURE(flags);
      CAPTURE(text);
      std::vector<fewfit::byte_range> ranges;
      const ids_t plain = tokenizer.all_ids(text, false, &ranges);
      REQUIRE(ranges.size() == plain.size());
      REQUIRE(tokenizer.all_ids(text) == plain);
      for (const fewfit::byte_range r : ranges) REQUIRE((r.begin <= r.end && r.end <= text.size()));
    }
  }
}

TEST_CASE("tokenizer: special tokens are text where that is wanted, other added tokens are not") {
  support::tokenizer_options options = support::awkward_options();
  options.special_tokens_are_text = true;
  support::owned_tokenizer tokenizer(options);
  const std::uint32_t sep = support::bert_vocabulary().id("[SEP]");
  const ids_t ids = tokenizer.all_ids("a [SEP] b");
  CHECK(std::count(ids.begin(), ids.end(), sep) == 0);
  CHECK(ids.size() == 5);
  support::adversarial_texts texts(77);
  for (int i = 0; i < 3000; ++i) {
    const std::string text = texts.next();
    CAPTURE(text);
    REQUIRE(tokenizer.all_ids(text) == tokenizer.reference().ids(text));
  }
}

TEST_CASE("tokenizer: ids and offsets are the original's, whatever the options") {
  const auto bytes_of = [](const std::string& hex) {
    std::string out;
    for (std::size_t i = 0; i < hex.size(); i += 2)
      out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return out;
  };
  const nlohmann::json all = cases("offset_cases");  // outlives the loop over a part of it
  for (const nlohmann::json& variant : all.at("variants")) {
    const auto is = [&](std::size_t i) { return variant.at("flags").at(i) == 1; };
    support::tokenizer_options options = {is(0), is(1), is(2), is(3), variant.at("max_chars"), {}, is(4)};
    for (const nlohmann::json& t : variant.at("tokens")) {
      const std::uint32_t bits = t[1];
      options.added.push_back({bytes_of(t[2]), t[0], (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0,
                               (bits & 8) != 0, (bits & 16) != 0});
    }
    support::owned_tokenizer tokenizer(options, support::bert_vocabulary(), false);
    for (const nlohmann::json& c : variant.at("cases")) {
      const std::string text = bytes_of(c.at("hex"));
      CAPTURE(text);
      std::vector<fewfit::byte_range> ranges;
      REQUIRE(tokenizer.all_ids(text, false, &ranges) == c.at("ids").get<ids_t>());
      REQUIRE(tokenizer.all_ids(text) == c.at("ids").get<ids_t>());
      for (std::size_t i = 0; i < ranges.size(); ++i) {
        CAPTURE(i);
        CHECK(ranges[i].begin == c.at("offsets").at(i).at(0));
        CHECK(ranges[i].end == c.at("offsets").at(i).at(1));
      }
    }
  }
}

TEST_CASE("tokenizer: truncation cuts the whole list and says so exactly when it cuts") {
  support::adversarial_texts texts(99);
  for (int i = 0; i < 300; ++i) {
    const std::string text = texts.next();
    CAPTURE(text);
    const ids_t whole = bert().all_ids(text);
    const std::size_t n = whole.size();
    for (std::size_t max_ids = 2; max_ids <= n + 4; max_ids += 1 + n / 20) {
      bool truncated = false;
      ids_t expected = {bert().view().config.cls};
      expected.insert(expected.end(), whole.begin(), whole.begin() + static_cast<long>(std::min(n, max_ids - 2)));
      expected.push_back(bert().view().config.sep);
      REQUIRE(bert().ids(text, max_ids, &truncated) == expected);
      REQUIRE(truncated == (n > max_ids - 2));
      expected.assign(whole.begin(), whole.begin() + static_cast<long>(std::min(n, max_ids)));
      REQUIRE(bert().ids(text, max_ids, &truncated, false) == expected);
      REQUIRE(truncated == (n > max_ids));
    }
  }
}

TEST_CASE("tokenizer: a word of more than 100 characters is one [UNK], also where the cut falls into it") {
  const std::uint32_t unk = bert().view().config.unk;
  CHECK(bert().all_ids(std::string(101, 'a')) == ids_t{unk});
  CHECK(bert().all_ids(std::string(100, 'a')) != ids_t{unk});
  bool truncated = true;
  CHECK(bert().ids(std::string(101, 'a'), 3, &truncated) == ids_t{101, unk, 102});
  CHECK_FALSE(truncated);
}

TEST_CASE("tokenizer: a truncated text is read no further than needed") {
  // Behind the first megabyte there is nothing that may be touched; the text claims to go on.
  std::string text;
  while (text.size() < (1u << 20)) text += "word, ";
  bool truncated = false;
  std::vector<std::uint32_t> out(128);
  const fewfit::tokenize_result result =
      fewfit::tokenize(bert().view(), std::string_view(text.data(), 0x7FFFFFFF), 128, bert().scratch(), out.data());
  truncated = result.truncated;
  CHECK(result.count == 128);
  CHECK(truncated);
  text.clear();
  while (text.size() < (1u << 20)) text += "[SEP]";  // passed over, where special tokens are text
  support::tokenizer_options options = bert_options();
  options.special_tokens_are_text = true;
  support::owned_tokenizer tokenizer(options);
  CHECK(fewfit::tokenize(tokenizer.view(), std::string_view(text.data(), 0x7FFFFFFF), 128, tokenizer.scratch(),
                         out.data())
            .truncated);
}

TEST_CASE("tokenizer: where a text is cut to be looked at changes nothing") {
  support::owned_tokenizer awkward(support::awkward_options());
  for (std::size_t before = 4090; before < 4100; ++before) {  // a token begins with U+FFFD, that is \x80
    const std::string text = std::string(before, '.') + "\x80! \x80!";
    REQUIRE(awkward.all_ids(text) == awkward.reference().ids(text));
  }
  support::adversarial_texts texts(31);
  for (int i = 0; i < 400; ++i) {
    const std::string text = texts.next();
    const std::size_t before = 4096 - static_cast<std::size_t>(i) % 64;
    const std::string longer = std::string(before, '.') + text;
    CAPTURE(text);
    CAPTURE(before);
    for (support::owned_tokenizer* const tokenizer : {&awkward, &bert()}) {
      REQUIRE(tokenizer->all_ids(longer) == tokenizer->reference().ids(longer));
      std::vector<fewfit::byte_range> ranges;
      REQUIRE(tokenizer->all_ids(longer, false, &ranges) == tokenizer->reference().ids(longer));
    }
  }
}

TEST_CASE("tokenizer: an empty text is [CLS] and [SEP], also if its address is null") {
  CHECK(bert().ids("", 128) == ids_t{101, 102});
  CHECK(bert().ids(std::string_view(), 128) == ids_t{101, 102});
  CHECK(bert().all_ids(" \t\xC2\xAD\xE2\x80\x8B", true) == ids_t{101, 102});
}

TEST_CASE("tokenizer: a text of more than 2 GiB is refused before any of it is read") {
  const std::string_view text("a", 0x80000000u);
  std::uint32_t out[128] = {7};
  const fewfit::tokenize_result result = fewfit::tokenize(bert().view(), text, 128, bert().scratch(), out);
  CHECK(result.status == fewfit::errc::text_too_long);
  CHECK(result.count == 0);
  CHECK(out[0] == 7);
  int calls = 0;
  const auto count = [&](const std::uint32_t*, const fewfit::byte_range*, std::size_t) { return ++calls, true; };
  CHECK(fewfit::tokenize_all(bert().view(), text, bert().scratch(), count) == fewfit::errc::text_too_long);
  CHECK(calls == 0);
}

TEST_CASE("tokenizer: a sink that returns false is not called again") {
  int calls = 0;
  const auto sink = [&](const std::uint32_t*, const fewfit::byte_range*, std::size_t) { return ++calls < 3; };
  CHECK(fewfit::tokenize_all(bert().view(), "a b c d e f", bert().scratch(), sink) == fewfit::errc::none);
  CHECK(calls == 3);
}

TEST_CASE("tokenizer: scratch memory of the stated size suffices") {
  std::string text(40000, 'a');
  text += ' ';
  for (int i = 0; i < 20000; ++i) text += "\xF0\x9F\x98\x80";  // four bytes each
  for (int i = 0; i < 3000; ++i) text += "x_";                 // the longest normalized token, nearly
  text += " abcdefghijklmnop unaffable \xD0\xB0\xD0\xB1 \xED\x95\x9C";
  for (const std::uint32_t max_chars : {1u, 7u, 8u, 9u, 100u, 10000u})
    for (support::tokenizer_options options : {support::awkward_options(), bert_options()})
      for (const bool ranges : {false, true}) {
        options.max_input_chars_per_word = max_chars;
        support::owned_tokenizer tokenizer(options);
        const std::size_t bytes = fewfit::tokenizer_scratch_bytes(tokenizer.view().config);
        const std::unique_ptr<std::uint32_t[]> memory(new std::uint32_t[bytes / 4]);  // a sanitizer sees its end
        REQUIRE(bytes % 4 == 0);
        std::size_t count = 0;
        const auto sink = [&](const std::uint32_t*, const fewfit::byte_range* where, std::size_t n) {
          for (std::size_t i = 0; ranges && i < n; ++i) REQUIRE(where[i].end <= text.size());
          return count += n, true;
        };
        fewfit::tokenize_all(tokenizer.view(), text, memory.get(), sink, true, ranges);
        CHECK(count == tokenizer.reference().ids(text).size() + 2);
      }
}
