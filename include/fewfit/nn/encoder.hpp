// SPDX-License-Identifier: MIT
#pragma once
// The transformer: L layers of self-attention and feed-forward, each with a residual connection and a layer norm
// behind it (post-norm, as BERT has it).
//
//   x -> query, key, value -> self_attention -> output --(+ x)--> layer_norm -> y
//   y -> intermediate, gelu -> output -------------------(+ y)--> layer_norm -> x of the next layer
//
// Source: Vaswani et al. 2017, sections 3.1 to 3.3; BertLayer.forward of transformers 4.52.3 (modeling_bert.py).
// Linear layers see the rows of the whole batch; only attention looks at where a text begins and ends.

#include "fewfit/nn/attention.hpp"

namespace fewfit {
inline namespace v0 {

struct layer_weights {
  linear_weights query_key_value;           // D -> 3 padded D
  linear_weights attention_output;          // D -> padded D
  layer_norm_weights attention_layer_norm;  // [D]
  linear_weights intermediate;              // D -> padded F
  linear_weights output;                    // F -> padded D
  layer_norm_weights output_layer_norm;     // [D]
};

/// The sizes that computation needs.
struct encoder_shape {
  std::size_t hidden = 0;        // D
  std::size_t heads = 0;         // H
  std::size_t intermediate = 0;  // F
};

/// Scratch memory of a batch of `rows` rows; all of it may be dirty.
struct encoder_scratch {
  float* context = nullptr;  // [rows, padded D], what attention returns
  float* wide = nullptr;     // [rows, max(3 padded D, padded F)]: query, key, value first, then the intermediate rows
  float* attention = nullptr;  // attention_scratch() of the longest text
};

/// Floats in a row of `wide`.
constexpr std::size_t wide_stride(const encoder_shape& s) noexcept {
  const std::size_t qkv = 3 * padded(s.hidden), f = padded(s.intermediate);
  return qkv > f ? qkv : f;
}

/// x <- layer_norm(x + output(self_attention(query x, key x, value x)))
///
/// shape   x [N, padded D], offsets [B + 1] with offsets[0] = 0 and offsets[B] = N
inline void attention_block(const kernel_table& k, const encoder_shape& s, const layer_weights& w,
                            const std::uint32_t* offsets, std::size_t texts, const encoder_scratch& scratch,
                            float* x) noexcept {
  const std::size_t rows = offsets[texts], stride = padded(s.hidden);
  k.linear(x, stride, rows, w.query_key_value, scratch.wide, 3 * stride, after::store);
  for (std::size_t b = 0; b < texts; ++b) {
    const attention_shape shape{s.hidden, s.heads, offsets[b + 1] - offsets[b]};
    self_attention(k, shape, scratch.wide + offsets[b] * 3 * stride, scratch.attention,
                   scratch.context + offsets[b] * stride);
  }
  k.linear(scratch.context, stride, rows, w.attention_output, x, stride, after::add);
  k.layer_norm(x, stride, rows, w.attention_layer_norm);
}

/// x <- layer_norm(x + output(gelu(intermediate x)))
inline void feed_forward_block(const kernel_table& k, const encoder_shape& s, const layer_weights& w,
                               std::size_t rows, const encoder_scratch& scratch, float* x) noexcept {
  const std::size_t stride = padded(s.hidden), f = padded(s.intermediate);
  k.linear(x, stride, rows, w.intermediate, scratch.wide, f, after::gelu);
  k.linear(scratch.wide, f, rows, w.output, x, stride, after::add);
  k.layer_norm(x, stride, rows, w.output_layer_norm);
}

/// All layers, in place.    cost  per token and layer 4 D^2 + 2 D F fused multiply-adds, plus attention; no
/// allocation
inline void encode_rows(const kernel_table& k, const encoder_shape& s, const layer_weights* layers, std::size_t count,
                        const std::uint32_t* offsets, std::size_t texts, const encoder_scratch& scratch,
                        float* x) noexcept {
  for (std::size_t l = 0; l < count; ++l) {
    attention_block(k, s, layers[l], offsets, texts, scratch, x);
    feed_forward_block(k, s, layers[l], offsets[texts], scratch, x);
  }
}

}  // namespace v0
}  // namespace fewfit
