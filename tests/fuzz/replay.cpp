// SPDX-License-Identifier: MIT
// Gives a fuzzer's target the files of a folder and changes of them that are the same everywhere: what a fuzzer once
// found stays found, with any compiler.
//
//   replay FOLDER [CHANGES]

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// The target's own, if it has one; linked weakly, so a target without one is changed byte by byte.
extern "C" __attribute__((weak)) std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                                                     std::size_t most, unsigned seed);

// The target's own, if it has any: inputs that are right, and how many it has found to be so.
extern "C" __attribute__((weak)) std::size_t fuzz_right_inputs(const std::string*& first);
extern "C" __attribute__((weak)) std::size_t fuzz_accepted();

static std::minstd_rand numbers(7);

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most) {
  if (size < most && numbers() % 8 == 0) return data[size] = static_cast<std::uint8_t>(numbers()), size + 1;
  for (std::size_t n = 1 + numbers() % 3; n > 0 && size != 0; --n)
    data[numbers() % size] = static_cast<std::uint8_t>(numbers());
  return size;
}

static std::vector<std::string> files_of(const char* folder) {
  std::vector<std::string> paths, out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    std::ifstream file(path, std::ios::binary);
    out.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return out;
}

static void run(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: replay FOLDER [CHANGES]\n"), 64;
  LLVMFuzzerInitialize(&argc, &argv);
  std::vector<std::string> inputs = files_of(argv[1]);
  const std::string* right = nullptr;
  if (fuzz_right_inputs != nullptr)
    for (std::size_t n = fuzz_right_inputs(right), i = 0; i < n; ++i) inputs.push_back(right[i]);
  for (const std::string& one : inputs) run(one);
  const unsigned long changes = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 0;
  constexpr std::size_t most = 1 << 16;
  for (unsigned seed = 1; seed <= changes && !inputs.empty(); ++seed) {
    std::string bytes = inputs[numbers() % inputs.size()];
    std::size_t size = std::min(bytes.size(), most);
    bytes.resize(most);
    auto* const data = reinterpret_cast<std::uint8_t*>(&bytes[0]);
    size = LLVMFuzzerCustomMutator != nullptr ? LLVMFuzzerCustomMutator(data, size, most, seed * 2654435761u)
                                              : LLVMFuzzerMutate(data, size, most);
    run(bytes.substr(0, size));
  }
  const std::size_t accepted = fuzz_accepted != nullptr ? fuzz_accepted() : inputs.size() + changes;
  std::printf("%zu inputs, %lu changes, %zu of both accepted: nothing found\n", inputs.size(), changes, accepted);
  // A target that refuses nearly everything tests nothing behind its first checks.
  return inputs.empty() || accepted < (inputs.size() + changes) / 50 ? 1 : 0;
}
