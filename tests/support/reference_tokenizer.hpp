// SPDX-License-Identifier: MIT
#pragma once
// The tokenizer once more, as plainly as it can be said: whole texts, vectors, maps, std::stable_sort, no utf8proc
// and no table of the library; everything about characters is read from JSON. What text/ does fast is compared
// with this on texts that nobody has thought of.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "test_files.hpp"

namespace support {

struct added_token {
  std::string content;
  std::uint32_t id = 0;
  bool single_word = false;
  bool lstrip = false;
  bool rstrip = false;
  bool normalized = false;
  bool special = false;
};

struct tokenizer_options {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  bool strip_accents = true;
  bool lowercase = true;
  std::uint32_t max_input_chars_per_word = 100;
  std::vector<added_token> added;
  bool special_tokens_are_text = false;
};

inline void append_utf8(std::string& out, char32_t c) {
  const auto put = [&out](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  const unsigned continuations = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr char32_t marks[] = {0, 0xC0, 0xE0, 0xF0};
  put(marks[continuations] | c >> 6 * continuations);
  for (unsigned i = continuations; i-- > 0;) put(0x80 | (c >> 6 * i & 0x3F));
}

inline std::string to_utf8(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text) append_utf8(out, c);
  return out;
}

/// What Python's bytes.decode("utf-8", "replace") gives. A prefix of a sequence stands for a range of code points; it
/// is well-formed as far as it goes if one of them is a scalar value that needs just so many bytes.
inline std::u32string decode_with_replacement(std::string_view text) {
  const auto possible = [](char32_t low, char32_t high, std::size_t size) {
    constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    low = std::max(low, smallest[size]);
    high = std::min<char32_t>(high, 0x10FFFF);
    return low <= high && !(low >= 0xD800 && high <= 0xDFFF);
  };
  std::u32string out;
  for (std::size_t at = 0; at < text.size();) {
    const unsigned lead = static_cast<unsigned char>(text[at]);
    const bool leads = lead < 0x80 || (lead >= 0xC0 && lead < 0xF8);
    const std::size_t size = !leads ? 0 : lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    std::size_t good = 0;
    char32_t value = size == 1 ? lead : size == 0 ? 0 : lead & (0x7Fu >> size);
    while (good < size) {
      const std::size_t left = 6 * (size - good - 1);
      if (!possible(value << left, (value << left) + ((char32_t{1} << left) - 1), size)) break;
      if (++good == size) break;
      const unsigned byte = at + good < text.size() ? static_cast<unsigned char>(text[at + good]) : 0u;
      if ((byte & 0xC0) != 0x80) break;
      const char32_t next = value << 6 | (byte & 0x3F);
      const std::size_t rest = 6 * (size - good - 1);
      if (!possible(next << rest, (next << rest) + ((char32_t{1} << rest) - 1), size)) break;
      value = next;
    }
    out += good == size && size != 0 ? value : char32_t{0xFFFD};
    at += std::max<std::size_t>(good, 1);
  }
  return out;
}

/// tools/fewfit_convert/bert_tables.json and tests/data/word_characters.json.
class character_tables {
 public:
  static const character_tables& get() {
    static const character_tables tables;
    return tables;
  }

  std::set<char32_t> removed, to_space, white_space, cjk, punctuation, stripped, word;
  std::map<char32_t, unsigned> combining_class;
  std::map<char32_t, std::u32string> decomposition, lower;

 private:
  character_tables() {
    const nlohmann::json j = nlohmann::json::parse(read_file("tools/fewfit_convert/bert_tables.json"));
    removed = set_of(j.at("clean_removed"));
    to_space = set_of(j.at("clean_to_space"));
    white_space = set_of(j.at("pretok_space"));
    cjk = set_of(j.at("cjk"));
    punctuation = set_of(j.at("punct"));
    stripped = set_of(j.at("mn_stripped"));
    for (const auto& [key, value] : j.at("ccc_unicode9").items()) combining_class[hex(key)] = value.get<unsigned>();
    decomposition = map_of(j.at("nfd_non_hangul"));
    lower = map_of(j.at("lower"));
    word = set_of(nlohmann::json::parse(read_file("tests/data/word_characters.json")).at("word_characters"));
  }

  static char32_t hex(const std::string& text) { return static_cast<char32_t>(std::stoul(text, nullptr, 16)); }

  static std::set<char32_t> set_of(const nlohmann::json& ranges) {
    std::set<char32_t> out;
    for (const nlohmann::json& range : ranges) {
      for (char32_t c = hex(range.at(0)); c <= hex(range.at(1)); ++c) out.insert(out.end(), c);
    }
    return out;
  }

  static std::map<char32_t, std::u32string> map_of(const nlohmann::json& table) {
    std::map<char32_t, std::u32string> out;
    for (const auto& [key, value] : table.items()) {
      for (const nlohmann::json& part : value) out[hex(key)] += hex(part);
    }
    return out;
  }
};

inline bool has(const std::set<char32_t>& set, char32_t c) { return set.find(c) != set.end(); }

inline std::u32string decompose_text(const std::u32string& text) {
  const character_tables& tables = character_tables::get();
  std::u32string out;
  for (const char32_t c : text) {
    if (c >= 0xAC00 && c <= 0xD7A3) {
      const char32_t syllable = c - 0xAC00;
      out += 0x1100 + syllable / 588;
      out += 0x1161 + syllable % 588 / 28;
      if (syllable % 28 != 0) out += 0x11A7 + syllable % 28;
    } else if (const auto parts = tables.decomposition.find(c); parts != tables.decomposition.end()) {
      out += parts->second;
    } else {
      out += c;
    }
  }
  const auto combining_class = [&](char32_t c) {
    const auto found = tables.combining_class.find(c);
    return found == tables.combining_class.end() ? 0u : found->second;
  };
  for (auto at = out.begin(); at != out.end();) {
    const auto end = std::find_if(at, out.end(), [&](char32_t c) { return combining_class(c) == 0; });
    std::stable_sort(at, end, [&](char32_t a, char32_t b) { return combining_class(a) < combining_class(b); });
    at = end == out.end() ? end : end + 1;
  }
  return out;
}

inline std::u32string normalize_text(const tokenizer_options& options, std::u32string text) {
  const character_tables& tables = character_tables::get();
  std::u32string out;
  const auto next_step = [&] { text = std::move(out), out.clear(); };
  if (options.clean_text) {
    for (const char32_t c : text) {
      if (!has(tables.removed, c)) out += has(tables.to_space, c) ? U' ' : c;
    }
    next_step();
  }
  if (options.handle_chinese_chars) {
    for (const char32_t c : text) out += has(tables.cjk, c) ? std::u32string{U' ', c, U' '} : std::u32string{c};
    next_step();
  }
  if (options.strip_accents) {
    for (const char32_t c : decompose_text(text)) {
      if (!has(tables.stripped, c)) out += c;
    }
    next_step();
  }
  if (options.lowercase) {
    for (const char32_t c : text) {
      const auto lower = tables.lower.find(c);
      out += lower == tables.lower.end() ? std::u32string{c} : lower->second;
    }
    next_step();
  }
  return text;
}

class reference_tokenizer {
 public:
  reference_tokenizer(const std::vector<std::string>& vocab, tokenizer_options options, std::uint32_t unk)
      : options_(std::move(options)), unk_(unk) {
    for (std::size_t i = 0; i != vocab.size(); ++i) vocab_[vocab[i]] = static_cast<std::uint32_t>(i);
    for (const added_token& token : options_.added) {
      const std::u32string content = decode_with_replacement(token.content);
      added_.push_back(token.normalized ? normalize_text(options_, content) : content);
    }
  }

  /// All ids, without [CLS] and [SEP].
  std::vector<std::uint32_t> ids(std::string_view text) const {
    std::vector<std::uint32_t> out;
    for (const part& raw : split(decode_with_replacement(text), false)) {
      if (raw.token != nullptr) {
        out.push_back(raw.token->id);
        continue;
      }
      for (const part& normalized : split(normalize_text(options_, raw.text), true)) {
        if (normalized.token != nullptr) out.push_back(normalized.token->id);
        else add_words(normalized.text, out);
      }
    }
    return out;
  }

 private:
  struct part {
    std::u32string text;
    const added_token* token;  // null: the text is ordinary
  };

  // As AddedVocabulary::find_matches does, white space that lstrip and rstrip take along included.
  std::vector<part> split(const std::u32string& text, bool normalized) const {
    const character_tables& tables = character_tables::get();
    std::vector<part> out;
    std::size_t piece = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t found = longest_at(text, at, normalized);
      if (found == added_.size()) {
        ++at;
        continue;
      }
      const added_token& token = options_.added[found];
      std::size_t start = at;
      std::size_t stop = at = at + added_[found].size();
      if (token.special && options_.special_tokens_are_text) continue;
      if (token.single_word && start != 0 && has(tables.word, text[start - 1])) continue;
      if (token.single_word && stop != text.size() && has(tables.word, text[stop])) continue;
      if (token.lstrip) {
        while (start != 0 && has(tables.white_space, text[start - 1])) --start;
        start = std::max(start, piece);
      }
      while (token.rstrip && stop != text.size() && has(tables.white_space, text[stop])) ++stop;
      if (piece < start) out.push_back({text.substr(piece, start - piece), nullptr});
      out.push_back({{}, &token});
      piece = stop;
    }
    out.push_back({text.substr(piece), nullptr});
    return out;
  }

  std::size_t longest_at(const std::u32string& text, std::size_t at, bool normalized) const {
    std::size_t longest = added_.size();
    for (std::size_t i = 0; i != added_.size(); ++i) {
      if (options_.added[i].normalized != normalized || added_[i].empty()) continue;
      if (text.compare(at, added_[i].size(), added_[i]) != 0) continue;
      if (longest == added_.size() || added_[i].size() > added_[longest].size()) longest = i;
    }
    return longest;
  }

  void add_words(const std::u32string& text, std::vector<std::uint32_t>& out) const {
    const character_tables& tables = character_tables::get();
    std::vector<std::u32string> words(1);
    for (const char32_t c : text) {
      if (has(tables.white_space, c)) words.emplace_back();
      else if (has(tables.punctuation, c)) words.emplace_back(1, c), words.emplace_back();
      else words.back() += c;
    }
    for (const std::u32string& word : words) {
      if (!word.empty()) add_pieces(word, out);
    }
  }

  void add_pieces(const std::u32string& word, std::vector<std::uint32_t>& out) const {
    std::vector<std::uint32_t> pieces;
    std::size_t start = 0;
    while (start != word.size() && word.size() <= options_.max_input_chars_per_word) {
      std::size_t end = word.size();
      auto found = vocab_.end();
      for (; end != start && found == vocab_.end(); --end) {
        found = vocab_.find((start == 0 ? "" : "##") + to_utf8(word.substr(start, end - start)));
      }
      if (found == vocab_.end()) break;
      pieces.push_back(found->second);
      start = end + 1;
    }
    if (start == word.size()) out.insert(out.end(), pieces.begin(), pieces.end());
    else out.push_back(unk_);
  }

  tokenizer_options options_;
  std::uint32_t unk_;
  std::unordered_map<std::string, std::uint32_t> vocab_;
  std::vector<std::u32string> added_;
};

}  // namespace support
