// SPDX-License-Identifier: MIT
#pragma once
// A head out of a few labelled texts, in milliseconds: encode them, fit a logistic regression to their vectors, write
// the head's own file into memory and read it as any other.
//
//   auto mood = model.teach(texts, labels);                 // scikit-learn's LogisticRegression on SetFit's vectors
//   mood->predict(model.encode("so be it").value()).label;
//
// The file holds the examples, too, as vectors: so a head can be taught more later, and forget, without its texts.

#include "fewfit/lesson.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

/// Whether each example is to be left out in turn.
inline bool wants_held_out(const teach_options& o) noexcept { return o.leave_one_out || !(o.most_errors >= 1); }

/// What fits without each example say of it, and below which probability to say nothing, as far as it is asked for.
inline error look_at_held_out(const lesson& l, const logistic_regression& fitted, const fit_options& how,
                              const teach_options& o, const progress& report, owned<double>& held_out,
                              abstention& a) noexcept {
  if (!wants_held_out(o)) return {};
  const training_set e = l.examples();
  held_out = owned<double>(how.allocator, e.labels.size * e.classes);
  if (!held_out) return {errc::out_of_memory, "leave_one_out", e.labels.size};
  const span<double> rows(held_out.data(), held_out.size());
  if (const error wrong = leave_one_out(e, fitted, rows, how, report); wrong.code != errc::none) return wrong;
  if (o.most_errors >= 1) return {};
  const auto found =
      threshold_for(o.most_errors, {rows.data, rows.size}, e.labels, e.classes, how.allocator, l.unknown());
  if (found) a = *found;
  return found.error();
}

/// Coefficients of a head as a fit to begin at.
inline logistic_regression fit_of(const bound_head& h, const allocator& memory) noexcept {
  logistic_regression f;
  f.classes = h.weights.classes, f.width = h.weights.width;
  const std::size_t rows = f.rows();
  f.numbers = owned<double>(memory, rows * (f.width + 1));
  if (!f.numbers) return f;
  std::memcpy(f.numbers.data(), h.weights.coefficients, rows * f.width * sizeof(double));
  std::memcpy(f.numbers.data() + rows * f.width, h.weights.intercept, rows * sizeof(double));
  return f;
}

/// A head can be taught more where it has the examples, and they are this body's vectors.
inline error check_known(const model_state& m, const head_state& known) noexcept {
  if (!same_body(known.body, m.body)) return {errc::wrong_body, "known", known.body.size / entry_bytes};
  return known.examples.count == 0 ? error{errc::no_examples, "known", 0} : error{};
}

/// From examples to a head.
FEWFIT_COLD inline result<head_state*> learn(lesson& l, const model_state& m, const teach_options& o,
                                             const head_state* known, const progress& report) noexcept {
  if (const error e = l.name_classes(); e.code != errc::none) return e;
  fit_options how;
  how.C = o.C, how.fit_intercept = o.fit_intercept, how.balanced = o.balanced, how.tolerance = o.tolerance;
  how.kernels = m.kernels.name, how.allocator = m.memory;
  logistic_regression start;
  if (known != nullptr && l.same_classes(known->head)) start = fit_of(known->head, m.memory);
  const result<logistic_regression> fitted = fit(l.examples(), how, start.numbers ? &start : nullptr);
  if (!fitted) return fitted.error();
  owned<double> held_out;
  abstention abstain;
  if (const error e = look_at_held_out(l, *fitted, how, o, report, held_out, abstain); e.code != errc::none) return e;
  result<file_memory> file = l.write(*fitted, abstain);
  if (!file) return file.error();
  load_options options;
  options.allocator = m.memory;
  const result<head_state*> made = make_head(std::move(*file), m, options);
  if (made && o.leave_one_out) (*made)->held_out = std::move(held_out);
  return made;
}

}  // namespace detail

FEWFIT_INLINE result<head> model::teach(span<const std::string_view> texts, span<const std::string_view> labels,
                                        const teach_options& options, const head* known, workspace& scratch,
                                        const executor& run, const progress& report) const noexcept {
  if (texts.size != labels.size) return {errc::bad_argument, "labels", labels.size};
  const head_state* const before = known != nullptr ? known->state_ : nullptr;
  if (before != nullptr)
    if (const error e = detail::check_known(*state_, *before); e.code != errc::none) return e;
  detail::lesson l(*state_, options);
  const std::size_t old = before != nullptr ? before->examples.count : 0;
  if (const error e = l.reserve(old, texts.size); e.code != errc::none) return e;
  if (before != nullptr) l.take(*before, old, nullptr);
  detail::part_of_progress told{report, 0, texts.size + (detail::wants_held_out(options) ? old + texts.size : 0)};
  if (const error e = l.encode(*this, texts, labels, scratch, run, told); e.code != errc::none) return e;
  const result<head_state*> state = detail::learn(l, *state_, options, before, told.part());
  if (!state) return state.error();
  return head(*state);
}

FEWFIT_INLINE result<head> model::teach(span<const std::string_view> texts, span<const std::string_view> labels,
                                        const teach_options& options, const head* known) const noexcept {
  workspace scratch(1, state_->memory);
  return teach(texts, labels, options, known, scratch);
}

namespace detail {

inline result<head_state*> learn_again(const model_state& m, const head_state& known, std::size_t example,
                                       const std::string_view* label, const teach_options& options) noexcept {
  if (const error e = check_known(m, known); e.code != errc::none) return e;
  if (example >= known.examples.count) return {errc::bad_argument, "example", example};
  lesson l(m, options);
  if (const error e = l.reserve(known.examples.count, 0); e.code != errc::none) return e;
  l.take(known, example, label);
  return learn(l, m, options, &known, {});
}

}  // namespace detail

FEWFIT_INLINE result<head> model::relabel(const head& known, std::size_t example, std::string_view label,
                                          const teach_options& options) const noexcept {
  const result<head_state*> state = detail::learn_again(*state_, *known.state_, example, &label, options);
  if (!state) return state.error();
  return head(*state);
}

FEWFIT_INLINE result<head> model::forget(const head& known, std::size_t example,
                                         const teach_options& options) const noexcept {
  const result<head_state*> state = detail::learn_again(*state_, *known.state_, example, nullptr, options);
  if (!state) return state.error();
  return head(*state);
}

}  // namespace v0
}  // namespace fewfit
