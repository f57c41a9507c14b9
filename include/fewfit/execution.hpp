// SPDX-License-Identifier: MIT
#pragma once
// What a call runs in: its memory, who runs its tasks, how it is cut into them, and who hears how far it is.

#include <cstddef>
#include <cstdint>

#include "fewfit/types.hpp"

namespace fewfit {
inline namespace v0 {

class model;
class plan;
struct workspace_state;

/// Scratch memory for one call at a time; grows on first use, then stays. A model's calls may share one.
class workspace {
 public:
  explicit workspace(std::size_t width = 1, fewfit::allocator memory = {}) noexcept;  // for `width` concurrent tasks
  /// In the caller's memory, which stays the caller's and never grows: workspace_too_small if it does not suffice.
  workspace(void* memory, std::size_t bytes, std::size_t width = 1) noexcept;
  workspace(workspace&& other) noexcept;
  workspace& operator=(workspace&& other) noexcept;
  ~workspace();
  std::size_t bytes() const noexcept;

 private:
  friend class plan;
  friend class model;
  workspace_state* state_ = nullptr;    // null where there was not enough memory even for it
  errc missing_ = errc::out_of_memory;  // what a call answers then
};

/// Runs independent tasks and returns when all are done; a loop is a legal one, and the default.
struct executor {
  void (*run)(void* user, std::size_t tasks, void (*task)(void* context, std::size_t index), void* context) = nullptr;
  void* user = nullptr;
};

/// How a call is cut into tasks. The bits do not depend on it.
enum class cut : std::uint8_t {
  automatic,  // rows for one text, if it may have 24 tokens and the workspace is for several tasks; else texts
  texts,      // a task takes up to sixteen texts from bytes to answers
  rows        // a task takes up to 32 tokens through one layer: several threads for one text, or many short tasks
};

/// What a call learned about a text besides its answer.
struct text_info {
  std::uint32_t tokens = 0;
  bool truncated = false;
};

}  // namespace v0
}  // namespace fewfit
