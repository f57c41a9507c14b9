// SPDX-License-Identifier: MIT
#pragma once
// What a model and a head are once their bytes have been checked: numbers, and views of the file. They never change.

#include "fewfit/api.hpp"
#include "fewfit/io/head_sections.hpp"
#include "fewfit/io/mapped_file.hpp"
#include "fewfit/io/sections.hpp"
#include "fewfit/memory.hpp"
#include "fewfit/nn/dense.hpp"
#include "fewfit/nn/embeddings.hpp"
#include "fewfit/nn/encoder.hpp"
#include "fewfit/nn/head.hpp"
#include "fewfit/text/check.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

/// A head and what it calls its classes; without classes where a file holds a body alone.
struct bound_head {
  head_weights weights;
  owned<std::string_view> labels;  // [K]
  std::string_view name;
  bool labels_are_integers = false;
  bool is_multi = false;
  double abstain_below = 0, expected_error = 0, expected_answers = 0;
  std::uint32_t unknown = no_label;

  bool exists() const noexcept { return weights.classes != 0; }
  /// Numbers of a text in what the original's predict_proba gives: K, or 2 K.
  std::size_t numbers() const noexcept { return weights.classes * (weights.pairs ? 2 : 1); }
};

}  // namespace detail

struct model_state {
  explicit model_state(const load_options& options, file_memory&& content) noexcept
      : memory(options.allocator), file(std::move(content)) {}

  fewfit::allocator memory;
  file_memory file;
  model_config config;
  kernel_table kernels{};
  fewfit::tokenizer tokenizer;
  embedding_weights embeddings;
  detail::owned<layer_weights> layers;  // [L]
  detail::owned<dense_weights> dense;   // behind the pooling
  detail::bound_head head;
  string_table about;  // key, value, key, value
  self_test_section self_test{};
  bytes body;  // the directory entries of what is not head

  encoder_shape shape() const noexcept {
    return {config.hidden_size, config.num_attention_heads, config.intermediate_size,
            static_cast<activation>(config.hidden_act)};
  }
  /// Numbers of the longest vector between pooling and head.
  std::size_t widest_vector() const noexcept {
    std::size_t widest = config.hidden_size * pooling_modes{config.pooling}.count();
    for (std::size_t i = 0; i < dense.size(); ++i) widest = dense[i].outputs > widest ? dense[i].outputs : widest;
    return widest;
  }
};

/// A head that has a file of its own.
struct head_state {
  explicit head_state(const load_options& options, file_memory&& content) noexcept
      : memory(options.allocator), file(std::move(content)) {}

  fewfit::allocator memory;
  file_memory file;
  detail::bound_head head;
  string_table about;
  bytes body;                      // the directory entries of the model that it is for
  examples_section examples{};     // none where the count is 0
  detail::owned<double> held_out;  // [n, K], of a head that has just been taught, if that was asked for
};

namespace detail {

/// Whether directory entries speak of the same body.
inline bool same_body(const bytes& a, const bytes& b) noexcept {
  return a.size == b.size && std::memcmp(a.data, b.data, static_cast<std::size_t>(a.size)) == 0;
}

template <class State>
void destroy(State* state) noexcept {
  if (state == nullptr) return;
  const allocator memory = state->memory;
  state->~State();
  release(memory, state, sizeof(State));
}

}  // namespace detail
}  // namespace v0
}  // namespace fewfit
