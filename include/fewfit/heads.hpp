// SPDX-License-Identifier: MIT
#pragma once
// What heads say of vectors: the model's own, and those that have files of their own.

#include "fewfit/model.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

/// Room for K doubles: on the stack for as many labels as people have, so that asking a head allocates nothing.
class decision_scratch {
 public:
  decision_scratch(std::size_t classes, const allocator& memory) noexcept {
    if (classes > few) many_ = owned<double>(memory, classes);
    data_ = classes > few ? many_.data() : few_;
  }
  decision_scratch(const decision_scratch&) = delete;
  decision_scratch& operator=(const decision_scratch&) = delete;
  double* data() noexcept { return data_; }  // null where there was no memory

 private:
  static constexpr std::size_t few = 64;
  double few_[few];
  owned<double> many_;
  double* data_;
};

/// The label, its place and its probability; false where numbers overflow.    needs  K doubles of scratch
inline bool name_answer(const bound_head& h, const float* vector, double* scratch, prediction& p) noexcept {
  if (!decide(h.weights, vector, scratch)) return false;
  p.index = static_cast<std::uint32_t>(decided(h.weights, scratch));
  p.label = h.labels[p.index];
  to_probabilities(h.weights, scratch);
  p.probability = scratch[p.index];
  return true;
}

/// A byte a target: 1 where it applies.    needs  K doubles of scratch
inline bool decide_all(const bound_head& h, const float* vector, double* scratch, std::uint8_t* out) noexcept {
  const bool finite = decide(h.weights, vector, scratch);
  for (std::size_t k = 0; k < h.weights.classes; ++k) out[k] = is_yes(h.weights, scratch[k]) ? 1 : 0;
  return finite;
}

/// Asks for each of some vectors `one(vector, out)`, whose answer has `numbers` elements.
template <class T, class One>
errc ask_each(const bound_head& h, span<const float> vectors, span<T> out, std::size_t numbers,
              const One& one) noexcept {
  if (!h.exists()) return errc::no_head;
  const std::size_t width = h.weights.width, n = vectors.size / width;
  if (vectors.size % width != 0 || out.size % numbers != 0 || out.size / numbers != n) return errc::bad_argument;
  const fp_environment environment;
  for (std::size_t i = 0; i < n; ++i) {
    const float* const vector = vectors.data + i * width;
    if (!is_finite(vector, width) || !one(vector, out.data + i * numbers)) return errc::non_finite_output;
  }
  return errc::none;
}

inline errc probabilities_of(const bound_head& h, span<const float> vectors, span<double> out) noexcept {
  return ask_each(h, vectors, out, h.numbers(), [&h](const float* vector, double* to) {
    return predict_proba_in_its_shape(h.weights, vector, to);
  });
}

inline errc answers_of(const bound_head& h, const allocator& memory, span<const float> vectors,
                       span<prediction> out) noexcept {
  decision_scratch scratch(h.weights.classes, memory);
  if (scratch.data() == nullptr) return errc::out_of_memory;
  return ask_each(h, vectors, out, 1, [&](const float* vector, prediction* to) {
    *to = prediction();
    return name_answer(h, vector, scratch.data(), *to);
  });
}

inline errc decisions_of(const bound_head& h, const allocator& memory, span<const float> vectors,
                         span<std::uint8_t> out) noexcept {
  if (h.exists() && !h.is_multi) return errc::unsupported_target;
  decision_scratch scratch(h.weights.classes, memory);
  if (scratch.data() == nullptr) return errc::out_of_memory;
  return ask_each(h, vectors, out, h.weights.classes,
                  [&](const float* vector, std::uint8_t* to) { return decide_all(h, vector, scratch.data(), to); });
}

inline std::string_view find_about(const string_table& about, std::string_view key) noexcept {
  for (std::uint32_t i = 0; i + 1 < about.count; i += 2)
    if (about[i] == key) return about[i + 1];
  return {};
}

constexpr target target_of(bool multi) noexcept { return multi ? target::multi : target::single; }

}  // namespace detail

FEWFIT_INLINE errc model::predict_proba_of(span<const float> vectors, span<double> out) const noexcept {
  return detail::probabilities_of(state_->head, vectors, out);
}

FEWFIT_INLINE errc model::predict_of(span<const float> vectors, span<prediction> out) const noexcept {
  return detail::answers_of(state_->head, state_->memory, vectors, out);
}

FEWFIT_INLINE errc model::predict_multi_of(span<const float> vectors, span<std::uint8_t> out) const noexcept {
  return detail::decisions_of(state_->head, state_->memory, vectors, out);
}

FEWFIT_INLINE span<const std::string_view> model::labels() const noexcept {
  return {state_->head.labels.data(), state_->head.labels.size()};
}
FEWFIT_INLINE bool model::labels_are_integers() const noexcept { return state_->head.labels_are_integers; }
FEWFIT_INLINE target model::target() const noexcept { return detail::target_of(state_->head.is_multi); }
FEWFIT_INLINE std::size_t model::probabilities_size() const noexcept { return state_->head.numbers(); }

// --- heads with files of their own ---

FEWFIT_INLINE span<const std::string_view> head::labels() const noexcept {
  return {state_->head.labels.data(), state_->head.labels.size()};
}
FEWFIT_INLINE bool head::labels_are_integers() const noexcept { return state_->head.labels_are_integers; }
FEWFIT_INLINE target head::target() const noexcept { return detail::target_of(state_->head.is_multi); }
FEWFIT_INLINE std::size_t head::sentence_size() const noexcept { return state_->head.weights.width; }
FEWFIT_INLINE std::size_t head::probabilities_size() const noexcept { return state_->head.numbers(); }
FEWFIT_INLINE std::string_view head::about(std::string_view key) const noexcept {
  return detail::find_about(state_->about, key);
}
FEWFIT_INLINE std::string_view head::name() const noexcept { return state_->head.name; }
FEWFIT_INLINE std::size_t head::bytes() const noexcept {
  return sizeof(head_state) + state_->head.labels.bytes() + state_->file.copy.bytes() + state_->held_out.bytes();
}

FEWFIT_INLINE span<const unsigned char> head::contents() const noexcept {
  return {state_->file.data, static_cast<std::size_t>(state_->file.size)};
}
FEWFIT_INLINE std::size_t head::examples() const noexcept { return state_->examples.count; }
FEWFIT_INLINE std::string_view head::example_label(std::size_t i) const noexcept {
  return state_->head.labels[state_->examples.labels[i]];
}
FEWFIT_INLINE span<const float> head::example_vector(std::size_t i) const noexcept {
  return {state_->examples.vectors + i * sentence_size(), sentence_size()};
}
FEWFIT_INLINE std::string_view head::example_text(std::size_t i) const noexcept {
  const string_table& texts = state_->examples.texts;
  return texts.count != 0 ? texts[static_cast<std::uint32_t>(i)] : std::string_view();
}
FEWFIT_INLINE span<const double> head::held_out() const noexcept {
  return {state_->held_out.data(), state_->held_out.size()};
}
FEWFIT_INLINE double head::abstain_below() const noexcept { return state_->head.abstain_below; }
FEWFIT_INLINE double head::expected_error() const noexcept { return state_->head.expected_error; }
FEWFIT_INLINE std::string_view head::unknown() const noexcept {
  return state_->head.unknown != no_label ? state_->head.labels[state_->head.unknown] : std::string_view();
}
FEWFIT_INLINE double head::expected_answers() const noexcept { return state_->head.expected_answers; }
FEWFIT_INLINE bool head::is_answer(std::uint32_t label, double probability) const noexcept {
  if (label >= state_->head.weights.classes || label == state_->head.unknown) return false;
  const bool nothing_was_sure_enough = abstain_below() >= 1 && expected_answers() <= 0;
  return probability >= abstain_below() && !nothing_was_sure_enough;
}
FEWFIT_INLINE bool head::is_answer(const prediction& said) const noexcept {
  return is_answer(said.index, said.probability);  // no label where the status is not none
}
FEWFIT_INLINE teach_options head::taught_with() const noexcept {
  const taught_how& how = state_->examples.how;
  teach_options o;
  o.C = how.C, o.fit_intercept = how.fit_intercept != 0, o.balanced = how.balanced != 0;
  o.tolerance = how.tolerance, o.most_errors = how.most_errors;
  o.unknown = unknown(), o.name = name();
  o.keep_examples = examples() != 0, o.keep_texts = state_->examples.texts.count != 0;
  return o;
}

FEWFIT_INLINE prediction head::predict(span<const float> vector) const noexcept {
  prediction p;
  const errc e = predict(vector, {&p, 1});
  if (e != errc::none) p = prediction(), p.status = e;
  return p;
}

FEWFIT_INLINE errc head::predict(span<const float> vectors, span<prediction> out) const noexcept {
  return detail::answers_of(state_->head, state_->memory, vectors, out);
}

FEWFIT_INLINE errc head::predict_proba(span<const float> vectors, span<double> out) const noexcept {
  return detail::probabilities_of(state_->head, vectors, out);
}

FEWFIT_INLINE errc head::predict_multi(span<const float> vectors, span<std::uint8_t> out) const noexcept {
  return detail::decisions_of(state_->head, state_->memory, vectors, out);
}

}  // namespace v0
}  // namespace fewfit
