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

constexpr int tile_rows_of_bytes = 1;
constexpr std::int32_t byte_shift = 0;  // of a row's bytes

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

/// A packet of what `number(i)` gives for each of its places.
template <class Number>
static FEWFIT_ALWAYS_INLINE packet gather(const Number& number) noexcept {
  float wide[packet_size];
  for (int i = 0; i < packet_size; ++i) wide[i] = number(i);
  return load(wide);
}

template <class T>
static FEWFIT_ALWAYS_INLINE T read_as(const void* p) noexcept {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

static FEWFIT_ALWAYS_INLINE packet load_half(const unsigned char* p) noexcept {
  return gather([p](int i) { return widened(read_as<std::uint16_t>(p + 2 * i)); });
}
static FEWFIT_ALWAYS_INLINE packet load_bytes(const unsigned char* p) noexcept {
  return gather([p](int i) { return static_cast<float>(read_as<std::int8_t>(p + i)); });
}

// --- bf16: the upper half of a float ---
static FEWFIT_ALWAYS_INLINE packet load_odd_bf16(const unsigned char* p) noexcept {
  return gather([p](int i) {
    const std::uint32_t bits = read_as<std::uint32_t>(p + 4 * i) & 0xFFFF0000u;
    return read_as<float>(&bits);
  });
}
static FEWFIT_ALWAYS_INLINE packet load_even_bf16(const unsigned char* p) noexcept {
  return gather([p](int i) {
    const std::uint32_t bits = read_as<std::uint32_t>(p + 4 * i) << 16;
    return read_as<float>(&bits);
  });
}
/// Rounded to the nearest bf16, ties to even; subnormal numbers are zero, what is not finite stays so.
inline float nearest_bf16(float x) noexcept {
  const auto bits = read_as<std::uint32_t>(&x);
  if ((bits & 0x7F800000u) == 0x7F800000u) return x;
  const std::uint32_t sign = bits & 0x80000000u, up = (bits + 0x7FFFu + (bits >> 16 & 1u)) & 0xFFFF0000u;
  const std::uint32_t rounded = (bits & 0x7F800000u) == 0 ? sign : up;
  return read_as<float>(&rounded);
}
/// Sixteen numbers rounded to bf16, neighbours in each other's place; `to` may be x.
static FEWFIT_ALWAYS_INLINE void to_bf16(const float* x, float* to) noexcept {
  for (std::size_t i = 0; i < lanes; i += 2) {
    const float even = nearest_bf16(x[i]), odd = nearest_bf16(x[i + 1]);
    to[i] = odd, to[i + 1] = even;
  }
}

// --- integers of 32 bits, bytes ---
struct integers {
  std::int32_t v[packet_size];
};
template <class Number>
static FEWFIT_ALWAYS_INLINE integers gather_integers(const Number& number) noexcept {
  integers out;
  for (int i = 0; i < packet_size; ++i) out.v[i] = number(i);
  return out;
}
static FEWFIT_ALWAYS_INLINE integers load_integers(const unsigned char* p) noexcept { return read_as<integers>(p); }
static FEWFIT_ALWAYS_INLINE integers all_integers(std::int32_t x) noexcept {
  return gather_integers([x](int) { return x; });
}
static FEWFIT_ALWAYS_INLINE integers minus_128_times(const integers& a) noexcept {
  return gather_integers([&](int i) { return a.v[i] * -128; });
}
static FEWFIT_ALWAYS_INLINE packet to_floats(const integers& a) noexcept {
  return gather([&](int i) { return static_cast<float>(a.v[i]); });
}
/// sum += four products of an unsigned and a signed byte each, in every 32 bits.
static FEWFIT_ALWAYS_INLINE integers add_products_of_bytes(const integers& sum, const integers& x,
                                                           const integers& w) noexcept {
  return gather_integers([&](int i) {
    std::int32_t s = sum.v[i];
    for (int k = 0; k < 32; k += 8) {
      const auto input = static_cast<std::int32_t>(static_cast<std::uint32_t>(x.v[i]) >> k & 0xFFu);
      s += input * static_cast<std::int8_t>(static_cast<std::uint32_t>(w.v[i]) >> k & 0xFFu);
    }
    return s;
  });
}
/// The nearest integer, ties to even; of what is far outside of bytes, or no number, some integer far outside.
static FEWFIT_ALWAYS_INLINE std::int32_t nearest(float x) noexcept {
  return x > -1024.0f && x < 1024.0f ? static_cast<std::int32_t>(std::nearbyint(x)) : -1024;
}
/// The integers nearest to x, plus zero, between 0 and 255.
static FEWFIT_ALWAYS_INLINE void store_bytes(unsigned char* p, const packet& x, std::int32_t zero) noexcept {
  float numbers[packet_size];
  store(numbers, x);
  for (int i = 0; i < packet_size; ++i) {
    const std::int32_t q = nearest(numbers[i]) + zero;
    p[i] = static_cast<unsigned char>(q < 0 ? 0 : q > 255 ? 255 : q);
  }
}

/// As many rows as a packet has numbers, of as many numbers, to columns.
static FEWFIT_ALWAYS_INLINE void transpose_block(const float* x, std::size_t ld, float* to) noexcept {
  for (int row = 0; row < packet_size; ++row)
    for (int i = 0; i < packet_size; ++i)
      to[static_cast<std::size_t>(i) * lanes + static_cast<std::size_t>(row)] = x[static_cast<std::size_t>(row) * ld + static_cast<std::size_t>(i)];
}

#include "fewfit/nn/simd/arithmetic.inc"
#include "fewfit/nn/simd/linear.inc"
#include "fewfit/nn/simd/bytes.inc"

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
    case number_type::f32: return portable::multiply_all<portable::f32_numbers>(x, ldx, rows, w, out, ldout, what, scratch);
    case number_type::f16: return portable::multiply_all<portable::f16_numbers>(x, ldx, rows, w, out, ldout, what, scratch);
    case number_type::bf16: return portable::multiply_all<portable::bf16_numbers>(x, ldx, rows, w, out, ldout, what, scratch);
    case number_type::i8: return portable::multiply_all<portable::i8_numbers>(x, ldx, rows, w, out, ldout, what, scratch);
  }
}

using portable::layer_norm;
using portable::scale;
using portable::softmax_numerators;

}  // namespace v0
}  // namespace fewfit
