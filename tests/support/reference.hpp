// SPDX-License-Identifier: MIT
#pragma once
// The network in plain loops: what each kernel means, twice.
//
// `plain` follows docs/parity.md to the bit: the same chains of std::fma, the same order of sums, one number at a
// time. `exact` is the textbook formula in double. Kernels must equal the first in every bit and the second within a
// bound.

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include <string>

#include "fewfit/nn/encoder.hpp"
#include "halves.hpp"

namespace support {

inline bool is_exact(const fewfit::kernel_table& k) {
  return k.softmax_numerators == fewfit::exact_kernels().softmax_numerators;
}
/// Whether a model with linear layers of this type is computed with these kernels: the exact ones are for bytes.
inline bool are_for(const fewfit::kernel_table& k, fewfit::number_type type) {
  return !is_exact(k) || type == fewfit::number_type::f32 || type == fewfit::number_type::i8;
}

/// Whether the kernels' multiply-add rounds once. Without the hardware for it (plain SSE2) bits are not promised.
inline bool kernels_are_fused(const fewfit::kernel_table& k) {
  if (k.name != fewfit::kernels::portable || is_exact(k)) return true;
  const float a = 1 + 0x1p-12f, c = -1;
  float out[fewfit::lanes];
  namespace set = fewfit::portable;
  set::store(out, set::multiply_add(set::all(a), set::all(a), set::all(c)));
  return out[0] == std::fma(a, a, c);
}

/// Every set of kernels that this build has and this processor can run; last the exact one of models in bytes.
inline std::vector<fewfit::kernel_table> all_kernels() {
  std::vector<fewfit::kernel_table> found;
  for (auto name = fewfit::kernels::portable; std::string(fewfit::name(name)) != "unknown";
       name = static_cast<fewfit::kernels>(static_cast<int>(name) + 1)) {
    fewfit::kernel_table k{};
    if (fewfit::select_kernels(name, k)) found.push_back(k);
  }
  found.push_back(fewfit::exact_kernels());
  return found;
}

/// What a program gets that does not ask for others.
inline fewfit::kernel_table chosen_kernels() {
  fewfit::kernel_table k{};
  fewfit::select_kernels(fewfit::kernels::automatic, k);
  return k;
}

inline std::vector<float> random_floats(std::size_t n, std::uint32_t seed, float scale = 1) {
  std::mt19937 generator(seed);
  std::vector<float> out(n);
  for (float& x : out)
    x = (static_cast<float>(generator() >> 8) * 0x1p-23f - 1) * scale;  // the same on every platform
  return out;
}

/// A dense layer, and the same weights in panels as the file has them; `pad` outputs and behind are zero.
struct dense {
  std::size_t inputs, outputs;
  std::vector<float> weight, bias;  // [outputs, inputs], [outputs]: as torch stores them
  std::vector<float> panels;

  dense(std::size_t in, std::size_t out, std::uint32_t seed, float scale = 0.1f)
      : inputs(in), outputs(out), weight(random_floats(in * out, seed, scale)), bias(random_floats(out, seed + 1)) {
    pack();
  }
  void pack() {
    const std::size_t columns = fewfit::padded(outputs);
    panels.assign(columns * (inputs + 1), 0.0f);
    for (std::size_t o = 0; o < outputs; ++o) {
      float* panel = panels.data() + o / 16 * 16 * (inputs + 1) + o % 16;
      panel[0] = bias[o];
      for (std::size_t k = 0; k < inputs; ++k) panel[(k + 1) * 16] = weight[o * inputs + k];
    }
  }
  fewfit::linear_weights view() const { return {panels.data(), inputs, fewfit::padded(outputs)}; }
};

/// The panels of a layer whose weights halves can hold.
inline std::string half_panels(const dense& w) {
  std::string out;
  for (std::size_t first = 0; first < w.outputs; first += 16) {
    for (std::size_t o = first; o < first + 16; ++o) {
      const float bias = o < w.outputs ? w.bias[o] : 0.0f;
      out.append(reinterpret_cast<const char*>(&bias), sizeof bias);
    }
    for (std::size_t k = 0; k < (w.inputs + 1) / 2 * 2; ++k)
      for (std::size_t o = first; o < first + 16; ++o) {
        const bool there = k < w.inputs && o < w.outputs;
        const std::uint16_t half = there ? half_of(w.weight[o * w.inputs + k]) : std::uint16_t{0};
        out.append(reinterpret_cast<const char*>(&half), sizeof half);
      }
  }
  return out;
}

namespace plain {

inline float linear(const float* x, const dense& w, std::size_t o) {
  float sum = w.bias[o];
  for (std::size_t k = 0; k < w.inputs; ++k) sum = std::fma(x[k], w.weight[o * w.inputs + k], sum);
  return sum;
}

inline float fold(float (&s)[16]) {
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) s[i] += s[i + half];
  return s[0];
}

inline float exp(float x) {
  const float clamped = x < -86.0f ? -86.0f : x;
  const float t = std::fma(clamped, 0x1.715476p0f, 0x1.8p23f);
  const float n = t - 0x1.8p23f;
  const float r = std::fma(n, -0x1.0bfbe8p-15f, std::fma(n, -0x1.62ep-1f, clamped));
  float p = std::fma(r, 0x1.6a4f28p-10f, 0x1.12398p-7f);
  for (const float c : {0x1.5558aep-5f, 0x1.555492p-3f, 0x1.fffffcp-2f, 1.0f, 1.0f}) p = std::fma(p, r, c);
  return std::ldexp(p, static_cast<int>(n));
}

inline float gelu(float x) {
  const float y = x > 5.6f ? 5.6f : x < -5.6f ? -5.6f : x, z = y * y;
  float p = 0x1.7ef3b4p-26f, q = 0x1.3ca8ep-20f;
  for (const float c : {0x1.a64b08p-18f, 0x1.62bfd2p-13f, 0x1.329fe6p-8f, 0x1.161deap-5f, 0x1.988452p-2f})
    p = std::fma(p, z, c);
  for (const float c : {0x1.33f6f8p-14f, 0x1.ee9a72p-10f, 0x1.d60d6cp-6f, 0x1.01cee4p-2f, 1.0f})
    q = std::fma(q, z, c);
  const float half = (y * p) / q;
  return std::fma(x, half, x * 0.5f);
}

inline float sigmoid(float x) { return exp(x < 0 ? x : 0.0f) / (1.0f + exp(x < 0 ? x : -x)); }

inline float between(float x, float bound) { return x > bound ? bound : x < -bound ? -bound : x; }

inline float gelu_tanh(float x) {
  const float y = between(x, 20.0f);
  return (x < -100.0f ? -100.0f : x) * sigmoid(y * std::fma(y * y, 0x1.2444f2p-4f, 0x1.988454p+0f));
}

inline float silu(float x) { return (x < -100.0f ? -100.0f : x) * sigmoid(between(x, 86.0f)); }

inline float relu(float x) { return x > 0 ? x : 0.0f; }

inline float softmax_numerators(float* x, std::size_t n) {
  float largest = x[0], sums[16] = {};
  for (std::size_t i = 0; i < n; ++i) largest = x[i] > largest ? x[i] : largest;
  for (std::size_t i = 0; i < n; ++i) sums[i % 16] += x[i] = exp(x[i] - largest);
  return fold(sums);
}

inline void layer_norm(float* x, std::size_t width, const float* weight, const float* bias, float eps) {
  float sums[16] = {}, squares[16] = {};
  for (std::size_t i = 0; i < width; ++i) sums[i % 16] += x[i];
  const float mean = fold(sums) / static_cast<float>(width);
  for (std::size_t i = 0; i < width; ++i) squares[i % 16] = std::fma(x[i] - mean, x[i] - mean, squares[i % 16]);
  const double variance = static_cast<double>(fold(squares)) / static_cast<double>(width);
  const auto factor = static_cast<float>(1.0 / std::sqrt(variance + static_cast<double>(eps)));
  for (std::size_t i = 0; i < width; ++i) x[i] = std::fma((x[i] - mean) * factor, weight[i], bias[i]);
}

}  // namespace plain

/// One layer's weights in both forms.
struct layer {
  std::size_t width, heads;
  dense query, key, value, attention_output, intermediate, output;
  std::vector<float> norm1, norm2;  // weight then bias, each [D]
  std::vector<float> qkv, padded1, padded2;

  layer(std::size_t d, std::size_t h, std::size_t f, std::uint32_t seed)
      : width(d),
        heads(h),
        query(d, d, seed),
        key(d, d, seed + 10),
        value(d, d, seed + 20),
        attention_output(d, d, seed + 30),
        intermediate(d, f, seed + 40),
        output(f, d, seed + 50),
        norm1(random_floats(2 * d, seed + 60)),
        norm2(random_floats(2 * d, seed + 70)) {
    for (const dense* block : {&query, &key, &value})
      qkv.insert(qkv.end(), block->panels.begin(), block->panels.end());
    padded1 = pad(norm1);
    padded2 = pad(norm2);
  }
  std::vector<float> pad(const std::vector<float>& norm) const {
    const std::size_t stride = fewfit::padded(width);
    std::vector<float> out(2 * stride);
    std::memcpy(out.data(), norm.data(), width * sizeof(float));
    std::memcpy(out.data() + stride, norm.data() + width, width * sizeof(float));
    return out;
  }
  fewfit::layer_weights view(float eps) const {
    const std::size_t stride = fewfit::padded(width);
    return {{qkv.data(), width, 3 * stride},
            attention_output.view(),
            {padded1.data(), padded1.data() + stride, width, eps},
            intermediate.view(),
            output.view(),
            {padded2.data(), padded2.data() + stride, width, eps}};
  }
};

namespace plain {

using rows = std::vector<std::vector<float>>;

inline rows linear(const rows& x, const dense& w) {
  rows out(x.size(), std::vector<float>(w.outputs));
  for (std::size_t t = 0; t < x.size(); ++t)
    for (std::size_t o = 0; o < w.outputs; ++o) out[t][o] = linear(x[t].data(), w, o);
  return out;
}

inline rows self_attention(rows query, const rows& key, const rows& value, std::size_t heads) {
  const std::size_t tokens = query.size(), width = query[0].size(), d = width / heads;
  const float root = 1.0f / std::sqrt(static_cast<float>(d));
  for (auto& row : query)
    for (float& q : row) q *= root;
  rows out(tokens, std::vector<float>(width));
  for (std::size_t head = 0; head < heads; ++head)
    for (std::size_t t = 0; t < tokens; ++t) {
      std::vector<float> p(tokens);
      for (std::size_t j = 0; j < tokens; ++j)
        for (std::size_t i = head * d; i < (head + 1) * d; ++i) p[j] = std::fma(query[t][i], key[j][i], p[j]);
      const float sum = softmax_numerators(p.data(), tokens);
      for (std::size_t i = head * d; i < (head + 1) * d; ++i) {
        float o = 0;
        for (std::size_t j = 0; j < tokens; ++j) o = std::fma(p[j], value[j][i], o);
        out[t][i] = o / sum;
      }
    }
  return out;
}

/// One text through one layer.
inline void run_layer(const layer& w, float eps, rows& x) {
  const auto finish = [&](const rows& y, const std::vector<float>& norm) {
    for (std::size_t t = 0; t < x.size(); ++t) {
      for (std::size_t i = 0; i < w.width; ++i) x[t][i] = y[t][i] + x[t][i];
      layer_norm(x[t].data(), w.width, norm.data(), norm.data() + w.width, eps);
    }
  };
  finish(
      linear(self_attention(linear(x, w.query), linear(x, w.key), linear(x, w.value), w.heads), w.attention_output),
      w.norm1);
  rows wide = linear(x, w.intermediate);
  for (auto& row : wide)
    for (float& v : row) v = gelu(v);
  finish(linear(wide, w.output), w.norm2);
}

}  // namespace plain

}  // namespace support
