// SPDX-License-Identifier: MIT
#pragma once
// Work as a list of stages of independent tasks, and every call of a model as such a list run to its end.
//
// Stage 0 has a task for every sixteen texts, or for fewer where the workspace has room for more tasks: each
// tokenises its texts, gathers whole texts to micro-batches of about 128 rows without padding, runs the network on
// each and notes the answers. Stage 1 has one task: it hands them over if nothing went wrong, so a call that failed
// or was cancelled half-way has written nothing. The bits of an answer do not depend on its neighbours, the order or
// the threads.

#include "fewfit/workspace.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

/// Tokens of a text, at most: each covers a byte or more.
inline std::size_t token_bound(std::size_t bytes, std::size_t max_length) noexcept {
  return bytes > max_length ? max_length : bytes + 2 < max_length ? bytes + 2 : max_length;
}

/// Whether `numbers` are `width` for each text, and infos one for each or none. Divides: a product could wrap.
constexpr bool sizes_agree(std::size_t texts, std::size_t width, std::size_t numbers, std::size_t infos) noexcept {
  return numbers % width == 0 && numbers / width == texts && (infos == 0 || infos == texts);
}

/// One task's texts on their way through the network.
class micro_batch {
 public:
  micro_batch(const model_state& m, const arena_layout& a, unsigned char* memory) noexcept
      : m_(m), a_(a), memory_(memory) {
    offsets()[0] = 0;
  }

  std::size_t texts() const noexcept { return texts_; }
  bool has_room(std::size_t tokens) const noexcept { return offsets()[texts_] + tokens <= a_.rows; }

  /// Tokenises a text behind the ones that are there; it becomes part of the batch with `accept`.
  tokenize_result tokenize(std::string_view text) noexcept {
    return fewfit::tokenize(m_.tokenizer, text, a_.longest, memory_ + a_.tokenizer, ids() + offsets()[texts_]);
  }
  void accept(std::size_t tokens) noexcept {
    offsets()[texts_ + 1] = offsets()[texts_] + static_cast<std::uint32_t>(tokens);
    ++texts_;
  }
  /// Empties the batch, but keeps the ids of the text that did not fit.
  void restart(std::size_t tokens) noexcept {
    std::memmove(ids(), ids() + offsets()[texts_], tokens * sizeof(std::uint32_t));
    texts_ = 0;
  }
  /// Rows of hidden states for all accepted texts.
  void run() noexcept {
    const encoder_shape shape = m_.shape();
    const std::size_t stride = padded(shape.hidden);
    float* x = at<float>(a_.x);
    for (std::size_t b = 0; b < texts_; ++b)
      embed(m_.kernels, m_.embeddings, ids() + offsets()[b], offsets()[b + 1] - offsets()[b],
            x + offsets()[b] * stride);
    // One task does all rows, so what a layer has read may be overwritten by what it makes next.
    float* const wide = at<float>(a_.wide);
    const encoder_scratch scratch{{wide, wide},          wide, at<float>(a_.context), at<float>(a_.attention),
                                  at<float>(a_.inputs), at<row_scale>(a_.scales)};
    encode_rows(m_.kernels, shape, m_.layers.data(), m_.layers.size(), {offsets(), texts_}, scratch, x);
  }
  /// The vector of text b; null where it is not finite.
  const float* sentence(std::size_t b) noexcept {
    const std::size_t width = m_.config.hidden_size;
    float* s = at<float>(a_.sentence);
    pool(static_cast<pooling>(m_.config.pooling), at<float>(a_.x) + offsets()[b] * padded(width),
         offsets()[b + 1] - offsets()[b], width, s);
    if (m_.config.normalize != 0) normalize(m_.kernels, s, width);
    return fewfit::is_finite(s, width) ? s : nullptr;
  }
  double* probabilities() noexcept { return at<double>(a_.probabilities); }

 private:
  template <class T>
  T* at(std::size_t offset) const noexcept {
    return reinterpret_cast<T*>(memory_ + offset);
  }
  std::uint32_t* ids() const noexcept { return at<std::uint32_t>(a_.ids); }
  std::uint32_t* offsets() const noexcept { return at<std::uint32_t>(a_.offsets); }

  const model_state& m_;
  const arena_layout& a_;
  unsigned char* memory_;
  std::size_t texts_ = 0;
};

}  // namespace detail

FEWFIT_INLINE plan::plan(goal g, const model& m, span<const std::string_view> texts, workspace& scratch) noexcept
    : model_(m.state_), scratch_(scratch.state_), texts_(texts), goal_(g) {
  std::size_t tokens = 2;
  for (const std::string_view text : texts) {
    const std::size_t bound = detail::token_bound(text.size(), model_->config.max_length);
    tokens = bound > tokens ? bound : tokens;
    if (text.size() > detail::max_text_bytes && g != goal::predict) early_ = errc::text_too_long;
  }
  if (scratch_ == nullptr) early_ = scratch.missing_;
  if (early_ != errc::none) return;
  early_ = scratch_->prepare(*model_, tokens, texts.size, answer_bytes());
}

FEWFIT_INLINE plan plan::predict(const model& m, span<const std::string_view> texts, workspace& scratch,
                                 span<prediction> out) noexcept {
  plan p(goal::predict, m, texts, scratch);
  p.out_ = out.data;
  if (out.size != texts.size) p.early_ = errc::bad_argument;
  return p;
}

FEWFIT_INLINE plan plan::predict_proba(const model& m, span<const std::string_view> texts, workspace& scratch,
                                       span<double> out, span<text_info> info) noexcept {
  plan p(goal::predict_proba, m, texts, scratch);
  p.out_ = out.data;
  p.info_ = info.size != 0 ? info.data : nullptr;
  const std::size_t width = m.state_->head.classes;
  if (!detail::sizes_agree(texts.size, width, out.size, info.size)) p.early_ = errc::bad_argument;
  return p;
}

FEWFIT_INLINE plan plan::encode(const model& m, span<const std::string_view> texts, workspace& scratch,
                                span<float> out, span<text_info> info) noexcept {
  plan p(goal::encode, m, texts, scratch);
  p.out_ = out.data;
  p.info_ = info.size != 0 ? info.data : nullptr;
  const std::size_t width = m.state_->config.hidden_size;
  if (!detail::sizes_agree(texts.size, width, out.size, info.size)) p.early_ = errc::bad_argument;
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
FEWFIT_INLINE std::size_t plan::stages() const noexcept { return 2; }
FEWFIT_INLINE std::size_t plan::tasks(std::size_t stage) const noexcept {
  return stage == 0 ? (texts_.size + texts_a_task() - 1) / texts_a_task() : 1;
}

/// Few enough that every arena gets a task, as far as there are texts; the bits do not depend on it.
FEWFIT_INLINE std::size_t plan::texts_a_task() const noexcept {
  const std::size_t width = scratch_ != nullptr ? scratch_->width : 1, even = (texts_.size + width - 1) / width;
  return even < 1 ? 1 : even < detail::texts_a_task ? even : detail::texts_a_task;
}

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

FEWFIT_INLINE void plan::fail(errc code) noexcept { scratch_->fail(code); }

FEWFIT_INLINE void plan::run(std::size_t stage, std::size_t task) noexcept {
  if (status() != errc::none) return;
  if (stage != 0) return hand_over();
  unsigned char* memory = scratch_->claim();
  if (memory == nullptr) return fail(errc::workspace_busy);
  const fp_environment environment;
  detail::micro_batch batch(*model_, scratch_->arena, memory);
  const std::size_t begin = task * texts_a_task();
  const std::size_t end = begin + texts_a_task() < texts_.size ? begin + texts_a_task() : texts_.size;
  std::size_t numbers[detail::texts_a_task];  // which text stands at which place of the batch
  for (std::size_t i = begin; i < end; ++i) {
    const tokenize_result t = batch.tokenize(texts_[i]);
    note(i, t);
    if (t.status != errc::none) continue;
    if (t.truncated && scratch_->arena.longest < model_->config.max_length) fail(errc::workspace_too_small);
    if (!batch.has_room(t.count)) finish(batch, numbers), batch.restart(t.count);
    numbers[batch.texts()] = i;
    batch.accept(t.count);
  }
  finish(batch, numbers);
  scratch_->give_back(memory);
}

/// Runs the network over a batch and notes each text's answer.
FEWFIT_INLINE void plan::finish(detail::micro_batch& batch, const std::size_t* numbers) noexcept {
  if (batch.texts() == 0 || status() != errc::none) return;
  batch.run();
  for (std::size_t b = 0; b < batch.texts(); ++b) answer(numbers[b], batch.sentence(b), batch.probabilities());
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
FEWFIT_INLINE void plan::answer(std::size_t i, const float* sentence, double* probabilities) noexcept {
  const std::size_t classes = model_->head.classes, width = model_->config.hidden_size;
  if (goal_ == goal::encode) {
    if (sentence == nullptr) return fail(errc::non_finite_output);
    std::memcpy(reinterpret_cast<float*>(scratch_->staging) + i * width, sentence, width * sizeof(float));
    return;
  }
  double* to = goal_ == goal::predict ? probabilities : reinterpret_cast<double*>(scratch_->staging) + i * classes;
  const bool finite = sentence != nullptr && fewfit::predict_proba(model_->head, sentence, to);
  if (goal_ == goal::predict_proba) {
    if (!finite) fail(errc::non_finite_output);
    return;
  }
  prediction& p = reinterpret_cast<prediction*>(scratch_->staging)[i];
  if (!finite) {
    p.status = errc::non_finite_output;
    return;
  }
  p.index = static_cast<std::uint32_t>(most_probable(to, classes));
  p.label = model_->labels[p.index];
  p.probability = to[p.index];
}

/// What one text's answer takes in the caller's memory.
FEWFIT_INLINE std::size_t plan::answer_bytes() const noexcept {
  if (goal_ == goal::predict) return sizeof(prediction);
  return goal_ == goal::encode ? model_->config.hidden_size * sizeof(float) : model_->head.classes * sizeof(double);
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
