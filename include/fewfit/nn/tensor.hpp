// SPDX-License-Identifier: MIT
#pragma once
// The meaning of the shape letters, and how rows, weights and batches lie in memory.
//
//   B texts    T tokens of one text    N tokens of the batch    P positions
//   D hidden size (384)   H heads (12)   d = D / H   F feed-forward size (1536)   L layers (3)   K classes
//
// Matrices are row-major, one token a row. A row's stride is its width rounded up to 16 (`padded`), and the columns
// behind the width are zero and stay zero. A linear layer's weights lie in panels of 16 outputs, ready to multiply,
// 64 bytes aligned, so that one cache line holds 16 outputs' weights for one input, two or four, whatever the
// instruction set:
//
//   f32   { f32 bias[16]; f32 w[K][16]; }        f16   the same with w in f16
//   bf16  { f32 bias[16]; bf16 w[K/2][16][2]; }
//   i8    { f32 scale[G][16]; i32 sum[G][16]; f32 shift[16]; f32 bias[16]; i8 w[K/4][16][4]; }
//
// The weights in bytes of each 128 inputs, of which there are G, have a scale of their own; `sum` adds the bytes
// up, `shift` the weights.
//
// Batches are ragged: N rows one after another, text b has rows offsets[b] to offsets[b + 1], no padding, no mask,
// no pad id anywhere.

#include <cstddef>
#include <cstdint>

#include "fewfit/config.hpp"

namespace fewfit {
inline namespace v0 {

/// x W^T + b with the weights in panels of 16 outputs.
struct linear_weights {
  const void* panels = nullptr;  // [outputs / 16], 64 bytes aligned
  std::size_t inputs = 0;        // K
  std::size_t outputs = 0;       // a multiple of 16
  number_type type = number_type::f32;
};

/// What the bytes of a row of inputs mean: number = scale * (byte - 128 + shift).
struct row_scale {
  float scale;
  float shift;
};

/// Where a linear layer of bf16 or i8 keeps its inputs in its own type; f32 and f16 take them as they are.
struct linear_scratch {
  void* inputs = nullptr;  // linear_scratch_bytes(type, rows, K); may be the rows themselves, which then are lost
  row_scale* scales = nullptr;  // [rows]; i8 alone
  float* panels = nullptr;      // widened_floats(type, K), f16 alone; without it many rows take a fifth longer
};

/// Bytes of linear_scratch::inputs; never more than the rows themselves.
constexpr std::size_t linear_scratch_bytes(number_type type, std::size_t rows, std::size_t inputs) noexcept {
  const std::size_t number = type == number_type::bf16 ? sizeof(float) : type == number_type::i8 ? 1 : 0;
  return rows * padded(inputs) * number;
}

/// Floats of linear_scratch::panels: as many panels as a tile takes, in f32.
constexpr std::size_t widened_floats(number_type type, std::size_t inputs) noexcept {
  return type == number_type::f16 ? 3 * (inputs + 1) * lanes : 0;
}

/// What becomes of a product: stored, put through GELU and stored, or added to what is there.
enum class after : std::uint32_t { store, gelu, add };

/// What a feed-forward layer puts its intermediate values through; the values are the model file's.
enum class activation : std::uint32_t { gelu = 1, gelu_tanh = 2, relu = 3, silu = 4 };

/// y = (x - mean) / sqrt(variance + eps) * weight + bias, over rows of D.
struct layer_norm_weights {
  const float* weight = nullptr;  // [padded D]
  const float* bias = nullptr;    // [padded D]
  std::size_t width = 0;          // D
  float eps = 0;
};

}  // namespace v0
}  // namespace fewfit
