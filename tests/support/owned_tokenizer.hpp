// SPDX-License-Identifier: MIT
#pragma once
// A tokenizer with memory of its own, made of a list of tokens and options rather than of a model file.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fewfit/text/tokenizer.hpp"
#include "reference_tokenizer.hpp"
#include "short_words_builder.hpp"
#include "test_files.hpp"
#include "trie_builder.hpp"

namespace support {

inline std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

struct owned_strings {
  std::vector<std::uint32_t> offsets = {0};
  std::string pool;

  void add(const std::string& text) {
    pool += text;
    offsets.push_back(static_cast<std::uint32_t>(pool.size()));
  }
  fewfit::string_table view() const {
    return {offsets.data(), pool.data(), static_cast<std::uint32_t>(offsets.size() - 1)};
  }
};

inline fewfit::trie view_of(const std::vector<fewfit::trie_node>& nodes) {
  return {nodes.data(), static_cast<std::uint32_t>(nodes.size())};
}

/// The look-up structures of a vocabulary; several tokenizers may share it.
struct owned_vocabulary {
  std::vector<std::string> tokens;
  owned_strings strings;
  std::vector<fewfit::trie_node> nodes;
  short_words_table words;

  explicit owned_vocabulary(std::vector<std::string> list) : tokens(std::move(list)) {
    std::vector<trie_builder::entry> entries;
    for (std::size_t i = 0; i != tokens.size(); ++i) {
      strings.add(tokens[i]);
      if (!tokens[i].empty()) entries.emplace_back(tokens[i], static_cast<std::uint32_t>(i + 1));
    }
    nodes = trie_builder::build(std::move(entries));
    words = build_short_words(tokens);
  }

  fewfit::vocabulary view(std::uint32_t unk) const {
    return fewfit::make_vocabulary(view_of(nodes), words.view(), strings.view(), unk);
  }

  std::uint32_t id(std::string_view token) const { return fewfit::find(view_of(nodes), token) - 1; }
};

/// bert-base-uncased, which the demonstration model uses.
inline const owned_vocabulary& bert_vocabulary() {
  static const owned_vocabulary vocabulary(split_lines(read_file("models/interviews/vocab.txt")));
  return vocabulary;
}

/// [PAD], [UNK], [CLS], [SEP] and [MASK], as every BERT tokenizer adds them.
inline std::vector<added_token> bert_specials() {
  std::vector<added_token> out;
  for (const char* content : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}) {
    added_token token;
    token.content = content;
    token.id = bert_vocabulary().id(content);
    token.special = true;
    out.push_back(token);
  }
  return out;
}

class owned_tokenizer {
 public:
  /// Added tokens with `normalized` are normalised here, unless they are as a model file would hold them.
  explicit owned_tokenizer(tokenizer_options options, const owned_vocabulary& vocabulary = bert_vocabulary(),
                           bool normalize_added = true)
      : reference_(vocabulary.tokens, options, vocabulary.id("[UNK]")) {
    view_.config = {options.clean_text,
                    options.handle_chinese_chars,
                    options.strip_accents,
                    options.lowercase,
                    options.max_input_chars_per_word,
                    vocabulary.id("[UNK]"),
                    vocabulary.id("[CLS]"),
                    vocabulary.id("[SEP]")};
    view_.vocab = vocabulary.view(view_.config.unk);
    if (normalize_added) normalize_contents(options);
    add_tokens(options);
    scratch_.resize(fewfit::tokenizer_scratch_bytes(view_.config) / sizeof(std::uint32_t) + 1);
  }
  owned_tokenizer(const owned_tokenizer&) = delete;
  owned_tokenizer& operator=(const owned_tokenizer&) = delete;

  const fewfit::tokenizer& view() const { return view_; }
  const reference_tokenizer& reference() const { return reference_; }
  void* scratch() { return scratch_.data(); }

  /// With `ranges` the plain way is gone, without it the fast one where there is one.
  std::vector<std::uint32_t> all_ids(std::string_view text, bool special_tokens = false,
                                     std::vector<fewfit::byte_range>* ranges = nullptr) {
    std::vector<std::uint32_t> out;
    const auto collect = [&](const std::uint32_t* ids, const fewfit::byte_range* where, std::size_t count) {
      out.insert(out.end(), ids, ids + count);
      if (ranges != nullptr) ranges->insert(ranges->end(), where, where + count);
      return true;
    };
    fewfit::tokenize_all(view_, text, scratch(), collect, special_tokens, ranges != nullptr);
    return out;
  }

  std::vector<std::uint32_t> ids(std::string_view text, std::size_t max_ids, bool* truncated = nullptr,
                                 bool special_tokens = true) {
    std::vector<std::uint32_t> out(max_ids);
    const fewfit::tokenize_result result =
        fewfit::tokenize(view_, text, max_ids, scratch(), out.data(), special_tokens);
    out.resize(result.count);
    if (truncated != nullptr) *truncated = result.truncated;
    return out;
  }

 private:
  static void normalize_contents(tokenizer_options& options) {
    for (added_token& token : options.added) {
      if (!token.normalized) continue;
      token.content = to_utf8(normalize_text(options, decode_with_replacement(token.content)));
    }
  }

  void add_tokens(tokenizer_options& options) {
    std::sort(options.added.begin(), options.added.end(),
              [](const added_token& a, const added_token& b) { return a.content < b.content; });
    std::vector<trie_builder::entry> raw, normalized;
    for (const added_token& token : options.added) {
      using flag = fewfit::added_token_flag;
      content_.add(token.content);
      ids_.push_back(token.id);
      flags_.push_back((token.single_word ? flag::single_word : 0u) | (token.lstrip ? flag::lstrip : 0u) |
                       (token.rstrip ? flag::rstrip : 0u) | (token.normalized ? flag::normalized : 0u) |
                       (token.special ? flag::special : 0u));
      (token.normalized ? normalized : raw).emplace_back(token.content, static_cast<std::uint32_t>(ids_.size()));
    }
    raw_ = trie_builder::build(raw);
    normalized_ = trie_builder::build(normalized);
    view_.added = {view_of(raw_), view_of(normalized_), ids_.data(),
                   flags_.data(), content_.view(),      options.special_tokens_are_text};
    fewfit::detail::note_common(view_.added);
  }

  reference_tokenizer reference_;
  fewfit::tokenizer view_;
  owned_strings content_;
  std::vector<std::uint32_t> ids_, flags_, scratch_;
  std::vector<fewfit::trie_node> raw_, normalized_;
};

}  // namespace support
