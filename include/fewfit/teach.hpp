// SPDX-License-Identifier: MIT
#pragma once
// A head out of a few labelled texts, in milliseconds: encode them, fit a logistic regression to their vectors, write
// the head's own file into memory and read it as any other.
//
//   auto mood = model.teach(texts, labels);                 // scikit-learn's LogisticRegression on SetFit's vectors
//   mood->predict(model.encode("so be it").value()).label;
//
// The file holds the examples, too, as vectors: so a head can be taught more later, and forget, without its texts.

#include <algorithm>

#include "fewfit/calls.hpp"
#include "fewfit/io/head_writer.hpp"
#include "fewfit/nn/leave_one_out.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

/// What is told of a call that is a part of a longer one.
struct part_of_progress {
  const progress& whole;
  std::size_t before = 0, total = 0;

  progress part() noexcept { return whole.call != nullptr ? progress{tell, this} : progress{}; }
  static bool tell(void* self, std::size_t done, std::size_t) {
    const part_of_progress& p = *static_cast<part_of_progress*>(self);
    return p.whole.call(p.whole.user, p.before + done, p.total);
  }
};

/// A head's examples on their way to another head. Labels are numbers of `names`, which ascend by their bytes, as
/// scikit-learn's classes_ do.
class lesson {
 public:
  lesson(const model_state& m, const teach_options& o) noexcept : m_(m), options_(o) {}

  /// Room for some that are known and `more` that are not.
  error reserve(std::size_t known, std::size_t more) noexcept {
    const std::size_t n = known + more, width = m_.config.sentence_size;
    if (n == 0) return {errc::no_examples, "examples", 0};
    if (n > max_examples || n > static_cast<std::size_t>(-1) / 2 / (width * sizeof(float)))
      return {errc::out_of_memory, "examples", n};
    vectors_ = owned<float>(m_.memory, n * width);
    labels_ = owned<std::string_view>(m_.memory, n);
    names_ = owned<std::string_view>(m_.memory, n);
    texts_ = owned<std::string_view>(m_.memory, n);
    numbers_ = owned<std::uint32_t>(m_.memory, n);
    const bool all = vectors_ && labels_ && names_ && texts_ && numbers_;
    return all ? error{} : error{errc::out_of_memory, "examples", n};
  }

  /// Takes what a head knows, but for one example, or with another label for it.
  void take(const head_state& known, std::size_t changed, const std::string_view* label) noexcept {
    const examples_section& e = known.examples;
    has_texts_ = e.texts.count != 0;
    for (std::uint32_t i = 0; i < e.count; ++i) {
      if (i == changed && label == nullptr) continue;
      std::memcpy(vector(count_), e.vectors + std::size_t{i} * e.width, e.width * sizeof(float));
      labels_[count_] = i == changed ? *label : known.head.labels[e.labels[i]];
      texts_[count_++] = has_texts_ ? e.texts[i] : std::string_view();
    }
  }

  /// Encodes new examples behind those that are there.
  error encode(const model& m, span<const std::string_view> texts, span<const std::string_view> labels,
               workspace& scratch, const executor& run, const progress& report) noexcept {
    has_texts_ = options_.keep_examples && options_.keep_texts && (has_texts_ || count_ == 0);
    const std::size_t width = m_.config.sentence_size;
    for (std::size_t first = 0; first < texts.size;) {
      const std::size_t left = texts.size - first, few = left < at_once ? left : at_once;
      text_info info[at_once];
      part_of_progress told{report, first, texts.size};
      const errc e =
          m.encode({texts.data + first, few}, scratch, {vector(count_), few * width}, {info, few}, run, told.part());
      if (e != errc::none) return {e, "texts", first};
      for (std::size_t i = 0; i < few; ++i, ++count_) {
        if (info[i].tokens == 2) return {errc::empty_text, "texts", first + i};
        labels_[count_] = labels[first + i], texts_[count_] = texts[first + i];
      }
      first += few;
    }
    return {};
  }

  /// Numbers the labels.
  error name_classes() noexcept {
    std::memcpy(static_cast<void*>(names_.data()), labels_.data(), count_ * sizeof(std::string_view));
    std::sort(names_.data(), names_.data() + count_);
    classes_ = static_cast<std::size_t>(std::unique(names_.data(), names_.data() + count_) - names_.data());
    if (count_ == 0) return {errc::no_examples, "examples", 0};
    if (classes_ < 2) return {errc::one_label, "labels", classes_};
    if (classes_ > 65536) return {errc::bad_dimension, "labels", classes_};
    for (std::size_t i = 0; i < count_; ++i)
      numbers_[i] = static_cast<std::uint32_t>(std::lower_bound(names_.data(), names_.data() + classes_, labels_[i]) -
                                               names_.data());
    return {};
  }

  training_set examples() const noexcept {
    const std::size_t width = m_.config.sentence_size;
    return {{vectors_.data(), count_ * width}, {numbers_.data(), count_}, width, classes_};
  }
  /// Whether another head has the same classes, so that a fit may begin there.
  bool same_classes(const bound_head& h) const noexcept {
    return h.labels.size() == classes_ && std::equal(names_.data(), names_.data() + classes_, h.labels.data()) &&
           h.weights.kind == (classes_ == 2 ? head_kind::binary : head_kind::softmax);
  }

  /// The head's file.
  result<file_memory> write(const logistic_regression& fitted, const abstention& a) const noexcept {
    head_content h;
    string_table none{};
    h.body = m_.body;
    h.kind = classes_ == 2 ? 2 : 1;
    h.labels = {names_.data(), classes_};
    h.name = options_.name;
    h.intercept = {fitted.intercept(), fitted.rows()};
    h.coefficients = {fitted.coefficients(), fitted.rows() * fitted.width};
    h.abstain_below = a.threshold < 1 ? a.threshold : 1, h.expected_error = a.error;
    const std::string_view about[] = {"name", options_.name};
    h.about = about;
    h.examples = {options_.keep_examples ? static_cast<std::uint32_t>(count_) : 0,
                  static_cast<std::uint32_t>(m_.config.sentence_size), numbers_.data(), vectors_.data(), none};
    h.texts = {texts_.data(), has_texts_ ? count_ : 0};
    file_memory out;
    out.size = write_head_file(h, nullptr);
    out.copy = owned<unsigned char>(m_.memory, static_cast<std::size_t>(out.size));
    if (!out.copy) return {errc::out_of_memory, "head", out.size};
    write_head_file(h, out.copy.data());
    out.data = out.copy.data();
    return out;
  }

 private:
  static constexpr std::size_t max_examples = std::size_t{1} << 24;
  static constexpr std::size_t at_once = 256;  // texts of one call
  float* vector(std::size_t i) const noexcept { return vectors_.data() + i * m_.config.sentence_size; }

  const model_state& m_;
  const teach_options& options_;
  std::size_t count_ = 0, classes_ = 0;
  bool has_texts_ = false;
  owned<float> vectors_;                            // [n, S]
  owned<std::string_view> labels_, names_, texts_;  // [n], of names the first K
  owned<std::uint32_t> numbers_;                    // [n]
};

/// Below which probability to say nothing, if the caller wants to know.
inline result<abstention> find_abstention(const training_set& e, const logistic_regression& fitted,
                                          const fit_options& how, double most_errors) noexcept {
  if (most_errors >= 1) return abstention{};
  const owned<double> held_out(how.allocator, e.labels.size * e.classes);
  if (!held_out) return {errc::out_of_memory, "leave_one_out", e.labels.size};
  const span<double> rows(held_out.data(), held_out.size());
  if (const error wrong = leave_one_out(e, fitted, rows, how); wrong.code != errc::none) return wrong;
  return threshold_for(most_errors, {rows.data, rows.size}, e.labels, e.classes, how.allocator);
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
                                             const head_state* known) noexcept {
  if (const error e = l.name_classes(); e.code != errc::none) return e;
  fit_options how;
  how.C = o.C, how.fit_intercept = o.fit_intercept, how.balanced = o.balanced, how.tolerance = o.tolerance;
  how.kernels = m.kernels.name, how.allocator = m.memory;
  logistic_regression start;
  if (known != nullptr && l.same_classes(known->head)) start = fit_of(known->head, m.memory);
  const result<logistic_regression> fitted = fit(l.examples(), how, start.numbers ? &start : nullptr);
  if (!fitted) return fitted.error();
  const result<abstention> abstain = find_abstention(l.examples(), *fitted, how, o.most_errors);
  if (!abstain) return abstain.error();
  result<file_memory> file = l.write(*fitted, *abstain);
  if (!file) return file.error();
  load_options options;
  options.allocator = m.memory;
  return make_head(std::move(*file), m, options);
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
  if (const error e = l.encode(*this, texts, labels, scratch, run, report); e.code != errc::none) return e;
  const result<head_state*> state = detail::learn(l, *state_, options, before);
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
  return learn(l, m, options, &known);
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
