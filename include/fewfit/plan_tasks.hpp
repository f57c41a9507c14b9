// SPDX-License-Identifier: MIT
#pragma once
// What a task of a plan does: texts to answers, or one stage of a batch for some of its rows, or the handing over.
//
// Answers wait in the workspace until the last task hands them over, so a call that failed or was cancelled half-way
// has written nothing.

#include "fewfit/batch.hpp"

namespace fewfit {
inline namespace v0 {

FEWFIT_INLINE void plan::fail(errc code) noexcept { scratch_->fail(code); }

FEWFIT_INLINE void plan::run(std::size_t stage, std::size_t task) noexcept {
  if (status() != errc::none) return;
  const work what = kind(stage);
  if (what == work::hand_over) return hand_over();
  unsigned char* memory = scratch_->claim();
  if (memory == nullptr) return fail(errc::workspace_busy);
  const fp_environment environment;
  if (what == work::texts)
    run_texts(memory, task);
  else
    run_rows(memory, stage, task);
  scratch_->give_back(memory);
}

/// From bytes to answers for a task's texts, as many at a time as fit.
FEWFIT_INLINE void plan::run_texts(unsigned char* memory, std::size_t task) noexcept {
  const std::size_t begin = dealt().begin(task, texts_.size), end = dealt().begin(task + 1, texts_.size);
  detail::text_batch batch(*model_, *scratch_, memory, begin, 0);
  batch.clear();
  for (std::size_t i = begin; i < end; ++i) {
    const std::size_t tokens = read(batch, i);
    if (!batch.has_room(tokens)) {
      if (status() == errc::none) batch.encode(), answer_all(batch);
      batch.restart(tokens);
    }
    batch.accept(tokens);
  }
  if (status() == errc::none && batch.rows() != 0) batch.encode();
  if (status() == errc::none) answer_all(batch);
}

/// One stage of a group of texts: all of it, or for a range of its rows.
FEWFIT_INLINE void plan::run_rows(unsigned char* memory, std::size_t stage, std::size_t task) noexcept {
  const std::size_t first = stage / stages_a_group() * group_, left = texts_.size - first;
  const std::size_t texts = left < group_ ? left : group_;
  detail::text_batch batch(*model_, *scratch_, memory, first, texts);
  switch (kind(stage)) {
    case work::tokens:
      batch.clear();
      for (std::size_t i = first; i < first + texts; ++i) batch.accept(read(batch, i));
      break;
    case work::answers: answer_all(batch); break;
    default: {
      const row_range rows = detail::rows_of_task(batch.rows(), scratch_->width, task);
      if (rows.size() == 0) return;
      if (kind(stage) == work::embedding)
        batch.embed(rows);
      else
        batch.layer(stage % stages_a_group() - 2, rows);
    }
  }
}

/// Tokenises text i behind the batch, and notes what there is to know. Returns its rows: none if it gets no answer.
FEWFIT_INLINE std::size_t plan::read(detail::text_batch& batch, std::size_t i) noexcept {
  const tokenize_result t = batch.tokenize(texts_[i]);
  note(i, t);
  if (t.status != errc::none) return 0;
  if (t.truncated && scratch_->layout.longest < model_->config.max_length) fail(errc::workspace_too_small);
  return t.count;
}

FEWFIT_INLINE void plan::answer_all(detail::text_batch& batch) noexcept {
  for (std::size_t b = 0; b < batch.texts(); ++b)
    if (batch.tokens(b) != 0) answer(batch.first() + b, batch.sentence(b), batch.probabilities());
  if (progress_.call != nullptr) tell(batch.texts());
}

/// So many texts more are done. Whoever comes while another tells leaves it to that one, which therefore looks again
/// when it is through: a thread never waits, and the last number is told. All in one order, or both might leave.
FEWFIT_INLINE void plan::tell(std::size_t texts) noexcept {
  workspace_state& s = *scratch_;
  s.done += texts;
  for (std::size_t done = 0; done != s.done;) {
    if (s.telling.exchange(true)) return;
    done = s.done;
    const bool is_new = std::exchange(s.told, done) != done && status() == errc::none;
    if (is_new && !progress_.call(progress_.user, done, texts_.size)) fail(errc::cancelled);
    s.telling = false;
  }
}

/// What the tokenizer says of text i.
FEWFIT_INLINE void plan::note(std::size_t i, const tokenize_result& t) noexcept {
  if (goal_ == goal::predict) {
    prediction& p = reinterpret_cast<prediction*>(scratch_->staging)[i];
    p = prediction();
    p.status = t.status;
    p.tokens = static_cast<std::uint32_t>(t.count);
    p.truncated = t.truncated;
  } else {
    staged_info()[i] = {static_cast<std::uint32_t>(t.count), t.truncated};
    if (t.status != errc::none) fail(t.status);
  }
}

/// The answer to text i from its vector, null if that is not finite.
FEWFIT_INLINE void plan::answer(std::size_t i, const float* sentence, double* scratch) noexcept {
  const detail::bound_head& head = model_->head;
  unsigned char* const to = scratch_->staging + i * answer_bytes();
  const auto finite = [&] {
    switch (goal_) {
      case goal::encode: return std::memcpy(to, sentence, answer_bytes()), true;
      case goal::predict_proba:
        return predict_proba_in_its_shape(head.weights, sentence, reinterpret_cast<double*>(to));
      case goal::predict_multi: return detail::decide_all(head, sentence, scratch, to);
      default: return detail::name_answer(head, sentence, scratch, *reinterpret_cast<prediction*>(to));
    }
  };
  if (sentence != nullptr && finite()) return;
  if (goal_ != goal::predict) return fail(errc::non_finite_output);
  reinterpret_cast<prediction*>(to)->status = errc::non_finite_output;
}

/// What one text's answer takes in the caller's memory.
FEWFIT_INLINE std::size_t plan::answer_bytes() const noexcept {
  switch (goal_) {
    case goal::encode: return model_->config.sentence_size * sizeof(float);
    case goal::predict_proba: return model_->head.numbers() * sizeof(double);
    case goal::predict_multi: return model_->head.weights.classes;
    default: return sizeof(prediction);
  }
}

FEWFIT_INLINE text_info* plan::staged_info() const noexcept {
  return reinterpret_cast<text_info*>(scratch_->staging + detail::round_up(texts_.size * answer_bytes()));
}

/// The last stage: everything went well, so the caller gets it; from here on it is too late to cancel.
FEWFIT_INLINE void plan::hand_over() noexcept {
  if (!scratch_->fail(workspace_state::handed_over) || texts_.size == 0) return;
  std::memcpy(out_, scratch_->staging, texts_.size * answer_bytes());
  if (info_ != nullptr) std::memcpy(info_, staged_info(), texts_.size * sizeof(text_info));
}

}  // namespace v0
}  // namespace fewfit
