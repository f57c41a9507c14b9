// SPDX-License-Identifier: MIT
#pragma once
// What a logistic regression minimises, over plain arrays: its gradient, and its second derivative along a direction.
//
//   sum_i c_i loss(scores_i, label_i) + 1/2 ||coefficients||^2        scores_i = coefficients x_i + intercept
//
// c_i is C times the weight of the example's class. With K > 2 classes there are K rows and the loss is that of their
// softmax; with two there is one row, the second class's, and the loss is the logistic one. The intercept is not
// penalised.
//
//   n examples    S width    K classes    R rows: K, or 1 where K = 2    W = S rounded up to 8
//   parameters [R W + R rounded up to 8]: coefficients [R, W], then intercepts [R]; zeros in between and behind
//
// Source: scikit-learn 1.9.1, LogisticRegression with an L2 penalty. A product is only ever added by a fused
// multiply-add, and exp is our own, so that a fit has the same bits on every machine that has them.

#include "fewfit/nn/nearest.hpp"
#include "fewfit/nn/simd/doubles.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

template <class Count>
constexpr Count to_eight(Count n) noexcept {
  return (n + 7) / 8 * 8;
}

inline constexpr std::size_t nobody = static_cast<std::size_t>(-1);

struct logistic_problem {
  const double_table* table = nullptr;
  const float* vectors = nullptr;         // [n, S]
  const std::uint32_t* labels = nullptr;  // [n]
  const double* class_costs = nullptr;    // [K]: c_i of an example by its label
  double* block = nullptr;                // [block_rows(), R], rounded up to 8
  std::size_t examples = 0;               // n
  std::size_t width = 0;                  // S
  std::size_t classes = 0;                // K, without the one left out
  bool with_intercept = true;
  std::size_t left_out = nobody;        // this example does not count,
  std::size_t class_left_out = nobody;  // nor this class, in which it was alone: labels behind it move up

  static constexpr std::size_t rows_for(std::size_t classes) noexcept { return classes == 2 ? 1 : classes; }
  std::size_t rows() const noexcept { return rows_for(classes); }
  std::size_t stride() const noexcept { return to_eight(width); }
  /// As many fit into size_t: there is a vector of each class in memory, or no fit begins.
  std::size_t parameters() const noexcept { return rows() * stride() + to_eight(rows()); }
  /// So many vectors stay in the nearest cache while two products pass them.
  std::size_t block_rows() const noexcept { return width < 128 ? 64 : width < 1024 ? 8192 / width : 8; }

  std::size_t label_of(std::size_t i) const noexcept {
    return labels[i] - (class_left_out != nobody && labels[i] > class_left_out ? 1u : 0u);
  }
};

/// Calls `work(first, count)` for all blocks of examples.
template <class Work>
void for_blocks(const logistic_problem& p, const Work& work) noexcept {
  for (std::size_t first = 0; first < p.examples; first += p.block_rows())
    work(first, p.examples - first < p.block_rows() ? p.examples - first : p.block_rows());
}

/// out = coefficients x, and intercepts.    shape  parameters -> out [count, R]
inline void add_up_scores(const logistic_problem& p, const double* parameters, std::size_t first, std::size_t count,
                          double* out) noexcept {
  const std::size_t rows = p.rows();
  p.table->scores(p.vectors + first * p.width, count, p.width, parameters, p.stride(), rows, out);
  const double* const intercept = parameters + rows * p.stride();
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t k = 0; k < rows; ++k) out[i * rows + k] += intercept[k];
}

/// shape  parameters -> out [n, R]
inline void all_scores(const logistic_problem& p, const double* parameters, double* out) noexcept {
  for_blocks(p, [&](std::size_t first, std::size_t count) {
    add_up_scores(p, parameters, first, count, out + first * p.rows());
  });
}

/// Probabilities from what is left of scores after exp.    shape  x [count, R], of one row exp(-|score|)
inline void divide_by_sums(double* x, const double* scores, std::size_t count, std::size_t rows) noexcept {
  for (std::size_t i = 0; i < count; ++i, x += rows, scores += rows) {
    double sum = rows == 1 ? 1 : 0;
    for (std::size_t k = 0; k < rows; ++k) sum += x[k];
    if (rows == 1 && scores[0] >= 0) x[0] = 1;
    for (std::size_t k = 0; k < rows; ++k) x[k] /= sum;
  }
}

/// The share of each row, whatever the scores' size.    shape  scores [n, R] -> out [n, R]
inline void probabilities_of(const logistic_problem& p, const double* scores, double* out) noexcept {
  const std::size_t rows = p.rows();
  for_blocks(p, [&](std::size_t first, std::size_t count) {
    const double* const from = scores + first * rows;
    for (std::size_t i = 0; i < count; ++i) {
      double largest = from[i * rows];
      for (std::size_t k = 1; k < rows; ++k) largest = from[i * rows + k] > largest ? from[i * rows + k] : largest;
      for (std::size_t k = 0; k < rows; ++k)
        p.block[i * rows + k] = rows == 1 ? -std::fabs(largest) : from[i * rows + k] - largest;
    }
    for (std::size_t i = count * rows; i < to_eight(count * rows); ++i) p.block[i] = 0;
    p.table->exp(p.block, to_eight(count * rows));
    divide_by_sums(p.block, from, count, rows);
    std::memcpy(out + first * rows, p.block, count * rows * sizeof(double));
  });
}

/// What the loss grows by with the scores, into the block: c (probability - 1 where it is the label's).
///
/// shape  probabilities [n, R] -> block [count, R], zeros behind it up to the next multiple of 8
inline void residuals(const logistic_problem& p, const double* probabilities, std::size_t first,
                      std::size_t count) noexcept {
  const std::size_t rows = p.rows();
  for (std::size_t i = 0; i < count; ++i) {
    const bool counts = first + i != p.left_out;
    const std::size_t label = counts ? p.label_of(first + i) : 0;
    const double cost = counts ? p.class_costs[label] : 0;
    for (std::size_t k = 0; k < rows; ++k) {
      const bool is_label = label == (rows == 1 ? 1 : k);
      p.block[i * rows + k] = cost * (probabilities[(first + i) * rows + k] - (is_label ? 1.0 : 0.0));
    }
  }
  for (std::size_t i = count * rows; i < to_eight(count * rows); ++i) p.block[i] = 0;
}

/// to += the block's factors times their examples, intercepts as if each had a one at its end.
inline void add_block(const logistic_problem& p, std::size_t first, std::size_t count, double* to) noexcept {
  const std::size_t rows = p.rows();
  p.table->add_rows(p.vectors + first * p.width, count, p.width, p.block, rows, to, p.stride());
  double* const intercept = to + rows * p.stride();
  for (std::size_t i = 0; i < count && p.with_intercept; ++i)
    for (std::size_t k = 0; k < rows; ++k) intercept[k] += p.block[i * rows + k];
}

/// The penalty's part of a derivative: the coefficients themselves.
inline void begin_with_penalty(const logistic_problem& p, const double* parameters, double* out) noexcept {
  const std::size_t penalised = p.rows() * p.stride();
  std::memcpy(out, parameters, penalised * sizeof(double));
  for (std::size_t i = penalised; i < p.parameters(); ++i) out[i] = 0;
}

/// shape  probabilities [n, R] of these parameters -> out, as parameters
inline void gradient(const logistic_problem& p, const double* parameters, const double* probabilities,
                     double* out) noexcept {
  begin_with_penalty(p, parameters, out);
  for_blocks(p, [&](std::size_t first, std::size_t count) {
    residuals(p, probabilities, first, count);
    add_block(p, first, count, out);
  });
}

/// The second derivative times a direction; each vector is read once.
///
/// shape   probabilities [n, R]; direction -> out, as parameters
/// cost    2 n S R fused multiply-adds
inline void curvature(const logistic_problem& p, const double* probabilities, const double* direction,
                      double* out) noexcept {
  const std::size_t rows = p.rows();
  begin_with_penalty(p, direction, out);
  for_blocks(p, [&](std::size_t first, std::size_t count) {
    add_up_scores(p, direction, first, count, p.block);
    for (std::size_t i = 0; i < count; ++i) {
      const double* const share = probabilities + (first + i) * rows;
      double* const along = p.block + i * rows;
      const double cost = first + i != p.left_out ? p.class_costs[p.label_of(first + i)] : 0;
      double mean = 0;
      for (std::size_t k = 0; k < rows && rows > 1; ++k) mean = std::fma(share[k], along[k], mean);
      for (std::size_t k = 0; k < rows; ++k)
        along[k] = cost * (share[k] * (rows == 1 ? (1 - share[k]) * along[k] : along[k] - mean));
    }
    add_block(p, first, count, out);
  });
}

/// How steeply the loss of the examples rises along a direction.    shape  probabilities, along [n, R]
inline double slope_along(const logistic_problem& p, const double* probabilities, const double* along) noexcept {
  double sum = 0;
  for_blocks(p, [&](std::size_t first, std::size_t count) {
    residuals(p, probabilities, first, count);
    for (std::size_t i = 0; i < count * p.rows(); ++i) sum = std::fma(p.block[i], along[first * p.rows() + i], sum);
  });
  return sum;
}

/// Of the size of a gradient whose examples pull each in a direction of its own: what is small beside it is nothing.
inline double scale_of(const logistic_problem& p) noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < p.examples; ++i) {
    const float* const x = p.vectors + i * p.width;
    const double cost = i != p.left_out ? p.class_costs[p.label_of(i)] : 0;
    sum = std::fma(cost * cost, dot(x, x, p.width) + 1, sum);
  }
  return std::sqrt(sum);
}

}  // namespace detail
}  // namespace v0
}  // namespace fewfit
