// SPDX-License-Identifier: MIT
#pragma once
// Seeded texts made of whatever has ever made two tokenizers differ, strung together.

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "owned_tokenizer.hpp"

namespace support {

/// The specials, and tokens that overlap, nest, begin in white space, strip it, and are normalised.
inline tokenizer_options awkward_options() {
  tokenizer_options options;
  options.added = bert_specials();
  std::uint32_t id = 40000;
  const auto add = [&](const std::string& content, const char* flags) {
    const std::string f = flags;
    const auto is = [&f](char letter) { return f.find(letter) != std::string::npos; };
    options.added.push_back({content, id++, is('w'), is('l'), is('r'), is('n'), false});
  };
  add("[MAS", "");
  add("[x]", "lr");
  add("<l>", "l");
  add("<r>", "r");
  add(" y", "");
  add("  ", "r");
  add("\xEF\xBF\xBD!", "");  // U+FFFD, which ill-formed bytes become
  add("\xEF\xBF\xBD", "w");
  add(" w", "l");
  add("  v", "l");
  add("qu", "w");
  add("q", "w");
  add("new york", "nw");
  add("zz", "n");
  add("zzzy", "n");
  add(" b", "nw");
  add("x\xCC\xB8\xF0\x9D\x85\xA5", "n");                         // ends in a mark that is kept
  add("\xF0\x9D\x85\xAE\xF0\x9D\x85\xA5", "n");                  // U+1D16E U+1D165: 220 before 216 in raw text
  add(std::string(1022, '_') + "x!", "n");
  std::string pairs;
  while (pairs.size() < 1023) pairs += "x_";
  add(pairs.substr(0, 1023) + "!", "n");
  return options;
}

class adversarial_texts {
 public:
  explicit adversarial_texts(unsigned seed) : random_(seed) {}

  std::string next() {
    std::string text;
    const std::size_t parts = below(below(8) == 0 ? 60 : 12) + 1;
    for (std::size_t i = 0; i < parts; ++i) add_part(text);
    return text;
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }

  void add_part(std::string& text) {
    static const std::vector<std::string> fixed = {
        "the", "Hello", "unaffable", " ", "  ", "\t", "\x0B", "\xC2\x85", ".", "##ing", "##", "[MASK]", "[mask]",
        "[MA", "SK]", "[SEP]", "[CLS][SEP]", "[UNK]", "[x]", " [x] ", "<l>", "\xC2\xA0<l>", "<r> ", " y", "    ",
        "qu", "q",
        "new york", "New Yo\xCC\x81rk", "newyork", "zz", "zzz", "zzzy", "ZZZY", "zzzz", " b", "\xEF\xBF\xBD!",
        "\xFF!", "\xE2\x82", "\xF0\x9F\x98", "\xED\xA0\x80", "\xC0\xAF", "\xF4\x90\x80\x80", "\x80", "_", "x_x_x_",
        "\xC4\xB0", "\xCE\xA3", "\xC3\xA9", "e\xCC\x81", "\xD0\x99\xD0\x9E", "\xEA\xB0\x81", "\xE4\xB8\xAD",
        "\xEF\xA4\x80", "\xF0\xAB\xA0\xA0", "\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9", "\xE2\x80\x80",
        "\xE3\x80\x80"};
    switch (below(8)) {
      case 0: return add_scalars(text, 0, 0x110000, 3);
      case 1: return add_scalars(text, 0x20, 0x600, 6);
      case 2: return add_marks(text);
      case 3: return add_long_word(text);
      case 4: {
        static const char32_t starts[] = {0x300,  0x600,  0x900,  0x1100,  0x2000,
                                          0x3000, 0xA900, 0xF900, 0x11900, 0x1D150};
        return add_scalars(text, starts[below(10)], 0x100, 4);
      }
      default: text += fixed[below(fixed.size())];
    }
  }

  void add_scalars(std::string& text, char32_t first, char32_t count, std::size_t most) {
    for (std::size_t n = below(most) + 1; n > 0; --n) {
      const char32_t c = first + static_cast<char32_t>(below(count));
      if (c < 0xD800 || (c >= 0xE000 && c < 0x110000)) append_utf8(text, c);
    }
  }

  // Marks that are kept and reorder, marks that are stripped and do not, and what is deleted between them.
  void add_marks(std::string& text) {
    static const char32_t marks[] = {0x1D165, 0x1D16D, 0x1D16E, 0x1B44,  0x302E, 0x302F, 0x1DFB, 0x8D4,   0x1E944,
                                     0x1E94A, 0x11442, 0x11446, 0x301,   0x327,  0x34F,  0xFE0F, 0x901,   0x200B,
                                     0xAD,    0x1D15E, 0x1D1C0, 0x0F73,  0x344,  0x9FE,  U'a',   0x116B6, 0xA9C0};
    for (std::size_t n = below(below(10) == 0 ? 150 : 8) + 1; n > 0; --n) append_utf8(text, marks[below(27)]);
  }

  void add_long_word(std::string& text) {
    static const char32_t letters[] = {U'a', U'_', 0x431, 0xE9, 0xD55C, 0xAC00, 0x1F600, U'Z'};
    const char32_t letter = letters[below(8)];
    for (std::size_t n = below(3) == 0 ? 97 + below(6) : below(12); n > 0; --n) append_utf8(text, letter);
    if (below(200) == 0) text += std::string(1020 + below(6), letter == U'_' ? '_' : 'z') + "x!";
  }

  std::mt19937 random_;
};

}  // namespace support
