// SPDX-License-Identifier: MIT
#pragma once
// Products of bytes with the dot-product instructions of ARMv8.2 (most phones since 2018); all else is as in
// neon.hpp.

#include "fewfit/nn/tensor.hpp"

#if FEWFIT_NEON_DOT_KERNELS
#include <arm_neon.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+dotprod")
#endif
FEWFIT_OPTIMIZED_REGION

namespace fewfit {
inline namespace v0 {
namespace neon_dot {
namespace {

#include "fewfit/nn/simd/neon.inc"

/// sum += four products of signed bytes, in every 32 bits.
static FEWFIT_ALWAYS_INLINE integers add_products_of_bytes(integers sum, integers x, integers w) noexcept {
  return vdotq_s32(sum, vreinterpretq_s8_s32(x), vreinterpretq_s8_s32(w));
}

#include "fewfit/nn/simd/arithmetic.inc"
#include "fewfit/nn/simd/tile.inc"
#include "fewfit/nn/simd/linear.inc"
#include "fewfit/nn/simd/bytes.inc"

}  // namespace
}  // namespace neon_dot
}  // namespace v0
}  // namespace fewfit

#if defined(__clang__)
#pragma clang attribute pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif
#endif
