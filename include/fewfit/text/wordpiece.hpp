// SPDX-License-Identifier: MIT
#pragma once
// Word to piece ids: greedy, longest match first; a word that cannot be cut up to its end is one [UNK] as a whole.
//
// Pieces inside a word are spelt "##ing" in the vocabulary. They are what lies below the node that "##" leads to, so
// no string is put together to look one up. Tokens are UTF-8, so no match ends inside a character.
// source  Devlin et al. 2019; huggingface/tokenizers 0.21.1, models/wordpiece/mod.rs, `tokenize`.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fewfit/strings.hpp"
#include "fewfit/text/short_words.hpp"
#include "fewfit/text/trie.hpp"

namespace fewfit {
inline namespace v0 {

/// Pieces and their ids, as views into the model file.
struct vocabulary {
  trie pieces;                     // value = id + 1
  short_words words;               // what needs no cutting; without slots everything goes through the trie
  string_table tokens;             // by id; empty where an id has none
  std::uint32_t continuation = 0;  // the node that "##" leads to; 0 if no piece begins with it
  std::uint32_t unk = 0;           // the id of a word that cannot be cut
};

/// needs   a trie that trie_is_sound, and words that words_are_sound, say are this table's
inline vocabulary make_vocabulary(const trie& pieces, const short_words& words, const string_table& tokens,
                                  std::uint32_t unk) noexcept {
  return {pieces, words, tokens, walk(pieces, "##"), unk};
}

namespace detail {

/// The longest piece at the front of some text.
struct piece_match {
  std::uint32_t value = 0;  // id + 1, or 0 if there is none
  std::size_t size = 0;     // in bytes
};

/// The way down is noted, and whether a node is a token is asked on the way back, where the first one nearly always
/// is: asked at each letter it would be nobody's guess (16 to 24 % more time).
inline piece_match longest_piece(const trie& pieces, std::uint32_t start, std::string_view text) noexcept {
  constexpr std::size_t most = 32;  // letters at a time; few tokens are longer
  piece_match longest;
  std::uint32_t path[most];
  std::uint32_t node = start;
  for (std::size_t done = 0;; done += most) {
    const std::size_t n = text.size() - done < most ? text.size() - done : most;
    std::size_t depth = 0;
    for (; depth != n; ++depth) {
      node = step(pieces, node, static_cast<unsigned char>(text[done + depth]));
      if (node == 0) break;
      path[depth] = node;
    }
    for (std::size_t i = depth; i != 0; --i) {
      const std::uint32_t value = pieces.nodes[path[i - 1]].value;
      if (value == 0) continue;
      longest = {value, done + i};
      break;
    }
    if (depth != most) return longest;
  }
}

}  // namespace detail

/// Writes the ids of a word's pieces, or [UNK] alone, and returns how many there are.
///
/// needs   UTF-8 without spaces, not empty; room for an id a byte, and for as many `ends` if they are wanted: the
///         bytes of the word up to the end of each piece
/// cost    size times the longest token's size at most
inline std::size_t wordpiece(const vocabulary& vocab, std::string_view word, std::uint32_t* out,
                             std::uint32_t* ends = nullptr) noexcept {
  std::size_t count = 0, done = 0;
  std::uint32_t start = 0;
  do {
    const detail::piece_match piece = detail::longest_piece(vocab.pieces, start, word.substr(done));
    if (piece.value == 0) break;
    done += piece.size;
    if (ends != nullptr) ends[count] = static_cast<std::uint32_t>(done);
    out[count++] = piece.value - 1;
    start = vocab.continuation;
  } while (done != word.size() && start != 0);
  if (done == word.size()) return count;
  if (ends != nullptr) ends[0] = static_cast<std::uint32_t>(word.size());
  return out[0] = vocab.unk, 1;
}

}  // namespace v0
}  // namespace fewfit
