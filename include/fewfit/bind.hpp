// SPDX-License-Identifier: MIT
#pragma once
// From checked sections to a state: each pointer that computation follows is set here.
//
// Nothing is copied or repacked: weights, vocabulary and look-up structures are views. What is allocated is tables of
// layers, of dense layers and of labels.

#include "fewfit/model_state.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

/// Views of one layer's arrays.
inline layer_weights bind_layer(const layer_section& l, const model_config& c) noexcept {
  const std::size_t d = c.hidden_size, stride = padded(d), f = c.intermediate_size;
  const float eps = static_cast<float>(c.layer_norm_eps);
  const auto type = static_cast<number_type>(c.linear_type);
  return {{l.query_key_value, d, 3 * stride, type},
          {l.attention_output, d, stride, type},
          {l.attention_layer_norm, l.attention_layer_norm + stride, d, eps},
          {l.intermediate, d, padded(f), type},
          {l.output, f, stride, type},
          {l.output_layer_norm, l.output_layer_norm + stride, d, eps}};
}

inline trie bind_trie(const std::uint64_t* nodes, std::uint32_t size) noexcept {
  return {reinterpret_cast<const trie_node*>(nodes), size};
}

/// A head's weights and labels; vectors have `width` numbers.
FEWFIT_COLD inline error bind_head(const section& content, std::uint32_t width, const allocator& memory,
                                   bound_head& to) noexcept {
  head_section h{};
  if (const error e = read_head(content, width, h); e.code != errc::none) return e;
  if (const error e = check_utf8(h.name, "head name"); e.code != errc::none) return e;
  if (const error e = check_utf8(h.labels, "labels"); e.code != errc::none) return e;
  to.labels = owned<std::string_view>(memory, h.classes);
  if (!to.labels) return {errc::out_of_memory, "labels", h.classes};
  for (std::uint32_t k = 0; k < h.classes; ++k) to.labels[k] = h.labels[k];
  to.name = h.name[0];
  to.labels_are_integers = h.labels_are_integers != 0;
  to.is_multi = h.is_multi();
  to.abstain_below = h.abstain_below, to.expected_error = h.expected_error;
  to.expected_answers = h.expected_answers;
  to.unknown = h.unknown != 0 ? h.unknown - 1 : no_label;
  to.weights = {static_cast<head_kind>(h.kind),
                h.intercept,
                h.coefficients,
                h.order,
                h.classes,
                width,
                h.half_is_yes != 0,
                h.pairs != 0};
  return {};
}

/// What may follow the sections that are known: those that say of themselves that they need not be.
inline error check_optional(const section_walk& walk, bool full) noexcept {
  const std::uint32_t type = walk.type();
  if (type >= static_cast<std::uint32_t>(section_type::optional)) return read_unknown(walk.content(full));
  const bool known = type <= static_cast<std::uint32_t>(section_type::examples);
  return {known ? errc::section_order : errc::unknown_section, section_name(type), type};
}

/// Takes one section after another; the first that is missing, unknown or wrong ends it.
class binder {
 public:
  binder(const blob& b, bool full, model_state& m) noexcept : directory_(b), walk_(b), full_(full), m_(m) {}

  FEWFIT_COLD error bind() noexcept {
    model_config& c = m_.config;
    if (expect(section_type::config)) note(read_config(content(), c)), walk_.next();
    bind_text();
    bind_embeddings();
    if (good()) m_.layers = owned<layer_weights>(m_.memory, c.num_hidden_layers);
    if (good() && !m_.layers) note({errc::out_of_memory, "layers", c.num_hidden_layers});
    for (std::uint32_t l = 0; good() && l < c.num_hidden_layers; ++l) bind_layer_number(l);
    bind_dense();
    m_.body = directory_.entries(walk_.index());
    bind_own_head();
    if (expect(section_type::about)) note(read_about(content(), m_.about)), walk_.next();
    if (good()) note(check_utf8(m_.about, "about"));
    if (good() && walk_.type() == static_cast<std::uint32_t>(section_type::self_test)) bind_self_test();
    for (; good() && !walk_.done(); walk_.next()) check_rest();
    return error_;
  }

 private:
  bool good() const noexcept { return error_.code == errc::none; }
  void note(const error& e) noexcept {
    if (good()) error_ = e;
  }
  bool expect(section_type wanted) noexcept {
    if (!good()) return false;
    const auto type = static_cast<std::uint32_t>(wanted);
    if (walk_.type() == type) return true;
    const bool later = walk_.done() || walk_.type() > type;
    note({later ? errc::missing_section : errc::section_order, section_name(type), walk_.index()});
    return false;
  }
  section content() const noexcept { return walk_.content(full_); }

  FEWFIT_COLD void bind_text() noexcept {
    tokenizer_section t{};
    vocabulary_section v{};
    if (expect(section_type::tokenizer)) note(read_tokenizer(content(), m_.config, t)), walk_.next();
    if (expect(section_type::vocabulary)) note(read_vocabulary(content(), m_.config, v)), walk_.next();
    if (!good()) return;
    m_.tokenizer.config = {t.clean_text != 0,
                           t.handle_chinese_chars != 0,
                           t.strip_accents != 0,
                           t.lowercase != 0,
                           t.max_input_chars_per_word,
                           t.unk_id,
                           t.cls_id,
                           t.sep_id};
    m_.tokenizer.added = {bind_trie(t.raw, t.raw_nodes),
                          bind_trie(t.normalized, t.normalized_nodes),
                          t.added_ids,
                          t.added_flags,
                          t.added,
                          t.special_tokens_are_text != 0};
    const trie pieces = bind_trie(v.trie, v.nodes);
    const short_words words = make_short_words(v.keys, v.words, v.slot_count);
    note(check_tokenizer(m_.tokenizer.config, m_.tokenizer.added, pieces, words, v.tokens));
    if (!good()) return;
    m_.tokenizer.vocab = make_vocabulary(pieces, words, v.tokens, t.unk_id);
    note_common(m_.tokenizer.added);
  }

  FEWFIT_COLD void bind_embeddings() noexcept {
    const float *norm = nullptr, *positions = nullptr;
    const float* scale = nullptr;
    const void* words = nullptr;
    const auto type = static_cast<number_type>(m_.config.embedding_type);
    if (expect(section_type::word_embeddings))
      note(read_word_embeddings(content(), m_.config, words, scale)), walk_.next();
    if (expect(section_type::position_embeddings))
      note(read_position_embeddings(content(), m_.config, norm, positions)), walk_.next();
    const std::size_t d = m_.config.hidden_size;
    if (good())
      m_.embeddings = {
          words, positions, {norm, norm + padded(d), d, static_cast<float>(m_.config.layer_norm_eps)}, type, scale};
  }

  FEWFIT_COLD void bind_layer_number(std::uint32_t l) noexcept {
    layer_section arrays{};
    if (!expect(section_type::layer)) return;
    note(read_layer(content(), m_.config, arrays)), walk_.next();
    if (good()) m_.layers[l] = bind_layer(arrays, m_.config);
  }

  /// Each dense layer takes what the one before gives, and the last gives what config says.
  FEWFIT_COLD void bind_dense() noexcept {
    const model_config& c = m_.config;
    if (good() && c.dense_layers != 0) m_.dense = owned<dense_weights>(m_.memory, c.dense_layers);
    if (good() && m_.dense.size() != c.dense_layers) note({errc::out_of_memory, "dense", c.dense_layers});
    auto width = static_cast<std::uint32_t>(c.hidden_size * pooling_modes{c.pooling}.count());
    for (std::uint32_t i = 0; i < c.dense_layers && expect(section_type::dense); ++i) {
      dense_section d{};
      note(read_dense(content(), width, d)), walk_.next();
      if (!good()) return;
      m_.dense[i] = {{d.panels, d.inputs, padded(d.outputs), number_type::f32},
                     d.outputs,
                     static_cast<dense_activation>(d.activation),
                     d.normalize_first != 0};
      width = d.outputs;
    }
    if (width != c.sentence_size) note({errc::bad_dimension, "sentence_size", c.sentence_size});
  }

  /// A body may stand alone; in version 1 it could not.
  FEWFIT_COLD void bind_own_head() noexcept {
    const bool alone = walk_.done() || walk_.type() > static_cast<std::uint32_t>(section_type::head);
    if ((alone && directory_.version() != 1) || !expect(section_type::head)) return;
    note(bind_head(content(), m_.config.sentence_size, m_.memory, m_.head)), walk_.next();
  }

  FEWFIT_COLD void bind_self_test() noexcept {
    if (!m_.head.exists()) return note({errc::missing_section, "head", walk_.index()});
    note(read_self_test(content(), static_cast<std::uint32_t>(m_.head.numbers()), m_.self_test)), walk_.next();
    if (good()) note(check_utf8(m_.self_test.texts, "self_test"));
  }

  void check_rest() noexcept { note(check_optional(walk_, full_)); }

  const blob& directory_;
  section_walk walk_;
  bool full_;
  model_state& m_;
  error error_;
};

/// The directory entries in a head's file are those of the body that it is to be asked with.
FEWFIT_COLD inline error bind_body(const section& content, const model_state& m, head_state& to) noexcept {
  if (const error e = read_body(content, to.body); e.code != errc::none) return e;
  return same_body(to.body, m.body) ? error{} : error{errc::wrong_body, "body", to.body.size / entry_bytes};
}

FEWFIT_COLD inline error bind_examples(const section& content, std::uint32_t width, head_state& to) noexcept {
  const auto classes = static_cast<std::uint32_t>(to.head.weights.classes);
  const error e = read_examples(content, classes, width, to.examples);
  return e.code != errc::none || to.examples.texts.count == 0 ? e : check_utf8(to.examples.texts, "examples");
}

/// What the binder is for a model, for a head's own file.
FEWFIT_COLD inline error bind_head_file(const blob& b, bool full, const model_state& m, head_state& to) noexcept {
  section_walk walk(b);
  error e;
  const auto take = [&](section_type wanted, const auto& read) {
    const auto type = static_cast<std::uint32_t>(wanted);
    if (e.code != errc::none) return;
    if (walk.type() != type) return static_cast<void>(e = {errc::missing_section, section_name(type), walk.index()});
    e = read(walk.content(full));
    walk.next();
  };
  take(section_type::body, [&](const section& s) { return bind_body(s, m, to); });
  take(section_type::head,
       [&](const section& s) { return bind_head(s, m.config.sentence_size, to.memory, to.head); });
  take(section_type::about, [&](const section& s) { return read_about(s, to.about); });
  if (e.code == errc::none) e = check_utf8(to.about, "about");
  if (walk.type() == static_cast<std::uint32_t>(section_type::examples))
    take(section_type::examples, [&](const section& s) { return bind_examples(s, m.config.sentence_size, to); });
  for (; e.code == errc::none && !walk.done(); walk.next()) e = check_optional(walk, full);
  return e;
}

}  // namespace detail
}  // namespace v0
}  // namespace fewfit
