// SPDX-License-Identifier: MIT
#pragma once
// Products of bytes with AVX-512 VNNI (Intel since 2019, AMD since 2022); all else is as in avx512.hpp.

#include "fewfit/nn/tensor.hpp"

#if FEWFIT_X86_DOT_KERNELS
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c,avx512vnni"))), \
                             apply_to = function)
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c,avx512vnni,prefer-vector-width=512")
#endif
FEWFIT_OPTIMIZED_REGION

namespace fewfit {
inline namespace v0 {
namespace avx512_vnni {
namespace {

#include "fewfit/nn/simd/zmm.inc"

constexpr int tile_rows_of_bytes = 8;

/// sum += four products of an unsigned and a signed byte each, in every 32 bits.
static FEWFIT_ALWAYS_INLINE integers add_products_of_bytes(integers sum, integers x, integers w) noexcept {
#if defined(__GNUC__) && !defined(__clang__)
  // With the intrinsic g++ 12 copies the sum before each (GCC bug 94663) and spills: half the speed.
  __asm__("vpdpbusd {%2, %1, %0|%0, %1, %2}" : "+v"(sum) : "v"(x), "v"(w));
  return sum;
#else
  return _mm512_dpbusd_epi32(sum, x, w);
#endif
}

#include "fewfit/nn/simd/arithmetic.inc"
#include "fewfit/nn/simd/tile.inc"
#include "fewfit/nn/simd/linear.inc"
#include "fewfit/nn/simd/bytes.inc"

}  // namespace
}  // namespace avx512_vnni
}  // namespace v0
}  // namespace fewfit

#if defined(__clang__)
#pragma clang attribute pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif
#endif
