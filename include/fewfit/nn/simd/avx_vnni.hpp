// SPDX-License-Identifier: MIT
#pragma once
// Products of bytes with AVX-VNNI (Intel since 2021, AMD since 2024); all else is as in avx2.hpp.

#include "fewfit/nn/tensor.hpp"

#if FEWFIT_X86_DOT_KERNELS
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c,avxvnni")
#endif
FEWFIT_OPTIMIZED_REGION

namespace fewfit {
inline namespace v0 {
namespace avx_vnni {
namespace {

#include "fewfit/nn/simd/ymm.inc"

constexpr int tile_rows_of_bytes = 6;

/// sum += four products of an unsigned and a signed byte each, in every 32 bits.
static FEWFIT_ALWAYS_INLINE integers add_products_of_bytes(integers sum, integers x, integers w) noexcept {
#if defined(__GNUC__) && !defined(__clang__)
  // With the intrinsic g++ 12 copies the sum before each (GCC bug 94663) and spills: half the speed.
  __asm__("%{vex%} vpdpbusd {%2, %1, %0|%0, %1, %2}" : "+x"(sum) : "x"(x), "x"(w));
  return sum;
#else
  return _mm256_dpbusd_avx_epi32(sum, x, w);
#endif
}

#include "fewfit/nn/simd/arithmetic.inc"
#include "fewfit/nn/simd/tile.inc"
#include "fewfit/nn/simd/linear.inc"
#include "fewfit/nn/simd/bytes.inc"

}  // namespace
}  // namespace avx_vnni
}  // namespace v0
}  // namespace fewfit

#if defined(__clang__)
#pragma clang attribute pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif
#endif
