// SPDX-License-Identifier: MIT
#pragma once
// The whole network once more, in double, straight from the weights as tiny_model.hpp holds them: no panels, no
// padding, no batches. Slow and plain; what a tiny model's answers are compared with.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "tiny_model.hpp"

namespace support {

using matrix = std::vector<std::vector<double>>;  // rows

inline matrix through(const tiny_linear& w, const matrix& x) {
  matrix y(x.size(), std::vector<double>(w.outputs));
  for (std::size_t t = 0; t < x.size(); ++t)
    for (std::size_t o = 0; o < w.outputs; ++o) {
      y[t][o] = static_cast<double>(w.bias[o]);
      for (std::size_t i = 0; i < w.inputs; ++i) y[t][o] += x[t][i] * static_cast<double>(w.weight[o * w.inputs + i]);
    }
  return y;
}

inline matrix sum(matrix a, const matrix& b) {
  for (std::size_t t = 0; t < a.size(); ++t)
    for (std::size_t i = 0; i < a[t].size(); ++i) a[t][i] += b[t][i];
  return a;
}

inline matrix through(const tiny_norm& n, double eps, matrix x) {
  for (std::vector<double>& row : x) {
    double mean = 0, variance = 0;
    for (const double v : row) mean += v / static_cast<double>(row.size());
    for (const double v : row) variance += (v - mean) * (v - mean) / static_cast<double>(row.size());
    for (std::size_t i = 0; i < row.size(); ++i)
      row[i] = (row[i] - mean) / std::sqrt(variance + eps) * static_cast<double>(n.weight[i]) +
               static_cast<double>(n.bias[i]);
  }
  return x;
}

inline matrix attend(const tiny_parts& p, const tiny_layer& l, const matrix& x) {
  const matrix q = through(l.query, x), k = through(l.key, x), v = through(l.value, x);
  const std::size_t d = p.D / p.H;
  matrix out(x.size(), std::vector<double>(p.D));
  for (std::size_t h = 0; h < p.H; ++h)
    for (std::size_t t = 0; t < x.size(); ++t) {
      std::vector<double> weight(x.size());
      double all = 0;
      for (std::size_t s = 0; s < x.size(); ++s) {
        double score = 0;
        for (std::size_t i = h * d; i < h * d + d; ++i) score += q[t][i] * k[s][i];
        all += weight[s] = std::exp(score / std::sqrt(static_cast<double>(d)));
      }
      for (std::size_t s = 0; s < x.size(); ++s)
        for (std::size_t i = h * d; i < h * d + d; ++i) out[t][i] += weight[s] / all * v[s][i];
    }
  return through(l.attention_output, out);
}

/// Hidden rows of one text behind the last layer.
inline matrix reference_rows(const tiny_parts& p, const std::vector<std::uint32_t>& ids) {
  matrix x(ids.size(), std::vector<double>(p.D));
  for (std::size_t t = 0; t < ids.size(); ++t)
    for (std::size_t i = 0; i < p.D; ++i)
      x[t][i] = static_cast<double>(p.words[ids[t] * p.D + i]) + static_cast<double>(p.positions[t * p.D + i]);
  x = through(p.embedding_norm, p.eps, x);
  for (const tiny_layer& l : p.layers) {
    x = through(l.attention_norm, p.eps, sum(attend(p, l, x), x));
    matrix wide = through(l.intermediate, x);
    for (std::vector<double>& row : wide)
      for (double& v : row) v = v / 2 * (1 + std::erf(v / std::sqrt(2.0)));
    x = through(l.output_norm, p.eps, sum(through(l.output, wide), x));
  }
  return x;
}

inline std::vector<double> reference_vector(const tiny_parts& p, const std::vector<std::uint32_t>& ids) {
  const matrix rows = reference_rows(p, ids);
  std::vector<double> s = rows[0];
  for (std::size_t i = 0; i < p.D && p.pooling != 2; ++i) {
    for (std::size_t t = 1; t < rows.size(); ++t)
      s[i] = p.pooling == 1 ? s[i] + rows[t][i] : std::max(s[i], rows[t][i]);
    if (p.pooling == 1) s[i] /= static_cast<double>(rows.size());
  }
  if (p.normalize == 0) return s;
  double squares = 0;
  for (const double v : s) squares += v * v;
  for (double& v : s) v /= std::sqrt(squares);
  return s;
}

inline std::vector<double> reference_probabilities(const tiny_parts& p, const std::vector<double>& vector) {
  std::vector<double> out;
  double all = 0;
  for (std::size_t row = 0; row < p.intercept.size(); ++row) {
    double x = p.intercept[row];
    for (std::size_t i = 0; i < p.D; ++i) x += p.coefficients[row * p.D + i] * vector[i];
    all += std::exp(x);
    out.push_back(std::exp(x));
  }
  if (p.binary) return {1 / (1 + all), all / (1 + all)};
  for (double& v : out) v /= all;
  return out;
}

/// Gives the model a self-test whose answers are this file's.
inline tiny_parts with_self_test(tiny_parts p) {
  using namespace tiny_words;
  const std::vector<std::pair<std::string, std::vector<std::uint32_t>>> tests = {
      {"good day", {p.id("good"), p.id("day")}}, {mir, {p.id(mir)}}, {"", {}}, {"Bad?", {p.id("bad"), p.unk}}};
  for (const auto& test : tests) {
    std::vector<std::uint32_t> ids = {p.cls};
    ids.insert(ids.end(), test.second.begin(), test.second.end());
    ids.push_back(p.sep);
    p.test_texts.push_back(test.first);
    const std::vector<double> answer = reference_probabilities(p, reference_vector(p, ids));
    p.test_probabilities.insert(p.test_probabilities.end(), answer.begin(), answer.end());
  }
  return p;
}

/// The file that most tests begin with: as parts, as sections, as bytes.
inline const tiny_parts& tiny() {
  static const tiny_parts p = with_self_test(tiny_model());
  return p;
}
inline const tiny_file& tiny_sections() {
  static const tiny_file file(tiny());
  return file;
}
inline const std::string& tiny_bytes() {
  static const std::string bytes = tiny_sections().bytes();
  return bytes;
}

}  // namespace support
