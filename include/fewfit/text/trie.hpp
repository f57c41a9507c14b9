// SPDX-License-Identifier: MIT
#pragma once
// Strings to numbers, a byte at a time: a double array that lies in the model file and is used as it lies there.
//
// A node is `link = base << 9 | used << 8 | label` and a value; byte c leads from node s to node t = base(s) XOR c if
// that node is used and labelled c. One comparison tests both. The number of nodes is a multiple of 256 and every
// base is smaller, so no byte leads outside; nodes 1 to 255 are never used, so a node without children has base 0
// and needs no test of its own.
// source  Aoe 1989 (double arrays), with XOR for plus as Yata's darts-clone does; docs/model_file.md, "The trie".

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fewfit/config.hpp"
#include "fewfit/strings.hpp"

namespace fewfit {
inline namespace v0 {

struct trie_node {
  std::uint32_t link;   // base << 9 | used << 8 | label
  std::uint32_t value;  // 0: no string ends here
};

struct trie {
  const trie_node* nodes = nullptr;
  std::uint32_t size = 0;  // a multiple of 256, at least 256
};

/// The node that `byte` leads to, or 0 if it leads nowhere. Node 0 is the root, to which nothing leads.
inline std::uint32_t step(const trie& t, std::uint32_t node, unsigned char byte) noexcept {
  const std::uint32_t next = t.nodes[node].link >> 9 ^ byte;
  return (t.nodes[next].link & 0x1FFu) == (0x100u | byte) ? next : 0;
}

/// The node that all of `text` leads to, or 0 if it leads nowhere or `text` is empty.
inline std::uint32_t walk(const trie& t, std::string_view text) noexcept {
  std::uint32_t node = 0;
  for (const char c : text) {
    node = step(t, node, static_cast<unsigned char>(c));
    if (node == 0) return 0;
  }
  return node;
}

/// The value of a whole string, or 0 if it is not there.
inline std::uint32_t find(const trie& t, std::string_view text) noexcept { return t.nodes[walk(t, text)].value; }

namespace detail {

/// Whether no step can lead outside, no value exceeds `largest`, and exactly `strings` nodes carry one.
inline bool trie_nodes_are_sound(const trie& t, std::uint32_t largest, std::uint32_t strings) noexcept {
  if (t.size < 256 || t.size % 256 != 0) return false;
  if ((t.nodes[0].link & 0x1FFu) != 0 || t.nodes[0].value != 0) return false;
  std::uint32_t bits_of_unused = 0;  // ored, not tested one by one: this loop runs over half a megabyte at each load
  std::uint32_t outside = t.nodes[0].link >> 9 >= t.size ? 1 : 0;
  std::uint32_t values = 0;
  for (std::uint32_t i = 1; i < t.size; ++i) {
    const trie_node node = t.nodes[i];
    const bool used = (node.link & 0x100u) != 0 && i >= 256;
    bits_of_unused |= used ? 0 : node.link | node.value;
    outside |= (node.link >> 9 >= t.size ? 1u : 0u) | (node.value > largest ? 1u : 0u);
    values += node.value != 0 ? 1 : 0;
  }
  return bits_of_unused == 0 && outside == 0 && values == strings;
}

inline constexpr std::uint32_t strings_together = 8;

/// Whether strings `first` to `first + n` that belong lead to their index + 1. Each step waits for the one before, so
/// eight walk side by side: 0.6 ms for a vocabulary of 30,522, one after the other 0.9.
///
/// needs   n <= strings_together; nodes that are sound, so that a string that is not there leads astray, but not
///         outside
template <class Belongs>
bool strings_are_there(const trie& t, const string_table& strings, std::uint32_t first, std::uint32_t n,
                       const Belongs& belongs) noexcept {
  const char* text[strings_together];
  std::uint32_t size[strings_together] = {}, longest = 0;
  trie_node node[strings_together];
  for (std::uint32_t i = 0; i < strings_together; ++i) {
    const bool is_asked = i < n && belongs(first + i) && !strings[first + i].empty();
    text[i] = is_asked ? strings[first + i].data() : "";
    if (is_asked) size[i] = static_cast<std::uint32_t>(strings[first + i].size());
    longest = longest < size[i] ? size[i] : longest;
    node[i] = t.nodes[0];
  }
  // Without branches: where strings end cannot be foreseen. One that has ended looks at its first byte again.
  std::uint32_t astray = 0;
  for (std::uint32_t at = 0; at < longest; ++at)
    for (std::uint32_t i = 0; i < strings_together; ++i) {
      const bool goes_on = at < size[i];
      const auto byte = static_cast<unsigned char>(text[i][goes_on ? at : 0]);
      const trie_node next = t.nodes[node[i].link >> 9 ^ byte];
      astray |= goes_on ? (next.link ^ byte ^ 0x100u) & 0x1FFu : 0;
      node[i].link = goes_on ? next.link : node[i].link;
      node[i].value = goes_on ? next.value : node[i].value;
    }
  for (std::uint32_t i = 0; i < n; ++i)  // an empty string is at the root, which has no value
    if (belongs(first + i)) astray |= node[i].value ^ (first + i + 1);
  return astray == 0;
}

}  // namespace detail

/// Whether a trie can be trusted and says of each string of a table its index + 1, and nothing of any other string.
///
/// needs   a sound table, count < 2^32 - 8; `belongs(i)` tells whether string i is to be in this trie
/// cost    one pass over the nodes, one walk for each string
/// A hostile file may still hold nodes that lead in a circle or to another string's node: walks by a text's bytes
/// have to be bounded, by the word in wordpiece.hpp and by max_added_token_bytes in added_tokens.hpp.
template <class Belongs>
bool trie_is_sound(const trie& t, const string_table& strings, const Belongs& belongs) noexcept {
  std::uint32_t expected = 0;
  for (std::uint32_t i = 0; i < strings.count; ++i) expected += belongs(i) ? 1 : 0;
  if (!detail::trie_nodes_are_sound(t, strings.count, expected)) return false;
  for (std::uint32_t i = 0; i < strings.count; i += detail::strings_together) {
    // In parentheses, as all of these are: windows.h has a macro of this name.
    const std::uint32_t n = (std::min)(strings.count - i, detail::strings_together);
    if (!detail::strings_are_there(t, strings, i, n, belongs)) return false;
  }
  return true;
}

}  // namespace v0
}  // namespace fewfit
