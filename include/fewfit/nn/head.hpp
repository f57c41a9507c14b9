// SPDX-License-Identifier: MIT
#pragma once
// Logistic regression: sentence vector to probabilities to the index of a label.
//
// Source: scikit-learn 1.9.1, LogisticRegression.predict_proba: softmax over one row of coefficients a class, or with
// two classes and one row the logistic function. Computed in double with the standard exp; probabilities are promised
// to 1e-12, not to the bit, because standard libraries differ in the last digit of exp.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fewfit/config.hpp"

namespace fewfit {
inline namespace v0 {

struct head_weights {
  const double* intercept = nullptr;     // [rows]
  const double* coefficients = nullptr;  // [rows, D]
  std::size_t classes = 0;               // K
  std::size_t width = 0;                 // D
  bool binary = false;                   // one row for two classes, else K rows
};

namespace detail {

/// intercept + coefficients . sentence, one chain.
inline double decision(const head_weights& w, std::size_t row, const float* sentence) noexcept {
  double sum = w.intercept[row];
  const double* c = w.coefficients + row * w.width;
  for (std::size_t i = 0; i < w.width; ++i) sum = std::fma(static_cast<double>(sentence[i]), c[i], sum);
  return sum;
}

inline bool is_finite_number(double x) noexcept {
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return (bits & 0x7FF0000000000000u) != 0x7FF0000000000000u;
}

}  // namespace detail

/// Probabilities of all classes; false, and nothing of use written, where the numbers overflow.
///
/// shape  sentence [D] -> probabilities [K], which sum to 1
inline bool predict_proba(const head_weights& w, const float* sentence, double* probabilities) noexcept {
  if (w.binary) {
    const double x = detail::decision(w, 0, sentence);
    probabilities[1] = 1 / (1 + std::exp(-x));
    probabilities[0] = 1 / (1 + std::exp(x));
    return detail::is_finite_number(x);
  }
  bool finite = true;
  double largest = 0, sum = 0;
  for (std::size_t k = 0; k < w.classes; ++k) {
    probabilities[k] = detail::decision(w, k, sentence);
    finite = finite && detail::is_finite_number(probabilities[k]);
    largest = k == 0 || probabilities[k] > largest ? probabilities[k] : largest;
  }
  for (std::size_t k = 0; k < w.classes; ++k) sum += probabilities[k] = std::exp(probabilities[k] - largest);
  for (std::size_t k = 0; k < w.classes; ++k) probabilities[k] /= sum;
  return finite;
}

/// The most probable class; of equals the first, as numpy.argmax has it.
inline std::size_t most_probable(const double* probabilities, std::size_t classes) noexcept {
  std::size_t best = 0;
  for (std::size_t k = 1; k < classes; ++k)
    if (probabilities[k] > probabilities[best]) best = k;
  return best;
}

}  // namespace v0
}  // namespace fewfit
