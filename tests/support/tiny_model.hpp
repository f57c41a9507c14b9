// SPDX-License-Identifier: MIT
#pragma once
// A second writer of the model file, independent of the converter: small models with odd widths, made to be damaged.
//
// Three stages, each open to changes: `tiny_parts` says what the model is, `tiny_file` holds its sections and knows
// where each field lies, `bytes()` puts them into a container. `repair()` sets all checksums right again, so that a
// lie is found by the rule it breaks. Checksums are computed bit by bit here, not by the library's code.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <new>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "short_words_builder.hpp"
#include "stop.hpp"
#include "trie_builder.hpp"
#include "weight_types.hpp"

namespace support {

/// CRC-32C, a byte at a time: polynomial 0x1EDC6F41 reflected.
inline std::uint32_t slow_crc32c(std::string_view bytes) {
  static const std::vector<std::uint32_t> table = [] {
    std::vector<std::uint32_t> t(256);
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t c = i;
      for (int bit = 0; bit < 8; ++bit) c = c % 2 != 0 ? c / 2 ^ 0x82F63B78u : c / 2;
      t[i] = c;
    }
    return t;
  }();
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const char byte : bytes) crc = crc >> 8 ^ table[(crc ^ static_cast<unsigned char>(byte)) & 255u];
  return crc ^ 0xFFFFFFFFu;
}

template <class T>
void put(std::string& bytes, std::size_t at, T value) {
  if (at > bytes.size() || sizeof value > bytes.size() - at) stop(std::out_of_range("put"));
  std::memcpy(&bytes[at], &value, sizeof value);
}
template <class T>
T get(const std::string& bytes, std::size_t at) {
  T value;
  if (at > bytes.size() || sizeof value > bytes.size() - at) stop(std::out_of_range("get"));
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}
inline std::size_t up_to_64(std::size_t n) { return (n + 63) / 64 * 64; }
inline std::size_t up_to_16(std::size_t n) { return (n + 15) / 16 * 16; }

/// Exactly these bytes, at an address that is a multiple of 64: a sanitizer sees whoever reads past them.
class aligned_bytes {
 public:
  explicit aligned_bytes(std::string_view bytes, std::size_t offset = 0)
      : memory_(::operator new (bytes.size() + offset, std::align_val_t{64})), offset_(offset), size_(bytes.size()) {
    if (size_ != 0) std::memcpy(data(), bytes.data(), size_);
  }
  aligned_bytes(const aligned_bytes&) = delete;
  aligned_bytes& operator=(const aligned_bytes&) = delete;
  ~aligned_bytes() { ::operator delete (memory_, std::align_val_t{64}); }
  unsigned char* data() const { return static_cast<unsigned char*>(memory_) + offset_; }
  std::size_t size() const { return size_; }

 private:
  void* memory_;
  std::size_t offset_, size_;
};

struct tiny_norm {
  std::vector<float> weight, bias;
};
struct tiny_layer {
  tiny_linear query, key, value, attention_output, intermediate, output;
  tiny_norm attention_norm, output_norm;
};
struct tiny_dense {
  tiny_linear linear;
  std::uint32_t activation = 1, normalize_first = 0;
};
struct tiny_added {
  std::string content;
  std::uint32_t id = 0, flags = 0;
};

/// What a model says, before it is spelt as sections. Letters as in nn/tensor.hpp; R rows, M tokens of a text.
struct tiny_parts {
  std::uint32_t D = 20, H = 5, F = 36, L = 2, R = 0, P = 16, M = 12, pooling = 1, normalize = 0;
  std::uint32_t version = 2, hidden_act = 1;
  double eps = 1e-12;
  std::uint32_t lowercase = 1, strip_accents = 1, special_tokens_are_text = 0;
  std::uint32_t word_limit = 20, unk = 1, cls = 2, sep = 3;
  std::vector<std::string> vocabulary;
  std::vector<tiny_added> added;        // sorted by content
  std::vector<float> words, positions;  // [R, D], [P, D]
  tiny_norm embedding_norm;
  std::vector<tiny_layer> layers;
  std::vector<tiny_dense> dense;
  number_type linear_type = number_type::f32, embedding_type = number_type::f32;
  bool has_head = true, integer_labels = false;
  std::uint32_t head_kind = 1, pairs = 0, half_is_yes = 0;
  std::string head_name = "head";
  std::vector<std::string> labels;
  std::vector<std::uint32_t> order;             // of a chain
  std::vector<double> intercept, coefficients;  // [rows], [rows, S]; row i of a chain has S + i
  std::vector<std::pair<std::string, std::string>> about;
  std::vector<std::string> test_texts;
  std::vector<double> test_probabilities;  // [n, K]

  std::uint32_t S() const {
    std::uint32_t modes = 0;
    for (std::uint32_t bits = pooling; bits != 0; bits >>= 4) ++modes;
    return dense.empty() ? D * modes : dense.back().linear.outputs;
  }
  std::uint32_t id(std::string_view token) const {
    for (std::size_t i = 0; i < vocabulary.size(); ++i)
      if (vocabulary[i] == token) return static_cast<std::uint32_t>(i);
    stop(std::out_of_range("no such token"));
  }
};

/// The same model with the weights that a file of its types holds, in f32.
inline tiny_parts widened(tiny_parts p) {
  const auto widen = [](std::vector<float>& all, std::size_t width, number_type type, bool pairs) {
    for (auto at = all.begin(); at != all.end(); at += static_cast<long>(width)) {
      const std::vector<float> row = widened({at, at + static_cast<long>(width)}, type, pairs);
      std::copy(row.begin(), row.end(), at);
    }
  };
  widen(p.words, p.D, p.embedding_type, false);
  for (tiny_layer& l : p.layers)
    for (tiny_linear* w : {&l.query, &l.key, &l.value, &l.attention_output, &l.intermediate, &l.output})
      widen(w->weight, w->inputs, p.linear_type, true);
  p.linear_type = p.embedding_type = number_type::f32;
  return p;
}

/// What varies between tiny models.
struct tiny_options {
  std::uint32_t D = 20, H = 5, F = 36, L = 2, pooling = 1, normalize = 0, seed = 1;
  bool binary = false, integer_labels = false, added_tokens = true, about = true;
  std::uint32_t hidden_act = 1, head_kind = 1;  // 2 where binary
  std::vector<std::uint32_t> dense = {};        // outputs of each layer; activations in turn, every second normalised
};

namespace tiny_words {
inline const char* const mir = "\xD0\xBC\xD0\xB8\xD1\x80";  // "peace" in Russian
inline const char* const da = "\xD0\xB4\xD0\xB0";           // "yes"
inline const char* const net = "\xD0\xBD\xD0\xB5\xD1\x82";  // "no"
inline const char* const middle = "\xE4\xB8\xAD";           // a Chinese character
}  // namespace tiny_words

/// Forty-two ids: specials, an id without a token, words, pieces, Cyrillic, Chinese.
inline std::vector<std::string> tiny_vocabulary() {
  using namespace tiny_words;
  return {"[PAD]", "[UNK]", "[CLS]",  "[SEP]", "[MASK]", "",    "good",       "bad",        "day",  "not",  "very",
          "new",   "york",  "a",      "b",     "c",      "d",   "e",          "o",          "t",    "1",    "2",
          "!",     ".",     "#",      "[",     "]",      "##a", "##b",        "##s",        "##ly", "##er", "##day",
          "##1",   "##2",   "##good", mir,     da,       net,   "##\xD1\x8B", "##\xD0\xB0", middle};
}

/// Weights from one seed. std::mt19937's numbers are the same everywhere, the distributions' are not: none is used.
class tiny_random {
 public:
  explicit tiny_random(std::uint32_t seed) : engine_(seed) {}
  float number() { return (static_cast<float>(engine_() >> 8) / 8388608.0f - 1.0f); }  // between -1 and 1
  std::vector<float> numbers(std::size_t n, float scale, float shift = 0) {
    std::vector<float> out(n);
    for (float& x : out) x = number() * scale + shift;
    return out;
  }
  tiny_linear linear(std::uint32_t inputs, std::uint32_t outputs) {
    const float scale = 1.7f / std::sqrt(static_cast<float>(inputs));
    return {inputs, outputs, numbers(std::size_t{inputs} * outputs, scale), numbers(outputs, 0.1f)};
  }
  tiny_norm norm(std::uint32_t width) { return {numbers(width, 0.2f, 1.0f), numbers(width, 0.1f)}; }

 private:
  std::mt19937 engine_;
};

inline std::vector<tiny_added> tiny_added_tokens(std::uint32_t first_free) {
  // [USER] takes the white space before it, "new york" is matched after normalisation; the order is that of bytes.
  return {
      {"[CLS]", 2, 16},          {"[MASK]", 4, 16 | 2},          {"[PAD]", 0, 16}, {"[SEP]", 3, 16}, {"[UNK]", 1, 16},
      {"[USER]", first_free, 2}, {"new york", first_free + 1, 8}};
}

inline void make_tiny_weights(tiny_parts& p, std::uint32_t seed) {
  tiny_random random(seed);
  p.words = random.numbers(std::size_t{p.R} * p.D, 1);
  p.positions = random.numbers(std::size_t{p.P} * p.D, 0.3f);
  p.embedding_norm = random.norm(p.D);
  p.layers.resize(p.L);
  for (tiny_layer& l : p.layers) {
    for (tiny_linear* w : {&l.query, &l.key, &l.value, &l.attention_output}) *w = random.linear(p.D, p.D);
    l.attention_norm = random.norm(p.D);
    l.intermediate = random.linear(p.D, p.F);
    l.output = random.linear(p.F, p.D);
    l.output_norm = random.norm(p.D);
  }
  std::uint32_t width = p.D * (p.pooling < 16 ? 1 : p.pooling < 256 ? 2 : 3);
  for (std::uint32_t i = 0; i < p.dense.size(); ++i) {
    const std::uint32_t outputs = p.dense[i].linear.outputs;
    p.dense[i] = {random.linear(width, outputs), (i + seed) % 6 + 1, i % 2};
    width = outputs;
  }
  const std::size_t rows = p.head_kind == 2 ? 1 : p.labels.size();
  p.intercept.clear(), p.coefficients.clear();
  for (std::size_t i = 0; i < rows; ++i) p.intercept.push_back(0.3 * static_cast<double>(random.number()));
  const std::size_t decisions = p.head_kind == 5 ? rows * (rows - 1) / 2 : 0;
  for (std::size_t i = 0; i < rows * p.S() + decisions; ++i)
    p.coefficients.push_back(static_cast<double>(random.number()));
}

/// A whole model without a self-test.
inline tiny_parts tiny_model(const tiny_options& o = {}) {
  tiny_parts p;
  p.D = o.D, p.H = o.H, p.F = o.F, p.L = o.L, p.pooling = o.pooling, p.normalize = o.normalize;
  p.vocabulary = tiny_vocabulary();
  const auto tokens = static_cast<std::uint32_t>(p.vocabulary.size());
  p.R = tokens + 2;
  if (o.added_tokens) p.added = tiny_added_tokens(tokens);
  p.hidden_act = o.hidden_act, p.head_kind = o.binary ? 2 : o.head_kind, p.integer_labels = o.integer_labels;
  for (const std::uint32_t outputs : o.dense) p.dense.push_back({{0, outputs, {}, {}}, 1, 0});
  p.labels = o.integer_labels ? std::vector<std::string>{"-1", "0", "12"}
                              : std::vector<std::string>{"minus", "\xD0\xBD\xD0\xBE\xD0\xBB\xD1\x8C", "plus"};
  if (o.binary) p.labels.erase(p.labels.begin() + 1);
  if (p.head_kind == 5) p.order = std::vector<std::uint32_t>{2, 0, 1};
  if (o.about) p.about = {{"license", "MIT"}, {"name", "tiny"}, {"source", "nobody"}};
  make_tiny_weights(p, o.seed);
  return p;
}

/// One-versus-rest whose three sigmoids are all 1, though label 1 has the largest decision.
inline tiny_parts equal_sigmoids() {
  tiny_options o;
  o.head_kind = 3;
  tiny_parts p = tiny_model(o);
  p.coefficients.assign(p.coefficients.size(), 0);
  p.intercept = std::vector<double>{40, 50, 45};
  return p;
}

struct tiny_section {
  std::uint32_t type;
  std::string name, body;  // names of layers: layer0, layer1
};

/// Sections, and where their fields lie.
class tiny_file {
 public:
  std::vector<tiny_section> sections;
  std::uint32_t kind = 1, required_flags = 0, optional_flags = 0;

  explicit tiny_file(const tiny_parts& p) : parts_(p) {
    add_config(), add_tokenizer(), add_vocabulary(), add_embeddings();
    for (std::size_t i = 0; i < p.layers.size(); ++i) add_layer(p.layers[i], "layer" + std::to_string(i));
    for (std::size_t i = 0; i < p.dense.size(); ++i) add_dense(p.dense[i], "dense" + std::to_string(i));
    if (p.has_head) add_head();
    add_about(), add_self_test();
  }

  tiny_section& section(const std::string& name) {
    for (tiny_section& s : sections)
      if (s.name == name) return s;
    stop(std::out_of_range("no section " + name));
  }
  void remove(const std::string& name) { sections.erase(sections.begin() + (&section(name) - sections.data())); }
  /// Where a field lies in its section: "config.hidden_size", "layer1.output".
  std::size_t offset(const std::string& field) const { return marks_.at(field); }

  /// Overwrites element `index` of an array or field.
  template <class T>
  tiny_file& set(const std::string& field, T value, std::size_t index = 0) {
    put(section(field.substr(0, field.find('.'))).body, offset(field) + index * sizeof(T), value);
    return *this;
  }
  template <class T>
  T at(const std::string& field, std::size_t index = 0) {
    return get<T>(section(field.substr(0, field.find('.'))).body, offset(field) + index * sizeof(T));
  }

  /// The file, its checksums right.
  std::string bytes() const {
    const std::size_t directory = up_to_64(sections.size() * 16);
    std::string out(
        "\x89"
        "FFT\r\n\x1A\n",
        8);
    out.resize(64 + directory);
    put(out, 8, 0x01020304u), put(out, 12, parts_.version), put(out, 24, kind);
    put(out, 28, static_cast<std::uint32_t>(sections.size()));
    put(out, 32, required_flags), put(out, 36, optional_flags);
    for (std::size_t i = 0; i < sections.size(); ++i) {
      std::string body = sections[i].body;
      body.resize(up_to_64(body.size()));
      const bool renumbered = parts_.version == 1 && sections[i].type > 6 && sections[i].type < 0x80000000u;
      put(out, 64 + 16 * i, sections[i].type - (renumbered ? 2 : 0)), put(out, 68 + 16 * i, slow_crc32c(body));
      put(out, 72 + 16 * i, std::uint64_t{sections[i].body.size()});
      out += body;
    }
    put(out, 16, std::uint64_t{out.size()});
    put(out, 60, slow_crc32c(out.substr(0, 60) + out.substr(64, directory)));
    return out;
  }
  /// Where section number `i` begins in bytes().
  std::size_t begin(std::size_t i) const {
    std::size_t at = 64 + up_to_64(sections.size() * 16);
    for (std::size_t j = 0; j < i; ++j) at += up_to_64(sections[j].body.size());
    return at;
  }

 private:
  void open(std::uint32_t type, const std::string& name) { sections.push_back({type, name, ""}); }
  std::string& body() { return sections.back().body; }
  void mark(const std::string& field) { marks_[sections.back().name + "." + field] = body().size(); }
  template <class T>
  void field(const std::string& name, T value) {
    mark(name);
    body().append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void zeros(std::size_t n) {
    mark("reserved");
    body().append(n, '\0');
  }
  template <class T>
  void array(const std::string& name, const std::vector<T>& values) {
    body().resize(up_to_64(body().size()));
    mark(name);
    body().append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  }
  void strings(const std::string& name, const std::vector<std::string>& all) {
    std::vector<std::uint32_t> offsets = {0};
    std::vector<char> pool;
    for (const std::string& s : all) {
      pool.insert(pool.end(), s.begin(), s.end());
      offsets.push_back(static_cast<std::uint32_t>(pool.size()));
    }
    array(name + " offsets", offsets), array(name, pool);
  }
  /// Numbers that are bytes already.
  void raw(const std::string& name, const std::string& bytes) {
    array(name, std::vector<char>(bytes.begin(), bytes.end()));
  }
  void rows(const std::string& name, const std::vector<float>& values, std::size_t width,
            number_type type = number_type::f32) {
    raw(name, rows_of(values, width, type));
  }
  void norm(const std::string& name, const tiny_norm& n) {
    rows(name + " weight", n.weight, n.weight.size()), rows(name + " bias", n.bias, n.bias.size());
  }
  void linear(const std::string& name, const std::vector<const tiny_linear*>& all) {
    std::string panels;
    for (const tiny_linear* w : all) panels += panels_of(*w, parts_.linear_type);
    raw(name, panels);
  }
  std::uint32_t trie(const std::string& name, const std::vector<std::string>& all,
                     const std::function<bool(std::size_t)>& is_in) {
    std::vector<trie_builder::entry> entries;
    for (std::size_t i = 0; i < all.size(); ++i)
      if (is_in(i)) entries.emplace_back(all[i], static_cast<std::uint32_t>(i + 1));
    pending_[name] = trie_builder::build(std::move(entries));
    return static_cast<std::uint32_t>(pending_[name].size());
  }

  void add_config() {
    const tiny_parts& p = parts_;
    open(1, "config");
    field("hidden_size", p.D), field("num_attention_heads", p.H), field("intermediate_size", p.F);
    field("num_hidden_layers", p.L), field("vocab_size", p.R), field("max_position_embeddings", p.P);
    field("max_length", p.M), field("hidden_act", p.hidden_act), field("pooling", p.pooling);
    field("normalize", p.normalize);
    field("linear layers", p.linear_type), field("word embeddings", p.embedding_type);
    field("layer_norm_eps", p.eps);
    if (p.version == 1) return zeros(72);
    field("sentence_size", p.S()), field("dense layers", static_cast<std::uint32_t>(p.dense.size())), zeros(64);
  }
  void add_tokenizer() {
    const tiny_parts& p = parts_;
    std::vector<std::uint32_t> ids, flags;
    std::vector<std::string> contents;
    for (const tiny_added& a : p.added) ids.push_back(a.id), flags.push_back(a.flags), contents.push_back(a.content);
    open(2, "tokenizer");
    field("unicode_tables", 1u), field("clean_text", 1u), field("handle_chinese_chars", 1u);
    field("strip_accents", p.strip_accents), field("lowercase", p.lowercase);
    field("max_input_chars_per_word", p.word_limit), field("unk_id", p.unk), field("cls_id", p.cls);
    field("sep_id", p.sep), field("added tokens", static_cast<std::uint32_t>(p.added.size()));
    const auto usable = [&](std::size_t i) { return !contents[i].empty(); };
    field("raw nodes", trie("raw", contents, [&](std::size_t i) { return usable(i) && (flags[i] & 8u) == 0; }));
    field("normalized nodes",
          trie("normalized", contents, [&](std::size_t i) { return usable(i) && (flags[i] & 8u) != 0; }));
    field("special_tokens_are_text", p.special_tokens_are_text), zeros(12);
    array("raw trie", pending_["raw"]), array("normalized trie", pending_["normalized"]);
    array("ids", ids), array("flags", flags), strings("contents", contents);
  }
  void add_vocabulary() {
    open(3, "vocabulary");
    field("tokens", static_cast<std::uint32_t>(parts_.vocabulary.size()));
    field("nodes",
          trie("vocabulary", parts_.vocabulary, [&](std::size_t i) { return !parts_.vocabulary[i].empty(); }));
    const short_words_table words = build_short_words(parts_.vocabulary);
    field("slots", static_cast<std::uint32_t>(words.keys.size())), zeros(52);
    array("trie", pending_["vocabulary"]), array("keys", words.keys), array("words", words.ids);
    strings("strings", parts_.vocabulary);
  }
  void add_embeddings() {
    open(4, "word_embeddings");
    if (parts_.embedding_type == number_type::i8) array("scale", scales_of_rows(parts_.words, parts_.D));
    rows("rows", parts_.words, parts_.D, parts_.embedding_type);
    open(5, "position_embeddings"), norm("norm", parts_.embedding_norm), rows("rows", parts_.positions, parts_.D);
  }
  void add_layer(const tiny_layer& l, const std::string& name) {
    open(6, name);
    linear("query, key, value", {&l.query, &l.key, &l.value});
    linear("attention output", {&l.attention_output}), norm("attention norm", l.attention_norm);
    linear("intermediate", {&l.intermediate}), linear("output", {&l.output}), norm("output norm", l.output_norm);
  }
  void add_dense(const tiny_dense& d, const std::string& name) {
    open(7, name);
    field("inputs", d.linear.inputs), field("outputs", d.linear.outputs), field("activation", d.activation);
    field("normalize_first", d.normalize_first), zeros(48);
    raw("panels", panels_of(d.linear, number_type::f32));
  }
  void add_head() {
    const tiny_parts& p = parts_;
    open(9, "head");
    field("kind", p.head_kind), field("classes", static_cast<std::uint32_t>(p.labels.size()));
    field("target", p.head_kind > 3 ? 2u : 1u), field("labels are integers", p.integer_labels ? 1u : 0u);
    field("pairs", p.pairs), field("half_is_yes", p.half_is_yes);
    field("abstain_below", 0.0), field("expected_error", 0.0), field("unknown", 0u), zeros(20);
    strings("name", {p.head_name}), strings("labels", p.labels);
    if (p.head_kind == 5) array("order", p.order);
    array("intercept", p.intercept), array("coefficients", p.coefficients);
  }
  void add_about() {
    std::vector<std::string> flat;
    for (const auto& pair : parts_.about) flat.push_back(pair.first), flat.push_back(pair.second);
    open(10, "about");
    field("count", static_cast<std::uint32_t>(parts_.about.size())), zeros(60), strings("strings", flat);
  }
  void add_self_test() {
    if (parts_.test_texts.empty()) return;
    open(11, "self_test");
    field("count", static_cast<std::uint32_t>(parts_.test_texts.size())), zeros(60);
    strings("texts", parts_.test_texts), array("probabilities", parts_.test_probabilities);
  }

  tiny_parts parts_;
  std::map<std::string, std::size_t> marks_;
  std::map<std::string, std::vector<fewfit::trie_node>> pending_;
};

/// Sets every checksum right, as the directory stands; sections that reach outside are left alone.
///
/// shape   `sum` gives the checksum of bytes
template <class Sum>
void repair(unsigned char* file, std::size_t file_size, const Sum& sum) {
  if (file_size < 64) return;
  const std::string_view bytes(reinterpret_cast<const char*>(file), file_size);
  const auto number = [&](auto value, std::size_t at) { return std::memcpy(&value, file + at, sizeof value), value; };
  const auto put_sum = [&](std::size_t at, std::uint32_t value) { std::memcpy(file + at, &value, sizeof value); };
  const std::size_t count = number(std::uint32_t{}, 28), directory = up_to_64(count * 16);
  if (count > 4096 || directory > file_size - 64) return;
  std::size_t at = 64 + directory;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t size = number(std::uint64_t{}, 72 + 16 * i);
    if (size > file_size - at || up_to_64(size) > file_size - at) break;
    put_sum(68 + 16 * i, sum(bytes.substr(at, up_to_64(size))));
    at += up_to_64(size);
  }
  put_sum(60, sum(std::string(bytes.substr(0, 60)).append(bytes.substr(64, directory))));
}
inline void repair(std::string& bytes) {
  const auto sum = [](std::string_view part) { return slow_crc32c(part); };
  repair(reinterpret_cast<unsigned char*>(&bytes[0]), bytes.size(), sum);
}

}  // namespace support
