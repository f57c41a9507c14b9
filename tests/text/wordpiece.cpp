// SPDX-License-Identifier: MIT
// Words to pieces: greedy, longest first, all or nothing.

#include "fewfit/text/wordpiece.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/owned_tokenizer.hpp"

namespace {

using ids_t = std::vector<std::uint32_t>;

ids_t pieces(const support::owned_vocabulary& vocabulary, const std::string& word) {
  const fewfit::vocabulary vocab = vocabulary.view(vocabulary.id("[UNK]"));
  ids_t out(word.size());
  out.resize(fewfit::wordpiece(vocab, word, out.data()));
  return out;
}

}  // namespace

TEST_CASE("wordpiece: the longest piece comes first, even if the rest then has none") {
  const support::owned_vocabulary v(
      {"[UNK]", "un", "unaff", "##aff", "##able", "##ab", "##le", "##l", "a", "ab", "##c"});
  CHECK(pieces(v, "unaffable") == ids_t{2, 4});
  CHECK(pieces(v, "un") == ids_t{1});
  CHECK(pieces(v, "unable") == ids_t{1, 4});
  CHECK(pieces(v, "unabl") == ids_t{1, 5, 7});
  CHECK(pieces(v, "abc") == ids_t{9, 10});
  CHECK(pieces(v, "unaffx") == ids_t{0});  // and not un ##aff [UNK]
  CHECK(pieces(v, "x") == ids_t{0});
  CHECK(pieces(v, "ca") == ids_t{0});      // ##c does not begin a word
}

TEST_CASE("wordpiece: a vocabulary without continuations cuts no word") {
  const support::owned_vocabulary v({"[UNK]", "a", "b", "ab"});
  CHECK(pieces(v, "ab") == ids_t{3});
  CHECK(pieces(v, "ba") == ids_t{0});
  CHECK(pieces(v, "aba") == ids_t{0});
}

TEST_CASE("wordpiece: an id without a token is never found") {
  const support::owned_vocabulary v({"[UNK]", "", "a", "##"});
  CHECK(pieces(v, "a") == ids_t{2});
  CHECK(pieces(v, "aa") == ids_t{0});  // the piece "##" continues a word by nothing
}

TEST_CASE("wordpiece: pieces end between characters") {
  const support::owned_vocabulary v({"[UNK]", "\xD0\xB0", "##\xD0\xB1", "\xD0\xB0\xD0\xB1\xD0\xB2"});
  CHECK(pieces(v, "\xD0\xB0\xD0\xB1") == ids_t{1, 2});
  CHECK(pieces(v, "\xD0\xB0\xD0\xB1\xD0\xB2") == ids_t{3});
  CHECK(pieces(v, "\xD0\xB0\xD0\xB1\xD0\xB3") == ids_t{0});
}

TEST_CASE("wordpiece: every token that a word can be is its own piece") {
  const support::owned_vocabulary& bert = support::bert_vocabulary();
  for (std::uint32_t id = 0; id < bert.tokens.size(); ++id) {
    if (bert.tokens[id].compare(0, 2, "##") != 0) CHECK(pieces(bert, bert.tokens[id]) == ids_t{id});
  }
}

TEST_CASE("wordpiece: a hostile trie that leads in circles ends with the word") {
  support::owned_vocabulary v({"[UNK]", "a", "##a"});
  for (const char* text : {"a", "##a"}) {
    const std::uint32_t node = fewfit::walk(support::view_of(v.nodes), text);
    v.nodes[node].link = (node ^ 'a') << 9 | (v.nodes[node].link & 0x1FFu);  // "a" leads to where it came from
  }
  CHECK(pieces(v, std::string(400, 'a')) == ids_t{1});
}
