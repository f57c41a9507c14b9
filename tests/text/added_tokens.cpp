// SPDX-License-Identifier: MIT
// Added tokens: where they are found, what they take along, and that hostile ones cost no more than they may.

#include "fewfit/text/added_tokens.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "support/owned_tokenizer.hpp"

namespace {

using ids_t = std::vector<std::uint32_t>;

// Words have small ids, added tokens have ids from 100 on.
const support::owned_vocabulary& tiny() {
  static const support::owned_vocabulary vocabulary(
      {"[UNK]", "[CLS]", "[SEP]", "a", "b", "ab", "##a", "##b", "new", "york", "[", "]", "mask"});
  return vocabulary;
}

support::added_token token(const std::string& content, std::uint32_t id, const std::string& flags = "") {
  const auto is = [&flags](char letter) { return flags.find(letter) != std::string::npos; };
  return {content, id, is('w'), is('l'), is('r'), is('n'), false};
}

ids_t ids(const std::vector<support::added_token>& added, const std::string& text) {
  support::tokenizer_options options;
  options.added = added;
  support::owned_tokenizer tokenizer(options, tiny());
  const ids_t out = tokenizer.all_ids(text);
  CHECK(out == tokenizer.reference().ids(text));
  return out;
}

using ranges_t = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

ranges_t ranges_of(const std::vector<support::added_token>& added, const std::string& text) {
  support::tokenizer_options options;
  options.added = added;
  support::owned_tokenizer tokenizer(options, tiny());
  std::vector<fewfit::byte_range> found;
  CHECK(tokenizer.all_ids(text, false, &found) == tokenizer.all_ids(text));
  ranges_t out;
  for (const fewfit::byte_range& r : found) out.emplace_back(r.begin, r.end);
  return out;
}

// Seconds for a text that would take minutes if its length were squared.
double seconds(support::owned_tokenizer& tokenizer, const std::string& text) {
  const auto start = std::chrono::steady_clock::now();
  tokenizer.all_ids(text);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

TEST_CASE("added_tokens: the leftmost wins, then the longest, also inside words") {
  const std::vector<support::added_token> added = {token("xy", 100), token("xyz", 101), token("yzzz", 102)};
  CHECK(ids(added, "axyb") == ids_t{3, 100, 4});
  CHECK(ids(added, "xyz") == ids_t{101});
  CHECK(ids(added, "xyzzz") == ids_t{101, 0});
  CHECK(ids(added, "yzzzxy") == ids_t{102, 100});
  CHECK(ids(added, "xyxyz") == ids_t{100, 101});
}

TEST_CASE("added_tokens: ranges of normalized ones with white space that a longer one was looked for in") {
  // The values are tokenizers 0.21.1's; at a token of spaces that another has taken it panics.
  const std::vector<support::added_token> behind = {token("xy", 100, "nr"), token("xy  cd", 101, "n")};
  CHECK(ranges_of(behind, "xy  a") == ranges_t{{0, 4}, {4, 5}});
  CHECK(ranges_of(behind, "xy  ") == ranges_t{{0, 4}});
  CHECK(ranges_of(behind, "xy  cd") == ranges_t{{0, 6}});
  CHECK(ranges_of(behind, "xya") == ranges_t{{0, 2}, {2, 3}});
  const std::vector<support::added_token> both = {token("xy", 100, "nr"), token(" cd", 101, "nl")};
  CHECK(ranges_of(both, "xy cd a") == ranges_t{{0, 3}, {3, 5}, {6, 7}});
  CHECK(ranges_of(both, "xy  cd") == ranges_t{{0, 4}, {4, 6}});
  CHECK(ranges_of(both, "a  cd") == ranges_t{{0, 1}, {1, 5}});
  const std::vector<support::added_token> spaces = {token("xy", 100, "nr"), token("  ", 101, "nl")};
  CHECK(ranges_of(spaces, "xy  a") == ranges_t{{0, 4}, {4, 4}, {4, 5}});
}

TEST_CASE("added_tokens: raw ones are matched as they are spelt, normalized ones as they are read") {
  CHECK(ids({token("New York", 100)}, "New York new york") == ids_t{100, 8, 9});
  CHECK(ids({token("New York", 100, "n")}, "NEW YO\xCC\x81RK new\tyork") == ids_t{100, 100});
  CHECK(ids({token("New York", 100, "n")}, "new  york") == ids_t{8, 9});
  CHECK(ids({token("\xE4\xB8\xAD", 100, "n")},
            "a\xE4\xB8\xAD"
            "b") == ids_t{3, 100, 4});  // with its spaces
}

TEST_CASE("added_tokens: single_word looks at both neighbours, also across pieces and parts of a piece") {
  const std::vector<support::added_token> raw = {token("[w]", 100, "w"), token("<>", 101)};
  CHECK(ids(raw, "[w]") == ids_t{100});
  CHECK(ids(raw, "a [w]<>[w]") == ids_t{3, 100, 101, 100});
  CHECK(ids(raw, "a[w]") == ids_t{3, 10, 0, 11});
  CHECK(ids(raw, "[w]\xCC\x81") == ids_t{10, 0, 11});
  CHECK(ids(raw, "\xFF[w]\xFF") == ids_t{100});
  const std::vector<support::added_token> normalized = {token("q", 100, "wn"), token("!", 101, "n"),
                                                        token("<>", 102)};
  CHECK(ids(normalized, "Q") == ids_t{100});
  CHECK(ids(normalized, "q!q") == ids_t{100, 101, 100});
  CHECK(ids(normalized, "aq qa q") == ids_t{0, 0, 100});
  CHECK(ids(normalized, "a<>q") == ids_t{3, 102, 100});  // normalisation begins anew behind a raw token
  CHECK(ids(normalized, std::string(5000, ' ') + "q" + std::string(5000, ' ') + "qa") == ids_t{100, 0});
}

TEST_CASE("added_tokens: white space goes along with lstrip and rstrip, and is then no part of the piece") {
  const std::string spaces(9000, ' ');  // more than two chunks
  const std::vector<support::added_token> added = {token("[l]", 100, "l"), token("[r]", 101, "r"),
                                                   token("a ", 102, "n"), token(" a", 103, "n")};
  CHECK(ids(added, "a [l]") == ids_t{3, 100});
  CHECK(ids(added, "a" + spaces + "[l]") == ids_t{3, 100});
  CHECK(ids(added, "a" + spaces + "[r]") == ids_t{102, 101});
  CHECK(ids(added, "[r] a") == ids_t{101, 3});
  CHECK(ids(added, "[r]" + spaces + "a") == ids_t{101, 3});
  CHECK(ids(added, "[l] a") == ids_t{100, 103});
  CHECK(ids(added, "[r]" + spaces + "[l]") == ids_t{101, 100});
}

TEST_CASE("added_tokens: ill-formed bytes are found as U+FFFD") {
  const std::vector<support::added_token> added = {token("\xEF\xBF\xBD", 100), token("a\xEF\xBF\xBD!", 101)};
  CHECK(ids(added, "\xFF") == ids_t{100});
  CHECK(ids(added, "a\xE2\x82!") == ids_t{101});
  CHECK(ids(added, "a\xE2\x82") == ids_t{3, 100});
  CHECK(ids(added, "\xE2\x82\xAC") == ids_t{0});  // the euro is well-formed
}

TEST_CASE("added_tokens: one of 1024 characters is found") {
  const std::string content(1024, '_');
  for (const char* flags : {"", "n", "w", "wn"}) {
    CAPTURE(flags);
    CHECK(ids({token(content, 100, flags)}, "a " + content + " b") == ids_t{3, 100, 4});
    CHECK(ids({token(content, 100, flags)}, content + "!" + content).size() == 3);
  }
}

TEST_CASE("added_tokens: time does not grow faster than the text") {
  support::tokenizer_options options;
  options.added = {token(" ", 100, "r"), token("\t", 101, "r"), token("[x]", 102, "lr"), token("q", 103, "w")};
  support::owned_tokenizer tokenizer(options, tiny());
  std::string blanks, tokens, words;
  for (int i = 0; i < 200000; ++i) blanks += " \t", tokens += "[x] ", words += "q";
  CHECK(seconds(tokenizer, blanks) < 20.0);
  CHECK(seconds(tokenizer, tokens) < 20.0);
  CHECK(seconds(tokenizer, words) < 20.0);
  options.added = {token("[x]", 102, "l")};
  support::owned_tokenizer plain(options, tiny());
  CHECK(seconds(plain, std::string(4000000, ' ') + "[x]") < 20.0);
}

TEST_CASE("added_tokens: hostile tries that lead in circles cost a bounded number of steps a byte") {
  for (const char* flags : {"", "n"}) {
    support::tokenizer_options options;
    options.added = {token("z!", 100, flags)};
    support::owned_tokenizer tokenizer(options, tiny());
    const fewfit::added_tokens& added = tokenizer.view().added;
    const fewfit::trie& trie = *flags == 'n' ? added.normalized : added.raw;
    const std::uint32_t node = fewfit::walk(trie, "z"), base = node ^ 'z';
    auto* nodes = const_cast<fewfit::trie_node*>(trie.nodes);  // the test owns them
    nodes[base ^ '!'] = {0x100u | '!', 1};
    nodes[node].link = base << 9 | (nodes[node].link & 0x1FFu);  // z leads to where it came from
    const std::string text = std::string(5000, 'z') + "!";
    CHECK(tokenizer.all_ids(text) == ids_t{0, 100});  // any number of z may now precede '!', 1024 bytes suffice
    CHECK(seconds(tokenizer, text) < 20.0);
  }
}
