// SPDX-License-Identifier: MIT
#pragma once
// The meaning of the shape letters, and how rows, weights and batches lie in memory.
//
//   B texts    T tokens of one text    N tokens of the batch    P positions
//   D hidden size (384)   H heads (12)   d = D / H   F feed-forward size (1536)   L layers (3)   K classes
//
// Matrices are row-major, one token a row. A row's stride is its width rounded up to 16 (`padded`), and the columns
// behind the width are zero and stay zero. A linear layer's weights lie in panels of 16 outputs, ready to multiply:
// `{ f32 bias[16]; w[K][16]; }`, 64 bytes aligned, w in f32 or f16, so that one cache line holds 16 outputs' weights
// for one input or two, whatever the instruction set. Batches are ragged: N rows one after another, text b has rows
// offsets[b] to offsets[b + 1], no padding, no mask, no pad id anywhere.

#include <cstddef>
#include <cstdint>

#include "fewfit/config.hpp"

namespace fewfit {
inline namespace v0 {

/// x W^T + b with the weights in panels of 16 outputs: { f32 bias [16], w [inputs][16] }.
struct linear_weights {
  const void* panels = nullptr;  // [outputs / 16], 64 bytes aligned
  std::size_t inputs = 0;        // K
  std::size_t outputs = 0;       // a multiple of 16
  number_type type = number_type::f32;
};

/// What becomes of a product: stored, put through GELU and stored, or added to what is there.
enum class after : std::uint32_t { store, gelu, add };

/// y = (x - mean) / sqrt(variance + eps) * weight + bias, over rows of D.
struct layer_norm_weights {
  const float* weight = nullptr;  // [padded D]
  const float* bias = nullptr;    // [padded D]
  std::size_t width = 0;          // D
  float eps = 0;
};

}  // namespace v0
}  // namespace fewfit
