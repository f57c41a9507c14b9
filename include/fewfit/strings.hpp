// SPDX-License-Identifier: MIT
#pragma once
// Parts of a text, and tables of strings as they lie in the model file: labels, tokens, texts. Never owned, never
// changed.
//
// shape   of a table: offsets [count + 1], pool [offsets[count]]; string i is pool[offsets[i] .. offsets[i + 1])

#include <cstdint>
#include <string_view>

#include "fewfit/config.hpp"

namespace fewfit {
inline namespace v0 {

/// Where a part of a text lies: its bytes [begin, end).
struct byte_range {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

/// Strings behind one another in one block of bytes.
///
/// needs   offsets[0] is 0 and offsets never decrease: who makes a table of a file's bytes checks that first
struct string_table {
  const std::uint32_t* offsets = nullptr;
  const char* pool = nullptr;
  std::uint32_t count = 0;

  std::string_view operator[](std::uint32_t i) const noexcept {
    FEWFIT_ASSERT(i < count);
    return {pool + offsets[i], offsets[i + 1] - offsets[i]};
  }
};

}  // namespace v0
}  // namespace fewfit
