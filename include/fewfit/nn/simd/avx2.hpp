// SPDX-License-Identifier: MIT
#pragma once
// The arithmetic with AVX2, FMA and F16C (most x86-64 since 2013), whatever the compiler was told to use.
//
// Between push and pop every function is compiled for these instructions and lies in an unnamed namespace, so none
// can take the place of one that another file needs for an older processor. Nothing of Eigen or of the standard
// library may be called in there: its inline functions would be compiled for these instructions, too, and kept.

#include "fewfit/nn/tensor.hpp"

#if FEWFIT_X86_KERNELS
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
#endif
FEWFIT_OPTIMIZED_REGION

namespace fewfit {
inline namespace v0 {
namespace avx2 {
namespace {

#include "fewfit/nn/simd/ymm.inc"

constexpr int tile_rows_of_bytes = 4;  // products take two registers more than floats

/// sum += four products of an unsigned and a signed byte each, in every 32 bits.
///
/// The sums of neighbours pass through 16 bits, which saturate; a model file keeps the weights of neighbouring inputs
/// between -128 and 128 together, so none does.
static FEWFIT_ALWAYS_INLINE integers add_products_of_bytes(integers sum, integers x, integers w) noexcept {
  const __m256i products = _mm256_madd_epi16(_mm256_maddubs_epi16(x, w), _mm256_set1_epi16(1));
#if defined(__GNUC__) && !defined(__clang__)
  __asm__("vpaddd {%1, %0, %0|%0, %0, %1}"
          : "+x"(sum)
          : "x"(products));  // in its place: else g++ 12 moves each sum about, and spills
  return sum;
#else
  return _mm256_add_epi32(sum, products);
#endif
}

#include "fewfit/nn/simd/arithmetic.inc"
#include "fewfit/nn/simd/tile.inc"
#include "fewfit/nn/simd/linear.inc"
#include "fewfit/nn/simd/bytes.inc"

}  // namespace
}  // namespace avx2
}  // namespace v0
}  // namespace fewfit

#if defined(__clang__)
#pragma clang attribute pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif
#endif
