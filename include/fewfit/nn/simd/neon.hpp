// SPDX-License-Identifier: MIT
#pragma once
// The arithmetic with NEON, which every 64-bit ARM processor has: no instructions need to be asked for.

#include "fewfit/nn/tensor.hpp"

#if FEWFIT_NEON_KERNELS
#include <arm_neon.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#endif
FEWFIT_OPTIMIZED_REGION

namespace fewfit {
inline namespace v0 {
namespace neon {
namespace {

#include "fewfit/nn/simd/neon.inc"

/// sum += four products of signed bytes, in every 32 bits. Two neighbours' products fit into 16: 2 * 128 * 127.
static FEWFIT_ALWAYS_INLINE integers add_products_of_bytes(integers sum, integers x, integers w) noexcept {
  const int8x16_t a = vreinterpretq_s8_s32(x), b = vreinterpretq_s8_s32(w);
  const int16x8_t low = vmull_s8(vget_low_s8(a), vget_low_s8(b)), high = vmull_high_s8(a, b);
  return vpadalq_s16(sum, vpaddq_s16(low, high));
}

#include "fewfit/nn/simd/arithmetic.inc"
#include "fewfit/nn/simd/tile.inc"
#include "fewfit/nn/simd/linear.inc"
#include "fewfit/nn/simd/bytes.inc"

}  // namespace
}  // namespace neon
}  // namespace v0
}  // namespace fewfit

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif
#endif
