// SPDX-License-Identifier: MIT
#pragma once
// Ids to hidden rows: word + position + token type, normalised.
//
// Source: Devlin et al. 2019, section 3, figure 2; BertEmbeddings.forward of transformers 4.52.3 (modeling_bert.py).
// Single texts have token type 0 throughout, so its row is added to the position rows when the file is written.

#include "fewfit/nn/simd/select.hpp"

namespace fewfit {
inline namespace v0 {

struct embedding_weights {
  const void* word = nullptr;       // [R, padded D] of `type`
  const float* position = nullptr;  // [P, padded D], token type 0 included
  layer_norm_weights layer_norm;    // [D]
  number_type type = number_type::f32;
  const float* scale = nullptr;  // [R], of i8 rows
};

/// Embeds one text, or the part of one that begins at `position`, and normalises its rows.
///
/// shape   ids [T] -> rows [T, padded D]
/// needs   every id < R; position + T <= P (the tokenizer gives no other)
/// cost    3 T D additions, no allocation
inline void embed(const kernel_table& k, const embedding_weights& w, const std::uint32_t* ids, std::size_t tokens,
                  float* rows, std::size_t position = 0) noexcept {
  const std::size_t stride = padded(w.layer_norm.width);
  for (std::size_t t = 0; t < tokens; ++t) {
    const auto* word = static_cast<const unsigned char*>(w.word) + ids[t] * stride * bytes_of(w.type);
    const float scale = w.scale != nullptr ? w.scale[ids[t]] : 1.0f;
    k.add_rows(w.type, word, scale, w.position + (position + t) * stride, rows + t * stride, stride);
  }
  k.layer_norm(rows, stride, tokens, w.layer_norm);
}

}  // namespace v0
}  // namespace fewfit
