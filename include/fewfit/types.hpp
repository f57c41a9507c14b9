// SPDX-License-Identifier: MIT
#pragma once
// What is given to a model and comes back from it: plain values, without a model in sight.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "fewfit/config.hpp"
#include "fewfit/result.hpp"
#include "fewfit/strings.hpp"

namespace fewfit {
inline namespace v0 {

/// A pointer and a length: what a caller hands over or gets to see, never owned.
template <class T>
struct span {
  T* data = nullptr;
  std::size_t size = 0;

  constexpr span() noexcept = default;
  constexpr span(T* d, std::size_t n) noexcept : data(d), size(n) {}
  // Of a variable: U is never const by itself, so a braced list, which would not live long enough, is none.
  template <class U, std::size_t n, class = std::enable_if_t<std::is_convertible_v<U (*)[], T (*)[]>>>
  constexpr span(U (&array)[n]) noexcept : data(array), size(n) {}
  template <class Container,
            class = std::enable_if_t<std::is_convertible_v<decltype(std::declval<const Container&>().data()), T*>>>
  constexpr span(const Container& c) noexcept : data(c.data()), size(c.size()) {}
  template <class Container,
            class = std::enable_if_t<std::is_convertible_v<decltype(std::declval<Container&>().data()), T*>>>
  constexpr span(Container& c) noexcept : data(c.data()), size(c.size()) {}
  constexpr T* begin() const noexcept { return data; }
  constexpr T* end() const noexcept { return data + size; }
  constexpr T& operator[](std::size_t i) const noexcept { return data[i]; }
};

/// Where memory comes from. `alloc` returns null when there is none; both know the size.
struct allocator {
  void* (*alloc)(std::size_t bytes, std::size_t alignment, void* user) = nullptr;  // null: the standard one
  void (*free)(void* memory, std::size_t bytes, std::size_t alignment, void* user) = nullptr;
  void* user = nullptr;
};

enum class verify { structure, full };  // every rule but checksums and finiteness; everything
enum class kernels {                    // the same bits wherever there is a fused multiply-add
  automatic,
  portable,
  avx2,
  avx_vnni,
  avx512,
  avx512_vnni,
  avx512_bf16,
  neon,
  neon_dot
};
enum class target { single, multi };

constexpr const char* name(kernels k) noexcept {
  switch (k) {
    case kernels::automatic: return "automatic";
    case kernels::portable: return "portable";
    case kernels::avx2: return "avx2";
    case kernels::avx_vnni: return "avx_vnni";
    case kernels::avx512: return "avx512";
    case kernels::avx512_vnni: return "avx512_vnni";
    case kernels::avx512_bf16: return "avx512_bf16";
    case kernels::neon: return "neon";
    case kernels::neon_dot: return "neon_dot";
  }
  return "unknown";
}

struct load_options {
  fewfit::verify verify = fewfit::verify::full;
  fewfit::kernels kernels = fewfit::kernels::automatic;
  fewfit::allocator allocator;
  bool special_tokens_are_text = false;  // true: "[SEP]" in a text is brackets and letters; false: as the file says
};

/// Hears how far a call is: `done` of its `total` texts, after each micro-batch; false cancels the call.
///
/// It is called on whichever thread did the work, but never twice at once, and `done` grows from call to call: what
/// is done while it runs is told together, so it may be called less often than there are micro-batches, and should be
/// short. Where nothing goes wrong, the last call says that all is done, and it is not too late to cancel even then.
/// It must not throw.
struct progress {
  bool (*call)(void* user, std::size_t done, std::size_t total) = nullptr;  // null: nobody wants to know
  void* user = nullptr;
};

/// A number that no label has.
inline constexpr std::uint32_t no_label = 0xFFFFFFFFu;

/// What a text is, and how sure the model is of it.
struct prediction {
  std::string_view label;  // lives as long as the model, or the head that was asked; empty when status is not none
  double probability = 0;
  std::uint32_t index = no_label;  // of the label
  std::uint32_t tokens = 0;        // ids the model saw, [CLS] and [SEP] included
  bool truncated = false;          // the text has more tokens than the model looks at
  errc status = errc::none;  // or non_finite_output, text_too_long, out_of_memory; workspace_* with the caller's
};

/// What one word of a text says for a label: its part of the label's logit, for it above 0, against it below.
struct word_evidence {
  byte_range bytes;  // of the text
  double contribution = 0;
};

/// To be explained: whichever label the model predicts.
inline constexpr std::uint32_t predicted_label = no_label;

/// How contributions are found: as shares that add up where a model has them, else by occlusion; or by that anyway.
enum class evidence_kind { automatic, occlusion };

/// Where a label's logit comes from: it is the sum of intercept, rest and all words' contributions. The label lives
/// as long as the model, or the other head that was asked.
struct evidence {
  std::string_view label;  // that is explained; empty when status is not none
  double probability = 0;  // of this label
  double logit = 0;        // what its probability is made of
  double intercept = 0;    // what it is for every text
  double rest = 0;         // if exact, what [CLS] and [SEP] contribute; else what is left
  bool exact = false;      // contributions are shares that add up; else each is what the logit loses without the word
  std::uint32_t index = no_label;  // of the label
  std::uint32_t word_count = 0;
  std::uint32_t tokens = 0;  // as in a prediction
  bool truncated = false;
  errc status = errc::none;
};

/// The same with its words, in their order.
struct explanation : evidence {
  std::vector<word_evidence> words;
};

/// How a text is cut into tokens.
struct tokenize_options {
  bool special_tokens = true;  // [CLS] in front and [SEP] behind
  bool truncation = true;      // at most max_length() tokens
  bool offsets = false;        // where each token came from, too
};

/// The ids of a text.
struct token_ids {
  std::vector<std::uint32_t> ids;
  std::vector<byte_range> offsets;  // if asked for: the bytes of each token in the text; {0, 0} for [CLS] and [SEP]
  bool truncated = false;           // the untruncated list is longer
  errc status = errc::none;
};

/// Bytes of memory by kind.
struct footprint {
  std::size_t mapped = 0;         // of the model file, shared with whoever maps it too
  std::size_t private_bytes = 0;  // the model's own, a copy of the file included if there is one
  std::size_t workspace = 0;      // of a workspace for one text of max_length() tokens
};

/// How rows become one; the values are the model file's. A mean's square root is that of the number of rows, by which
/// their sum is divided; in the weighted mean the t-th row counts t times.
enum class pooling : std::uint32_t { mean = 1, cls, max, mean_sqrt_len, weighted_mean, last_token };

/// Several ways of pooling, in the order of their results: four bits each, the first in the lowest.
struct pooling_modes {
  std::uint32_t bits = 0;
  constexpr std::size_t count() const noexcept {
    std::size_t n = 0;
    for (std::uint32_t b = bits; b != 0; b >>= 4) ++n;
    return n;
  }
  constexpr pooling operator[](std::size_t i) const noexcept { return static_cast<pooling>(bits >> 4 * i & 15u); }
};

/// The numbers a model was built with; letters as in nn/tensor.hpp.
struct model_config {
  std::uint32_t hidden_size = 0;              // D
  std::uint32_t num_attention_heads = 0;      // H
  std::uint32_t intermediate_size = 0;        // F
  std::uint32_t num_hidden_layers = 0;        // L
  std::uint32_t vocab_size = 0;               // R, rows of word embeddings
  std::uint32_t max_position_embeddings = 0;  // P
  std::uint32_t max_length = 0;
  std::uint32_t sentence_size = 0;   // S, numbers of a sentence vector: D, unless pooling or dense layers change it
  std::uint32_t hidden_act = 0;      // 1 gelu, 2 gelu_tanh, 3 relu, 4 silu
  std::uint32_t pooling = 0;         // pooling_modes
  std::uint32_t dense_layers = 0;    // between pooling and head
  std::uint32_t normalize = 0;       // 1: unit length at the end
  std::uint32_t linear_type = 0;     // 1 f32, 2 f16, 3 bf16, 4 i8
  std::uint32_t embedding_type = 0;  // 1 f32, 2 f16, 4 i8
  double layer_norm_eps = 0;
};

/// How far the model is from the original on the texts that its file carries.
struct self_test_report {
  std::size_t texts = 0;
  std::size_t different_labels = 0;
  std::size_t different_clear_labels = 0;  // where the original's label is ahead of the next by more than 0.05
  double largest_difference = 0;           // of a probability
  std::uint32_t digest = 0;                // CRC-32C over the sentence vectors' bits, in order
};

}  // namespace v0
}  // namespace fewfit
