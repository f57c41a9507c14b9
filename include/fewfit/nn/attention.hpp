// SPDX-License-Identifier: MIT
#pragma once
// Multi-head self-attention over one text: softmax(Q K^T / sqrt(d)) V for each head.
//
// Source: Vaswani et al. 2017, section 3.2; BertSelfAttention.forward of transformers 4.52.3 (modeling_bert.py).
// Both products run through the kernel of the linear layers: a head's keys, transposed, and its values are packed
// into panels of 16 columns with a bias of zero, so each score and each output is one chain of fused multiply-adds
// from 0. 1/sqrt(d) is applied to the queries after their layer, not folded into its weights, so that half-precision
// checkpoints stay exact. Probabilities stay unnormalised; their sum divides the output.

#include <cmath>
#include <cstring>

#include "fewfit/nn/simd/select.hpp"

namespace fewfit {
inline namespace v0 {

/// Sizes of the attention of one text.
struct attention_shape {
  std::size_t hidden = 0;  // D
  std::size_t heads = 0;   // H
  std::size_t tokens = 0;  // T
  constexpr std::size_t head_size() const noexcept { return hidden / heads; }
};

/// Queries that are scored at a time: their scores stay in L1 and L2, and the result does not depend on it.
inline constexpr std::size_t query_block = 48;

/// Floats of scratch: packed keys and values of one head, scores and outputs of one block of queries.
constexpr std::size_t attention_scratch(const attention_shape& s) noexcept {
  const std::size_t keys = padded(s.tokens), d = padded(s.head_size());
  return keys * (s.head_size() + 1) + d * (s.tokens + 1) + query_block * (keys + d);
}

namespace detail {

/// Keys of a head, transposed into panels.    shape  k [T, d] stride ld -> [padded T / 16] { 0 [16], w [d][16] }
inline void pack_keys(const kernel_table& kernels, const float* k, std::size_t ld, std::size_t tokens, std::size_t d,
                      float* panels) noexcept {
  for (std::size_t begin = 0; begin < tokens; begin += lanes, panels += (d + 1) * lanes) {
    std::memset(panels, 0, lanes * sizeof(float));
    const std::size_t count = tokens - begin < lanes ? tokens - begin : lanes;
    kernels.transpose_rows(k + begin * ld, ld, count, d, panels + lanes);
  }
}

/// Values of a head in panels.    shape  v [T, d] stride ld -> [padded d / 16] { 0 [16], w [T][16] }
inline void pack_values(const float* v, std::size_t ld, std::size_t tokens, std::size_t d, float* panels) noexcept {
  for (std::size_t begin = 0; begin < d; begin += lanes, panels += (tokens + 1) * lanes) {
    const std::size_t count = d - begin < lanes ? d - begin : lanes;
    std::memset(panels, 0, (count < lanes ? (tokens + 1) * lanes : lanes) * sizeof(float));
    for (std::size_t t = 0; t < tokens; ++t) {
      if (count == lanes)  // of a size that compilers know: no call
        std::memcpy(panels + (t + 1) * lanes, v + t * ld + begin, lanes * sizeof(float));
      else
        std::memcpy(panels + (t + 1) * lanes, v + t * ld + begin, count * sizeof(float));
    }
  }
}

}  // namespace detail

/// Queries `begin` to `end` of one text, all heads.
///
/// shape   qkv [T, 3 padded D]: query, key and value of a token side by side -> out [T, padded D], zeros behind D
/// needs   scratch of attention_scratch() floats; changes those queries (scales them)
/// cost    2 (end - begin) T D fused multiply-adds and (end - begin) T H exponentials
inline void self_attention(const kernel_table& k, const attention_shape& s, float* qkv, std::size_t begin,
                           std::size_t end, float* scratch, float* out) noexcept {
  const std::size_t stride = padded(s.hidden), ld = 3 * stride, d = s.head_size(), keys = padded(s.tokens);
  float* const key_panels = scratch;
  float* const value_panels = key_panels + keys * (d + 1);
  float* const scores = value_panels + padded(d) * (s.tokens + 1);
  float* const output = scores + query_block * keys;
  const linear_weights key_weights{key_panels, d, keys}, value_weights{value_panels, s.tokens, padded(d)};

  const float root = 1.0f / std::sqrt(static_cast<float>(d));
  for (std::size_t t = begin; t < end; ++t) {
    k.scale(qkv + t * ld, stride, root);
    std::memset(out + t * stride + s.hidden, 0, (stride - s.hidden) * sizeof(float));  // bf16 and i8 read whole lanes
  }
  for (std::size_t head = 0; head < s.heads; ++head) {
    const float* query = qkv + head * d;
    detail::pack_keys(k, query + stride, ld, s.tokens, d, key_panels);
    detail::pack_values(query + 2 * stride, ld, s.tokens, d, value_panels);
    for (std::size_t first = begin; first < end; first += query_block) {
      const std::size_t count = end - first < query_block ? end - first : query_block;
      float sums[query_block];
      k.linear(query + first * ld, ld, count, key_weights, scores, keys, after::store);
      for (std::size_t i = 0; i < count; ++i) sums[i] = k.softmax_numerators(scores + i * keys, s.tokens);
      k.linear(scores, keys, count, value_weights, output, padded(d), after::store);
      for (std::size_t i = 0; i < count; ++i)
        k.divide_row(output + i * padded(d), d, sums[i], out + (first + i) * stride + head * d);
    }
  }
}

}  // namespace v0
}  // namespace fewfit
