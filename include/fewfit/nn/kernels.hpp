// SPDX-License-Identifier: MIT
#pragma once
// The arithmetic on any machine: linear layers, exp, GELU, softmax and layer norm, over plain arrays, through
// Eigen. Usable without a model.
//
// What is computed stands in nn/simd/ arithmetic.inc, tile.inc and bytes.inc, once for all instruction sets; the
// primitives that they ask for stand in eigen.inc. Eigen's own product is not used: it packs the weights at every
// call, and its result depends on the number of rows and on the processor's cache size. Here a row gives the same
// bits alone and in any batch, with AVX2, AVX-512 or NEON, under any compiler. Where the compiler may use no fused
// multiply-add (plain SSE2) the last bits may differ; nn/simd/ chooses at run time what the processor has.

#include <Eigen/Core>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "fewfit/nn/tensor.hpp"

namespace fewfit {
inline namespace v0 {

static_assert(EIGEN_VERSION_AT_LEAST(3, 4, 0), "fewfit needs Eigen 3.4 or later");

namespace packet_math = Eigen::internal;

namespace detail {

template <class T>
T read_as(const void* p) noexcept {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

/// A number of 16 bits, widened without a rounding. Subnormal ones count.
inline float widened(std::uint16_t half) noexcept {
  const std::uint32_t sign = (half & 0x8000u) << 16, rest = half & 0x7FFFu;
  if (rest < 0x400u) {  // subnormal: 10 bits times 2^-24, exact in a float
    const float size = static_cast<float>(rest) * 0x1p-24f;
    return sign != 0 ? -size : size;
  }
  const std::uint32_t bits =
      sign | (rest >= 0x7C00u ? 0x7F800000u | (rest & 0x3FFu) << 13 : (rest << 13) + 0x38000000u);
  float wide;
  std::memcpy(&wide, &bits, sizeof wide);
  return wide;
}

/// Rounded to the nearest bf16, ties to even; subnormal numbers are zero, what is not finite stays so.
inline float nearest_bf16(float x) noexcept {
  const auto bits = read_as<std::uint32_t>(&x);
  if ((bits & 0x7F800000u) == 0x7F800000u) return x;
  const std::uint32_t sign = bits & 0x80000000u, up = (bits + 0x7FFFu + (bits >> 16 & 1u)) & 0xFFFF0000u;
  const std::uint32_t rounded = (bits & 0x7F800000u) == 0 ? sign : up;
  return read_as<float>(&rounded);
}

}  // namespace detail

namespace portable {
namespace {  // the compiler's options decide what is in here: each unit has its own

using packet = packet_math::packet_traits<float>::type;
constexpr int packet_size = packet_math::packet_traits<float>::size;

// Sums of a tile: as many as leave registers for the weights. Measured on Zen 4: 12 with AVX2 reach 116 GFLOP/s of
// 117, 16 spill and fall to 66.
constexpr int tile_sums = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS * 3 / 4;
constexpr int tile_panels = 1;  // three are up to 3 times as fast for one row or two, and take longer to compile
constexpr int tile_rows = packet_size == 16 ? 8 : packet_size == 8 ? 6 : packet_size == 4 ? 4 : 1;

constexpr int tile_rows_of_bytes = 1;
constexpr std::int32_t byte_shift = 0;  // of a row's bytes

/// a b + c with one rounding.
template <class Packet>
static FEWFIT_ALWAYS_INLINE Packet multiply_add(const Packet& a, const Packet& b, const Packet& c) noexcept {
  if constexpr (packet_size == 1)
    return std::fma(a, b, c);
  else
    return packet_math::pmadd(a, b, c);
}

#include "fewfit/nn/simd/eigen.inc"
#include "fewfit/nn/simd/arithmetic.inc"
#include "fewfit/nn/simd/tile.inc"
#include "fewfit/nn/simd/linear.inc"
#include "fewfit/nn/simd/bytes.inc"

}  // namespace
}  // namespace portable

/// out = x W^T + b, or what `what` says: put through GELU, or added to what is there.
///
/// shape   x [rows, K] stride ldx -> out [rows, outputs] stride ldout
/// needs   out does not overlap x; weights in bf16 or i8: scratch, and columns K to padded(K) of x zero
/// cost    rows * K * outputs fused multiply-adds, no allocation
/// source  torch.nn.functional.linear
inline void linear(const float* x, std::size_t ldx, std::size_t rows, const linear_weights& w, float* out,
                   std::size_t ldout, after what = after::store, const linear_scratch& scratch = {}) noexcept {
  switch (w.type) {
    case number_type::f32:
      return portable::multiply_all<portable::f32_numbers>(x, ldx, rows, w, out, ldout, what, scratch);
    case number_type::f16:
      return portable::multiply_all<portable::f16_numbers>(x, ldx, rows, w, out, ldout, what, scratch);
    case number_type::bf16:
      return portable::multiply_all<portable::bf16_numbers>(x, ldx, rows, w, out, ldout, what, scratch);
    case number_type::i8:
      return portable::multiply_all<portable::i8_numbers>(x, ldx, rows, w, out, ldout, what, scratch);
  }
}

using portable::layer_norm;
using portable::scale;
using portable::softmax_numerators;

}  // namespace v0
}  // namespace fewfit
