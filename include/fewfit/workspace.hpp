// SPDX-License-Identifier: MIT
#pragma once
// Scratch memory: whose it is, when it grows, and who may use which part.
//
//   staging                 what a call has found out and not yet handed over: nothing is written on error
//   batch                   where work is cut by rows: the rows that all tasks work on
//   arena 0 .. width - 1    one for each task that runs at the same time; where work is cut by texts, a batch each

#include <atomic>

#include "fewfit/layout.hpp"

namespace fewfit {
inline namespace v0 {

/// The head of a workspace, followed by one flag an arena.
struct workspace_state {
  fewfit::allocator memory;
  bool owned = true;  // grows through the allocator; else it is the caller's and stays as it is
  std::size_t width = 1;
  unsigned char* block = nullptr;  // aligned to 64
  std::size_t block_bytes = 0;
  detail::memory_layout layout;
  unsigned char* staging = nullptr;
  unsigned char* batch = nullptr;  // null where each task has its own
  unsigned char* arenas = nullptr;
  std::atomic<errc> status{errc::none};
  std::atomic<std::size_t> done{0};  // texts
  std::atomic<bool> telling{false};  // somebody is telling how many
  std::size_t told = 0;              // of whoever is telling

  std::atomic<bool>* busy() noexcept { return reinterpret_cast<std::atomic<bool>*>(this + 1); }
  static std::size_t head_bytes(std::size_t width) noexcept {
    return static_cast<std::size_t>(detail::round_up(sizeof(workspace_state) + width * sizeof(std::atomic<bool>)));
  }

  /// Divides the memory for a call, after getting more if there is too little.
  errc prepare(const model_state& m, std::size_t tokens, std::size_t texts, std::size_t answer_bytes,
               bool by_rows) noexcept {
    if (owned) {  // for whatever the model may be asked next, so that only a larger batch makes it grow again
      tokens = m.config.max_length;
      texts = texts < detail::texts_a_task ? detail::texts_a_task : texts;
      answer_bytes = detail::largest_answer_bytes(m);
    }
    if (texts > static_cast<std::size_t>(-1) / 2 / detail::largest_answer_bytes(m)) return errc::out_of_memory;
    const std::uint64_t staged = detail::staging_bytes(texts, answer_bytes);
    if (!owned) tokens = tokens_that_fit(m, tokens, texts, staged, by_rows);
    layout = detail::lay_out(m, tokens, texts, by_rows);
    std::uint64_t need = staged + layout.bytes(width);
    if (owned && width > 1) {  // what several threads do next may be cut the other way
      const std::uint64_t other = staged + detail::lay_out(m, tokens, texts, !by_rows).bytes(width);
      need = other > need ? other : need;
    }
    if (need > block_bytes && !owned) return errc::workspace_too_small;
    if (need > block_bytes)
      if (const errc e = grow(need); e != errc::none) return e;
    staging = block;
    batch = by_rows ? block + staged : nullptr;
    arenas = block + staged + (by_rows ? layout.batch_bytes : 0);
    status.store(errc::none, std::memory_order_relaxed);
    done.store(0, std::memory_order_relaxed);
    told = 0;
    return errc::none;
  }

  errc grow(std::uint64_t bytes) noexcept {
    if (bytes > static_cast<std::size_t>(-1) / 2) return errc::out_of_memory;
    detail::release(memory, block, block_bytes);
    block = static_cast<unsigned char*>(detail::allocate(memory, static_cast<std::size_t>(bytes)));
    block_bytes = block != nullptr ? static_cast<std::size_t>(bytes) : 0;
    return block != nullptr ? errc::none : errc::out_of_memory;
  }

  /// `tokens`, or fewer where the caller's memory has no room for as many. A text's bytes only bound its tokens:
  /// memory for the true number suffices, and a text with more than fit is workspace_too_small when it is met.
  std::size_t tokens_that_fit(const model_state& m, std::size_t tokens, std::size_t texts, std::uint64_t staged,
                              bool by_rows) const noexcept {
    std::size_t low = 2, high = tokens;
    while (low < high) {
      const std::size_t middle = high - (high - low) / 2;
      if (staged + detail::lay_out(m, middle, texts, by_rows).bytes(width) <= block_bytes)
        low = middle;
      else
        high = middle - 1;
    }
    return low;
  }

  /// An arena that nobody uses, or null.
  unsigned char* claim() noexcept {
    for (std::size_t i = 0; i < width; ++i)
      if (!busy()[i].exchange(true, std::memory_order_acquire)) return arenas + i * layout.arena_bytes();
    return nullptr;
  }
  void give_back(const unsigned char* taken) noexcept {
    busy()[static_cast<std::size_t>(static_cast<std::uint64_t>(taken - arenas) / layout.arena_bytes())].store(
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

FEWFIT_INLINE std::size_t model::workspace_bytes(std::size_t tokens, std::size_t width, std::size_t texts,
                                                 cut how) const noexcept {
  width = width < 1 ? 1 : width;
  texts = texts < 1 ? 1 : texts;
  const std::size_t most = static_cast<std::size_t>(-1), answer = detail::largest_answer_bytes(*state_);
  if (texts > most / 2 / answer || width > 4096) return most;  // there is no such memory
  const std::uint64_t staging = detail::staging_bytes(texts, answer);
  tokens = tokens < 2 ? 2 : tokens;
  std::uint64_t work = detail::lay_out(*state_, tokens, texts, false).bytes(width);
  if (how == cut::rows || (how == cut::automatic && width > 1)) {
    const std::uint64_t by_rows = detail::lay_out(*state_, tokens, texts, true).bytes(width);
    work = by_rows > work ? by_rows : work;
  }
  const std::uint64_t bytes = 64 + workspace_state::head_bytes(width) + staging + work;
  return bytes < most ? static_cast<std::size_t>(bytes) : most;
}

}  // namespace v0
}  // namespace fewfit
