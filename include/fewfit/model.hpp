// SPDX-License-Identifier: MIT
#pragma once
// From the bytes of a file to a model that cannot fail: map, check, bind. The only header that knows io, text and nn.
//
//   text --(text/)--> token ids --(nn/embeddings)--> rows [N,D] --(nn/encoder)--> rows [N,D]
//        --(nn/pooling)--> sentence [B,D] --(nn/head)--> probabilities [B,K] --> label
//
// Nothing is copied or repacked: weights, vocabulary and look-up structures are views of the file. What is allocated
// is one state, the table of layers and the table of labels.

#include "fewfit/api.hpp"
#include "fewfit/io/mapped_file.hpp"
#include "fewfit/io/sections.hpp"
#include "fewfit/memory.hpp"
#include "fewfit/nn/embeddings.hpp"
#include "fewfit/nn/encoder.hpp"
#include "fewfit/nn/head.hpp"
#include "fewfit/nn/pooling.hpp"
#include "fewfit/text/check.hpp"

namespace fewfit {
inline namespace v0 {
/// What a model is: numbers, and views of the file. Never changes after load.
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
  head_weights head;
  detail::owned<std::string_view> labels;  // [K]
  bool labels_are_integers = false;
  string_table about;  // key, value, key, value
  self_test_section self_test{};

  encoder_shape shape() const noexcept {
    return {config.hidden_size, config.num_attention_heads, config.intermediate_size};
  }
};

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

/// Takes one section after another; the first that is missing, unknown or wrong ends it.
class binder {
 public:
  binder(const blob& b, bool full, model_state& m) noexcept : walk_(b), full_(full), m_(m) {}

  FEWFIT_COLD error bind() noexcept {
    model_config& c = m_.config;
    if (expect(section_type::config)) note(read_config(content(), c)), walk_.next();
    bind_text();
    bind_embeddings();
    if (good()) m_.layers = owned<layer_weights>(m_.memory, c.num_hidden_layers);
    if (good() && !m_.layers) note({errc::out_of_memory, "layers", c.num_hidden_layers});
    for (std::uint32_t l = 0; good() && l < c.num_hidden_layers; ++l) bind_layer_number(l);
    bind_head();
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
    const short_words words = make_short_words(v.keys, v.words, v.slots);
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

  FEWFIT_COLD void bind_head() noexcept {
    head_section h{};
    if (!expect(section_type::head)) return;
    note(read_head(content(), m_.config, h)), walk_.next();
    if (!good()) return;
    m_.head = {h.intercept, h.coefficients, h.classes, m_.config.hidden_size, h.binary != 0};
    m_.labels_are_integers = h.labels_are_integers != 0;
    m_.labels = owned<std::string_view>(m_.memory, h.classes);
    if (!m_.labels) return note({errc::out_of_memory, "labels", h.classes});
    for (std::uint32_t k = 0; k < h.classes; ++k) m_.labels[k] = h.labels[k];
    note(check_utf8(h.name, "head name"));
    note(check_utf8(h.labels, "labels"));
  }

  FEWFIT_COLD void bind_self_test() noexcept {
    note(read_self_test(content(), static_cast<std::uint32_t>(m_.head.classes), m_.self_test)), walk_.next();
    if (good()) note(check_utf8(m_.self_test.texts, "self_test"));
  }

  void check_rest() noexcept {
    const std::uint32_t type = walk_.type();
    if (type >= static_cast<std::uint32_t>(section_type::optional)) return note(read_unknown(content()));
    const bool known = type <= static_cast<std::uint32_t>(section_type::self_test);
    note({known ? errc::section_order : errc::unknown_section, section_name(type), type});
  }

  section_walk walk_;
  bool full_;
  model_state& m_;
  error error_;
};

inline void destroy(model_state* state) noexcept {
  if (state == nullptr) return;
  const allocator memory = state->memory;
  state->~model_state();
  release(memory, state, sizeof(model_state));
}

/// Checks the bytes and makes the state. On failure the file's memory is given back.
FEWFIT_COLD inline result<model_state*> make_state(file_memory&& content, const load_options& options) noexcept {
  const bool full = options.verify == verify::full;
  kernel_table chosen{};
  if (!select_kernels(options.kernels, chosen))
    return {errc::unsupported_kernels, "kernels", static_cast<std::uint64_t>(options.kernels)};
  const result<blob> b = blob::parse({content.data, content.size});
  if (!b) return b.error();
  void* memory = allocate(options.allocator, sizeof(model_state));
  if (memory == nullptr) return errc::out_of_memory;
  auto* state = new (memory) model_state(options, std::move(content));
  state->kernels = chosen;
  const error e = binder(*b, full, *state).bind();
  if (options.special_tokens_are_text) state->tokenizer.added.special_tokens_are_text = true;
  state->kernels = kernels_for(static_cast<number_type>(state->config.linear_type), chosen);
  if (e.code == errc::none) return state;
  destroy(state);
  return e;
}

}  // namespace detail

FEWFIT_INLINE result<model> model::load(std::string_view path, const load_options& options) noexcept {
  const result<file> f = file::open(path);
  if (!f) return f.error();
  if (f->size() > static_cast<std::size_t>(-1) / 2) return error{errc::out_of_memory, "file", f->size()};
  const result<const void*> address = f->map();
  if (!address) return address.error();
  file_memory content;
  content.data = static_cast<const unsigned char*>(*address);
  content.size = f->size();
  content.mapped = true;
  const result<model_state*> state = detail::make_state(std::move(content), options);
  if (!state) return state.error();
  model loaded(*state);
  if (f->size_now() != f->size()) return error{errc::file_changed, "file", f->size_now()};
  return loaded;
}

FEWFIT_INLINE result<model> model::load_copy(std::string_view path, const load_options& options) noexcept {
  const result<file> f = file::open(path);
  if (!f) return f.error();
  if (f->size() > static_cast<std::size_t>(-1) / 2) return error{errc::out_of_memory, "file", f->size()};
  // A terabyte of something else is not worth setting memory aside for.
  unsigned char start[detail::header_bytes];
  if (f->size() < sizeof start) return error{errc::file_too_short, "header", f->size()};
  if (const errc e = f->read(start, sizeof start); e != errc::none) return e;
  if (const error e = blob::check_start(start, f->size()); e.code != errc::none) return e;
  file_memory content;
  content.copy = detail::owned<unsigned char>(options.allocator, static_cast<std::size_t>(f->size()));
  if (!content.copy) return error{errc::out_of_memory, "file", f->size()};
  std::memcpy(content.copy.data(), start, sizeof start);
  if (const errc e = f->read(content.copy.data() + sizeof start, f->size() - sizeof start); e != errc::none) return e;
  if (f->size_now() != f->size()) return error{errc::file_changed, "file", f->size_now()};
  content.data = content.copy.data();
  content.size = f->size();
  const result<model_state*> state = detail::make_state(std::move(content), options);
  if (!state) return state.error();
  return model(*state);
}

FEWFIT_INLINE result<model> model::from_memory(const void* bytes, std::size_t size,
                                               const load_options& options) noexcept {
  file_memory content;
  content.data = static_cast<const unsigned char*>(bytes);
  content.size = size;
  const result<model_state*> state = detail::make_state(std::move(content), options);
  if (!state) return state.error();
  return model(*state);
}

FEWFIT_INLINE model::~model() { detail::destroy(state_); }

FEWFIT_INLINE model& model::operator=(model&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

}  // namespace v0
}  // namespace fewfit
