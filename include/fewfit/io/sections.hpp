// SPDX-License-Identifier: MIT
#pragma once
// What the sections of a body hold: numbers, and views of arrays in the file. docs/model_file.md shows the rules as
// tables; what follows the body stands in io/head_sections.hpp.
//
// Each read_* function takes one section front to back and says which field is wrong. Every dimension is witnessed by
// bytes: a section's size must be exactly what its numbers demand, so a small file cannot claim a large model. What
// only the tokenizer can judge (look-ups, special tokens) is left to bind.hpp.

#include "fewfit/io/arrays.hpp"
#include "fewfit/types.hpp"

namespace fewfit {
inline namespace v0 {

struct tokenizer_section {
  std::uint32_t clean_text, handle_chinese_chars, strip_accents, lowercase;
  std::uint32_t max_input_chars_per_word, unk_id, cls_id, sep_id, special_tokens_are_text;
  std::uint32_t raw_nodes, normalized_nodes;
  const std::uint64_t* raw;         // [raw_nodes]
  const std::uint64_t* normalized;  // [normalized_nodes]
  const std::uint32_t* added_ids;   // [A]
  const std::uint32_t* added_flags;
  string_table added;
};

struct vocabulary_section {
  std::uint32_t nodes;
  std::uint32_t slot_count;
  const std::uint64_t* trie;   // [nodes]
  const std::uint64_t* keys;   // [slot_count]
  const std::uint32_t* words;  // [slot_count], the ids of the keys
  string_table tokens;         // [V]
};

struct layer_section {
  const void* query_key_value;        // [3 pad(D) / 16] panels of D inputs
  const void* attention_output;       // [pad(D) / 16] panels of D inputs
  const float* attention_layer_norm;  // weight [pad(D)], bias [pad(D)]
  const void* intermediate;           // [pad(F) / 16] panels of D inputs
  const void* output;                 // [pad(D) / 16] panels of F inputs
  const float* output_layer_norm;     // weight [pad(D)], bias [pad(D)]
};

struct dense_section {
  std::uint32_t inputs, outputs, activation, normalize_first;
  const void* panels;  // [pad(outputs) / 16] panels of `inputs` inputs, f32
};

namespace detail {

/// Every mode is one that there is, and none is there twice.
constexpr bool pooling_is_known(pooling_modes modes) noexcept {
  std::uint32_t seen = 0;
  for (std::size_t i = 0; i < modes.count(); ++i) {
    const auto mode = static_cast<std::uint32_t>(modes[i]), bit = 1u << mode;
    if (mode < 1 || mode > 6 || (seen & bit) != 0) return false;
    seen |= bit;
  }
  return true;
}

/// What no field can say of itself. Whether sentence_size fits is asked behind the last dense layer, in bind.hpp.
FEWFIT_COLD inline void check_config(section_reader& in, const model_config& c) noexcept {
  if (!in.ok()) return;
  // Written so that a NaN fails, and on bits, so that -ffast-math cannot remove it.
  const bool finite = first_non_finite(&c.layer_norm_eps, 1) == 1;
  if (!(finite && c.layer_norm_eps >= 1e-30 && c.layer_norm_eps <= 1))
    in.fail(errc::bad_epsilon, "layer_norm_eps", 48);
  if (c.hidden_size % c.num_attention_heads != 0)
    in.fail(errc::bad_head_count, "num_attention_heads", c.num_attention_heads);
  if (!pooling_is_known({c.pooling})) in.fail(errc::unknown_pooling, "pooling", c.pooling);
}

}  // namespace detail

FEWFIT_COLD inline error read_config(const section& content, model_config& c) noexcept {
  section_reader in(content, "config");
  c.hidden_size = in.take_between(1, 8192, errc::bad_dimension, "hidden_size");
  c.num_attention_heads = in.take_between(1, 256, errc::bad_dimension, "num_attention_heads");
  c.intermediate_size = in.take_between(1, 65536, errc::bad_dimension, "intermediate_size");
  c.num_hidden_layers = in.take_between(1, 64, errc::bad_dimension, "num_hidden_layers");
  c.vocab_size = in.take_between(1, 1u << 22, errc::bad_dimension, "vocab_size");
  c.max_position_embeddings = in.take_between(3, 8192, errc::bad_dimension, "max_position_embeddings");
  c.max_length = in.take_between(3, c.max_position_embeddings, errc::bad_max_length, "max_length");
  const bool first_version = content.version == 1;
  c.hidden_act = in.take_between(1, first_version ? 1 : 4, errc::unknown_activation, "hidden_act");
  c.pooling = in.take_between(1, first_version ? 3 : 0x654321u, errc::unknown_pooling, "pooling");
  c.normalize = in.take_flag("normalize");
  c.linear_type = in.take_between(1, 4, errc::unknown_weight_type, "linear layers");
  c.embedding_type = in.take_between(1, 4, errc::unknown_weight_type, "word embeddings");
  if (c.embedding_type == static_cast<std::uint32_t>(number_type::bf16))
    in.fail(errc::unknown_weight_type, "word embeddings", c.embedding_type);
  c.layer_norm_eps = in.take<double>();
  c.sentence_size = first_version ? c.hidden_size : in.take<std::uint32_t>();
  c.dense_layers = first_version ? 0 : in.take_between(0, 8, errc::bad_dimension, "dense layers");
  in.take_zeros(first_version ? 72 : 64);
  in.finish();
  detail::check_config(in, c);
  return in.error();
}

FEWFIT_COLD inline error read_tokenizer(const section& content, const model_config& c,
                                        tokenizer_section& t) noexcept {
  section_reader in(content, "tokenizer");
  in.take_between(1, 1, errc::unsupported_unicode_tables, "unicode_tables");
  t.clean_text = in.take_flag("clean_text");
  t.handle_chinese_chars = in.take_flag("handle_chinese_chars");
  t.strip_accents = in.take_flag("strip_accents");
  t.lowercase = in.take_flag("lowercase");
  t.max_input_chars_per_word = in.take_between(1, 10000, errc::bad_word_limit, "max_input_chars_per_word");
  t.unk_id = in.take_between(0, c.vocab_size - 1, errc::bad_token_id, "unk_id");
  t.cls_id = in.take_between(0, c.vocab_size - 1, errc::bad_token_id, "cls_id");
  t.sep_id = in.take_between(0, c.vocab_size - 1, errc::bad_token_id, "sep_id");
  const std::uint32_t added = in.take_between(0, 65536, errc::bad_dimension, "added tokens");
  t.raw_nodes = in.take_between(256, 1u << 23, errc::bad_trie, "raw trie");
  t.normalized_nodes = in.take_between(256, 1u << 23, errc::bad_trie, "normalized trie");
  t.special_tokens_are_text = in.take_flag("special_tokens_are_text");
  in.take_zeros(12);
  t.raw = in.take_array<std::uint64_t>(t.raw_nodes);
  t.normalized = in.take_array<std::uint64_t>(t.normalized_nodes);
  t.added_ids = in.take_array<std::uint32_t>(added);
  t.added_flags = in.take_array<std::uint32_t>(added);
  t.added = in.take_strings(added, 1024);
  in.finish();
  for (std::uint32_t i = 0; in.ok() && i < added; ++i) {
    if (t.added_ids[i] >= c.vocab_size) in.fail(errc::bad_token_id, "added tokens", i);
    if (t.added_flags[i] > 31 || t.added[i].empty()) in.fail(errc::bad_added_token, "added tokens", i);
    if (i > 0 && t.added[i] <= t.added[i - 1]) in.fail(errc::bad_added_token, "added tokens", i);
  }
  return in.error();
}

FEWFIT_COLD inline error read_vocabulary(const section& content, const model_config& c,
                                         vocabulary_section& v) noexcept {
  section_reader in(content, "vocabulary");
  const std::uint32_t tokens = in.take_between(1, c.vocab_size, errc::bad_token_id, "tokens");
  v.nodes = in.take_between(256, 1u << 23, errc::bad_trie, "trie");
  v.slot_count = in.take_between(2, 1u << 23, errc::bad_trie, "short words");
  if (in.ok() && (v.slot_count & (v.slot_count - 1)) != 0) in.fail(errc::bad_trie, "short words", v.slot_count);
  in.take_zeros(52);
  v.trie = in.take_array<std::uint64_t>(v.nodes);
  v.keys = in.take_array<std::uint64_t>(v.slot_count);
  v.words = in.take_array<std::uint32_t>(v.slot_count);
  v.tokens = in.take_strings(tokens, 1024);
  in.finish();
  return in.error();
}

FEWFIT_COLD inline error read_word_embeddings(const section& content, const model_config& c, const void*& rows,
                                              const float*& scale) noexcept {
  section_reader in(content, "word_embeddings");
  const auto type = static_cast<number_type>(c.embedding_type);
  rows = type == number_type::i8 ? detail::take_scaled_rows(in, "word_embeddings", c.vocab_size, c.hidden_size, scale)
                                 : detail::take_rows(in, "word_embeddings", type, c.vocab_size, c.hidden_size);
  in.finish();
  return in.error();
}

FEWFIT_COLD inline error read_position_embeddings(const section& content, const model_config& c,
                                                  const float*& layer_norm, const float*& rows) noexcept {
  section_reader in(content, "position_embeddings");
  layer_norm = detail::take_rows(in, "position_embeddings", 2, c.hidden_size);
  rows = detail::take_rows(in, "position_embeddings", c.max_position_embeddings, c.hidden_size);
  in.finish();
  return in.error();
}

FEWFIT_COLD inline error read_layer(const section& content, const model_config& c, layer_section& l) noexcept {
  section_reader in(content, "layer");
  const std::uint32_t d = c.hidden_size, f = c.intermediate_size;
  const auto type = static_cast<number_type>(c.linear_type);
  l.query_key_value = detail::take_panels(in, "query, key, value", type, d, d, 3);
  l.attention_output = detail::take_panels(in, "attention output", type, d, d);
  l.attention_layer_norm = detail::take_rows(in, "attention layer_norm", 2, d);
  l.intermediate = detail::take_panels(in, "intermediate", type, d, f);
  l.output = detail::take_panels(in, "output", type, f, d);
  l.output_layer_norm = detail::take_rows(in, "output layer_norm", 2, d);
  in.finish();
  return in.error();
}

/// A dense layer over `inputs` numbers.
FEWFIT_COLD inline error read_dense(const section& content, std::uint32_t inputs, dense_section& d) noexcept {
  section_reader in(content, "dense");
  d.inputs = in.take_between(inputs, inputs, errc::bad_dimension, "dense inputs");
  d.outputs = in.take_between(1, 65536, errc::bad_dimension, "dense outputs");
  d.activation = in.take_between(1, 6, errc::unknown_activation, "dense activation");
  d.normalize_first = in.take_flag("normalize_first");
  in.take_zeros(48);
  d.panels = detail::take_panels(in, "dense", number_type::f32, inputs, d.outputs);
  in.finish();
  return in.error();
}

/// An optional section of a later version: nothing but its checksum can be asked for.
FEWFIT_COLD inline error read_unknown(const section& content) noexcept {
  section_reader in(content, "optional section");
  in.take_array<unsigned char>(content.content.size);
  in.finish();
  return in.error();
}

}  // namespace v0
}  // namespace fewfit
