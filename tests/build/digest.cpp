// SPDX-License-Identifier: MIT
// Prints one checksum over the bits of all sentence vectors: digest MODEL TEXTS
//
// TEXTS holds, for each text, its length (u32, little-endian) and its bytes; digest_matrix.py makes it from the
// golden texts and compares what every compiler, optimisation level and -ffp-contract makes of this program.

#include <cstdio>
#include <fewfit/fewfit.hpp>
#include <fstream>
#include <iterator>

int main(int argc, char** argv) {
  if (argc != 3) return 64;
  auto model = fewfit::model::load(argv[1]);
  std::ifstream in(argv[2], std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!model || bytes.empty()) return 1;
  std::vector<std::string_view> texts;
  for (std::size_t at = 0; at < bytes.size();) {
    std::uint32_t size;
    std::memcpy(&size, &bytes[at], sizeof size);
    texts.emplace_back(bytes.data() + at + sizeof size, size);
    at += sizeof size + size;
  }
  const auto vectors = model->encode(fewfit::span<const std::string_view>(texts));
  if (!vectors) return 1;
  std::printf("%08x\n", static_cast<unsigned>(fewfit::crc32c(vectors->data(), vectors->size() * sizeof(float))));
}
