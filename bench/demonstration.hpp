// SPDX-License-Identifier: MIT
#pragma once
// The demonstration model and the texts of tests/parity, with the original's answers to check against.
//
// The texts are real sentences of 2 to 743 tokens (tests/parity/TEXTS.md tells the distribution): 335 Russian, 135
// English and 228 others. golden.json says what transformers, torch and scikit-learn make of each.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "common.hpp"
#include "fewfit/fewfit.hpp"
#include "support/golden.hpp"

namespace bench {

/// `--model=FILE` or what the build converted.
inline std::string& model_path() {
  static std::string path = FEWFIT_MODEL;
  return path;
}

inline const fewfit::model& model() {
  static const fewfit::model loaded = [] {
    auto m = fewfit::model::load(model_path());
    if (m) return std::move(*m);
    std::fprintf(stderr, "%s: %s\n", model_path().c_str(), fewfit::message(m.error()));
    std::exit(1);
  }();
  return loaded;
}

/// Some texts, and how much they are.
struct text_set {
  std::vector<std::string_view> texts;
  std::vector<std::size_t> numbers;  // their places in the golden files
  std::size_t tokens = 0;            // that the model sees
  std::size_t bytes = 0;

  void add(std::size_t number) {
    const support::golden_text& t = support::golden_files().texts[number];
    texts.push_back(t.text);
    numbers.push_back(number);
    tokens += t.tokens;
    bytes += t.text.size();
  }
  void count(benchmark::State& state) const {
    state.counters["texts/s"] = rate(static_cast<double>(texts.size()));
    state.counters["tokens/s"] = rate(static_cast<double>(tokens));
    state.counters["time/token"] = time_of_one(static_cast<double>(tokens));
  }
};

/// Untruncated texts of `least` to `most` tokens, spread evenly over all there are, at most `count`.
inline text_set texts_between(std::size_t least, std::size_t most, std::size_t count) {
  std::vector<std::size_t> found;
  const auto& all = support::golden_files().texts;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].tokens >= least && all[i].tokens <= most && !all[i].truncated) found.push_back(i);
  text_set out;
  const std::size_t n = std::min(count, found.size());
  for (std::size_t i = 0; i < n; ++i) out.add(found[i * found.size() / n]);
  return out;
}

/// How far our vectors of the texts are from torch's; nothing where each number is within 2e-6.
inline std::string compare_vectors(const text_set& set, const float* vectors) {
  const std::size_t width = model().config().sentence_size;
  double worst = 0;
  for (std::size_t b = 0; b < set.texts.size(); ++b) {
    const float* torch = support::golden_files().vectors.data() + set.numbers[b] * width;
    for (std::size_t i = 0; i < width; ++i)
      worst = std::max(worst, std::fabs(static_cast<double>(vectors[b * width + i]) - static_cast<double>(torch[i])));
  }
  if (worst <= 2e-6) return {};
  return "a vector is " + std::to_string(worst) + " away from torch's";
}

inline int run_on_model(int argc, char** argv, void (*add_all)()) {
  std::vector<char*> arguments(argv, argv + argc);
  model_path() = take_option(arguments, "model", model_path());
  add_all();
  return run(std::move(arguments));
}

}  // namespace bench
