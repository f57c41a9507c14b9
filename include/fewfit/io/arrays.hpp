// SPDX-License-Identifier: MIT
#pragma once
// Rows and panels of weights in a section: taken with their size, their padding checked, their numbers finite.
//
// The layouts are told in docs/model_file.md, sections 4 to 6. What is taken is a view; nothing is converted.

#include <cstring>

#include "fewfit/io/blob.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

template <class Number>
struct float_bits;
template <>
struct float_bits<float> {
  using type = std::uint32_t;
  static constexpr type infinity = 0x7F800000u, magnitude = 0x7FFFFFFFu;
};
template <>
struct float_bits<double> {
  using type = std::uint64_t;
  static constexpr type infinity = 0x7FF0000000000000u, magnitude = 0x7FFFFFFFFFFFFFFFu;
};
/// f16, which C++17 has no name for.
template <>
struct float_bits<std::uint16_t> {
  using type = std::uint16_t;
  static constexpr type infinity = 0x7C00u, magnitude = 0x7FFFu;
};

/// Index of the first number that is infinite or not a number, or n. Looks at bits: -ffast-math cannot remove it.
template <class Number>
std::uint64_t first_non_finite(const Number* numbers, std::uint64_t n) noexcept {
  using traits = float_bits<Number>;
  constexpr std::uint64_t block = 4096;  // branch once a block, so that compilers vectorise the inside
  const auto magnitude = [numbers](std::uint64_t i) {
    typename traits::type bits;
    std::memcpy(&bits, numbers + i, sizeof bits);
    return static_cast<typename traits::type>(bits & traits::magnitude);
  };
  for (std::uint64_t begin = 0; begin < n; begin += block) {
    const std::uint64_t end = n - begin < block ? n : begin + block;
    typename traits::type worst = 0;
    for (std::uint64_t i = begin; i < end; ++i) worst = magnitude(i) > worst ? magnitude(i) : worst;
    if (worst < traits::infinity) continue;
    for (std::uint64_t i = begin;; ++i)
      if (magnitude(i) >= traits::infinity) return i;
  }
  return n;
}

/// Rows whose columns from `width` on are zero.
inline const unsigned char* take_rows(section_reader& in, const char* name, number_type type, std::uint64_t rows,
                                      std::uint32_t width) noexcept {
  const std::uint64_t stride = padded(width) * bytes_of(type), used = width * bytes_of(type);
  const auto* data = in.take_array<unsigned char>(rows * stride);
  if (data == nullptr || stride == used) return data;
  for (std::uint64_t r = 0; r < rows; ++r)
    if (!all_zero(data + r * stride + used, stride - used)) in.fail(errc::padding_not_zero, name, r);
  return data;
}

inline const float* take_rows(section_reader& in, const char* name, std::uint64_t rows,
                              std::uint32_t width) noexcept {
  return reinterpret_cast<const float*>(take_rows(in, name, number_type::f32, rows, width));
}

/// Whether a panel is zero from output `outputs` on, and from input `inputs` on.
inline bool panel_padding_is_zero(const unsigned char* panel, number_type type, std::uint64_t inputs,
                                  std::uint64_t outputs) noexcept {
  const std::uint64_t number = bytes_of(type), row = lanes * number, head = lanes * sizeof(float);
  if (!all_zero(panel + outputs * sizeof(float), (lanes - outputs) * sizeof(float))) return false;
  for (std::uint64_t k = 0; k < inputs; ++k)
    if (!all_zero(panel + head + k * row + outputs * number, (lanes - outputs) * number)) return false;
  const std::uint64_t used = head + inputs * row, whole = bytes_of_panel(type, static_cast<std::size_t>(inputs));
  return all_zero(panel + used, whole - used);
}

/// A linear layer's panels, `blocks` of `outputs` columns each padded for itself; the padding is zero.
inline const void* take_panels(section_reader& in, const char* name, number_type type, std::uint32_t inputs,
                               std::uint32_t outputs, std::uint32_t blocks = 1) noexcept {
  const std::uint64_t panel = bytes_of_panel(type, inputs), panels_a_block = padded(outputs) / lanes;
  const auto* data = in.take_array<unsigned char>(blocks * panels_a_block * panel);
  const bool fills = panel == lanes * (sizeof(float) + inputs * bytes_of(type));
  if (data == nullptr || (outputs % lanes == 0 && fills)) return data;
  for (std::uint64_t p = 0; p < blocks * panels_a_block; ++p) {
    const bool last = (p + 1) % panels_a_block == 0 && outputs % lanes != 0;
    if (!panel_padding_is_zero(data + p * panel, type, inputs, last ? outputs % lanes : lanes))
      in.fail(errc::padding_not_zero, name, p);
  }
  return data;
}

/// Index of the first panel with a number that is infinite or not a number, or `panels`.
inline std::uint64_t first_non_finite_panel(const void* data, number_type type, std::uint64_t panels,
                                            std::uint64_t inputs) noexcept {
  const std::uint64_t size = bytes_of_panel(type, static_cast<std::size_t>(inputs)), weights = lanes * inputs;
  for (std::uint64_t p = 0; p < panels; ++p) {
    const auto* panel = static_cast<const unsigned char*>(data) + p * size;
    const auto* numbers = reinterpret_cast<const float*>(panel);
    const bool fine =
        type == number_type::f32
            ? first_non_finite(numbers, lanes + weights) == lanes + weights
            : first_non_finite(numbers, lanes) == lanes &&
                  first_non_finite(reinterpret_cast<const std::uint16_t*>(numbers + lanes), weights) == weights;
    if (!fine) return p;
  }
  return panels;
}

}  // namespace detail

}  // namespace v0
}  // namespace fewfit
