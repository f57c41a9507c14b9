// SPDX-License-Identifier: MIT
#pragma once
// Logistic regressions over a sentence vector: to decisions, probabilities and labels, for one label or several.
//
//   kind                 rows  a row's decision becomes
//   softmax              K     a share of the exponentials of all
//   binary               1     the probability of the second of two labels
//   one_versus_rest      K     its sigmoid, a share of the sum of all
//   independent          K     its sigmoid: several targets, each yes or no
//   chain                K     its sigmoid; the decisions of the rows before it are inputs of a row, too
//
// Source: scikit-learn 1.9.1: LogisticRegression, OneVsRestClassifier, MultiOutputClassifier, ClassifierChain;
// setfit 1.1.3: SetFitHead. Computed in double with the standard exp; probabilities are promised to 1e-12, not to the
// bit, because standard libraries differ in the last digit of exp.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fewfit/config.hpp"

namespace fewfit {
inline namespace v0 {

/// The values are the model file's.
enum class head_kind : std::uint32_t { softmax = 1, binary, one_versus_rest, independent, chain };

struct head_weights {
  head_kind kind = head_kind::softmax;
  const double* intercept = nullptr;     // [rows]
  const double* coefficients = nullptr;  // [rows, S]; row i of a chain has S + i
  const std::uint32_t* order = nullptr;  // [K], chain alone: the target that row i decides
  std::size_t classes = 0;               // K
  std::size_t width = 0;                 // S
  bool half_is_yes = false;              // a target whose probability is exactly 1/2
  bool pairs = false;                    // the original tells the probabilities of no and of yes
};

namespace detail {

inline double add_products(double sum, const double* c, const float* x, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) sum = std::fma(static_cast<double>(x[i]), c[i], sum);
  return sum;
}

inline bool is_finite_number(double x) noexcept {
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return (bits & 0x7FF0000000000000u) != 0x7FF0000000000000u;
}

inline double sigmoid(double x) noexcept { return 1 / (1 + std::exp(-x)); }

}  // namespace detail

/// Whether a decision means yes.
inline bool is_yes(const head_weights& w, double decision) noexcept {
  return w.half_is_yes ? decision >= 0 : decision > 0;
}

/// intercept + coefficients . sentence of each row, one chain of fused multiply-adds each; false where one overflows.
///
/// shape   sentence [S] -> decisions [K]; binary writes the second alone
inline bool decide(const head_weights& w, const float* sentence, double* decisions) noexcept {
  if (w.kind == head_kind::binary) {
    decisions[1] = detail::add_products(w.intercept[0], w.coefficients, sentence, w.width);
    return detail::is_finite_number(decisions[1]);
  }
  bool finite = true;
  const double* c = w.coefficients;
  for (std::size_t row = 0; row < w.classes; ++row, c += w.width) {
    double x = detail::add_products(w.intercept[row], c, sentence, w.width);
    if (w.kind == head_kind::chain) {  // coefficients of a decision count where it is yes
      for (std::size_t before = 0; before < row; ++before)
        if (is_yes(w, decisions[w.order[before]])) x += c[w.width + before];
      c += row;
    }
    decisions[w.kind == head_kind::chain ? w.order[row] : row] = x;
    finite = finite && detail::is_finite_number(x);
  }
  return finite;
}

namespace detail {

/// Numbers over their sum; where that is 0, they stay.
inline void divide_by_sum(double* numbers, std::size_t n) noexcept {
  double sum = 0;
  for (std::size_t k = 0; k < n; ++k) sum += numbers[k];
  for (std::size_t k = 0; k < n && sum != 0; ++k) numbers[k] /= sum;
}

}  // namespace detail

/// Decisions to probabilities of all classes, or of yes for all targets, in place. They sum to 1 where there is one
/// label a text.
inline void to_probabilities(const head_weights& w, double* decisions) noexcept {
  if (w.kind == head_kind::binary) {
    const double x = decisions[1];
    decisions[1] = detail::sigmoid(x);
    decisions[0] = detail::sigmoid(-x);
    return;
  }
  double largest = decisions[0];
  for (std::size_t k = 1; k < w.classes; ++k) largest = decisions[k] > largest ? decisions[k] : largest;
  const bool softmax = w.kind == head_kind::softmax;
  for (std::size_t k = 0; k < w.classes; ++k)
    decisions[k] = softmax ? std::exp(decisions[k] - largest) : detail::sigmoid(decisions[k]);
  if (softmax || w.kind == head_kind::one_versus_rest) detail::divide_by_sum(decisions, w.classes);
}

/// Probabilities; false, and nothing of use written, where a decision overflows.
///
/// shape  sentence [S] -> probabilities [K]
inline bool predict_proba(const head_weights& w, const float* sentence, double* probabilities) noexcept {
  const bool finite = decide(w, sentence, probabilities);
  to_probabilities(w, probabilities);
  return finite;
}

/// Probabilities as the original's predict_proba has them.
///
/// shape  sentence [S] -> probabilities [K], or [K, 2] of no and of yes where the original gives pairs
inline bool predict_proba_in_its_shape(const head_weights& w, const float* sentence, double* probabilities) noexcept {
  const bool finite = predict_proba(w, sentence, probabilities);
  for (std::size_t k = w.pairs ? w.classes : 0; k-- > 0;) {  // from behind: a pair lies where nothing is left to read
    const double yes = probabilities[k];
    probabilities[2 * k + 1] = yes;
    probabilities[2 * k] = 1 - yes;
  }
  return finite;
}

/// The most probable class; of equals the first, as numpy.argmax has it.
inline std::size_t most_probable(const double* probabilities, std::size_t classes) noexcept {
  std::size_t best = 0;
  for (std::size_t k = 1; k < classes; ++k)
    if (probabilities[k] > probabilities[best]) best = k;
  return best;
}

/// The label, from decisions: two sigmoids may both be 1 where the originals still tell them apart.
inline std::size_t decided(const head_weights& w, const double* decisions) noexcept {
  return w.kind == head_kind::binary ? (decisions[1] > 0 ? 1 : 0) : most_probable(decisions, w.classes);
}

}  // namespace v0
}  // namespace fewfit
