// SPDX-License-Identifier: MIT
#pragma once
// The transformer: L layers of self-attention and feed-forward, each with a residual connection and a layer norm
// behind it (post-norm, as BERT has it).
//
//   x -> query, key, value -> self_attention -> output --(+ x)--> layer_norm -> y
//   y -> intermediate, activation -> output -------(+ y)--> layer_norm -> x of the next layer
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

/// What computation needs to know beside the weights.
struct encoder_shape {
  std::size_t hidden = 0;        // D
  std::size_t heads = 0;         // H
  std::size_t intermediate = 0;  // F
  activation act = activation::gelu;
};

/// Rows of a batch, which one task works on.
struct row_range {
  std::size_t begin = 0, end = 0;
  constexpr std::size_t size() const noexcept { return end - begin; }
};

/// A ragged batch: text b has rows offsets[b] to offsets[b + 1], offsets[0] = 0.
struct ragged {
  const std::uint32_t* offsets = nullptr;  // [B + 1]
  std::size_t texts = 0;                   // B
  constexpr row_range all() const noexcept { return {0, offsets[texts]}; }
};

/// Scratch memory of a batch; all of it may be dirty. Tasks that run at once share all but `task`; then query,
/// key and value of a layer and of the next lie apart, and the intermediate rows in a third place.
struct encoder_scratch {
  float* query_key_value[2] = {};  // [N, 3 padded D], of even layers and of odd ones
  float* intermediate = nullptr;   // [N, padded F]
  float* context = nullptr;        // [N, padded D], what attention returns
  float* task = nullptr;           // task_scratch() of the longest text
  float* inputs = nullptr;         // [N, padded D], rows in the type of the weights; bf16 and i8 alone
  row_scale* scales = nullptr;     // [N]; i8 alone
};

/// Floats in a row that first holds query, key and value, then intermediate values: enough where one task does all.
constexpr std::size_t wide_stride(const encoder_shape& s) noexcept {
  const std::size_t qkv = 3 * padded(s.hidden), f = padded(s.intermediate);
  return qkv > f ? qkv : f;
}

/// Floats that a task needs for itself: for a head of attention, or for panels of halves that are widened.
constexpr std::size_t task_scratch(const encoder_shape& s, number_type type, std::size_t tokens) noexcept {
  const std::size_t attention = attention_scratch({s.hidden, s.heads, tokens});
  const std::size_t panels = widened_floats(type, s.hidden > s.intermediate ? s.hidden : s.intermediate);
  return attention > panels ? attention : panels;
}

namespace detail {

/// A linear layer over some rows of a batch; `inputs` is where they stand in the type of the weights, if need be.
inline void linear_rows(const kernel_table& k, const linear_weights& w, row_range rows, const float* x,
                        std::size_t stride, float* out, std::size_t out_stride, after what, float* inputs,
                        const encoder_scratch& scratch) noexcept {
  // Inputs and scales lie where the rows lie in the batch, so that no two tasks meet.
  const linear_scratch own{inputs != nullptr ? inputs + rows.begin * stride : nullptr,
                           scratch.scales != nullptr ? scratch.scales + rows.begin : nullptr, scratch.task};
  k.linear(x + rows.begin * stride, stride, rows.size(), w, out + rows.begin * out_stride, out_stride, what, own);
}

}  // namespace detail

/// Query, key and value of some rows, for the layer of this number.
inline void project(const kernel_table& k, const encoder_shape& s, const layer_weights* layers, std::size_t layer,
                    row_range rows, const encoder_scratch& scratch, const float* x) noexcept {
  const std::size_t stride = padded(s.hidden);
  detail::linear_rows(k, layers[layer].query_key_value, rows, x, stride, scratch.query_key_value[layer % 2],
                      3 * stride, after::store, scratch.inputs, scratch);
}

/// x <- layer_norm(x + output(self_attention(query x, key x, value x))), from what `project` made of all rows.
inline void attention_block(const kernel_table& k, const encoder_shape& s, const layer_weights* layers,
                            std::size_t layer, const ragged& batch, row_range rows, const encoder_scratch& scratch,
                            float* x) noexcept {
  const std::size_t stride = padded(s.hidden);
  for (std::size_t b = 0; b < batch.texts; ++b) {
    const std::size_t first = batch.offsets[b], last = batch.offsets[b + 1];
    const std::size_t begin = rows.begin > first ? rows.begin : first, end = rows.end < last ? rows.end : last;
    if (begin >= end) continue;
    self_attention(k, {s.hidden, s.heads, last - first}, scratch.query_key_value[layer % 2] + first * 3 * stride,
                   begin - first, end - first, scratch.task, scratch.context + first * stride);
  }
  // The context is not needed again: its rows may become bf16 or bytes where they are.
  detail::linear_rows(k, layers[layer].attention_output, rows, scratch.context, stride, x, stride, after::add,
                      scratch.context, scratch);
  k.layer_norm(x + rows.begin * stride, stride, rows.size(), layers[layer].attention_layer_norm);
}

/// x <- layer_norm(x + output(activation(intermediate x))). The erf GELU is fused into the product, others pass over
/// its result once more.
inline void feed_forward_block(const kernel_table& k, const encoder_shape& s, const layer_weights& w, row_range rows,
                               const encoder_scratch& scratch, float* x) noexcept {
  const std::size_t stride = padded(s.hidden), f = padded(s.intermediate);
  float* const wide = scratch.intermediate;
  const bool fused = s.act == activation::gelu;
  const after what = fused ? after::gelu : after::store;
  detail::linear_rows(k, w.intermediate, rows, x, stride, wide, f, what, scratch.inputs, scratch);
  if (!fused) k.activate(s.act, wide + rows.begin * f, rows.size() * f);
  detail::linear_rows(k, w.output, rows, wide, f, x, stride, after::add, wide, scratch);
  k.layer_norm(x + rows.begin * stride, stride, rows.size(), w.output_layer_norm);
}

/// One layer over some rows, and what the next one needs of them. The rows of a batch may be cut into any ranges, at
/// work at once: each reads the others' keys and values and writes its own rows.
inline void encoder_layer(const kernel_table& k, const encoder_shape& s, const layer_weights* layers,
                          std::size_t count, std::size_t layer, const ragged& batch, row_range rows,
                          const encoder_scratch& scratch, float* x) noexcept {
  attention_block(k, s, layers, layer, batch, rows, scratch, x);
  feed_forward_block(k, s, layers[layer], rows, scratch, x);
  if (layer + 1 < count) project(k, s, layers, layer + 1, rows, scratch, x);
}

/// All layers, in place.    cost  per token and layer 4 D^2 + 2 D F fused multiply-adds, plus attention; no
/// allocation
inline void encode_rows(const kernel_table& k, const encoder_shape& s, const layer_weights* layers, std::size_t count,
                        const ragged& batch, const encoder_scratch& scratch, float* x) noexcept {
  project(k, s, layers, 0, batch.all(), scratch, x);
  for (std::size_t l = 0; l < count; ++l) encoder_layer(k, s, layers, count, l, batch, batch.all(), scratch, x);
}

}  // namespace v0
}  // namespace fewfit
