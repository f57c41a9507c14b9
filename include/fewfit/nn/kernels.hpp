// SPDX-License-Identifier: MIT
#pragma once
// The arithmetic: linear layers, exp, GELU, softmax and layer norm, over plain arrays. Usable without a model.
//
// Written in Eigen's packet primitives (pset1, ploadu, pmadd, ...; the same from Eigen 3.4 to 5), the only place that
// uses them. Eigen's own product is not used: it packs the weights at every call, and its result depends on the
// number of rows and on the processor's cache size. Here every output of a linear layer is one chain of fused
// multiply-adds, k ascending, starting from the bias, whatever the tile, so a row gives the same bits alone and in
// any batch, with AVX2, AVX-512 or NEON, under any compiler. A fused multiply-add is always `multiply_add`, never `*`
// and `+`: one compiler contracts those and another does not. Sums over a row: element i goes to lane i mod 16, then
// the lanes fold. Where the instruction set has no fused multiply-add (plain SSE2) the last bits may differ.

#include <cmath>
#include <cstring>
#include <type_traits>

#include "fewfit/nn/tensor.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

namespace packet_math = Eigen::internal;

using packet = packet_math::packet_traits<float>::type;
inline constexpr int packet_size = packet_math::packet_traits<float>::size;
inline constexpr int packets = static_cast<int>(lanes) / packet_size;  // in sixteen lanes

// Rows of a tile: as many as leave registers for the weights. Measured on Zen 4: 6 rows with AVX2 reach 116 GFLOP/s
// of 117, 8 rows spill and fall to 66; with AVX-512, 6 and 12 rows are equally fast.
inline constexpr int register_count = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS;
inline constexpr int tile_rows = register_count * 3 / 4 / packets < 1    ? 1
                                 : register_count * 3 / 4 / packets > 12 ? 12
                                                                         : register_count * 3 / 4 / packets;

FEWFIT_ALWAYS_INLINE packet load(const float* p) noexcept { return packet_math::ploadu<packet>(p); }
FEWFIT_ALWAYS_INLINE void store(float* p, const packet& v) noexcept { packet_math::pstoreu(p, v); }
FEWFIT_ALWAYS_INLINE packet all(float x) noexcept { return packet_math::pset1<packet>(x); }

/// a b + c with one rounding.
template <class Packet>
FEWFIT_ALWAYS_INLINE Packet multiply_add(const Packet& a, const Packet& b, const Packet& c) noexcept {
  if constexpr (packet_size == 1)
    return std::fma(a, b, c);
  else
    return packet_math::pmadd(a, b, c);
}

/// One value from sixteen lanes, in the fixed order s[i] += s[i + 8], [+4], [+2], [+1].
FEWFIT_ALWAYS_INLINE float fold(const packet (&sum)[packets]) noexcept {
  float s[lanes];
  for (int n = 0; n < packets; ++n) store(s + n * packet_size, sum[n]);
  for (std::size_t half = lanes / 2; half > 0; half /= 2)
    for (std::size_t i = 0; i < half; ++i) s[i] += s[i + half];
  return s[0];
}

/// p 2^n, where n sits in the low bits of t = n + 1.5 * 2^23. p and the product are normal numbers.
template <class Packet>
FEWFIT_ALWAYS_INLINE Packet scale_by_power(const Packet& p, const Packet& t) noexcept {
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

/// exp(x) for x <= 0, at most 2 ulp off; below -86 it is exp(-86). Not finite where x is not.
///
/// source  range reduction after Cody and Waite 1980; coefficients from tools/derive_coefficients.py
FEWFIT_ALWAYS_INLINE packet exp(const packet& x) noexcept {
  const packet shifter = all(0x1.8p23f);  // adding it rounds to an integer and leaves that in the low bits
  const packet clamped = packet_math::pmax(x, all(-86.0f));
  const packet t = multiply_add(clamped, all(0x1.715476p0f), shifter);  // log2 e
  const packet n = packet_math::psub(t, shifter);
  packet r = multiply_add(n, all(-0x1.62ep-1f), clamped);  // ln 2 in two parts: n times the first is exact
  r = multiply_add(n, all(-0x1.0bfbe8p-15f), r);
  packet p = multiply_add(r, all(0x1.6a4f28p-10f), all(0x1.12398p-7f));
  p = multiply_add(p, r, all(0x1.5558aep-5f));
  p = multiply_add(p, r, all(0x1.555492p-3f));
  p = multiply_add(p, r, all(0x1.fffffcp-2f));
  p = multiply_add(p, r, all(1.0f));
  p = multiply_add(p, r, all(1.0f));
  return multiply_add(x, all(0.0f), scale_by_power(p, t));  // 0 x: adds nothing, or a NaN that must not be lost
}

/// x Phi(x), the erf form of the checkpoint's "gelu": the tanh form is up to 5e-4 away.
///
/// Phi(x) - 1/2 is a rational function for |x| <= 5.6; beyond, it is 1/2 in floats. At most 1.4e-7 max(1, |x|) off.
/// source  Hendrycks and Gimpel 2016; coefficients from tools/derive_coefficients.py
FEWFIT_ALWAYS_INLINE packet gelu(const packet& x) noexcept {
  const packet y = packet_math::pmax(packet_math::pmin(x, all(5.6f)), all(-5.6f));
  const packet z = packet_math::pmul(y, y);
  packet p = multiply_add(z, all(0x1.7ef3b4p-26f), all(0x1.a64b08p-18f));
  packet q = multiply_add(z, all(0x1.3ca8ep-20f), all(0x1.33f6f8p-14f));
  p = multiply_add(p, z, all(0x1.62bfd2p-13f));
  q = multiply_add(q, z, all(0x1.ee9a72p-10f));
  p = multiply_add(p, z, all(0x1.329fe6p-8f));
  q = multiply_add(q, z, all(0x1.d60d6cp-6f));
  p = multiply_add(p, z, all(0x1.161deap-5f));
  q = multiply_add(q, z, all(0x1.01cee4p-2f));
  p = multiply_add(p, z, all(0x1.988452p-2f));
  q = multiply_add(q, z, all(1.0f));
  const packet half = packet_math::pdiv(packet_math::pmul(y, p), q);
  return multiply_add(x, half, packet_math::pmul(x, all(0.5f)));  // x / 2 is exact, so this rounds once
}

/// `Rows` rows times one panel of 16 outputs; the epilogue gets (row, packet of outputs, value).
///
/// shape  x [Rows, K] with stride ldx, panel { bias [16], w [K][16] }
template <int Rows, class Epilogue>
FEWFIT_ALWAYS_INLINE void tile(const float* x, std::size_t ldx, const float* panel, std::size_t inputs,
                               const Epilogue& epilogue) noexcept {
  packet sum[Rows][packets];
  FEWFIT_UNROLL for (int n = 0; n < packets; ++n) {
    const packet bias = load(panel + n * packet_size);
    FEWFIT_UNROLL for (int r = 0; r < Rows; ++r) sum[r][n] = bias;
  }
  const float* w = panel + lanes;
  for (std::size_t k = 0; k < inputs; ++k, w += lanes) {
    packet weights[packets];
    FEWFIT_UNROLL for (int n = 0; n < packets; ++n) weights[n] = load(w + n * packet_size);
    FEWFIT_UNROLL for (int r = 0; r < Rows; ++r) {
      const packet input = all(x[static_cast<std::size_t>(r) * ldx + k]);
      FEWFIT_UNROLL for (int n = 0; n < packets; ++n) sum[r][n] = multiply_add(input, weights[n], sum[r][n]);
    }
  }
  FEWFIT_UNROLL for (int r = 0; r < Rows; ++r) {
    FEWFIT_UNROLL for (int n = 0; n < packets; ++n)
        epilogue(static_cast<std::size_t>(r), static_cast<std::size_t>(n * packet_size), sum[r][n]);
  }
}

/// The tile of `rows` rows, by search from the largest.
template <int Rows, class Epilogue>
FEWFIT_ALWAYS_INLINE void tile_of(std::size_t rows, const float* x, std::size_t ldx, const float* panel,
                                  std::size_t inputs, const Epilogue& epilogue) noexcept {
  if constexpr (Rows > 1)
    if (rows < static_cast<std::size_t>(Rows)) return tile_of<Rows - 1>(rows, x, ldx, panel, inputs, epilogue);
  tile<Rows>(x, ldx, panel, inputs, epilogue);
}

/// All rows times all panels. A panel stays in L1 or L2 while the rows pass it; rows split evenly (9 is 5 + 4, not 6
/// + 3).
template <class Output>
inline void multiply(const float* x, std::size_t ldx, std::size_t rows, const linear_weights& w,
                     const Output& out) noexcept {
  const std::size_t blocks = (rows + tile_rows - 1) / tile_rows, panel_floats = (w.inputs + 1) * lanes;
  for (std::size_t column = 0; column < w.outputs; column += lanes) {
    const float* panel = w.panels + column / lanes * panel_floats;
    for (std::size_t b = 0, row = 0; b < blocks; ++b) {
      const std::size_t next = (b + 1) * rows / blocks;
      tile_of<tile_rows>(next - row, x + row * ldx, ldx, panel, w.inputs, out.at(row, column));
      row = next;
    }
  }
}

// What becomes of a finished output; `at` moves to a tile's corner.
struct store_output {
  float* out;
  std::size_t ld;
  store_output at(std::size_t row, std::size_t column) const noexcept { return {out + row * ld + column, ld}; }
  FEWFIT_ALWAYS_INLINE void operator()(std::size_t r, std::size_t c, const packet& v) const noexcept {
    store(out + r * ld + c, v);
  }
};

struct store_gelu {
  float* out;
  std::size_t ld;
  store_gelu at(std::size_t row, std::size_t column) const noexcept { return {out + row * ld + column, ld}; }
  FEWFIT_ALWAYS_INLINE void operator()(std::size_t r, std::size_t c, const packet& v) const noexcept {
    store(out + r * ld + c, gelu(v));
  }
};

struct add_output {
  float* out;
  std::size_t ld;
  add_output at(std::size_t row, std::size_t column) const noexcept { return {out + row * ld + column, ld}; }
  FEWFIT_ALWAYS_INLINE void operator()(std::size_t r, std::size_t c, const packet& v) const noexcept {
    store(out + r * ld + c, packet_math::padd(v, load(out + r * ld + c)));
  }
};

}  // namespace detail

/// out = x W^T + b
///
/// shape   x [rows, K] stride ldx -> out [rows, outputs] stride ldout
/// needs   out does not overlap x    cost  rows * K * outputs fused multiply-adds, no allocation
/// source  torch.nn.functional.linear
inline void linear(const float* x, std::size_t ldx, std::size_t rows, const linear_weights& w, float* out,
                   std::size_t ldout) noexcept {
  detail::multiply(x, ldx, rows, w, detail::store_output{out, ldout});
}

/// out = gelu(x W^T + b); shapes as linear.
inline void linear_gelu(const float* x, std::size_t ldx, std::size_t rows, const linear_weights& w, float* out,
                        std::size_t ldout) noexcept {
  detail::multiply(x, ldx, rows, w, detail::store_gelu{out, ldout});
}

/// out += x W^T + b: the residual connection; shapes as linear.
inline void linear_add(const float* x, std::size_t ldx, std::size_t rows, const linear_weights& w, float* out,
                       std::size_t ldout) noexcept {
  detail::multiply(x, ldx, rows, w, detail::add_output{out, ldout});
}

/// x *= factor, over n floats, n a multiple of 16.
inline void scale(float* x, std::size_t n, float factor) noexcept {
  const detail::packet f = detail::all(factor);
  for (std::size_t i = 0; i < n; i += detail::packet_size)
    detail::store(x + i, detail::packet_math::pmul(detail::load(x + i), f));
}

/// Replaces a row of scores by exp(score - largest) and returns the sum: a softmax short of the division.
///
/// shape   x [n], with room for n rounded up to 16, where zeros are written
/// source  Milakov and Gimelshein 2018 for the shift by the maximum
inline float softmax_numerators(float* x, std::size_t n) noexcept {
  namespace packet_math = detail::packet_math;
  using detail::all, detail::load, detail::store, detail::packet, detail::packets, detail::packet_size;
  using detail::fold, detail::exp;
  const std::size_t end = padded(n);
  for (std::size_t i = n; i < end; ++i) x[i] = x[n - 1];  // so that whole packets can be read; changes no maximum
  packet top = load(x);
  for (std::size_t i = packet_size; i < end; i += packet_size) top = packet_math::pmax(top, load(x + i));
  const packet largest = all(packet_math::predux_max(top));
  packet sum[packets];
  for (int k = 0; k < packets; ++k) sum[k] = all(0.0f);
  for (std::size_t i = 0; i < end; i += lanes) {
    for (std::size_t k = 0; k < lanes; k += packet_size)
      store(x + i + k, exp(packet_math::psub(load(x + i + k), largest)));
    if (i + lanes > n)
      for (std::size_t k = n; k < end; ++k) x[k] = 0;
    for (int k = 0; k < packets; ++k)
      sum[k] = packet_math::padd(sum[k], load(x + i + static_cast<std::size_t>(k * packet_size)));
  }
  return fold(sum);
}

/// Normalises each row in place: (x - mean) / sqrt(variance + eps) * weight + bias, the variance divided by D.
///
/// shape   x [rows, D] stride ld, columns D to padded(D) zero before and after
/// source  Ba et al. 2016; torch.nn.functional.layer_norm
inline void layer_norm(float* x, std::size_t ld, std::size_t rows, const layer_norm_weights& w) noexcept {
  namespace packet_math = detail::packet_math;
  using detail::all, detail::load, detail::store, detail::packet, detail::packets, detail::packet_size;
  using detail::fold, detail::multiply_add;
  const std::size_t stride = padded(w.width), whole = w.width / lanes * lanes;
  for (float* row = x; row != x + rows * ld; row += ld) {
    packet sum[packets], square[packets];
    for (int k = 0; k < packets; ++k) sum[k] = square[k] = all(0.0f);
    for (std::size_t i = 0; i < stride; i += lanes)
      for (int k = 0; k < packets; ++k)
        sum[k] = packet_math::padd(sum[k], load(row + i + static_cast<std::size_t>(k * packet_size)));
    const float mean = fold(sum) / static_cast<float>(w.width);
    const packet m = all(mean);
    const auto add_square = [&](const float* block, const packet& centre) {
      for (int k = 0; k < packets; ++k) {
        const packet c = packet_math::psub(load(block + k * packet_size), centre);
        square[k] = multiply_add(c, c, square[k]);
      }
    };
    for (std::size_t i = 0; i < whole; i += lanes) add_square(row + i, m);
    if (whole != stride) {  // the zeros behind the width are no data: their centred value is 0, not -mean
      float tail[lanes] = {};
      for (std::size_t i = whole; i < w.width; ++i) tail[i - whole] = row[i] - mean;
      add_square(tail, all(0.0f));
    }
    const double variance = static_cast<double>(fold(square)) / static_cast<double>(w.width);
    const packet factor = all(static_cast<float>(1.0 / std::sqrt(variance + static_cast<double>(w.eps))));
    for (std::size_t i = 0; i < stride; i += packet_size) {
      const packet c = packet_math::pmul(packet_math::psub(load(row + i), m), factor);
      store(row + i, multiply_add(c, load(w.weight + i), load(w.bias + i)));
    }
  }
}

}  // namespace v0
}  // namespace fewfit
