// SPDX-License-Identifier: MIT
// Bytes of a real model's weights, changed one at a time: the file is refused each time. docs/hostile_files.md says
// how many were changed before a release.
//
//   weight_bytes MODEL [COUNT]      1000 as the suite has time for; 100000 take ten minutes

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "../support/tiny_model.hpp"
#include "fewfit/fewfit.hpp"

namespace {

/// Where the weights begin and end: sections of types 4 to 7.
struct range {
  std::size_t begin = 0, end = 0;
};

range weights_of(const std::string& file) {
  const auto sections = support::get<std::uint32_t>(file, 28);
  std::size_t at = 64 + support::up_to_64(sections * std::size_t{16});
  range found;
  for (std::size_t i = 0; i < sections; ++i) {
    const auto type = support::get<std::uint32_t>(file, 64 + 16 * i);
    const auto size = static_cast<std::size_t>(support::get<std::uint64_t>(file, 72 + 16 * i));
    if (type == 4) found.begin = at;
    at += support::up_to_64(size);
    if (type <= 7) found.end = at;
  }
  return found;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: weight_bytes MODEL [COUNT]\n"), 64;
  std::ifstream in(argv[1], std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(in), {}};
  const long count = argc > 2 ? std::atol(argv[2]) : 1000;
  const support::aligned_bytes bytes(file);
  const auto code = [&] { return fewfit::model::from_memory(bytes.data(), bytes.size()).error().code; };
  if (code() != fewfit::errc::none) return std::fprintf(stderr, "%s: %s\n", argv[1], message(code())), 1;
  const range weights = weights_of(file);
  std::mt19937 random(23);
  long refused = 0, by_checksum = 0;
  for (long i = 0; i < count; ++i) {
    const std::size_t at = weights.begin + random() % (weights.end - weights.begin);
    const auto pattern = static_cast<unsigned char>(1 + random() % 255);
    bytes.data()[at] ^= pattern;
    const fewfit::errc said = code();
    bytes.data()[at] ^= pattern;
    refused += said != fewfit::errc::none ? 1 : 0;
    by_checksum += said == fewfit::errc::section_checksum ? 1 : 0;
  }
  const bool right = code() == fewfit::errc::none;
  std::printf("%ld of %ld changes in %zu bytes of weights refused, %ld by the checksum; as it was, the file %s\n",
              refused, count, weights.end - weights.begin, by_checksum, right ? "loads" : "does not load");
  return refused == count && by_checksum == count && right ? 0 : 1;
}
