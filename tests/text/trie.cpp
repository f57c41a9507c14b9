// SPDX-License-Identifier: MIT
// The double array: what it finds, and every way in which a file may damage it.

#include "fewfit/text/trie.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "support/owned_tokenizer.hpp"

namespace {

using nodes_t = std::vector<fewfit::trie_node>;

const auto every_value = [](std::uint32_t) { return true; };

struct small {
  support::owned_vocabulary vocabulary{{"a", "ab", "##b", std::string("\0", 1), "\xFF", "abc"}};
  nodes_t nodes = vocabulary.nodes;

  bool is_sound() const {
    return fewfit::trie_is_sound(support::view_of(nodes), vocabulary.strings.view(), every_value);
  }
  fewfit::trie_node& node(const char* text) { return nodes[fewfit::walk(support::view_of(nodes), text)]; }
};

}  // namespace

TEST_CASE("trie: finds its strings and no other") {
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    std::map<std::string, std::uint32_t> strings;
    const auto make = [&] {
      std::string text(1 + random() % 5, 'a');
      for (char& c : text) c = static_cast<char>(random() % (round % 2 == 0 ? 3 : 256));
      return text;
    };
    for (std::uint32_t i = 1; i < 400; ++i) strings.emplace(make(), i);
    const nodes_t nodes = support::trie_builder::build({strings.begin(), strings.end()});
    const fewfit::trie trie = support::view_of(nodes);
    for (const auto& [text, value] : strings) REQUIRE(fewfit::find(trie, text) == value);
    for (int i = 0; i < 1000; ++i) {
      const std::string text = make();
      const auto found = strings.find(text);
      REQUIRE(fewfit::find(trie, text) == (found == strings.end() ? 0 : found->second));
    }
    CHECK(fewfit::find(trie, "") == 0);
  }
}

TEST_CASE("trie: an empty one finds nothing") {
  const nodes_t nodes = support::trie_builder::build({});
  CHECK(nodes.size() == 256);
  for (unsigned byte = 0; byte < 256; ++byte) {
    CHECK(fewfit::step(support::view_of(nodes), 0, static_cast<unsigned char>(byte)) == 0);
  }
  CHECK(fewfit::trie_is_sound(support::view_of(nodes), {}, every_value));
}

TEST_CASE("trie: the vocabulary's is sound, and each base belongs to one node") {
  const support::owned_vocabulary& bert = support::bert_vocabulary();
  CHECK(fewfit::trie_is_sound(support::view_of(bert.nodes), bert.strings.view(), every_value));
  std::vector<bool> taken(bert.nodes.size());
  for (const fewfit::trie_node& node : bert.nodes) {
    const std::uint32_t base = node.link >> 9;
    if (base != 0) CHECK_FALSE(taken[base]);
    taken[base] = base != 0;
  }
}

TEST_CASE("trie: strings that are not to be in it are not") {
  small s;
  CHECK(s.is_sound());
  const auto not_the_first = [](std::uint32_t i) { return i != 0; };
  CHECK_FALSE(fewfit::trie_is_sound(support::view_of(s.nodes), s.vocabulary.strings.view(), not_the_first));
  s.node("a").value = 0;
  CHECK_FALSE(s.is_sound());
  CHECK(fewfit::trie_is_sound(support::view_of(s.nodes), s.vocabulary.strings.view(), not_the_first));
}

TEST_CASE("trie: a damaged one is refused") {
  const auto refused = [](auto&& damage) {
    small s;
    damage(s);
    return !s.is_sound();
  };
  const auto free_node = [](small& s) -> fewfit::trie_node& {
    std::size_t i = 256;
    while (s.nodes[i].link != 0) ++i;
    return s.nodes[i];
  };
  CHECK_FALSE(refused([](small&) {}));
  CHECK(refused([](small& s) { s.nodes.clear(); }));
  CHECK_FALSE(fewfit::trie_is_sound({}, {}, every_value));  // of no strings, too: there must be a root
  CHECK(refused([](small& s) { s.nodes.pop_back(); }));
  CHECK(refused([](small& s) { s.nodes.resize(256); }));
  CHECK(refused([](small& s) { s.nodes[0].link = 0; }));        // nothing is found any more
  CHECK(refused([](small& s) { s.nodes[0].link |= 0x100u; }));  // the root is used
  CHECK(refused([](small& s) { s.nodes[0].link |= 1u; }));      // the root has a label
  CHECK(refused([](small& s) { s.nodes[0].value = 1; }));       // the empty string is there
  CHECK(refused([](small& s) { s.nodes[7].link = 0x107u; }));   // beside the root in its block
  CHECK(refused([](small& s) { s.nodes[7].value = 1; }));
  CHECK(refused([&](small& s) { free_node(s).link = 1u; }));  // an unused node is not zero
  CHECK(refused([&](small& s) { free_node(s).value = 1; }));
  CHECK(refused([&](small& s) { free_node(s) = {0x141u, 1}; }));      // a value that no string has
  CHECK(refused([](small& s) { s.node("a").link |= 0xFFFFFE00u; }));  // a base outside
  CHECK(refused([](small& s) { s.node("abc").link |= static_cast<std::uint32_t>(s.nodes.size()) << 9; }));
  CHECK(refused([](small& s) { s.node("ab").value = 99; }));  // no such string
  CHECK(refused([](small& s) { s.node("ab").value = 1; }));   // another string's value
  CHECK(refused([](small& s) { s.node("ab").value = 0; }));
  CHECK(refused([](small& s) { std::swap(s.node("ab").value, s.node("##b").value); }));
  CHECK(refused([](small& s) { s.node("ab").link ^= 1u; }));      // another label
  CHECK(refused([](small& s) { s.node("ab").link ^= 0x100u; }));  // no longer used
}
