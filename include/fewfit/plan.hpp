// SPDX-License-Identifier: MIT
#pragma once
// Work as a list of stages of independent tasks, and every call of a model as such a list run to its end.
//
//   by texts   stage 0          a task for every sixteen texts, towards the end for fewer: it tokenises them, gathers
//                               them to micro-batches of about 128 rows without padding, runs the network on each and
//                               notes the answers
//   by rows    stage 0          a group of texts that surely fit into one micro-batch: tokenises them
//              stage 1          tasks for ranges of rows: embeddings, and query, key and value of layer 0
//              stages 2 ... L+1 a layer each: tasks for ranges of rows
//              stage L+2        vectors, answers; then the next group
//   both       the last stage   one task hands the answers over if nothing went wrong
//
// The bits of an answer do not depend on its neighbours, the cut, the order or the threads.

#include <chrono>

#include "fewfit/plan_tasks.hpp"

namespace fewfit {
inline namespace v0 {
/// The caller has room for `width` numbers of each text, and for one info each or none. (A product could wrap.)
FEWFIT_INLINE void plan::expect(std::size_t width, std::size_t numbers, std::size_t infos) noexcept {
  if (early_ != errc::none) return;
  const bool agree = numbers % width == 0 && numbers / width == texts_.size && (infos == 0 || infos == texts_.size);
  if (!agree) early_ = errc::bad_argument;
}

FEWFIT_INLINE plan::plan(goal g, const model& m, span<const std::string_view> texts, workspace& scratch,
                         cut how) noexcept
    : model_(m.state_), scratch_(scratch.state_), texts_(texts), goal_(g) {
  std::size_t tokens = 2, probable = 0;
  for (const std::string_view text : texts) {
    probable += detail::probable_tokens(text.size(), model_->config.max_length);
    const std::size_t bound = detail::token_bound(text.size(), model_->config.max_length);
    tokens = bound > tokens ? bound : tokens;
    if (text.size() > detail::max_text_bytes && g != goal::predict) early_ = errc::text_too_long;
  }
  if (scratch_ == nullptr) early_ = scratch.missing_;
  if (goal_ != goal::encode && !model_->head.exists()) early_ = errc::no_head;
  if (early_ != errc::none) return;
  const auto dealt = detail::text_tasks::deal(texts.size, probable, scratch_->width);
  large_tasks_ = dealt.large, small_task_ = dealt.smaller;
  const bool worth_it = texts.size == 1 && scratch_->width > 1 && tokens >= detail::tokens_worth_cutting;
  const bool by_rows = how == cut::rows || (how == cut::automatic && worth_it);
  early_ = scratch_->prepare(*model_, tokens, texts.size, answer_bytes(), by_rows);
  if (early_ != errc::none || !by_rows) return;
  group_ = detail::texts_a_batch(scratch_->layout, tokens);
  const std::size_t longest = tokens < scratch_->layout.longest ? tokens : scratch_->layout.longest;
  row_tasks_ = detail::row_tasks(group_ * longest, scratch_->width);
  detail::text_batch(*model_, *scratch_, nullptr, 0, 0).clear_all();
}

FEWFIT_INLINE plan plan::predict(const model& m, span<const std::string_view> texts, workspace& scratch,
                                 span<prediction> out, cut how) noexcept {
  plan p(goal::predict, m, texts, scratch, how);
  p.out_ = out.data;
  p.expect(1, out.size, 0);
  return p;
}

FEWFIT_INLINE plan plan::predict_multi(const model& m, span<const std::string_view> texts, workspace& scratch,
                                       span<std::uint8_t> out, span<text_info> info, cut how) noexcept {
  plan p(goal::predict_multi, m, texts, scratch, how);
  p.out_ = out.data;
  p.info_ = info.size != 0 ? info.data : nullptr;
  p.expect(m.state_->head.weights.classes, out.size, info.size);
  if (p.early_ == errc::none && !m.state_->head.is_multi) p.early_ = errc::unsupported_target;
  return p;
}

FEWFIT_INLINE plan plan::predict_proba(const model& m, span<const std::string_view> texts, workspace& scratch,
                                       span<double> out, span<text_info> info, cut how) noexcept {
  plan p(goal::predict_proba, m, texts, scratch, how);
  p.out_ = out.data;
  p.info_ = info.size != 0 ? info.data : nullptr;
  p.expect(m.state_->head.numbers(), out.size, info.size);
  return p;
}

FEWFIT_INLINE plan plan::encode(const model& m, span<const std::string_view> texts, workspace& scratch,
                                span<float> out, span<text_info> info, cut how) noexcept {
  plan p(goal::encode, m, texts, scratch, how);
  p.out_ = out.data;
  p.info_ = info.size != 0 ? info.data : nullptr;
  p.expect(m.state_->config.sentence_size, out.size, info.size);
  return p;
}

FEWFIT_INLINE errc plan::status() const noexcept {
  if (early_ != errc::none) return early_;
  const errc status = scratch_->status.load(std::memory_order_relaxed);
  return status == workspace_state::handed_over ? errc::none : status;
}
FEWFIT_INLINE void plan::cancel() noexcept {
  if (early_ == errc::none) fail(errc::cancelled);
}
FEWFIT_INLINE std::size_t plan::stages_a_group() const noexcept { return model_->layers.size() + 3; }

FEWFIT_INLINE std::size_t plan::stages() const noexcept {
  return group_ == 0 ? 2 : (texts_.size + group_ - 1) / group_ * stages_a_group() + 1;
}

FEWFIT_INLINE std::size_t plan::tasks(std::size_t stage) const noexcept {
  switch (kind(stage)) {
    case work::texts: return dealt().count(texts_.size);
    case work::embedding:
    case work::layer: return row_tasks_;
    default: return 1;
  }
}

FEWFIT_INLINE plan::work plan::kind(std::size_t stage) const noexcept {
  if (stage + 1 >= stages()) return work::hand_over;
  if (group_ == 0) return work::texts;
  const std::size_t number = stage % stages_a_group();
  if (number < 2) return number == 0 ? work::tokens : work::embedding;
  return number + 1 < stages_a_group() ? work::layer : work::answers;
}

FEWFIT_INLINE detail::text_tasks plan::dealt() const noexcept { return {large_tasks_, small_task_}; }

FEWFIT_INLINE errc plan::run_all(const executor& run) noexcept {
  struct call {
    plan* self;
    std::size_t stage;
  };
  for (call c{this, 0}; c.stage < stages(); ++c.stage) {
    const auto task = [](void* context, std::size_t i) {
      static_cast<call*>(context)->self->run(static_cast<call*>(context)->stage, i);
    };
    if (run.run != nullptr && tasks(c.stage) > 1)
      run.run(run.user, tasks(c.stage), task, &c);
    else
      for (std::size_t i = 0; i < tasks(c.stage); ++i) task(&c, i);
  }
  return status();
}

/// Nanoseconds that a task of this kind may take, from those before it. For the first of a layer: as much more than
/// an embedding, which is mostly the projection of the first layer, as it has more to multiply.
FEWFIT_INLINE std::uint64_t plan::expected_time(work what) const noexcept {
  const std::uint64_t known = longest_[static_cast<std::size_t>(what)];
  if (known != 0 || what != work::layer) return known;
  const std::size_t d = model_->config.hidden_size, f = model_->config.intermediate_size;
  return longest_[static_cast<std::size_t>(work::embedding)] * (4 * d + 2 * f) / (3 * d);
}

FEWFIT_INLINE bool plan::step(std::uint32_t microseconds) noexcept {
  using clock = std::chrono::steady_clock;
  const auto nanoseconds = [](clock::duration d) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(d).count());
  };
  const std::uint64_t budget = std::uint64_t{1000} * microseconds;
  const clock::time_point begin = clock::now();
  bool some_done = false;
  for (std::uint64_t spent = 0; status() == errc::none; some_done = true) {
    while (stage_ < stages() && task_ == tasks(stage_)) ++stage_, task_ = 0;
    if (stage_ == stages()) return true;
    const work what = kind(stage_);
    if (some_done && spent + expected_time(what) > budget) return false;
    run(stage_, task_++);
    const std::uint64_t now = nanoseconds(clock::now() - begin), took = now - spent;
    // It fades: a task that lost its processor for a while must not make all later steps short.
    std::uint64_t& longest = longest_[static_cast<std::size_t>(what)];
    longest -= longest / 8;
    longest = took > longest ? took : longest;
    spent = now;
  }
  return true;
}

}  // namespace v0
}  // namespace fewfit
