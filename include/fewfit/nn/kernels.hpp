// SPDX-License-Identifier: MIT
#pragma once
// The arithmetic on any machine: linear layers, exp, GELU, softmax and layer norm, over plain arrays, through Eigen.
// Usable without a model.
//
// What is computed stands in nn/simd/arithmetic.inc and nn/simd/linear.inc, once for all instruction sets; here are
// the primitives that they ask for, in Eigen's packets (pset1, ploadu, pmadd, ...; the same from Eigen 3.4 to 5), the
// only place that uses them. Eigen's own product is not used: it packs the weights at every call, and its result
// depends on the number of rows and on the processor's cache size. Here a row gives the same bits alone and in any
// batch, with AVX2, AVX-512 or NEON, under any compiler. Where the compiler may use no fused multiply-add (plain
// SSE2) the last bits may differ; nn/simd/ chooses at run time what the processor has.

#include <Eigen/Core>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "fewfit/nn/tensor.hpp"

namespace fewfit {
inline namespace v0 {

static_assert(EIGEN_VERSION_AT_LEAST(3, 4, 0), "fewfit needs Eigen 3.4 or later");

namespace portable {

namespace packet_math = Eigen::internal;

using packet = packet_math::packet_traits<float>::type;
constexpr int packet_size = packet_math::packet_traits<float>::size;

// Sums of a tile: as many as leave registers for the weights. Measured on Zen 4: 12 with AVX2 reach 116 GFLOP/s of
// 117, 16 spill and fall to 66.
constexpr int tile_sums = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS * 3 / 4;
constexpr int tile_panels = 1;  // three are up to 3 times as fast for one row or two, and take longer to compile
constexpr int tile_rows = packet_size == 16 ? 8 : packet_size == 8 ? 6 : packet_size == 4 ? 4 : 1;

static FEWFIT_ALWAYS_INLINE packet load(const float* p) noexcept { return packet_math::ploadu<packet>(p); }
static FEWFIT_ALWAYS_INLINE void store(float* p, const packet& v) noexcept { packet_math::pstoreu(p, v); }
static FEWFIT_ALWAYS_INLINE packet all(float x) noexcept { return packet_math::pset1<packet>(x); }
static FEWFIT_ALWAYS_INLINE packet add(const packet& a, const packet& b) noexcept { return packet_math::padd(a, b); }
static FEWFIT_ALWAYS_INLINE packet subtract(const packet& a, const packet& b) noexcept {
  return packet_math::psub(a, b);
}
static FEWFIT_ALWAYS_INLINE packet multiply(const packet& a, const packet& b) noexcept {
  return packet_math::pmul(a, b);
}
static FEWFIT_ALWAYS_INLINE packet divide(const packet& a, const packet& b) noexcept {
  return packet_math::pdiv(a, b);
}
static FEWFIT_ALWAYS_INLINE packet larger(const packet& a, const packet& b) noexcept {
  return packet_math::pmax(a, b);
}
static FEWFIT_ALWAYS_INLINE packet smaller(const packet& a, const packet& b) noexcept {
  return packet_math::pmin(a, b);
}
static FEWFIT_ALWAYS_INLINE float largest(const packet& a) noexcept { return packet_math::predux_max(a); }
static FEWFIT_ALWAYS_INLINE double square_root(double x) noexcept { return std::sqrt(x); }
static FEWFIT_ALWAYS_INLINE void prefetch(const unsigned char*) noexcept {}

/// a b + c with one rounding.
template <class Packet>
static FEWFIT_ALWAYS_INLINE Packet multiply_add(const Packet& a, const Packet& b, const Packet& c) noexcept {
  if constexpr (packet_size == 1)
    return std::fma(a, b, c);
  else
    return packet_math::pmadd(a, b, c);
}

/// p 2^n, where n sits in the low bits of t = n + 1.5 * 2^23. p and the product are normal numbers.
template <class Packet>
static FEWFIT_ALWAYS_INLINE Packet scale_by_power(const Packet& p, const Packet& t) noexcept {
  if constexpr (packet_size == 1) {
    std::uint32_t bits, n;
    std::memcpy(&bits, &p, sizeof bits);
    std::memcpy(&n, &t, sizeof n);
    bits += n << 23;
    float scaled;
    std::memcpy(&scaled, &bits, sizeof scaled);
    return scaled;
  } else {
    using integers = typename packet_math::unpacket_traits<Packet>::integer_packet;
    const integers n = packet_math::plogical_shift_left<23>(packet_math::preinterpret<integers>(t));
    return packet_math::preinterpret<Packet>(packet_math::padd(packet_math::preinterpret<integers>(p), n));
  }
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

static FEWFIT_ALWAYS_INLINE packet load_half(const unsigned char* p) noexcept {
  float wide[packet_size];
  for (int i = 0; i < packet_size; ++i) {
    std::uint16_t half;
    std::memcpy(&half, p + 2 * i, sizeof half);
    wide[i] = widened(half);
  }
  return load(wide);
}

#include "fewfit/nn/simd/arithmetic.inc"
#include "fewfit/nn/simd/linear.inc"

}  // namespace portable

/// out = x W^T + b
///
/// shape   x [rows, K] stride ldx -> out [rows, outputs] stride ldout
/// needs   out does not overlap x    cost  rows * K * outputs fused multiply-adds, no allocation
/// source  torch.nn.functional.linear
inline void linear(const float* x, std::size_t ldx, std::size_t rows, const linear_weights& w, float* out,
                   std::size_t ldout) noexcept {
  portable::linear(x, ldx, rows, w, out, ldout, after::store);
}

/// out = gelu(x W^T + b); shapes as linear.
inline void linear_gelu(const float* x, std::size_t ldx, std::size_t rows, const linear_weights& w, float* out,
                        std::size_t ldout) noexcept {
  portable::linear(x, ldx, rows, w, out, ldout, after::gelu);
}

/// out += x W^T + b: the residual connection; shapes as linear.
inline void linear_add(const float* x, std::size_t ldx, std::size_t rows, const linear_weights& w, float* out,
                       std::size_t ldout) noexcept {
  portable::linear(x, ldx, rows, w, out, ldout, after::add);
}

using portable::layer_norm;
using portable::scale;
using portable::softmax_numerators;

}  // namespace v0
}  // namespace fewfit
