// SPDX-License-Identifier: MIT
#pragma once
// Scratch memory: how much a call needs, how it is divided, and who may use which part.
//
//   staging                 what a call has found out and not yet handed over: nothing is written on error
//   arena 0 .. width - 1    one for each task that runs at the same time: ids, rows, scratch of the network
//
// Sizes are pure functions of the model's numbers and of the call, so a caller can set the memory aside beforehand.

#include <atomic>

#include "fewfit/model.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

/// Rows that are multiplied at a time: enough for the kernels to run near their peak, few enough to stay in L2.
inline constexpr std::size_t micro_batch_rows = 128;
/// Texts of a task.
inline constexpr std::size_t texts_a_task = 16;

/// What one task needs, as offsets into its arena.
struct arena_layout {
  std::size_t rows = 0;     // capacity of a micro-batch
  std::size_t longest = 0;  // tokens of one text, at most
  std::size_t ids = 0, offsets = 0, x = 0, context = 0, wide = 0, attention = 0, inputs = 0, scales = 0, sentence = 0, probabilities = 0,
              tokenizer = 0;
  std::uint64_t bytes = 0;
};

// Sizes are added up in 64 bits, so that none wraps where size_t has 32; prepare() refuses what is too much.
constexpr std::uint64_t round_up(std::uint64_t n) noexcept { return (n + 63) / 64 * 64; }

inline arena_layout lay_out_arena(const model_state& m, std::size_t tokens, std::size_t texts) noexcept {
  arena_layout a;
  const encoder_shape shape = m.shape();
  a.longest = tokens < m.config.max_length ? tokens : m.config.max_length;
  const std::size_t micro = a.longest > micro_batch_rows ? a.longest : micro_batch_rows;
  a.rows = texts > micro / a.longest ? micro : texts * a.longest;
  const auto take = [&a](std::uint64_t bytes) {
    const std::uint64_t at = a.bytes;
    a.bytes += round_up(bytes);
    return static_cast<std::size_t>(at);
  };
  const std::uint64_t stride = padded(shape.hidden) * sizeof(float);
  a.x = take(a.rows * stride);
  a.context = take(a.rows * stride);
  a.wide = take(a.rows * wide_stride(shape) * sizeof(float));
  a.attention = take(attention_scratch({shape.hidden, shape.heads, a.longest}) * sizeof(float));
  const auto type = static_cast<number_type>(m.config.linear_type);
  a.inputs = take(linear_scratch_bytes(type, a.rows, shape.hidden));
  a.scales = take(type == number_type::i8 ? a.rows * sizeof(row_scale) : 0);
  a.sentence = take(stride);
  a.probabilities = take(m.head.classes * sizeof(double));
  a.ids = take((a.rows + a.longest) * sizeof(std::uint32_t));  // a text that does not fit waits behind the batch
  a.offsets = take((texts_a_task + 1) * sizeof(std::uint32_t));
  a.tokenizer = take(tokenizer_scratch_bytes(m.tokenizer.config));
  return a;
}

/// Bytes of staging: an answer of `answer_bytes` for each text, and what is told about it.
constexpr std::uint64_t staging_bytes(std::uint64_t texts, std::uint64_t answer_bytes) noexcept {
  return round_up(texts * answer_bytes) + round_up(texts * sizeof(text_info));
}

/// Bytes of the largest answer to one text: a vector, probabilities or a prediction.
inline std::size_t largest_answer_bytes(const model_state& m) noexcept {
  const std::size_t vector = m.config.hidden_size * sizeof(float), probabilities = m.head.classes * sizeof(double);
  const std::size_t numbers = vector > probabilities ? vector : probabilities;
  return numbers > sizeof(prediction) ? numbers : sizeof(prediction);
}

}  // namespace detail

/// The head of a workspace, followed by one flag an arena.
struct workspace_state {
  fewfit::allocator memory;
  bool owned = true;  // grows through the allocator; else it is the caller's and stays as it is
  std::size_t width = 1;
  unsigned char* block = nullptr;  // aligned to 64
  std::size_t block_bytes = 0;
  detail::arena_layout arena;
  unsigned char* staging = nullptr;
  unsigned char* arenas = nullptr;
  std::atomic<errc> status{errc::none};

  std::atomic<bool>* busy() noexcept { return reinterpret_cast<std::atomic<bool>*>(this + 1); }
  static std::size_t head_bytes(std::size_t width) noexcept {
    return static_cast<std::size_t>(detail::round_up(sizeof(workspace_state) + width * sizeof(std::atomic<bool>)));
  }

  /// Divides the memory for a call, after getting more if there is too little.
  errc prepare(const model_state& m, std::size_t tokens, std::size_t texts, std::size_t answer_bytes) noexcept {
    if (owned) {  // for whatever the model may be asked next, so that only a larger batch makes it grow again
      tokens = m.config.max_length;
      texts = texts < detail::texts_a_task ? detail::texts_a_task : texts;
      answer_bytes = detail::largest_answer_bytes(m);
    }
    if (texts > static_cast<std::size_t>(-1) / 2 / detail::largest_answer_bytes(m)) return errc::out_of_memory;
    const std::uint64_t staged = detail::staging_bytes(texts, answer_bytes);
    if (!owned) tokens = tokens_that_fit(m, tokens, texts, staged);
    const detail::arena_layout next = detail::lay_out_arena(m, tokens, texts);
    const std::uint64_t need = staged + width * next.bytes;
    if (need > block_bytes) {
      if (!owned) return errc::workspace_too_small;
      if (need > static_cast<std::size_t>(-1) / 2) return errc::out_of_memory;
      detail::release(memory, block, block_bytes);
      block = static_cast<unsigned char*>(detail::allocate(memory, static_cast<std::size_t>(need)));
      block_bytes = block != nullptr ? static_cast<std::size_t>(need) : 0;
      if (block == nullptr) return errc::out_of_memory;
    }
    arena = next;
    staging = block;
    arenas = block + staged;
    status.store(errc::none, std::memory_order_relaxed);
    return errc::none;
  }

  /// `tokens`, or fewer where the caller's memory has no room for as many. A text's bytes only bound its tokens:
  /// memory for the true number suffices, and a text with more than fit is workspace_too_small when it is met.
  std::size_t tokens_that_fit(const model_state& m, std::size_t tokens, std::size_t texts,
                              std::uint64_t staged) const noexcept {
    std::size_t low = 2, high = tokens;
    while (low < high) {
      const std::size_t middle = high - (high - low) / 2;
      if (staged + width * detail::lay_out_arena(m, middle, texts).bytes <= block_bytes)
        low = middle;
      else
        high = middle - 1;
    }
    return low;
  }

  /// An arena that nobody uses, or null.
  unsigned char* claim() noexcept {
    for (std::size_t i = 0; i < width; ++i)
      if (!busy()[i].exchange(true, std::memory_order_acquire)) return arenas + i * arena.bytes;
    return nullptr;
  }
  void give_back(const unsigned char* taken) noexcept {
    busy()[static_cast<std::size_t>(static_cast<std::uint64_t>(taken - arenas) / arena.bytes)].store(
        false, std::memory_order_release);
  }
  /// The first failure counts; false where there was one, or where the answers are being handed over.
  bool fail(errc code) noexcept {
    errc none = errc::none;
    return status.compare_exchange_strong(none, code, std::memory_order_relaxed);
  }
  /// What `status` holds from the moment the caller's memory is written: too late to fail.
  static constexpr errc handed_over = static_cast<errc>(0xFFFFFFFFu);
};

namespace detail {

inline workspace_state* make_workspace(void* head, std::size_t width) noexcept {
  auto* state = new (head) workspace_state;
  state->width = width;
  for (std::size_t i = 0; i < width; ++i) new (state->busy() + i) std::atomic<bool>(false);
  return state;
}

inline void destroy(workspace_state* state) noexcept {
  if (state == nullptr || !state->owned) return;
  const allocator memory = state->memory;
  const std::size_t head = workspace_state::head_bytes(state->width);
  release(memory, state->block, state->block_bytes);
  state->~workspace_state();
  release(memory, state, head);
}

}  // namespace detail

FEWFIT_INLINE workspace::workspace(std::size_t width, fewfit::allocator memory) noexcept {
  width = width < 1 ? 1 : width > 4096 ? 4096 : width;
  void* head = detail::allocate(memory, workspace_state::head_bytes(width));
  if (head == nullptr) return;  // a call with this workspace answers out_of_memory
  state_ = detail::make_workspace(head, width);
  state_->memory = memory;
}

FEWFIT_INLINE workspace::workspace(void* memory, std::size_t bytes, std::size_t width) noexcept {
  width = width < 1 ? 1 : width > 4096 ? 4096 : width;
  const std::size_t slack = (64 - reinterpret_cast<std::uintptr_t>(memory) % 64) % 64;
  const std::size_t head = workspace_state::head_bytes(width);
  missing_ = errc::workspace_too_small;
  if (memory == nullptr || bytes < slack + head) return;
  auto* begin = static_cast<unsigned char*>(memory) + slack;
  state_ = detail::make_workspace(begin, width);
  state_->owned = false;
  state_->block = begin + head;
  state_->block_bytes = bytes - slack - head;
}

FEWFIT_INLINE workspace::workspace(workspace&& other) noexcept
    : state_(std::exchange(other.state_, nullptr)), missing_(other.missing_) {}
FEWFIT_INLINE workspace& workspace::operator=(workspace&& other) noexcept {
  std::swap(state_, other.state_);
  std::swap(missing_, other.missing_);
  return *this;
}
FEWFIT_INLINE workspace::~workspace() { detail::destroy(state_); }

FEWFIT_INLINE std::size_t workspace::bytes() const noexcept {
  return state_ == nullptr ? 0 : workspace_state::head_bytes(state_->width) + state_->block_bytes;
}

FEWFIT_INLINE std::size_t model::workspace_bytes(std::size_t tokens, std::size_t width,
                                                 std::size_t texts) const noexcept {
  width = width < 1 ? 1 : width;
  texts = texts < 1 ? 1 : texts;
  const std::size_t most = static_cast<std::size_t>(-1), answer = detail::largest_answer_bytes(*state_);
  if (texts > most / 2 / answer || width > 4096) return most;  // there is no such memory
  const std::uint64_t staging = detail::staging_bytes(texts, answer);
  const std::uint64_t arena = detail::lay_out_arena(*state_, tokens < 2 ? 2 : tokens, texts).bytes;
  const std::uint64_t bytes = 64 + workspace_state::head_bytes(width) + staging + width * arena;
  return bytes < most ? static_cast<std::size_t>(bytes) : most;
}

}  // namespace v0
}  // namespace fewfit
