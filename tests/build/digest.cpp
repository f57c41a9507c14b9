// SPDX-License-Identifier: MIT
// Prints a checksum over the bits of all sentence vectors for each set of kernels: digest MODEL TEXTS [KERNELS...]
//
// TEXTS holds, for each text, its length (u32, little-endian) and its bytes; digest_matrix.py makes it from the
// golden texts and compares what every compiler, optimisation level and -ffp-contract makes of this program.

#include <algorithm>
#include <cstdio>
#include <fewfit/fewfit.hpp>
#include <fstream>
#include <iterator>

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  std::ifstream in(argv[2], std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (bytes.empty()) return 1;
  std::vector<std::string_view> texts;
  for (std::size_t at = 0; at < bytes.size();) {
    std::uint32_t size;
    std::memcpy(&size, &bytes[at], sizeof size);
    texts.emplace_back(bytes.data() + at + sizeof size, size);
    at += sizeof size + size;
  }
  const auto wanted = [&](fewfit::kernels set) {
    return argc == 3 || std::find(argv + 3, argv + argc, std::string_view(fewfit::name(set))) != argv + argc;
  };
  for (auto set = fewfit::kernels::portable; set <= fewfit::kernels::neon_dot;
       set = static_cast<fewfit::kernels>(static_cast<int>(set) + 1)) {
    fewfit::load_options options;
    options.kernels = set;
    if (!wanted(set)) continue;
    const auto model = fewfit::model::load(argv[1], options);
    if (!model && model.error().code == fewfit::errc::unsupported_kernels) continue;
    if (!model) return 1;
    const auto vectors = model->encode(fewfit::span<const std::string_view>(texts));
    if (!vectors) return 1;
    const auto bits = fewfit::crc32c(vectors->data(), vectors->size() * sizeof(float));
    std::printf("%s %08x\n", fewfit::name(model->kernels()), static_cast<unsigned>(bits));
  }
}
