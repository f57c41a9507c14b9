// SPDX-License-Identifier: MIT
#pragma once
// Model files that look wrong and are right: the neighbours of damaged ones that no single number makes.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "damage.hpp"

namespace support {

struct strange_file {
  std::string name;
  file_maker make;
  bool same_answers = true;  // as its self-test says
};

inline tiny_parts all_zero() {
  tiny_parts p = tiny();
  const auto clear = [](auto&... all) { (std::fill(all.begin(), all.end(), 0), ...); };
  clear(p.words, p.positions, p.embedding_norm.weight, p.embedding_norm.bias, p.intercept, p.coefficients);
  for (tiny_layer& l : p.layers) {
    for (tiny_linear* w : {&l.query, &l.key, &l.value, &l.attention_output, &l.intermediate, &l.output})
      clear(w->weight, w->bias);
    for (tiny_norm* n : {&l.attention_norm, &l.output_norm}) clear(n->weight, n->bias);
  }
  return p;
}

/// Rows of one number each: what a layer norm divides by is the root of epsilon alone.
inline tiny_parts constant_rows() {
  tiny_parts p = tiny();
  std::fill(p.words.begin(), p.words.end(), 0.25f), std::fill(p.positions.begin(), p.positions.end(), 0.5f);
  return p;
}

inline tiny_parts subnormal_weights() {
  tiny_parts p = tiny();
  for (tiny_layer& l : p.layers)
    for (tiny_linear* w : {&l.query, &l.output})
      for (std::size_t i = 0; i < w->weight.size(); ++i) w->weight[i] = i % 2 == 0 ? 1e-45f : -1e-39f;
  return p;
}

inline std::vector<strange_file> strange_files() {
  const auto said = [](tiny_parts p) {
    p.test_texts.clear(), p.test_probabilities.clear();
    return [p] { return tiny_file(with_self_test(p)).bytes(); };
  };
  const auto vocabulary = [&](const std::string& token, std::size_t id) {
    tiny_parts p = tiny();
    p.vocabulary[id] = token;
    return said(p);
  };
  tiny_parts twice = tiny(), prefixes = tiny();
  twice.labels[1] = twice.labels[0];
  prefixes.added.insert(prefixes.added.begin() + 5, {"[USE", 42, 0});
  prefixes.added.insert(prefixes.added.begin() + 5, {"[US", 42, 2});
  std::vector<strange_file> all = {{"all weights zero", said(all_zero())},
                                   {"constant rows", said(constant_rows())},
                                   {"subnormal weights", said(subnormal_weights())},
                                   {"two labels alike", said(twice)},
                                   {"added tokens that begin alike", said(prefixes)},
                                   {"a NUL in a token", vocabulary(std::string("x\0y", 3), 9)},
                                   {"a token of one NUL", vocabulary(std::string(1, '\0'), 9)},
                                   {"tokens that differ in case alone", vocabulary("GOOD", 9)},
                                   {"a token like a path", vocabulary("../../x", 9)}};
  all.push_back({"two layers swapped with their entries",
                 sections([](tiny_file& f) { std::swap(f.sections[5], f.sections[6]); }), false});
  return all;
}

}  // namespace support
