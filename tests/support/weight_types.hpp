// SPDX-License-Identifier: MIT
#pragma once
// Weights in every type of a model file, a number at a time and by the words of docs/model_file.md, sections 4 and 6.
// The converter has its own.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "fewfit/config.hpp"
#include "halves.hpp"

namespace support {

using fewfit::number_type;

struct tiny_linear {
  std::uint32_t inputs = 0, outputs = 0;
  std::vector<float> weight, bias;  // [outputs, inputs], [outputs]

  std::vector<float> of_output(std::size_t o) const {
    const auto from = weight.begin() + static_cast<long>(o * inputs);
    return {from, from + static_cast<long>(inputs)};
  }
};

/// The nearest bf16, even where two are equally near, zero where it would be subnormal. needs  |x| < 2^128 (1 - 2^-9)
inline std::uint16_t upper_half_of(float x) {
  const auto sign = static_cast<std::uint16_t>(std::signbit(x) ? 0x8000u : 0u);
  const double size = std::fabs(static_cast<double>(x));
  if (size == 0) return sign;
  const int exponent = std::max(std::ilogb(size), -126);
  const double units = std::nearbyint(std::ldexp(size, 7 - exponent));  // 128 to 256, or fewer below 2^-126
  return units < 128 ? std::uint16_t{0}
                     : static_cast<std::uint16_t>(sign + static_cast<unsigned>(units) +
                                                  static_cast<unsigned>(exponent + 126) * 128u);
}

/// What a bf16 stands for.
inline float value_of_upper_half(std::uint16_t number) {
  const int exponent = number >> 7 & 255, mantissa = number & 127;
  const double size = exponent == 0     ? std::ldexp(mantissa, -133)
                      : exponent == 255 ? (mantissa == 0 ? HUGE_VAL : std::nan(""))
                                        : std::ldexp(128 + mantissa, exponent - 134);
  return static_cast<float>((number & 0x8000u) != 0 ? -size : size);
}

/// Numbers in steps of a scale.
struct scaled_bytes {
  float scale = 1;
  std::vector<std::int8_t> steps;
  std::int32_t sum = 0;
};

/// The largest sum of two neighbours, the first of which has an even place, whatever its sign.
template <class Number>
double largest_pair(const std::vector<Number>& numbers) {
  double largest = 0;
  for (std::size_t i = 0; i + 1 < numbers.size(); i += 2)
    largest = std::max(largest, std::fabs(static_cast<double>(numbers[i]) + static_cast<double>(numbers[i + 1])));
  return largest;
}

/// In steps of the smallest scale that keeps every number within 127 steps and, if asked to, every pair within 128.
inline scaled_bytes scaled(const std::vector<float>& numbers, bool pairs) {
  double largest = 0;
  for (const float x : numbers) largest = std::max(largest, std::fabs(static_cast<double>(x)));
  largest /= 127;
  if (pairs) largest = std::max(largest, largest_pair(numbers) / 128);
  scaled_bytes out;
  if (static_cast<float>(largest) >= std::numeric_limits<float>::min()) out.scale = static_cast<float>(largest);
  const bool zero = static_cast<float>(largest) < std::numeric_limits<float>::min();
  do {
    out.steps.clear();
    for (const float x : numbers) {
      const double steps = std::nearbyint(static_cast<double>(zero ? 0 : x) / static_cast<double>(out.scale));
      out.steps.push_back(static_cast<std::int8_t>(steps));
    }
    if (!pairs || largest_pair(out.steps) <= 128) break;
    out.scale = std::nextafter(out.scale, HUGE_VALF);
  } while (true);
  for (const std::int8_t step : out.steps) out.sum += step;
  return out;
}

/// The weights of one output, each 128 inputs with a scale of their own.
inline std::vector<scaled_bytes> scaled_groups(const std::vector<float>& numbers) {
  std::vector<scaled_bytes> out;
  for (std::size_t first = 0; first < numbers.size(); first += 128) {
    const auto begin = numbers.begin() + static_cast<long>(first);
    const std::size_t count = std::min<std::size_t>(128, numbers.size() - first);
    out.push_back(scaled({begin, begin + static_cast<long>(count)}, true));
  }
  return out;
}

/// What the weights of one output come to.
inline float shift_of(const std::vector<scaled_bytes>& groups) {
  double total = 0;
  for (const scaled_bytes& g : groups) total += static_cast<double>(g.scale) * g.sum;
  return static_cast<float>(total);
}

/// What a file holds of numbers in one row or, in pairs, of one output, in f32.
inline std::vector<float> widened(std::vector<float> numbers, number_type type, bool pairs) {
  const std::size_t group = pairs ? 128 : numbers.size();
  std::vector<scaled_bytes> bytes;
  if (type == number_type::i8)
    bytes = pairs ? scaled_groups(numbers) : std::vector<scaled_bytes>{scaled(numbers, false)};
  for (std::size_t i = 0; i < numbers.size(); ++i) switch (type) {
      case number_type::f32: break;
      case number_type::f16: numbers[i] = rounded_to_half(numbers[i]); break;
      case number_type::bf16: numbers[i] = value_of_upper_half(upper_half_of(numbers[i])); break;
      case number_type::i8:
        numbers[i] = bytes[i / group].scale * static_cast<float>(bytes[i / group].steps[i % group]);
        break;
    }
  return numbers;
}

template <class T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// One number of a float type.
inline void append_as(std::string& out, number_type type, float x) {
  if (type == number_type::f32) append(out, x);
  if (type == number_type::f16) append(out, half_of(x));
  if (type == number_type::bf16) append(out, upper_half_of(x));
}

/// Rows of `width` numbers, zeros behind each up to a multiple of 16. Those of bytes have their scales elsewhere.
inline std::string rows_of(const std::vector<float>& numbers, std::size_t width, number_type type) {
  std::string out;
  const std::size_t stride = (width + 15) / 16 * 16 * fewfit::bytes_of(type);
  for (std::size_t first = 0, row = 1; first < numbers.size(); first += width, ++row) {
    const std::vector<float> one(numbers.begin() + static_cast<long>(first),
                                 numbers.begin() + static_cast<long>(first + width));
    if (type == number_type::i8)
      for (const std::int8_t step : scaled(one, false).steps) append(out, step);
    for (const float x : one) append_as(out, type, x);
    out.resize(row * stride);
  }
  return out;
}

inline std::vector<float> scales_of_rows(const std::vector<float>& numbers, std::size_t width) {
  std::vector<float> out;
  for (auto at = numbers.begin(); at != numbers.end(); at += static_cast<long>(width))
    out.push_back(scaled({at, at + static_cast<long>(width)}, false).scale);
  return out;
}

/// 16 outputs of a float type, from `first` on: biases, then weights, in pairs of inputs if it is bf16.
inline std::string float_panel_of(const tiny_linear& w, number_type type, std::size_t first) {
  const std::size_t beside = type == number_type::bf16 ? 2 : 1, multiple = type == number_type::f32 ? 1 : 2;
  std::string out;
  for (std::size_t o = first; o < first + 16; ++o) append(out, o < w.outputs ? w.bias[o] : 0.0f);
  for (std::size_t from = 0; from < (w.inputs + multiple - 1) / multiple * multiple; from += beside)
    for (std::size_t o = first; o < first + 16; ++o)
      for (std::size_t k = from; k < from + beside; ++k)
        append_as(out, type, k < w.inputs && o < w.outputs ? w.weight[o * w.inputs + k] : 0);
  return out;
}

/// 16 outputs of bytes: scales and sums of groups, shifts, biases, weights by four inputs.
inline std::string byte_panel_of(const tiny_linear& w, std::size_t first) {
  const std::size_t groups = (w.inputs + 127) / 128;
  std::vector<std::vector<scaled_bytes>> outputs(16, std::vector<scaled_bytes>(groups));
  for (std::size_t o = 0; o < 16 && first + o < w.outputs; ++o) outputs[o] = scaled_groups(w.of_output(first + o));
  std::string out;
  for (std::size_t g = 0; g < groups; ++g)
    for (const auto& output : outputs) append(out, output[g].scale);
  for (std::size_t g = 0; g < groups; ++g)
    for (const auto& output : outputs) append(out, output[g].sum);
  for (const auto& output : outputs) append(out, shift_of(output));
  for (std::size_t o = first; o < first + 16; ++o) append(out, o < w.outputs ? w.bias[o] : 0.0f);
  for (std::size_t from = 0; from < w.inputs; from += 4)
    for (const auto& output : outputs)
      for (std::size_t k = from; k < from + 4; ++k) {
        const std::vector<std::int8_t>& steps = output[from / 128].steps;
        append(out, k % 128 < steps.size() ? steps[k % 128] : std::int8_t{0});
      }
  return out;
}

inline std::string panels_of(const tiny_linear& w, number_type type) {
  std::string out;
  for (std::size_t first = 0; first < w.outputs; first += 16)
    out += type == number_type::i8 ? byte_panel_of(w, first) : float_panel_of(w, type, first);
  return out;
}

}  // namespace support
