// SPDX-License-Identifier: MIT
#pragma once
// Which of some encoded texts are most like another: an exact search, for as many as a game or a help menu has.
//
//   const std::vector<float> known = model.encode(phrases).value();       // [n, D], once
//   fewfit::neighbour best[3];
//   fewfit::nearest(known, model.encode({said}).value(), best);           // best[0].index is a phrase
//
// Source: sentence_transformers.util.cos_sim and semantic_search, 4.1.0. Products of floats are exact in double and
// are added in a fixed order: every compiler and processor finds the same neighbours.

#include <cmath>
#include <limits>

#include "fewfit/nn/tensor.hpp"
#include "fewfit/types.hpp"

namespace fewfit {
inline namespace v0 {

/// A vector by its number, and how like another it is: 1 for the same direction, -1 for the opposite one.
struct neighbour {
  std::size_t index = 0;
  float similarity = -std::numeric_limits<float>::infinity();
};

namespace detail {

/// The sum of products of two vectors; lane i mod 16, then lanes in order.
inline double dot(const float* a, const float* b, std::size_t n) noexcept {
  double sum[lanes] = {}, total = 0;
  std::size_t i = 0;
  for (; n - i >= lanes; i += lanes)
    for (std::size_t k = 0; k < lanes; ++k)
      sum[k] +=
          static_cast<double>(a[i + k]) * static_cast<double>(b[i + k]);  // exact, so that fusing changes nothing
  for (std::size_t k = 0; i < n; ++i, ++k) sum[k] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  for (const double x : sum) total += x;
  return total;
}

inline float cosine(double product, double square_a, double square_b) noexcept {
  const double lengths = std::sqrt(square_a * square_b);
  return lengths > 0 ? static_cast<float>(product / lengths) : 0.0f;
}

}  // namespace detail

/// The cosine of the angle between two vectors; 0 where one has no direction.    needs  as many numbers in each
inline float cosine_similarity(span<const float> a, span<const float> b) noexcept {
  const std::size_t n = a.size < b.size ? a.size : b.size;
  return detail::cosine(detail::dot(a.data, b.data, n), detail::dot(a.data, a.data, n),
                        detail::dot(b.data, b.data, n));
}

/// The vectors most like `query`, the best first, of equals the first; how many were written.
///
/// needs   finite numbers, as encode gives them
/// shape   vectors [n, D], query [D] -> out, as many as there is room for
/// cost    2 n D multiplications, no allocation: 10,000 vectors of 384 in about 3 ms
inline std::size_t nearest(span<const float> vectors, span<const float> query, span<neighbour> out) noexcept {
  const std::size_t width = query.size, n = width == 0 ? 0 : vectors.size / width;
  const double square = detail::dot(query.data, query.data, width);
  std::size_t found = 0;
  for (std::size_t v = 0; v < n; ++v) {
    const float* const vector = vectors.data + v * width;
    const float similarity =
        detail::cosine(detail::dot(vector, query.data, width), detail::dot(vector, vector, width), square);
    if (found == out.size && (found == 0 || !(similarity > out[found - 1].similarity))) continue;
    std::size_t place = found < out.size ? found++ : found - 1;
    for (; place > 0 && similarity > out[place - 1].similarity; --place) out[place] = out[place - 1];
    out[place] = {v, similarity};
  }
  return found;
}

}  // namespace v0
}  // namespace fewfit
