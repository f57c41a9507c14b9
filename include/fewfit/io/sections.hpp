// SPDX-License-Identifier: MIT
#pragma once
// What the sections hold: numbers, and views of arrays in the file. docs/model_file.md shows the rules as tables.
//
// Each read_* function takes one section front to back and says which field is wrong. Every dimension is witnessed by
// bytes: a section's size must be exactly what its numbers demand, so a small file cannot claim a large model. What
// only the tokenizer can judge (look-ups, special tokens) is left to model.hpp.

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
  std::uint32_t slots;
  const std::uint64_t* trie;   // [nodes]
  const std::uint64_t* keys;   // [slots]
  const std::uint32_t* words;  // [slots], the ids of the keys
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

struct head_section {
  std::uint32_t binary, classes, labels_are_integers;
  string_table name;  // asked for when there are several heads
  string_table labels;
  const double* intercept;     // [rows]
  const double* coefficients;  // [rows, D]
};

struct self_test_section {
  std::uint32_t count;
  string_table texts;
  const double* probabilities;  // [count, K]
};

FEWFIT_COLD inline error read_config(const section& content, model_config& c) noexcept {
  section_reader in(content, "config");
  c.hidden_size = in.take_between(1, 8192, errc::bad_dimension, "hidden_size");
  c.num_attention_heads = in.take_between(1, 256, errc::bad_dimension, "num_attention_heads");
  c.intermediate_size = in.take_between(1, 65536, errc::bad_dimension, "intermediate_size");
  c.num_hidden_layers = in.take_between(1, 64, errc::bad_dimension, "num_hidden_layers");
  c.vocab_size = in.take_between(1, 1u << 22, errc::bad_dimension, "vocab_size");
  c.max_position_embeddings = in.take_between(3, 8192, errc::bad_dimension, "max_position_embeddings");
  c.max_length = in.take_between(3, c.max_position_embeddings, errc::bad_max_length, "max_length");
  c.hidden_act = in.take_between(1, 1, errc::unknown_activation, "hidden_act");
  c.pooling = in.take_between(1, 3, errc::unknown_pooling, "pooling");
  c.normalize = in.take_flag("normalize");
  c.linear_type = in.take_between(1, 4, errc::unknown_weight_type, "linear layers");
  c.embedding_type = in.take_between(1, 4, errc::unknown_weight_type, "word embeddings");
  if (c.embedding_type == static_cast<std::uint32_t>(number_type::bf16))
    in.fail(errc::unknown_weight_type, "word embeddings", c.embedding_type);
  c.layer_norm_eps = in.take<double>();
  in.take_zeros(72);
  in.finish();
  // Written so that a NaN fails, and on bits, so that -ffast-math cannot remove it.
  const bool finite = detail::first_non_finite(&c.layer_norm_eps, 1) == 1;
  if (in.ok() && !(finite && c.layer_norm_eps >= 1e-30 && c.layer_norm_eps <= 1))
    in.fail(errc::bad_epsilon, "layer_norm_eps", 48);
  if (in.ok() && c.hidden_size % c.num_attention_heads != 0)
    in.fail(errc::bad_head_count, "num_attention_heads", c.num_attention_heads);
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
  v.slots = in.take_between(2, 1u << 23, errc::bad_trie, "short words");
  if (in.ok() && (v.slots & (v.slots - 1)) != 0) in.fail(errc::bad_trie, "short words", v.slots);
  in.take_zeros(52);
  v.trie = in.take_array<std::uint64_t>(v.nodes);
  v.keys = in.take_array<std::uint64_t>(v.slots);
  v.words = in.take_array<std::uint32_t>(v.slots);
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

FEWFIT_COLD inline error read_head(const section& content, const model_config& c, head_section& h) noexcept {
  section_reader in(content, "head");
  h.binary = in.take_between(1, 2, errc::unknown_head_kind, "kind") == 2 ? 1u : 0u;
  h.classes = in.take_between(2, h.binary != 0 ? 2u : 65536u, errc::bad_dimension, "classes");
  in.take_between(1, 1, errc::unsupported_target, "target");
  h.labels_are_integers = in.take_flag("labels are integers");
  in.take_zeros(48);
  h.name = in.take_strings(1, 256);
  h.labels = in.take_strings(h.classes, 1u << 16);
  const std::uint32_t rows = h.binary != 0 ? 1 : h.classes;
  h.intercept = in.take_array<double>(rows);
  h.coefficients = in.take_array<double>(std::uint64_t{rows} * c.hidden_size);
  in.finish();
  for (std::uint32_t i = 0; in.ok() && i < h.classes; ++i)
    if (h.labels[i].empty()) in.fail(errc::bad_label, "labels", i);
  const auto look = [&](const char* what, const double* numbers, std::uint64_t n) {
    const std::uint64_t bad = in.ok() && in.full() ? detail::first_non_finite(numbers, n) : n;
    if (bad != n) in.fail(errc::non_finite_weight, what, bad);
  };
  look("head intercept", h.intercept, rows);
  look("head coefficients", h.coefficients, std::uint64_t{rows} * c.hidden_size);
  return in.error();
}

/// Keys and values in turn.
FEWFIT_COLD inline error read_about(const section& content, string_table& about) noexcept {
  section_reader in(content, "about");
  const std::uint32_t n = in.take_between(0, 4096, errc::bad_dimension, "about");
  in.take_zeros(60);
  about = in.take_strings(2 * n, 1u << 20);
  in.finish();
  for (std::uint32_t i = 2; in.ok() && i < 2 * n; i += 2)
    if (about[i] <= about[i - 2]) in.fail(errc::bad_about, "about", i);
  return in.error();
}

FEWFIT_COLD inline error read_self_test(const section& content, std::uint32_t classes,
                                        self_test_section& s) noexcept {
  section_reader in(content, "self_test");
  s.count = in.take_between(1, 65536, errc::bad_dimension, "self_test");
  in.take_zeros(60);
  s.texts = in.take_strings(s.count, 1u << 24);
  s.probabilities = in.take_array<double>(std::uint64_t{s.count} * classes);
  in.finish();
  for (std::uint64_t i = 0; in.ok() && i < std::uint64_t{s.count} * classes; ++i)
    if (!(s.probabilities[i] >= 0 && s.probabilities[i] <= 1)) in.fail(errc::bad_self_test, "self_test", i);
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
