// SPDX-License-Identifier: MIT
#pragma once
// Damage to what the sections say, under correct checksums. Rows of docs/model_file.md, sections 1 to 9.

#include <limits>

#include "damage.hpp"
#include "type_damages.hpp"

namespace support {

inline constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
inline constexpr float infinity = std::numeric_limits<float>::infinity();

/// A field whose values are refused, beside values that are accepted.
inline void add_range(std::vector<damage>& rows, const std::string& name, fewfit::errc code, const std::string& where,
                      const std::vector<std::uint32_t>& refused, const std::vector<std::uint32_t>& accepted,
                      fewfit::errc next = fewfit::errc::none) {
  for (const std::uint32_t value : refused)
    rows.push_back({name + " = " + std::to_string(value), code, where, field(name, value),
                    accepted.empty() ? file_maker() : field(name, accepted[0]), next});
  for (std::size_t i = 1; i < accepted.size(); ++i)
    rows.push_back({name + " = " + std::to_string(refused[0]), code, where, field(name, refused[0]),
                    field(name, accepted[i]), next});
}

inline void add_config_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  // No small file has the largest sizes: there the next complaint shows that the bound itself was passed.
  const auto bound = [&rows](const std::string& name, std::uint32_t largest) {
    add_range(rows, "config." + name, errc::bad_dimension, name, {largest + 1, 0xFFFFFFFFu}, {largest},
              name == "num_hidden_layers" ? errc::missing_section : errc::section_size);
  };
  rows.push_back(
      {"hidden_size 0", errc::bad_dimension, "hidden_size", field("config.hidden_size", 0u), parts([](tiny_parts& p) {
         const tiny_options one{1, 1, 1, 1};
         p = tiny_model(one);
       })});
  rows.push_back({"8193 columns", errc::bad_dimension, "hidden_size", field("config.hidden_size", 8193u),
                  sections([](tiny_file& f) {
                    f.set("config.hidden_size", 8192u).set("config.num_attention_heads", 1u);
                    f.set("config.sentence_size", 8192u);
                  }),
                  errc::section_size});
  bound("intermediate_size", 65536), bound("num_hidden_layers", 64), bound("vocab_size", 1u << 22);
  bound("max_position_embeddings", 8192);
  add_range(rows, "config.num_attention_heads", errc::bad_dimension, "num_attention_heads", {0, 257, 0xFFFFFFFFu},
            {1, 20});
  for (const char* name : {"intermediate_size", "num_hidden_layers", "vocab_size"})
    add_range(rows, std::string("config.") + name, errc::bad_dimension, name, {0}, {});
  add_range(rows, "config.max_position_embeddings", errc::bad_dimension, "max_position_embeddings", {0, 2}, {});
  add_range(rows, "config.num_attention_heads", errc::bad_head_count, "num_attention_heads", {3, 6, 40, 256},
            {2, 4, 10});
  add_range(rows, "config.max_length", errc::bad_max_length, "max_length", {0, 1, 2, 17, 0xFFFFFFFFu}, {3, 16});
  add_range(rows, "config.hidden_act", errc::unknown_activation, "hidden_act", {0, 5}, {1, 2, 3, 4});
  add_range(rows, "config.pooling", errc::unknown_pooling, "pooling",
            {0, 7, 0x11, 0x103, 0x654322, 0x1000000, 0xF0000001}, {1, 2, 3, 4, 5, 6});
  add_range(rows, "config.pooling", errc::bad_dimension, "sentence_size", {0x12, 0x654321}, {});
  add_range(rows, "config.sentence_size", errc::bad_dimension, "sentence_size", {0, 19, 21, 65537}, {20});
  add_range(rows, "config.dense layers", errc::bad_dimension, "dense layers", {9, 0xFFFFFFFFu}, {8},
            errc::missing_section);
  add_range(rows, "config.normalize", errc::bad_flag, "normalize", {2, 0xFFFFFFFFu}, {0, 1});
  add_range(rows, "config.linear layers", errc::unknown_weight_type, "linear layers", {0, 5, 0xFFFFFFFFu}, {1});
  add_range(rows, "config.word embeddings", errc::unknown_weight_type, "word embeddings", {0, 3, 5}, {1});
  for (const double eps :
       {0.0, -1e-12, 9e-31, 5e-324, 1.0001, 1e30, std::nan(""), -std::nan(""), HUGE_VAL, -HUGE_VAL})
    rows.push_back({"layer_norm_eps " + std::to_string(eps), errc::bad_epsilon, "layer_norm_eps",
                    field("config.layer_norm_eps", eps), field("config.layer_norm_eps", eps < 1e-3 ? 1e-30 : 1.0)});
  rows.push_back(
      {"reserved bytes of config", errc::reserved_not_zero, "config", field("config.reserved", char{1}, 63)});
  rows.push_back({"config is short", errc::section_size, "config",
                  sections([](tiny_file& f) { f.sections[0].body.resize(64); })});
  rows.push_back({"config is long", errc::section_size, "config",
                  sections([](tiny_file& f) { f.sections[0].body.resize(129); })});
}

/// Numbers that disagree with the bytes: nothing can be claimed that is not there.
inline void add_size_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  const auto claim = [&rows](const std::string& name, std::uint32_t value, const char* where) {
    rows.push_back(
        {name + " claims " + std::to_string(value), errc::section_size, where, field("config." + name, value)});
  };
  const auto wide = [](std::uint32_t width) {
    return sections([=](tiny_file& f) { f.set("config.hidden_size", width).set("config.sentence_size", width); });
  };
  claim("vocab_size", 45, "word_embeddings"), claim("vocab_size", 1u << 22, "word_embeddings");
  claim("max_position_embeddings", 15, "position_embeddings"),
      claim("max_position_embeddings", 17, "position_embeddings");
  claim("intermediate_size", 48, "layer"), claim("intermediate_size", 65536, "layer");
  rows.push_back({"hidden_size claims 40", errc::section_size, "word_embeddings", wide(40)});
  // A reading of other widths finds numbers where there must be none, before it comes to the end.
  rows.push_back({"hidden_size claims 30", errc::padding_not_zero, "query, key, value", wide(30)});
  rows.push_back(
      {"intermediate_size claims 32", errc::padding_not_zero, "output", field("config.intermediate_size", 32u)});
  rows.push_back({"hidden_size claims 15", errc::padding_not_zero, "word_embeddings", wide(15)});
  rows.push_back({"intermediate_size claims 49", errc::padding_not_zero, "intermediate",
                  field("config.intermediate_size", 49u)});
  // The product of rows and columns is right, and the next array's, too; nothing in the file is 88 times 16.
  rows.push_back({"rows and columns exchanged", errc::padding_not_zero, "intermediate", sections([](tiny_file& f) {
                    f.set("config.vocab_size", 88u).set("config.max_position_embeddings", 34u);
                    f.set("config.hidden_size", 16u).set("config.num_attention_heads", 4u);
                    f.set("config.sentence_size", 16u);
                  })});
  // Zeros are the same in any type, but for scales: only the size can tell.
  const auto zeros = [](const std::string& section, const std::string& type, std::uint32_t value) {
    return sections([=](tiny_file& f) {
      std::string& body = f.section(section).body;
      body.assign(body.size(), '\0');
      f.set("config." + type, value);
    });
  };
  for (const std::uint32_t type : {2u, 3u, 4u})
    rows.push_back({"a layer of floats claimed to be of type " + std::to_string(type),
                    type == 4 ? errc::bad_scale : errc::section_size, type == 4 ? "query, key, value" : "layer",
                    zeros("layer0", "linear layers", type), zeros("layer0", "linear layers", 1)});
  for (const std::uint32_t type : {2u, 4u})
    rows.push_back({"rows of floats claimed to be of type " + std::to_string(type),
                    type == 4 ? errc::bad_scale : errc::section_size, "word_embeddings",
                    zeros("word_embeddings", "word embeddings", type),
                    zeros("word_embeddings", "word embeddings", 1)});
  rows.push_back({"one layer claimed", errc::section_order, "head", field("config.num_hidden_layers", 1u)});
  rows.push_back({"three layers claimed", errc::missing_section, "layer", field("config.num_hidden_layers", 3u)});
  const char* const names[] = {"tokenizer", "vocabulary", "word_embeddings", "position_embeddings", "layer", "layer",
                               "head",      "about",      "self_test"};
  for (std::size_t i = 1; i < 10; ++i) {
    const auto resize = [&](const char* what, long by) {
      rows.push_back({names[i - 1] + std::string(what), errc::section_size, names[i - 1], sections([=](tiny_file& f) {
                        std::string& body = f.sections[i].body;
                        body.resize(by == 0 ? 0 : static_cast<std::size_t>(static_cast<long>(body.size()) + by));
                      })});
    };
    resize(" is a byte short", -1), resize(" is 64 bytes short", -64), resize(" is empty", 0);
    resize(" has a byte more", 1), resize(" has 64 bytes more", 64);
  }
}

inline void add_tokenizer_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  add_range(rows, "tokenizer.unicode_tables", errc::unsupported_unicode_tables, "unicode_tables", {0, 2}, {1});
  for (const char* name :
       {"clean_text", "handle_chinese_chars", "strip_accents", "lowercase", "special_tokens_are_text"})
    add_range(rows, std::string("tokenizer.") + name, errc::bad_flag, name, {2, 0xFFFFFFFFu}, {0, 1});
  add_range(rows, "tokenizer.max_input_chars_per_word", errc::bad_word_limit, "max_input_chars_per_word",
            {0, 10001, 0x80000000u}, {1, 10000});
  for (const char* name : {"unk_id", "cls_id", "sep_id"}) {
    add_range(rows, std::string("tokenizer.") + name, errc::bad_token_id, name, {44, 0xFFFFFFFFu}, {43});
    add_range(rows, std::string("tokenizer.") + name, errc::missing_special_token, "tokenizer", {5}, {4});
  }
  add_range(rows, "tokenizer.cls_id", errc::duplicate_special_token, "tokenizer", {1, 3}, {4});
  add_range(rows, "tokenizer.sep_id", errc::duplicate_special_token, "tokenizer", {1, 2}, {4});
  add_range(rows, "tokenizer.added tokens", errc::bad_dimension, "added tokens", {65537, 0xFFFFFFFFu}, {65536},
            errc::section_size);
  rows.push_back({"reserved bytes of tokenizer", errc::reserved_not_zero, "tokenizer",
                  field("tokenizer.reserved", char{1}, 11)});
  rows.push_back({"bytes between arrays", errc::padding_not_zero, "tokenizer", field("tokenizer.ids", 1u, 7),
                  field("tokenizer.ids", 0u, 6)});
  rows.push_back({"id of an added token", errc::bad_token_id, "added tokens", field("tokenizer.ids", 44u, 5),
                  field("tokenizer.ids", 43u, 5)});
  rows.push_back({"flags of an added token", errc::bad_added_token, "added tokens", field("tokenizer.flags", 32u, 5),
                  field("tokenizer.flags", 23u, 5)});
  const auto added = [](std::size_t i, const std::string& content) {
    return parts([=](tiny_parts& p) { p.added[i].content = content; });
  };
  rows.push_back({"an empty added token", errc::bad_added_token, "added tokens", added(0, ""), added(0, "!")});
  rows.push_back(
      {"added tokens out of order", errc::bad_added_token, "added tokens", added(0, "[N"), added(0, "[CLT]")});
  rows.push_back(
      {"an added token twice", errc::bad_added_token, "added tokens", added(1, "[CLS]"), added(1, "[CLT]")});
  rows.push_back({"a long added token", errc::string_too_long, "tokenizer", added(6, std::string(1025, 'z')),
                  added(6, std::string(1024, 'z'))});
  for (const char* bad : {"z\xFF", "z\xC0\x80", "z\xED\xA0\x80", "z\xF4\x90\x80\x80", "z\xE4\xB8"})
    rows.push_back({"an added token that is no UTF-8", errc::bad_utf8, "added tokens", added(6, bad),
                    added(6, "z\xE4\xB8\xAD")});
  rows.push_back({"a flag says normalized, the trie does not", errc::bad_trie, "raw trie",
                  field("tokenizer.flags", 8u, 5), field("tokenizer.flags", 7u, 5)});
  rows.push_back({"a flag says raw, the trie does not", errc::bad_trie, "raw trie", field("tokenizer.flags", 0u, 6),
                  field("tokenizer.flags", 24u, 6)});
}

/// A look-up structure under a field that counts its nodes and an array that holds them.
inline void add_trie_damages(std::vector<damage>& rows, const std::string& section, const std::string& count,
                             const std::string& nodes, const std::string& where) {
  using fewfit::errc;
  using edit = std::function<void(tiny_file&, const std::string&, std::uint32_t)>;
  const auto row = [&](const std::string& name, const edit& spoil) {
    rows.push_back({where + ": " + name, errc::bad_trie, where, sections([=](tiny_file& f) {
                      const std::string array = section + "." + nodes;
                      std::uint32_t used = 256;  // the first node that somebody uses
                      while ((f.at<std::uint32_t>(array, 2 * used) & 0x100u) == 0) ++used;
                      spoil(f, array, used);
                    })});
  };
  for (const std::uint32_t size : {0u, 255u, (1u << 23) + 1, 0xFFFFFFFFu})
    rows.push_back({where + " of " + std::to_string(size), errc::bad_trie, section == "vocabulary" ? "trie" : where,
                    field(section + "." + count, size), field(section + "." + count, 1u << 23), errc::section_size});
  row("root is used",
      [](tiny_file& f, const std::string& a, std::uint32_t) { f.set(a, f.at<std::uint32_t>(a) | 0x100u); });
  row("root has a label",
      [](tiny_file& f, const std::string& a, std::uint32_t) { f.set(a, f.at<std::uint32_t>(a) | 1u); });
  row("root has a value", [](tiny_file& f, const std::string& a, std::uint32_t) { f.set(a, 1u, 1); });
  row("root leads outside", [](tiny_file& f, const std::string& a, std::uint32_t) { f.set(a, 0x7FFFFFu << 9); });
  row("root leads nowhere", [](tiny_file& f, const std::string& a, std::uint32_t) { f.set(a, 0u); });
  row("a node of the first block is used",
      [](tiny_file& f, const std::string& a, std::uint32_t) { f.set(a, 0x1FFu, 2 * 255); });
  row("an unused node has a value",
      [](tiny_file& f, const std::string& a, std::uint32_t) { f.set(a, 1u, 2 * 255 + 1); });
  row("a node leads outside", [](tiny_file& f, const std::string& a, std::uint32_t used) {
    f.set(a, (f.at<std::uint32_t>(a, 2 * used) & 0x1FFu) | 0x7FFFFFu << 9, 2 * used);
  });
  row("a node has another label", [](tiny_file& f, const std::string& a, std::uint32_t used) {
    f.set(a, f.at<std::uint32_t>(a, 2 * used) ^ 0x80u, 2 * used);
  });
  row("a value too large",
      [](tiny_file& f, const std::string& a, std::uint32_t used) { f.set(a, 1000u, 2 * used + 1); });
  row("a value too many", [](tiny_file& f, const std::string& a, std::uint32_t used) {
    while (f.at<std::uint32_t>(a, 2 * used + 1) != 0 || (f.at<std::uint32_t>(a, 2 * used) & 0x100u) == 0) ++used;
    f.set(a, 1u, 2 * used + 1);
  });
  row("a value missing", [](tiny_file& f, const std::string& a, std::uint32_t used) {
    while (f.at<std::uint32_t>(a, 2 * used + 1) == 0) ++used;
    f.set(a, 0u, 2 * used + 1);
  });
}

inline void add_short_words_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  for (const std::uint32_t size : {0u, 1u, 3u, 96u, (1u << 23) + 1, 1u << 24, 0xFFFFFFFFu})
    rows.push_back({std::to_string(size) + " slots", errc::bad_trie, "short words", field("vocabulary.slots", size),
                    field("vocabulary.slots", 1u << 23), errc::section_size});
  using edit = std::function<void(tiny_file&, std::size_t)>;
  const auto row = [&](const std::string& name, const edit& spoil) {
    rows.push_back({"short words: " + name, errc::bad_trie, "short words", sections([=](tiny_file& f) {
                      std::size_t taken = 0;
                      while (f.at<std::uint64_t>("vocabulary.keys", taken) == 0) ++taken;
                      spoil(f, taken);
                    })});
  };
  row("one is not there", [](tiny_file& f, std::size_t taken) {
    f.set("vocabulary.keys", std::uint64_t{0}, taken), f.set("vocabulary.words", 0u, taken);
  });
  row("one is not a token", [](tiny_file& f, std::size_t taken) {
    f.set("vocabulary.keys", f.at<std::uint64_t>("vocabulary.keys", taken) + 1, taken);
  });
  row("one has another's id", [](tiny_file& f, std::size_t taken) {
    f.set("vocabulary.words", f.at<std::uint32_t>("vocabulary.words", taken) + 1, taken);
  });
  row("an empty slot has an id", [](tiny_file& f, std::size_t) {
    std::size_t empty = 0;
    while (f.at<std::uint64_t>("vocabulary.keys", empty) != 0) ++empty;
    f.set("vocabulary.words", 7u, empty);
  });
  row("no slot is empty, so that a look-up would not end", [](tiny_file& f, std::size_t) {
    for (std::uint32_t slot = 0; slot < f.at<std::uint32_t>("vocabulary.slots"); ++slot)
      if (f.at<std::uint64_t>("vocabulary.keys", slot) == 0) f.set("vocabulary.keys", std::uint64_t{1}, slot);
  });
}

inline void add_vocabulary_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  add_trie_damages(rows, "tokenizer", "raw nodes", "raw trie", "raw trie");
  add_trie_damages(rows, "tokenizer", "normalized nodes", "normalized trie", "normalized trie");
  add_trie_damages(rows, "vocabulary", "nodes", "trie", "vocabulary");
  rows.push_back(
      {"three nodes too many", errc::bad_trie, "vocabulary", sections([](tiny_file& f) {
         // A size that is right for no multiple of 256: a base near the end could lead outside.
         const auto nodes = f.at<std::uint32_t>("vocabulary.nodes");
         f.section("vocabulary").body.insert(f.offset("vocabulary.trie") + nodes * std::size_t{8}, 64, '\0');
         f.set("vocabulary.nodes", nodes + 3);
       })});
  add_short_words_damages(rows);
  add_range(rows, "vocabulary.tokens", errc::bad_token_id, "tokens", {0, 45, 0xFFFFFFFFu}, {});
  rows.push_back({"more tokens than rows", errc::bad_token_id, "tokens", parts([](tiny_parts& p) {
                    p.vocabulary.insert(p.vocabulary.end(), {"x", "y", "z"});
                  }),
                  parts([](tiny_parts& p) {
                    p.vocabulary.insert(p.vocabulary.end(), {"x", "y"});
                  })});
  rows.push_back({"reserved bytes of vocabulary", errc::reserved_not_zero, "vocabulary",
                  field("vocabulary.reserved", char{1}, 51)});
  const auto offset = [](std::size_t i, std::uint32_t value) {
    return field("vocabulary.strings offsets", value, i);
  };
  rows.push_back({"first offset", errc::bad_string_table, "vocabulary", offset(0, 1)});
  rows.push_back({"offsets decrease", errc::bad_string_table, "vocabulary", offset(2, 4)});
  rows.push_back({"offset past the pool", errc::bad_string_table, "vocabulary", offset(8, 1000)});
  rows.push_back({"an offset of 2^32 - 1", errc::string_too_long, "vocabulary", offset(8, 0xFFFFFFFFu)});
  rows.push_back({"the last offset beyond the pool", errc::section_size, "vocabulary", offset(42, 1000)});
  rows.push_back({"the pool not used up", errc::section_size, "vocabulary",
                  sections([](tiny_file& f) { f.section("vocabulary").body += 'x'; })});
  const auto token = [](const std::string& text) { return parts([=](tiny_parts& p) { p.vocabulary[9] = text; }); };
  const auto tokens = [&rows, token](const char* name, errc code, const std::string& bad, const std::string& good) {
    rows.push_back({name, code, "vocabulary", token(bad), token(good)});
  };
  tokens("a token twice", errc::bad_trie, "bad", "bae");
  tokens("a token of 1025 bytes", errc::string_too_long, std::string(1025, 'a'), std::string(1024, 'a'));
  tokens("a token of a megabyte", errc::string_too_long, std::string(1u << 20, 'a'), std::string(1023, 'a'));
  for (const char* bad : {"\xFF", "\xC1\xBF", "\xE0\x80\x80", "\xED\xBF\xBF", "\xF4\x90\x80\x80",
                          "\xF8\x88\x80\x80\x80", "\xE4\xB8", "\x80"})
    tokens("a token that is no UTF-8", errc::bad_utf8, bad, "\xF4\x8F\xBF\xBF");
  for (const std::uint32_t id : {1u, 2u, 3u})
    rows.push_back({"a special token is not there", errc::missing_special_token, "tokenizer",
                    parts([=](tiny_parts& p) { p.added.clear(), p.vocabulary[id].clear(); }),
                    parts([=](tiny_parts& p) { p.vocabulary[id].clear(); })});
}

inline void add_weight_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  struct array {
    const char *field, *where, *padding_where;
    std::size_t padding;  // an element that must be zero
  };
  const array arrays[] = {{"word_embeddings.rows", "word_embeddings", "word_embeddings", 31},
                          {"position_embeddings.norm weight", "position_embeddings", "position_embeddings", 20},
                          {"position_embeddings.norm bias", "position_embeddings", "position_embeddings", 31},
                          {"position_embeddings.rows", "position_embeddings", "position_embeddings", 32 * 16 - 1},
                          {"layer0.query, key, value", "layer", "query, key, value", 21 * 16 + 4},
                          {"layer1.query, key, value", "layer", "query, key, value", 6 * 21 * 16 - 1},
                          {"layer0.attention output", "layer", "attention output", 22 * 16 + 15},
                          {"layer0.attention norm weight", "layer", "attention layer_norm", 20},
                          {"layer1.attention norm bias", "layer", "attention layer_norm", 20},
                          {"layer0.intermediate", "layer", "intermediate", 2 * 21 * 16 + 4},
                          {"layer0.output", "layer", "output", 37 * 16 + 4},
                          {"layer1.output norm weight", "layer", "output layer_norm", 31},
                          {"layer1.output norm bias", "layer", "output layer_norm", 31}};
  for (const array& a : arrays) {
    for (const float bad : {not_a_number, infinity, -infinity})
      rows.push_back({a.field + std::string(" = ") + std::to_string(bad), errc::non_finite_weight, a.where,
                      field(a.field, bad, 1), field(a.field, 3e38f, 1), errc::none, true});
    rows.push_back({a.field + std::string(", a padded column"), errc::padding_not_zero, a.padding_where,
                    field(a.field, 1e-30f, a.padding), field(a.field, 1e-45f, 3)});
  }
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    rows.push_back({"intercept " + std::to_string(bad), errc::non_finite_weight, "head intercept",
                    field("head.intercept", bad, 2), field("head.intercept", 1e308, 2), errc::none, true});
    rows.push_back({"coefficient " + std::to_string(bad), errc::non_finite_weight, "head coefficients",
                    field("head.coefficients", bad, 59), field("head.coefficients", 1e308, 59), errc::none, true});
  }
}

/// Of a model with two dense layers.
inline void add_dense_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  const auto made = [](const std::function<void(tiny_file&)>& edit) {
    return [edit] {
      tiny_options o;
      o.dense = std::vector<std::uint32_t>{7, 24};
      tiny_file f(tiny_model(o));
      edit(f);
      return f.bytes();
    };
  };
  const auto row = [&](const char* name, errc code, const char* where, const std::string& at, std::uint32_t bad,
                       std::uint32_t good) {
    rows.push_back({name, code, where, made([=](tiny_file& f) { f.set(at, bad); }),
                    made([=](tiny_file& f) { f.set(at, good); })});
  };
  row("inputs of a dense layer", errc::bad_dimension, "dense inputs", "dense1.inputs", 8, 7);
  row("inputs of the second dense layer", errc::bad_dimension, "dense inputs", "dense1.inputs", 6, 7);
  row("inputs of the first dense layer", errc::bad_dimension, "dense inputs", "dense0.inputs", 21, 20);
  row("outputs of a dense layer", errc::padding_not_zero, "dense", "dense0.outputs", 6, 7);
  row("no outputs", errc::bad_dimension, "dense outputs", "dense1.outputs", 0, 24);
  row("many outputs", errc::bad_dimension, "dense outputs", "dense1.outputs", 65537, 24);
  row("activation 0", errc::unknown_activation, "dense activation", "dense0.activation", 0, 1);
  row("activation 7", errc::unknown_activation, "dense activation", "dense1.activation", 7, 6);
  row("normalize_first 2", errc::bad_flag, "normalize_first", "dense1.normalize_first", 2, 0);
  row("another sentence_size", errc::bad_dimension, "sentence_size", "config.sentence_size", 25, 24);
  row("dense layers that are not there", errc::missing_section, "dense", "config.dense layers", 3, 2);
  row("a dense layer too many", errc::bad_dimension, "sentence_size", "config.dense layers", 1, 2);
  row("a weight of a dense layer", errc::non_finite_weight, "dense", "dense0.panels", 0x7F800000u, 0x3F800000u);
  rows.back().only_full = true;
  rows.push_back({"reserved bytes of a dense layer", errc::reserved_not_zero, "dense",
                  made([](tiny_file& f) { f.set("dense0.reserved", char{1}, 47); }), made([](tiny_file&) {})});
  rows.push_back({"a dense layer is short", errc::section_size, "dense",
                  made([](tiny_file& f) { f.section("dense1").body.resize(128); }), made([](tiny_file&) {})});
}

/// Of a model with a head of another kind.
inline void add_kind_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  const auto made = [](std::uint32_t kind, const std::function<void(tiny_parts&)>& edit) {
    return [=] {
      tiny_options o;
      o.head_kind = kind;
      tiny_parts p = tiny_model(o);
      edit(p);
      return tiny_file(p).bytes();
    };
  };
  const auto order = [&](const std::vector<std::uint32_t>& links) {
    return made(5, [=](tiny_parts& p) { p.order = links; });
  };
  for (const std::vector<std::uint32_t>& links :
       {std::vector<std::uint32_t>{0, 0, 1}, {0, 1, 3}, {2, 1, 0xFFFFFFFFu}})
    rows.push_back({"order of a chain", errc::bad_chain_order, "order", order(links), order({2, 1, 0})});
  rows.push_back({"a coefficient of a chain missing", errc::section_size, "head",
                  made(5, [](tiny_parts& p) { p.coefficients.pop_back(); }), made(5, [](tiny_parts&) {})});
  for (const std::uint32_t kind : {3u, 4u, 5u})
    rows.push_back({"a coefficient of kind " + std::to_string(kind), errc::non_finite_weight, "head coefficients",
                    made(kind, [](tiny_parts& p) { p.coefficients.back() = HUGE_VAL; }),
                    made(kind, [](tiny_parts& p) { p.coefficients.back() = 1e308; }), errc::none, true});
  rows.push_back({"pairs of a chain", errc::bad_flag, "pairs", made(5, [](tiny_parts& p) { p.pairs = 1; }),
                  made(4, [](tiny_parts& p) { p.pairs = 1; })});
  rows.push_back({"half_is_yes of shares", errc::bad_flag, "half_is_yes",
                  made(3, [](tiny_parts& p) { p.half_is_yes = 1; }),
                  made(4, [](tiny_parts& p) { p.half_is_yes = 1; })});
}

inline void add_head_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  add_range(rows, "head.kind", errc::unknown_head_kind, "kind", {0, 6}, {1, 3});
  add_range(rows, "head.kind", errc::unsupported_target, "target", {4, 5}, {});
  add_range(rows, "head.pairs", errc::bad_flag, "pairs", {1}, {0});
  for (const char* name : {"abstain_below", "expected_error"})
    for (const double bad : {-1e-300, 1.0001, std::nan(""), HUGE_VAL})
      rows.push_back({std::string(name) + " " + std::to_string(bad), errc::bad_share, name,
                      field("head." + std::string(name), bad), field("head." + std::string(name), 0.5)});
  add_range(rows, "head.half_is_yes", errc::bad_flag, "half_is_yes", {1}, {0});
  add_range(rows, "head.unknown", errc::bad_label, "unknown", {4, 0xFFFFFFFFu}, {1, 3});
  rows.push_back(
      {"binary with three classes", errc::bad_dimension, "classes", field("head.kind", 2u), parts([](tiny_parts& p) {
         tiny_options o;
         o.binary = true;
         p = tiny_model(o);
       })});
  add_range(rows, "head.classes", errc::bad_dimension, "classes", {0, 1, 65537, 0xFFFFFFFFu}, {65536},
            errc::section_size);
  rows.push_back(
      {"two classes claimed", errc::padding_not_zero, "head", field("head.classes", 2u), parts([](tiny_parts& p) {
         p.labels.resize(2);
         p.intercept.resize(2), p.coefficients.resize(40);
       })});
  add_range(rows, "head.target", errc::unsupported_target, "target", {0, 2}, {1});
  add_range(rows, "head.labels are integers", errc::bad_flag, "labels are integers", {2}, {0, 1});
  rows.push_back({"reserved bytes of head", errc::reserved_not_zero, "head", field("head.reserved", char{1}, 19)});
  const auto label = [](const std::string& text) { return parts([=](tiny_parts& p) { p.labels[1] = text; }); };
  const auto name = [](const std::string& text) { return parts([=](tiny_parts& p) { p.head_name = text; }); };
  rows.push_back({"an empty label", errc::bad_label, "labels", label(""), label(" ")});
  rows.push_back({"a label that is no UTF-8", errc::bad_utf8, "labels", label("\xC3"), label("\xC3\xA9")});
  rows.push_back({"a long label", errc::string_too_long, "head", label(std::string(65537, 'x')),
                  label(std::string(65536, 'x'))});
  rows.push_back(
      {"a long name", errc::string_too_long, "head", name(std::string(257, 'x')), name(std::string(256, 'x'))});
  rows.push_back({"a name that is no UTF-8", errc::bad_utf8, "head name", name("\x80"), name("")});
  rows.push_back({"offsets of labels", errc::bad_string_table, "head", field("head.labels offsets", 4u, 2)});
  rows.push_back(
      {"bytes between arrays of head", errc::padding_not_zero, "head", field("head.labels offsets", 1u, 4)});
}

inline void add_about_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  const auto about = [](std::vector<std::pair<std::string, std::string>> pairs) {
    return parts([=](tiny_parts& p) { p.about = pairs; });
  };
  rows.push_back({"keys out of order", errc::bad_about, "about", about({{"b", "1"}, {"a", "2"}}),
                  about({{"a", "1"}, {"b", "1"}})});
  rows.push_back(
      {"a key twice", errc::bad_about, "about", about({{"a", "1"}, {"a", "2"}}), about({{"a", "1"}, {"aa", "2"}})});
  rows.push_back({"a value that is no UTF-8", errc::bad_utf8, "about", about({{"a", "\xFE"}}), about({})});
  rows.push_back({"a very long value", errc::string_too_long, "about",
                  about({{"a", std::string((1u << 20) + 1, 'x')}}), about({{"a", std::string(1u << 20, 'x')}})});
  add_range(rows, "about.count", errc::bad_dimension, "about", {4097, 0x80000000u, 0xFFFFFFFFu}, {4096},
            errc::section_size);
  rows.push_back({"reserved bytes of about", errc::reserved_not_zero, "about", field("about.reserved", char{1}, 59)});
}

inline void add_self_test_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  const double above = std::nextafter(1.0, 2.0);
  for (const double bad : {-1e-300, above, std::nan(""), HUGE_VAL})
    rows.push_back({"probability " + std::to_string(bad), errc::bad_self_test, "self_test",
                    field("self_test.probabilities", bad, 11),
                    field("self_test.probabilities", bad < 1 ? 0.0 : 1.0, 11)});
  rows.push_back({"a text that is no UTF-8", errc::bad_utf8, "self_test", field("self_test.texts", '\xFF')});
  add_range(rows, "self_test.count", errc::bad_dimension, "self_test", {0, 65537, 0xFFFFFFFFu}, {65536},
            errc::section_size);
  rows.push_back({"reserved bytes of self_test", errc::reserved_not_zero, "self_test",
                  field("self_test.reserved", char{1}, 59), sections([](tiny_file& f) { f.remove("self_test"); })});
}

inline const std::vector<damage>& content_damages() {
  static const std::vector<damage> all = [] {
    std::vector<damage> rows;
    add_config_damages(rows), add_size_damages(rows), add_tokenizer_damages(rows), add_vocabulary_damages(rows);
    add_weight_damages(rows), add_type_damages(rows), add_head_damages(rows), add_about_damages(rows);
    add_dense_damages(rows), add_kind_damages(rows);
    add_self_test_damages(rows);
    return rows;
  }();
  return all;
}

}  // namespace support
