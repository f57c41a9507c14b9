// SPDX-License-Identifier: MIT
// Ids and byte ranges of many texts, for tokenizer_differential.py: only text/ and a vocab.txt, no model file and no
// command line.
//
//   tokenize_lines VOCAB < requests > answers        all numbers u32, little-endian
//   request   u32 flags (1 clean_text, 2 handle_chinese_chars, 4 strip_accents, 8 lowercase, 16 special tokens are
//             text), max chars, added tokens; for each added token: id, flags as in the model file, size, bytes;
//             then texts: size, bytes, to the end
//   answer    for each text: number of ids, ids, without [CLS] and [SEP]; then begin and end of each. Ids are found
//             twice, with ranges and without; where they differ the number is 2^32 - 1

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "../support/owned_tokenizer.hpp"

namespace {

bool read_number(std::uint32_t& number) { return std::fread(&number, sizeof number, 1, stdin) == 1; }

bool read_text(std::string& text) {
  std::uint32_t size = 0;
  if (!read_number(size)) return false;
  text.resize(size);
  return std::fread(&text[0], 1, size, stdin) == size;
}

bool read_options(support::tokenizer_options& options) {
  std::uint32_t flags = 0, added = 0;
  if (!read_number(flags) || !read_number(options.max_input_chars_per_word) || !read_number(added)) return false;
  options.clean_text = (flags & 1) != 0;
  options.handle_chinese_chars = (flags & 2) != 0;
  options.strip_accents = (flags & 4) != 0;
  options.lowercase = (flags & 8) != 0;
  options.special_tokens_are_text = (flags & 16) != 0;
  for (std::uint32_t i = 0; i < added; ++i) {
    support::added_token token;
    std::uint32_t bits = 0;
    if (!read_number(token.id) || !read_number(bits) || !read_text(token.content)) return false;
    token.single_word = (bits & 1) != 0;
    token.lstrip = (bits & 2) != 0;
    token.rstrip = (bits & 4) != 0;
    token.normalized = (bits & 8) != 0;
    token.special = (bits & 16) != 0;
    options.added.push_back(token);
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  support::tokenizer_options options;
  if (argc != 2 || !read_options(options)) return 64;
  std::ifstream file(argv[1], std::ios::binary);
  const std::string lines{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (lines.empty()) return 1;
  const support::owned_vocabulary vocabulary(support::split_lines(lines));
  support::owned_tokenizer tokenizer(options, vocabulary, false);
  std::string text;
  while (read_text(text)) {
    std::vector<fewfit::byte_range> ranges;
    const std::vector<std::uint32_t> ids = tokenizer.all_ids(text), plain = tokenizer.all_ids(text, false, &ranges);
    const std::uint32_t count = ids == plain ? static_cast<std::uint32_t>(ids.size()) : 0xFFFFFFFFu;
    std::fwrite(&count, sizeof count, 1, stdout);
    std::fwrite(ids.data(), sizeof(std::uint32_t), ids == plain ? ids.size() : 0, stdout);
    std::fwrite(ranges.data(), sizeof(fewfit::byte_range), ids == plain ? ranges.size() : 0, stdout);
  }
  return 0;
}
