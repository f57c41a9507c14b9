// SPDX-License-Identifier: MIT
#pragma once
// Rows and panels of weights in a section: taken with their size, their padding and the rules of their type checked.
//
// The layouts are told in docs/model_file.md, sections 4 to 6. What is taken is a view; nothing is converted. Whether
// numbers are finite is asked where every number is to be looked at.

#include "fewfit/io/numbers.hpp"
#include "fewfit/io/section_reader.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

/// Notes the first of n numbers that is infinite or not a number, by its index in a section of such numbers.
template <class Number>
void look_for_non_finite(section_reader& in, const unsigned char* data, std::uint64_t n) noexcept {
  const auto* const numbers = reinterpret_cast<const Number*>(data);
  const std::uint64_t bad = in.full() ? first_non_finite(numbers, n) : n;
  if (bad != n) in.fail(errc::non_finite_weight, in.name(), in.offset_of(numbers + bad) / sizeof(Number));
}

FEWFIT_NEVER_INLINE inline void look_for_non_finite(section_reader& in, number_type type, const unsigned char* data,
                                                    std::uint64_t n) noexcept {
  switch (type) {
    case number_type::f32: return look_for_non_finite<float>(in, data, n);
    case number_type::f16: return look_for_non_finite<half>(in, data, n);
    case number_type::bf16: return look_for_non_finite<upper_half>(in, data, n);
    case number_type::i8: return;  // every byte is finite
  }
}

/// Rows whose columns from `width` on are zero. Bytes are not -128, other numbers finite.
inline const unsigned char* take_rows(section_reader& in, const char* name, number_type type, std::uint64_t rows,
                                      std::uint32_t width) noexcept {
  const std::uint64_t stride = padded(width) * bytes_of(type), used = width * bytes_of(type);
  return in.take_and_look(rows, stride, [&](const unsigned char* some, std::uint64_t first, std::uint64_t n) {
    for (std::uint64_t r = 0; stride != used && r < n; ++r)
      if (!all_zero(some + r * stride + used, stride - used)) in.fail(errc::padding_not_zero, name, first + r);
    look_for_non_finite(in, type, some, n * padded(width));
    if (type != number_type::i8 || !any_outside(some, n * stride)) return;
    for (std::uint64_t r = 0; r < n; ++r)
      if (any_outside(some + r * stride, stride)) in.fail(errc::byte_out_of_range, name, first + r);
  });
}

inline const float* take_rows(section_reader& in, const char* name, std::uint64_t rows,
                              std::uint32_t width) noexcept {
  return reinterpret_cast<const float*>(take_rows(in, name, number_type::f32, rows, width));
}

/// Rows of bytes, each with a scale in front of all.
inline const unsigned char* take_scaled_rows(section_reader& in, const char* name, std::uint64_t rows,
                                             std::uint32_t width, const float*& scale) noexcept {
  scale = in.take_array<float>(rows);
  if (scale != nullptr)
    if (const std::uint64_t bad = first_bad_scale(scale, rows); bad != rows) in.fail(errc::bad_scale, name, bad);
  return take_rows(in, name, number_type::i8, rows, width);
}

/// How the panels of a layer lie. docs/model_file.md, section 6.
struct panel_layout {
  number_type type;
  std::uint64_t inputs;
  static constexpr std::uint64_t line = lanes * sizeof(float);

  std::uint64_t bytes() const noexcept { return bytes_of_panel(type, static_cast<std::size_t>(inputs)); }
  /// Each with a line of scales and, behind all of those, a line of sums.
  std::uint64_t groups() const noexcept {
    return type == number_type::i8 ? (inputs + inputs_of_group - 1) / inputs_of_group : 0;
  }
  std::uint64_t sums(std::uint64_t group) const noexcept { return (groups() + group) * line; }
  /// From here on a line speaks of whole outputs: the shift, in i8 alone, and the bias.
  std::uint64_t shift() const noexcept { return 2 * groups() * line; }
  std::uint64_t bias() const noexcept { return type == number_type::i8 ? shift() + line : 0; }
  std::uint64_t weights() const noexcept { return bias() + line; }
  /// So many consecutive inputs of an output lie side by side.
  std::uint64_t beside() const noexcept { return type == number_type::i8 ? 4 : type == number_type::bf16 ? 2 : 1; }
  /// Inputs with those that fill up the last line of 64 bytes.
  std::uint64_t filled() const noexcept { return (bytes() - weights()) / (lanes * bytes_of(type)); }
  std::uint64_t weight(std::uint64_t k, std::uint64_t output) const noexcept {
    const std::uint64_t place = (k / beside() * lanes + output) * beside() + k % beside();
    return weights() + place * bytes_of(type);
  }
};

/// Whether nothing is said of the outputs from `outputs` on, or of the inputs behind the last.
inline bool panel_padding_is_zero(const unsigned char* panel, const panel_layout& at,
                                  std::uint64_t outputs) noexcept {
  constexpr std::uint64_t number = sizeof(float);
  for (std::uint64_t line = at.sums(0); line < at.weights(); line += at.line)
    if (!all_zero(panel + line + outputs * number, (lanes - outputs) * number)) return false;
  for (std::uint64_t k = outputs == lanes ? at.inputs : 0; k < at.filled(); ++k)
    for (std::uint64_t o = k < at.inputs ? outputs : 0; o < lanes; ++o)
      if (!all_zero(panel + at.weight(k, o), bytes_of(at.type))) return false;
  return true;
}

/// Whether every scale is one; those of outputs that are padding are 1.
inline bool scales_are_fine(const unsigned char* panel, const panel_layout& at, std::uint64_t outputs) noexcept {
  const std::uint64_t scales = at.groups() * lanes;
  if (first_bad_scale(reinterpret_cast<const float*>(panel), scales) != scales) return false;
  for (std::uint64_t g = 0; g < at.groups(); ++g)
    for (std::uint64_t o = outputs; o < lanes; ++o)
      if (read_at<std::uint32_t>(panel + g * at.line + o * sizeof(float)) != 0x3F800000u) return false;  // 1.0f
  return true;
}

/// Whether a line of the file holds these numbers, rounded to floats.
inline bool is_rounded(const unsigned char* line, const double (&numbers)[lanes]) noexcept {
  float rounded[lanes];
  for (std::size_t i = 0; i < lanes; ++i) rounded[i] = static_cast<float>(numbers[i]);
  return std::memcmp(line, rounded, sizeof rounded) == 0;
}

/// The rules of a panel of bytes; those from `outputs` on are padding. Vector instructions multiply unsigned bytes by
/// such pairs and add two products in 16 bits: 255 * 128 is the most that fits.
inline errc check_bytes_of_panel(const unsigned char* panel, const panel_layout& at, std::uint64_t outputs) noexcept {
  constexpr int largest = 127, largest_pair = 128;
  if (!scales_are_fine(panel, at, outputs)) return errc::bad_scale;
  byte_extremes extremes;
  double shift[lanes] = {};
  bool sums_are_fine = true;
  for (std::uint64_t g = 0; g < at.groups(); ++g) {
    const std::uint64_t first = g * inputs_of_group, left = at.filled() - first;
    const std::uint64_t inputs = left < inputs_of_group ? left : inputs_of_group;
    std::int32_t sum[lanes];
    sum_bytes(panel + at.weight(first, 0), inputs / at.beside(), sum, extremes);
    sums_are_fine = std::memcmp(panel + at.sums(g), sum, sizeof sum) == 0 && sums_are_fine;
    const auto* const scale = reinterpret_cast<const float*>(panel + g * at.line);
    // The products are exact, so it is all the same whether they are fused.
    for (std::size_t o = 0; o < lanes; ++o) shift[o] += static_cast<double>(scale[o]) * sum[o];
  }
  if (!byte_extremes::all_between(extremes.least, -largest, 0)) return errc::byte_out_of_range;
  if (!byte_extremes::all_between(extremes.least_pair, -largest_pair, 0) ||
      !byte_extremes::all_between(extremes.largest_pair, 0, largest_pair))
    return errc::pair_out_of_range;
  if (!sums_are_fine) return errc::wrong_byte_sum;
  return is_rounded(panel + at.shift(), shift) ? errc::none : errc::wrong_shift;
}

inline errc check_panel(const unsigned char* panel, const panel_layout& at, std::uint64_t outputs) noexcept {
  if ((outputs != lanes || at.filled() != at.inputs) && !panel_padding_is_zero(panel, at, outputs))
    return errc::padding_not_zero;
  if (at.type == number_type::i8) return check_bytes_of_panel(panel, at, outputs);
  if (at.type == number_type::bf16 && any_subnormal(panel + at.weights(), lanes * at.filled()))
    return errc::subnormal_weight;
  return errc::none;
}

/// A panel's bias and weights are finite, and its shift.
inline void look_for_non_finite(section_reader& in, const unsigned char* panel, const panel_layout& at) noexcept {
  look_for_non_finite(in, number_type::f32, panel + at.shift(), (at.weights() - at.shift()) / sizeof(float));
  look_for_non_finite(in, at.type, panel + at.weights(), lanes * at.filled());
}

/// A linear layer's panels, `blocks` of `outputs` columns each padded for itself.
inline const void* take_panels(section_reader& in, const char* name, number_type type, std::uint32_t inputs,
                               std::uint32_t outputs, std::uint32_t blocks = 1) noexcept {
  const panel_layout at{type, inputs};
  const std::uint64_t panels_a_block = padded(outputs) / lanes, panels = blocks * panels_a_block;
  const fp_environment environment;  // shifts are rounded as in any other
  return in.take_and_look(panels, at.bytes(), [&](const unsigned char* some, std::uint64_t first, std::uint64_t n) {
    for (std::uint64_t p = first; p < first + n; ++p, some += at.bytes()) {
      const bool last = (p + 1) % panels_a_block == 0 && outputs % lanes != 0;
      const errc e = check_panel(some, at, last ? outputs % lanes : lanes);
      if (e != errc::none) in.fail(e, name, p);
      look_for_non_finite(in, some, at);
    }
  });
}

}  // namespace detail

}  // namespace v0
}  // namespace fewfit
