// SPDX-License-Identifier: MIT
#pragma once
// Linear layers in bf16 and in bytes: their panels, and in plain loops what a product of them means, to the bit.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "reference.hpp"

namespace support {

inline std::uint32_t bits_of(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

/// The nearest float with a lower half of zeros, ties to even; a subnormal one is zero.
inline float rounded_to_bf16(float x) {
  if (!std::isfinite(x)) return x;
  if (std::fabs(x) < 0x1p-126f) return std::copysign(0.0f, x);
  const std::uint32_t bits = bits_of(x), rounded = (bits + 0x7FFFu + (bits >> 16 & 1u)) & 0xFFFF0000u;
  float out;
  std::memcpy(&out, &rounded, sizeof out);
  return out;
}

/// The panels of a layer in bf16, weights rounded.
inline std::string bf16_panels(const dense& w) {
  const std::size_t pairs = (w.inputs + 1) / 2, panel = 64 + pairs * 64;
  std::string out(fewfit::padded(w.outputs) / 16 * panel, '\0');
  for (std::size_t o = 0; o < w.outputs; ++o) {
    char* const p = &out[o / 16 * panel];
    std::memcpy(p + o % 16 * 4, &w.bias[o], 4);
    for (std::size_t k = 0; k < w.inputs; ++k) {
      const auto upper = static_cast<std::uint16_t>(bits_of(rounded_to_bf16(w.weight[o * w.inputs + k])) >> 16);
      std::memcpy(p + 64 + k / 2 * 64 + o % 16 * 4 + k % 2 * 2, &upper, 2);
    }
  }
  return out;
}

/// A layer in bytes: each 128 inputs of an output with a scale of their own.
struct byte_layer {
  static constexpr std::size_t group = 128;
  std::size_t inputs, outputs, groups;
  std::vector<std::int8_t> weight;  // [outputs, inputs]
  std::vector<std::int32_t> sum;    // [outputs, groups]
  std::vector<float> scale, bias;   // [outputs, groups], [outputs]

  /// Rounds a layer; neighbours that are too much together for 16 bits give way.
  explicit byte_layer(const dense& w)
      : inputs(w.inputs),
        outputs(w.outputs),
        groups((w.inputs + group - 1) / group),
        weight(w.weight.size()),
        sum(outputs * groups),
        scale(outputs * groups),
        bias(w.bias) {
    for (std::size_t g = 0; g < outputs * groups; ++g) {
      const std::size_t o = g / groups, begin = o * inputs + g % groups * group;
      const std::size_t end = std::min(begin + group, (o + 1) * inputs);
      float largest = 0;
      for (std::size_t i = begin; i < end; ++i) largest = std::max(largest, std::fabs(w.weight[i]));
      scale[g] = largest / 127;
      for (std::size_t i = begin; i < end; ++i) {
        auto q = static_cast<std::int32_t>(std::nearbyint(w.weight[i] / scale[g]));
        if ((i - begin) % 2 == 1) q = std::min(128 - weight[i - 1], std::max(-128 - weight[i - 1], q));
        weight[i] = static_cast<std::int8_t>(std::min(127, std::max(-127, q)));
      }
    }
    add_up();
  }
  void add_up() {
    std::fill(sum.begin(), sum.end(), 0);
    for (std::size_t i = 0; i < weight.size(); ++i) sum[i / inputs * groups + i % inputs / group] += weight[i];
  }
  float shift(std::size_t o) const {
    double total = 0;
    for (std::size_t g = o * groups; g < (o + 1) * groups; ++g) total += static_cast<double>(scale[g]) * sum[g];
    return static_cast<float>(total);
  }
  std::string panels() const {
    const std::size_t head = 2 * groups + 2, panel = (head + (inputs + 3) / 4) * 64;
    std::string out(fewfit::padded(outputs) / 16 * panel, '\0');
    for (std::size_t o = 0; o < fewfit::padded(outputs); ++o) {
      char* const p = &out[o / 16 * panel];
      const auto put = [&](std::size_t line, const auto& number) {
        std::memcpy(p + line * 64 + o % 16 * 4, &number, 4);
      };
      for (std::size_t g = 0; g < groups; ++g) {
        put(g, o < outputs ? scale[o * groups + g] : 1.0f);
        if (o < outputs) put(groups + g, sum[o * groups + g]);
      }
      if (o >= outputs) continue;
      put(2 * groups, shift(o));
      put(2 * groups + 1, bias[o]);
      for (std::size_t k = 0; k < inputs; ++k)
        p[(head + k / 4) * 64 + o % 16 * 4 + k % 4] = static_cast<char>(weight[o * inputs + k]);
    }
    return out;
  }
};

namespace plain {

/// In each pair of inputs the odd one first. shape x [K]
inline float linear_bf16(const float* x, const dense& w, std::size_t o) {
  float sum = w.bias[o];
  for (std::size_t pair = 0; pair < w.inputs; pair += 2)
    for (const std::size_t k : {pair + 1, pair})
      if (k < w.inputs) sum = std::fma(rounded_to_bf16(x[k]), rounded_to_bf16(w.weight[o * w.inputs + k]), sum);
  return sum;
}

/// A row's bytes, with their scale and zero point.
struct byte_row {
  std::vector<std::int32_t> q;
  float scale = 0;
  std::int32_t zero = 0;

  explicit byte_row(const float* x, std::size_t n) : q(n) {
    float top = 0, bottom = 0;
    for (std::size_t i = 0; i < n; ++i) top = std::max(top, x[i]), bottom = std::min(bottom, x[i]);
    const float range = top - bottom, inverse = range > 0x1p-100f ? 255.0f / range : 0.0f;
    scale = range / 255.0f;
    zero = static_cast<std::int32_t>(std::nearbyint(-bottom * inverse));
    for (std::size_t i = 0; i < n; ++i)
      q[i] = std::min(255, std::max(0, static_cast<std::int32_t>(std::nearbyint(x[i] * inverse)) + zero));
  }
};

inline float linear_i8(const byte_row& x, const byte_layer& w, std::size_t o) {
  float y = static_cast<float>(128 - x.zero) * w.shift(o);
  for (std::size_t g = 0; g < w.groups; ++g) {
    std::int32_t sum = 0;
    for (std::size_t k = g * byte_layer::group; k < std::min(w.inputs, (g + 1) * byte_layer::group); ++k)
      sum += (x.q[k] - 128) * w.weight[o * w.inputs + k];
    y = std::fma(static_cast<float>(sum), w.scale[o * w.groups + g], y);
  }
  return std::fma(x.scale, y, w.bias[o]);
}

}  // namespace plain

}  // namespace support
