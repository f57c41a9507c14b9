// SPDX-License-Identifier: MIT
#include "occlusion.hpp"

#include <algorithm>
#include <cmath>

namespace tool {
namespace {

// From the other labels' sum: 1 - p would have no digits left where p is almost 1.
double log_odds(const double* row, std::size_t classes, std::size_t label) {
  constexpr double least = 1e-300;
  double others = 0;
  for (std::size_t k = 0; k < classes; ++k) others += k != label ? row[k] : 0;
  return std::log(std::max(row[label], least)) - std::log(std::max(others, least));
}

}  // namespace

std::vector<fewfit::byte_range> words_of(const fewfit::model& model, std::string_view text) {
  fewfit::tokenize_options how;
  how.special_tokens = false, how.offsets = true;
  const fewfit::token_ids tokens = model.tokenize(text, how);
  std::vector<fewfit::byte_range> out;
  for (std::size_t i = 0; i < tokens.ids.size(); ++i) {
    const fewfit::byte_range bytes = tokens.offsets[i];
    const bool continues = !out.empty() && model.token(tokens.ids[i]).substr(0, 2) == "##";
    if (continues)
      out.back().end = std::max(out.back().end, bytes.end);
    else
      out.push_back(bytes);
  }
  return out;
}

std::vector<std::string> without_each(std::string_view text, const std::vector<fewfit::byte_range>& words) {
  std::vector<std::string> out = {std::string(text)};
  for (const fewfit::byte_range& word : words)
    out.push_back(std::string(text.substr(0, word.begin)) + ' ' + std::string(text.substr(word.end)));
  return out;
}

std::vector<fewfit::word_evidence> losses(const std::vector<fewfit::byte_range>& words,
                                          const std::vector<double>& probabilities, std::size_t label) {
  const std::size_t classes = probabilities.size() / (words.size() + 1);
  const double whole = log_odds(probabilities.data(), classes, label);
  std::vector<fewfit::word_evidence> out;
  for (std::size_t w = 0; w < words.size(); ++w)
    out.push_back({words[w], whole - log_odds(&probabilities[(w + 1) * classes], classes, label)});
  return out;
}

}  // namespace tool
