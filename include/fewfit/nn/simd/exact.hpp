// SPDX-License-Identifier: MIT
#pragma once
// The arithmetic of a model in bytes where the compiler may use no fused multiply-add: one number at a time, the same
// bits. Ten operations for one, but all that a file in bytes leaves to floats is a twentieth of the work.

#include "fewfit/nn/kernels.hpp"

namespace fewfit {
inline namespace v0 {
namespace exact {
namespace {

using packet = float;
constexpr int packet_size = 1;
constexpr int tile_rows = 1, tile_panels = 1, tile_sums = 16, tile_rows_of_bytes = 1;
constexpr std::int32_t byte_shift = 0;

/// a b + c with one rounding.
///
/// The product is exact in double. If their sum is not, its last bit is set: then the float that is nearest to it is
/// nearest to the true one, too ("round to odd").
/// source  Boldo and Melquiond 2008, Emulation of FMA and correctly rounded sums
FEWFIT_NEVER_INLINE inline float multiply_add(float a, float b, float c) noexcept {
  const double p = static_cast<double>(a) * static_cast<double>(b), d = static_cast<double>(c), sum = p + d;
  const double part = sum - p, lost = (p - (sum - part)) + (d - part);
  auto bits = detail::read_as<std::uint64_t>(&sum);
  const bool inexact = lost < 0 || lost > 0;  // not where the sum is no finite number
  if (inexact && (bits & 1u) == 0) bits += (lost > 0) == (sum > 0) ? 1u : ~std::uint64_t{0};
  return static_cast<float>(inexact ? detail::read_as<double>(&bits) : sum);
}

#include "fewfit/nn/simd/eigen.inc"

#include "fewfit/nn/simd/arithmetic.inc"
#include "fewfit/nn/simd/tile.inc"
#include "fewfit/nn/simd/linear.inc"
#include "fewfit/nn/simd/bytes.inc"

}  // namespace
}  // namespace exact
}  // namespace v0
}  // namespace fewfit
