// SPDX-License-Identifier: MIT
// fewfit's side of bench/peers/tokenize.py. Without truncation, [CLS] and [SEP] included, one thread.
//
//   program        asked "time FILE" it tokenises each line, again and again for half a second, and answers
//                  with the seconds of one pass; asked "ids FILE OUT" it
//                  writes, for each line, the number of ids and the ids, u32

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "../../../tests/support/owned_tokenizer.hpp"

namespace {

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

double seconds(support::owned_tokenizer& t, const std::vector<std::string>& lines, std::vector<std::uint32_t>& out) {
  const auto start = std::chrono::steady_clock::now();
  std::chrono::duration<double> time{};
  std::size_t ids = 0, passes = 0;
  for (; time.count() < 0.5; ++passes) {  // as python_peer.py
    for (const std::string& line : lines)
      ids += fewfit::tokenize(t.view(), line, out.size(), t.scratch(), out.data()).count;
    time = std::chrono::steady_clock::now() - start;
  }
  return ids != 0 ? time.count() / static_cast<double>(passes) : 0;
}

void write_ids(support::owned_tokenizer& t, const std::vector<std::string>& lines, const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  for (const std::string& line : lines) {
    const std::vector<std::uint32_t> ids = t.all_ids(line, true);
    const auto count = static_cast<std::uint32_t>(ids.size());
    file.write(reinterpret_cast<const char*>(&count), sizeof count);
    file.write(reinterpret_cast<const char*>(ids.data()), static_cast<std::streamsize>(ids.size() * sizeof count));
  }
}

}  // namespace

int main() {
  support::tokenizer_options options;
  options.added = support::bert_specials();
  support::owned_tokenizer tokenizer(options);
  std::vector<std::uint32_t> out(1u << 20);
  for (std::string verb, file, to; std::cin >> verb >> file;) {
    const std::vector<std::string> lines = lines_of(file);
    if (verb == "ids" && std::cin >> to)
      write_ids(tokenizer, lines, to), std::cout << 0 << std::endl;
    else
      std::cout << seconds(tokenizer, lines, out) << std::endl;
  }
  return 0;
}
