// SPDX-License-Identifier: MIT
#pragma once
// What each word of a text is worth to a head with a file of its own: the library explains a model's own head only.

#include <string>
#include <string_view>
#include <vector>

#include "fewfit/api.hpp"

namespace tool {

/// The bytes of the text's words, as the tokenizer has them: pieces are joined, punctuation is a word.
std::vector<fewfit::byte_range> words_of(const fewfit::model& model, std::string_view text);

/// The text, and the text without each of some words in turn, a space in its place.
std::vector<std::string> without_each(std::string_view text, const std::vector<fewfit::byte_range>& words);

/// How far a label's log odds fall without each word.
///
/// shape   probabilities [1 + words, K], of what without_each has made
std::vector<fewfit::word_evidence> losses(const std::vector<fewfit::byte_range>& words,
                                          const std::vector<double>& probabilities, std::size_t label);

}  // namespace tool
