// SPDX-License-Identifier: MIT
#pragma once
// A head out of a few labelled texts, in milliseconds: encode them, fit a logistic regression to their vectors, write
// the head's own file into memory and read it as any other.
//
//   auto mood = model.teach(texts, labels);                 // scikit-learn's LogisticRegression on SetFit's vectors
//   mood->predict(model.encode("so be it").value()).label;
//
// The file holds the examples, too, as vectors: so a head can be taught more later, and forget, without its texts.

#include "fewfit/io/head_writer.hpp"
#include "fewfit/lesson.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

/// What fits without each example say of it, and below which probability to say nothing: as far as it is asked for.
struct looked_back {
  owned<double> held_out;  // [n, K]
  abstention abstain;
};

/// Whether each example is to be left out in turn.
inline bool looks_back(const teach_options& o) noexcept { return o.leave_one_out || o.most_errors < 1; }

inline result<looked_back> look_back(const lesson& l, const logistic_regression& fitted, const fit_options& how,
                                     const teach_options& o, const progress& report) noexcept {
  looked_back out;
  if (!looks_back(o)) return out;
  const training_set e = l.examples();
  out.held_out = owned<double>(how.allocator, std::uint64_t{e.labels.size} * e.classes);
  if (!out.held_out) return {errc::out_of_memory, "leave_one_out", e.labels.size};
  const span<double> rows(out.held_out.data(), out.held_out.size());
  if (const error wrong = leave_one_out(e, fitted, rows, how, report); wrong.code != errc::none) return wrong;
  if (o.most_errors >= 1) return out;
  const auto found =
      threshold_for(o.most_errors, {rows.data, rows.size}, e.labels, e.classes, how.allocator, l.unknown());
  if (!found) return found.error();
  out.abstain = *found;
  return out;
}

/// Coefficients of a head as a fit to begin at; none where it has other classes, or is no such fit.
inline error take_start(const lesson& l, const bound_head& h, const allocator& memory,
                        logistic_regression& start) noexcept {
  const span<const std::string_view> names = l.names();
  const head_kind kind = names.size == 2 ? head_kind::binary : head_kind::softmax;
  if (h.weights.kind != kind || h.labels.size() != names.size) return {};
  if (!std::equal(names.begin(), names.end(), h.labels.data())) return {};
  start.classes = h.weights.classes, start.width = h.weights.width;
  const std::size_t rows = start.rows();
  start.numbers = owned<double>(memory, rows * (start.width + 1));
  if (!start.numbers) return {errc::out_of_memory, "known"};
  std::memcpy(start.numbers.data(), h.weights.coefficients, rows * start.width * sizeof(double));
  std::memcpy(start.numbers.data() + rows * start.width, h.weights.intercept, rows * sizeof(double));
  return {};
}

/// The head's file.
inline result<file_memory> write_head(const lesson& l, const model_state& m, const teach_options& o,
                                      const logistic_regression& fitted, const abstention& a) noexcept {
  const training_set e = l.examples();
  head_content h;
  h.body = m.body;
  h.kind = e.classes == 2 ? 2 : 1;
  h.labels = l.names(), h.name = o.name;
  h.intercept = {fitted.intercept(), fitted.rows()};
  h.coefficients = {fitted.coefficients(), fitted.rows() * fitted.width};
  h.abstain_below = a.threshold < 1 ? a.threshold : 1, h.expected_error = a.error;
  h.expected_answers = o.most_errors < 1 ? a.answered : 0;
  h.unknown = l.unknown() + 1;  // of none, 0
  const std::string_view about[] = {"name", o.name};
  h.about = about;
  h.examples = {
      o.keep_examples ? static_cast<std::uint32_t>(e.labels.size) : 0,
      static_cast<std::uint32_t>(e.width),
      {o.C, o.tolerance, o.most_errors < 1 ? o.most_errors : 1, o.fit_intercept ? 1u : 0u, o.balanced ? 1u : 0u},
      e.labels.data,
      e.vectors.data,
      string_table{}};
  h.texts = l.texts();
  file_memory out;
  out.size = write_head_file(h, nullptr);
  out.copy = owned<unsigned char>(m.memory, out.size);
  if (!out.copy) return {errc::out_of_memory, "head", out.size};
  write_head_file(h, out.copy.data());
  out.data = out.copy.data();
  return out;
}

/// From examples to a head.
FEWFIT_COLD inline result<head_state*> learn(const lesson& l, const model_state& m, const teach_options& o,
                                             const head_state* known, const progress& report) noexcept {
  fit_options how;
  how.C = o.C, how.fit_intercept = o.fit_intercept, how.balanced = o.balanced, how.tolerance = o.tolerance;
  how.kernels = m.kernels.name, how.allocator = m.memory;
  logistic_regression start;
  if (known != nullptr)
    if (const error e = take_start(l, known->head, m.memory, start); e.code != errc::none) return e;
  const result<logistic_regression> fitted = fit(l.examples(), how, start.numbers ? &start : nullptr);
  if (!fitted) return fitted.error();
  result<looked_back> back = look_back(l, *fitted, how, o, report);
  if (!back) return back.error();
  result<file_memory> file = write_head(l, m, o, *fitted, back->abstain);
  if (!file) return file.error();
  load_options options;
  options.allocator = m.memory;
  const result<head_state*> made = make_head(std::move(*file), m, options);
  if (made && o.leave_one_out) (*made)->held_out = std::move(back->held_out);
  return made;
}

/// A head can be taught more where it has the examples, and they are this body's vectors.
inline error check_known(const model_state& m, const head_state& known) noexcept {
  if (!same_body(known.body, m.body)) return {errc::wrong_body, "known", known.body.size / entry_bytes};
  return known.examples.count == 0 ? error{errc::no_examples, "known", 0} : error{};
}

inline result<head_state*> learn_again(const model_state& m, const head_state& known, std::size_t example,
                                       const std::string_view* label, const teach_options& options,
                                       const progress& report) noexcept {
  if (const error e = check_options(options); e.code != errc::none) return e;
  if (const error e = check_known(m, known); e.code != errc::none) return e;
  if (example >= known.examples.count) return {errc::bad_argument, "example", example};
  lesson l(m, options);
  if (const error e = l.reserve(known.examples.count, 0); e.code != errc::none) return e;
  if (const error e = l.take(known, example, label); e.code != errc::none) return e;
  if (const error e = l.name_classes(); e.code != errc::none) return e;
  return learn(l, m, options, &known, report);
}

}  // namespace detail

FEWFIT_INLINE result<head> model::teach(span<const std::string_view> texts, span<const std::string_view> labels,
                                        const teach_options& options, const head* known, workspace& scratch,
                                        const executor& run, const progress& report) const noexcept {
  if (texts.size != labels.size) return {errc::bad_argument, "labels", labels.size};
  if (const error e = detail::check_options(options); e.code != errc::none) return e;
  const head_state* const before = known != nullptr ? known->state_ : nullptr;
  if (before != nullptr)
    if (const error e = detail::check_known(*state_, *before); e.code != errc::none) return e;
  detail::lesson l(*state_, options);
  const std::size_t old = before != nullptr ? before->examples.count : 0;
  if (const error e = l.reserve(old, texts.size); e.code != errc::none) return e;
  if (before != nullptr)
    if (const error e = l.take(*before, old, nullptr); e.code != errc::none) return e;
  if (const error e = l.add(texts, labels); e.code != errc::none) return e;
  if (const error e = l.name_classes(); e.code != errc::none) return e;
  detail::part_of_progress told{report, 0, texts.size + (detail::looks_back(options) ? old + texts.size : 0)};
  if (const error e = l.encode(*this, texts, scratch, run, told); e.code != errc::none) return e;
  const result<head_state*> state = detail::learn(l, *state_, options, before, told.part());
  if (!state) return state.error();
  return head(*state);
}

FEWFIT_INLINE result<head> model::teach(span<const std::string_view> texts, span<const std::string_view> labels,
                                        const teach_options& options, const head* known) const noexcept {
  workspace scratch(1, state_->memory);
  return teach(texts, labels, options, known, scratch);
}

FEWFIT_INLINE result<head> model::teach(span<const std::string_view> texts, span<const std::string_view> labels,
                                        const head& known) const noexcept {
  return teach(texts, labels, known.taught_with(), &known);
}

FEWFIT_INLINE result<head> model::relabel(const head& known, std::size_t example, std::string_view label,
                                          const teach_options& options, const progress& report) const noexcept {
  const auto state = detail::learn_again(*state_, *known.state_, example, &label, options, report);
  if (!state) return state.error();
  return head(*state);
}

FEWFIT_INLINE result<head> model::relabel(const head& known, std::size_t example,
                                          std::string_view label) const noexcept {
  return relabel(known, example, label, known.taught_with());
}

FEWFIT_INLINE result<head> model::forget(const head& known, std::size_t example, const teach_options& options,
                                         const progress& report) const noexcept {
  const auto state = detail::learn_again(*state_, *known.state_, example, nullptr, options, report);
  if (!state) return state.error();
  return head(*state);
}

FEWFIT_INLINE result<head> model::forget(const head& known, std::size_t example) const noexcept {
  return forget(known, example, known.taught_with());
}

}  // namespace v0
}  // namespace fewfit
