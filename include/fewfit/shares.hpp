// SPDX-License-Identifier: MIT
#pragma once
// A label's logit as a sum over the tokens of a text, out of rows that a prediction makes anyway:
//
//   logit = intercept + sum over t of  c . h[t] * weight(t) / length
//
// c is the label's row of the head, h[t] the t-th row behind the last layer. The weights are those of pooling; the
// length is what unit length divides by, which is one number for all tokens, and 1 where vectors stay as they are.
// Which head it is does not matter to the rows: each for this body has its own c.
//
// All of it is in double, in chains of fused multiply-adds: the same bits wherever the rows have the same bits. A
// sentence vector is made of floats, so the sum is the decision but for their rounding.

#include <algorithm>

#include "fewfit/batch.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

/// Whether a head's logit is a sum over tokens: one pooling that is a sum of rows, a head that is linear in it.
inline bool is_additive(const model_state& m, const bound_head& h) noexcept {
  const pooling_modes modes{m.config.pooling};
  if (modes.count() != 1 || m.dense.size() != 0 || h.weights.kind == head_kind::chain) return false;
  return modes[0] == pooling::mean || modes[0] == pooling::mean_sqrt_len || modes[0] == pooling::weighted_mean;
}

/// Where a label's logit comes from: a row of the head, or its negative.
struct label_row {
  std::size_t row = 0;
  double sign = 1;

  static label_row of(const head_weights& w, std::size_t label) noexcept {
    if (w.kind == head_kind::binary) return {0, label == 1 ? 1.0 : -1.0};
    if (w.kind != head_kind::chain) return {label, 1.0};
    return {static_cast<std::size_t>(std::find(w.order, w.order + w.classes, label) - w.order), 1.0};
  }
};

/// The shares of a batch's first text.
///
/// needs   is_additive, and the batch behind its last layer
/// cost    D products a token, and as many again where vectors have unit length
class token_shares {
 public:
  token_shares(const model_config& c, const head_weights& w, const text_batch& batch, const label_row& from) noexcept
      : c_(c), batch_(batch), coefficients_(w.coefficients + from.row * w.width), sign_(from.sign) {}

  /// sum + c . h[t], weighed; the product is one chain. Times scale() it is a share of the logit.
  double add(std::size_t t, double sum) const noexcept {
    const std::size_t width = c_.hidden_size;
    const double product = add_products(0, coefficients_, batch_.hidden(0) + t * padded(width), width);
    return std::fma(product, weight(t), sum);
  }
  double scale() const noexcept { return sign_ / length_of_sum(); }

 private:
  /// What `normalize` divides by: the length of the sum of weighed rows, or 1e-12 where that is larger.
  double length_of_sum() const noexcept {
    if (c_.normalize == 0) return 1;
    const std::size_t width = c_.hidden_size;
    double squares = 0;
    for (std::size_t i = 0; i < width; ++i) {
      double sum = 0;
      for (std::size_t t = 0; t < batch_.tokens(0); ++t)
        sum = std::fma(static_cast<double>(batch_.hidden(0)[t * padded(width) + i]), weight(t), sum);
      squares = std::fma(sum, sum, squares);
    }
    const double length = std::sqrt(squares);
    return length > 1e-12 ? length : 1e-12;
  }

  /// What a row counts in the sum that pooling makes.
  double weight(std::size_t t) const noexcept {
    const pooling how = pooling_modes{c_.pooling}[0];
    const auto n = static_cast<double>(batch_.tokens(0));
    if (how == pooling::mean) return 1 / n;
    return how == pooling::mean_sqrt_len ? 1 / std::sqrt(n) : static_cast<double>(t + 1) / (n * (n + 1) / 2);
  }

  const model_config& c_;
  const text_batch& batch_;
  const double* const coefficients_;  // [S]
  const double sign_;
};

}  // namespace detail
}  // namespace v0
}  // namespace fewfit
