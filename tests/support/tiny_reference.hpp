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

/// An activation by its number among those of the encoder.
inline double activated(std::uint32_t how, double x) {
  const double pi = std::acos(-1.0);
  switch (how) {
    case 1: return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
    case 2: return x / 2 * (1 + std::tanh(std::sqrt(2 / pi) * (x + 0.044715 * x * x * x)));
    case 3: return std::max(x, 0.0);
    default: return x / (1 + std::exp(-x));
  }
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
      for (double& v : row) v = activated(p.hidden_act, v);
    x = through(l.output_norm, p.eps, sum(through(l.output, wide), x));
  }
  return x;
}

/// One way of pooling, by its number.
inline std::vector<double> pooled(std::uint32_t how, const matrix& rows) {
  const auto n = static_cast<double>(rows.size());
  std::vector<double> out(rows[0].size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    double sum = 0, weighted = 0, largest = rows[0][i];
    for (std::size_t t = 0; t < rows.size(); ++t) {
      sum += rows[t][i], weighted += static_cast<double>(t + 1) * rows[t][i];
      largest = std::max(largest, rows[t][i]);
    }
    const double all[] = {sum / n,       rows[0][i], largest, sum / std::sqrt(n), weighted / (n * (n + 1) / 2),
                          rows.back()[i]};
    out[i] = all[how - 1];
  }
  return out;
}

inline void to_unit_length(std::vector<double>& x) {
  double squares = 0;
  for (const double v : x) squares += v * v;
  for (double& v : x) v /= std::max(std::sqrt(squares), 1e-12);
}

inline std::vector<double> through(const tiny_dense& d, std::vector<double> x) {
  if (d.normalize_first != 0) to_unit_length(x);
  std::vector<double> y = through(d.linear, matrix{x})[0];
  for (double& v : y) switch (d.activation) {
      case 2: v = std::tanh(v); break;
      case 3: v = activated(3, v); break;
      case 4: v = activated(1, v); break;
      case 5: v = 1 / (1 + std::exp(-v)); break;
      case 6: v = activated(4, v); break;
      default: break;
    }
  return y;
}

inline std::vector<double> reference_vector(const tiny_parts& p, const std::vector<std::uint32_t>& ids) {
  const matrix rows = reference_rows(p, ids);
  std::vector<double> s;
  for (std::uint32_t modes = p.pooling; modes != 0; modes >>= 4) {
    const std::vector<double> one = pooled(modes & 15u, rows);
    s.insert(s.end(), one.begin(), one.end());
  }
  for (const tiny_dense& d : p.dense) s = through(d, s);
  if (p.normalize != 0) to_unit_length(s);
  return s;
}

/// Decisions of a head, each row at its target.
inline std::vector<double> reference_decisions(const tiny_parts& p, const std::vector<double>& vector) {
  std::vector<double> out(p.intercept.size());
  auto c = p.coefficients.begin();
  for (std::size_t row = 0; row < out.size(); ++row) {
    double x = p.intercept[row];
    for (const double v : vector) x += *c++ * v;
    for (std::size_t before = 0; p.head_kind == 5 && before < row; ++before, ++c)
      x += out[p.order[before]] > 0 ? *c : 0;
    out[p.head_kind == 5 ? p.order[row] : row] = x;
  }
  return out;
}

/// As predict_proba gives them: K numbers, or K pairs.
inline std::vector<double> reference_probabilities(const tiny_parts& p, const std::vector<double>& vector) {
  std::vector<double> out = reference_decisions(p, vector), pairs;
  for (double& x : out) x = p.head_kind == 1 ? std::exp(x) : 1 / (1 + std::exp(-x));
  if (p.head_kind == 2) return {1 - out[0], out[0]};
  double all = 0;
  for (const double x : out) all += x, pairs.push_back(1 - x), pairs.push_back(x);
  for (double& x : out) x /= p.head_kind == 1 || p.head_kind == 3 ? all : 1;
  return p.pairs != 0 ? pairs : out;
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
