// SPDX-License-Identifier: MIT
#pragma once
// The texts that a model's file carries, asked again: how far the answers are from the original's.

#include "fewfit/calls.hpp"

namespace fewfit {
inline namespace v0 {

namespace detail {

/// How far the original is from another answer: the most probable class ahead of the next; of several targets the
/// one that is nearest to 1/2, twice.
inline double margin(const bound_head& h, const double* probabilities) noexcept {
  const std::size_t step = h.numbers() / h.weights.classes, best = most_probable(probabilities, h.numbers());
  double next = 0, least = 1;
  for (std::size_t k = step - 1; k < h.numbers(); k += step) {
    if (k != best && probabilities[k] > next) next = probabilities[k];
    least = std::fmin(least, 2 * std::fabs(probabilities[k] - 0.5));
  }
  return h.is_multi ? least : probabilities[best] - next;
}

/// Whether two rows of probabilities mean the same: one label, or the same of several.
inline bool same_answer(const bound_head& h, const double* a, const double* b) noexcept {
  if (!h.is_multi) return most_probable(a, h.weights.classes) == most_probable(b, h.weights.classes);
  const std::size_t step = h.numbers() / h.weights.classes;
  for (std::size_t k = step - 1; k < h.numbers(); k += step)
    if (is_yes(h.weights, a[k] - 0.5) != is_yes(h.weights, b[k] - 0.5)) return false;
  return true;
}

}  // namespace detail

FEWFIT_INLINE result<self_test_report> model::self_test() const noexcept {
  const self_test_section& s = state_->self_test;
  if (s.count == 0) return errc::no_self_test;
  const detail::bound_head& head = state_->head;
  const std::size_t numbers = head.numbers(), width = config().sentence_size;
  workspace scratch(1, state_->memory);
  const detail::owned<double> probabilities(state_->memory, numbers);
  const detail::owned<float> vector(state_->memory, width);
  if (!probabilities || !vector) return errc::out_of_memory;
  const fp_environment environment;
  self_test_report report;
  report.texts = s.count;
  for (std::uint32_t i = 0; i < s.count; ++i) {
    const std::string_view text = s.texts[i];
    const double* original = s.probabilities + i * numbers;
    if (const errc e = encode({&text, 1}, scratch, {vector.data(), width}); e != errc::none) return e;
    if (!predict_proba_in_its_shape(head.weights, vector.data(), probabilities.data()))
      return errc::non_finite_output;
    report.digest = crc32c(vector.data(), width * sizeof(float), report.digest);
    if (!detail::same_answer(head, probabilities.data(), original)) {
      ++report.different_labels;
      if (detail::margin(head, original) > 0.05) ++report.different_clear_labels;
    }
    for (std::size_t k = 0; k < numbers; ++k) {
      const double difference = std::fabs(probabilities[k] - original[k]);
      if (!(difference <= report.largest_difference)) report.largest_difference = difference;
    }
  }
  return report;
}

}  // namespace v0
}  // namespace fewfit
