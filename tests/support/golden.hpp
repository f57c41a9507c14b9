// SPDX-License-Identifier: MIT
#pragma once
// The golden files of tests/parity/golden: what setfit, transformers, torch and scikit-learn say of 698 texts.
//
// Made by tools/make_golden.py; golden.json says with which versions. `vectors` are torch's in float; `residuals` are
// what an evaluation of the same model in double adds to them.

#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace support {

struct golden_text {
  std::string text;
  std::vector<std::uint32_t> ids;
  std::uint32_t tokens = 0;
  bool truncated = false;
  std::string label;
  std::vector<double> probabilities;
};

struct golden {
  std::vector<golden_text> texts;
  std::vector<float> vectors;    // [B, D]
  std::vector<float> residuals;  // [B, D]
};

inline std::string read_whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline std::vector<float> read_floats(const std::string& path) {
  const std::string bytes = read_whole(path);
  std::vector<float> out(bytes.size() / sizeof(float));
  std::memcpy(out.data(), bytes.data(), out.size() * sizeof(float));
  return out;
}

/// Every how-manieth text is asked: all, except under sanitizers, where the network takes ten times as long.
#if !defined(FEWFIT_GOLDEN_STRIDE)
#define FEWFIT_GOLDEN_STRIDE 1
#endif
inline constexpr std::size_t golden_stride = FEWFIT_GOLDEN_STRIDE;

inline void thin_out(golden& g) {
  const std::size_t width = g.vectors.size() / g.texts.size();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < g.texts.size(); i += golden_stride, ++kept) {
    if (kept == i) continue;
    g.texts[kept] = std::move(g.texts[i]);
    std::memmove(&g.vectors[kept * width], &g.vectors[i * width], width * sizeof(float));
    std::memmove(&g.residuals[kept * width], &g.residuals[i * width], width * sizeof(float));
  }
  g.texts.resize(kept);
  g.vectors.resize(kept * width);
  g.residuals.resize(kept * width);
}

inline const golden& golden_files() {
  static const golden all = [] {
    const std::string folder = FEWFIT_SOURCE_DIR "/tests/parity/golden/";
    golden g;
    const nlohmann::json file = nlohmann::json::parse(read_whole(folder + "golden.json"));
    for (const auto& t : file["texts"])
      g.texts.push_back({t["text"], t["ids"], t["tokens"], t["truncated"], t["label"], t["probabilities"]});
    g.vectors = read_floats(folder + "vectors.f32");
    g.residuals = read_floats(folder + "residuals.f32");
    thin_out(g);
    return g;
  }();
  return all;
}

inline std::vector<std::string_view> golden_views() {
  std::vector<std::string_view> views;
  for (const golden_text& t : golden_files().texts) views.push_back(t.text);
  return views;
}

}  // namespace support
