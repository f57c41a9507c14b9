// SPDX-License-Identifier: MIT
#pragma once
// Hidden rows of one text to one sentence vector: means, first or last row, maximum, or several of them side by side.
//
// Source: sentence-transformers 4.1.0, models/Pooling.py and models/Normalize.py. With ragged batches there is no
// attention mask: the mean is the plain mean of the rows.

#include <cmath>
#include <cstring>

#include "fewfit/nn/simd/select.hpp"

namespace fewfit {
inline namespace v0 {

namespace detail {

/// The sum of each column, a row counted once or by its place, over `divisor`: tokens in order, in double, where
/// products are exact, rounded once. In float this one sum made a tenth of the whole model's rounding error; in
/// double it is free, as the rows are read from memory anyway.
template <bool by_place>
void sum_rows(const float* rows, std::size_t tokens, std::size_t width, double divisor, float* sentence) noexcept {
  const std::size_t stride = padded(width);
  for (std::size_t begin = 0; begin < width; begin += lanes) {
    double sum[lanes] = {};
    for (std::size_t t = 0; t < tokens; ++t) {
      const double weight = by_place ? static_cast<double>(t + 1) : 1.0;
      for (std::size_t i = 0; i < lanes; ++i) sum[i] += static_cast<double>(rows[t * stride + begin + i]) * weight;
    }
    for (std::size_t i = 0; i < lanes && begin + i < width; ++i)
      sentence[begin + i] = static_cast<float>(sum[i] / divisor);
  }
}

/// The largest value of each column. A NaN stays: it must not look like an answer.
inline void max_rows(const float* rows, std::size_t tokens, std::size_t width, float* sentence) noexcept {
  std::memcpy(sentence, rows, width * sizeof(float));
  for (std::size_t t = 1; t < tokens; ++t) {
    const float* row = rows + t * padded(width);
    for (std::size_t i = 0; i < width; ++i)
      sentence[i] = row[i] > sentence[i] || row[i] != row[i] ? row[i] : sentence[i];
  }
}

}  // namespace detail

/// One way of pooling.    shape  rows [T, padded D] -> sentence [D]; T >= 1
inline void pool(pooling how, const float* rows, std::size_t tokens, std::size_t width, float* sentence) noexcept {
  const auto n = static_cast<double>(tokens);
  const float* row = rows;
  switch (how) {
    case pooling::mean: return detail::sum_rows<false>(rows, tokens, width, n, sentence);
    case pooling::mean_sqrt_len: return detail::sum_rows<false>(rows, tokens, width, std::sqrt(n), sentence);
    case pooling::weighted_mean: return detail::sum_rows<true>(rows, tokens, width, n * (n + 1) / 2, sentence);
    case pooling::max: return detail::max_rows(rows, tokens, width, sentence);
    case pooling::last_token: row += (tokens - 1) * padded(width); break;
    case pooling::cls: break;
  }
  std::memcpy(sentence, row, width * sizeof(float));
}

/// All ways of a model, side by side.    shape  rows [T, padded D] -> sentence [count, D]; T >= 1
inline void pool(pooling_modes how, const float* rows, std::size_t tokens, std::size_t width,
                 float* sentence) noexcept {
  for (std::size_t i = 0; i < how.count(); ++i) pool(how[i], rows, tokens, width, sentence + i * width);
}

/// No infinity, no NaN. Looks at bits: -ffast-math cannot remove it.
inline bool is_finite(const float* numbers, std::size_t n) noexcept {
  std::uint32_t worst = 0;
  for (std::size_t i = 0; i < n; ++i) {
    std::uint32_t bits;
    std::memcpy(&bits, numbers + i, sizeof bits);
    bits &= 0x7FFFFFFFu;
    worst = bits > worst ? bits : worst;
  }
  return worst < 0x7F800000u;
}

/// Divides a vector by its length, or by 1e-12 where that is larger. A length that overflows leaves no number: zeros
/// would look like an answer.
///
/// source  torch.nn.functional.normalize; the squares are summed as rows are: lane i mod 16, then the lanes fold
inline void normalize(const kernel_table& k, float* vector, std::size_t width) noexcept {
  const float length = std::sqrt(k.sum_of_squares(vector, width));
  const float divisor = length > 1e-12f ? length : 1e-12f;
  const bool overflows = !is_finite(&length, 1);
  for (std::size_t i = 0; i < width; ++i) vector[i] /= divisor;
  constexpr std::uint32_t not_a_number = 0x7FC00000u;
  if (overflows) std::memcpy(vector, &not_a_number, sizeof not_a_number);
}

}  // namespace v0
}  // namespace fewfit
