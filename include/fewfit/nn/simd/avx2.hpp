// SPDX-License-Identifier: MIT
#pragma once
// The arithmetic with AVX2, FMA and F16C (most x86-64 since 2013), whatever the compiler was told to use.
//
// Between push and pop every function is compiled for these instructions and has internal linkage, so none can take
// the place of one that another file needs for an older processor. Nothing of Eigen or of the standard library may be
// called in there: its inline functions would be compiled for these instructions, too, and kept for all.

#include "fewfit/nn/tensor.hpp"

#if FEWFIT_X86_KERNELS
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
#endif

namespace fewfit {
inline namespace v0 {
namespace avx2 {

using packet = __m256;
constexpr int packet_size = 8;
constexpr int tile_rows = 6, tile_panels = 3;
constexpr int tile_sums = 12;  // of 16 registers: 8 rows spill, and fall from 116 GFLOP/s to 66

static FEWFIT_ALWAYS_INLINE packet load(const float* p) noexcept { return _mm256_loadu_ps(p); }
static FEWFIT_ALWAYS_INLINE void store(float* p, packet v) noexcept { _mm256_storeu_ps(p, v); }
static FEWFIT_ALWAYS_INLINE packet all(float x) noexcept { return _mm256_set1_ps(x); }
static FEWFIT_ALWAYS_INLINE packet add(packet a, packet b) noexcept { return _mm256_add_ps(a, b); }
static FEWFIT_ALWAYS_INLINE packet subtract(packet a, packet b) noexcept { return _mm256_sub_ps(a, b); }
static FEWFIT_ALWAYS_INLINE packet multiply(packet a, packet b) noexcept { return _mm256_mul_ps(a, b); }
static FEWFIT_ALWAYS_INLINE packet divide(packet a, packet b) noexcept { return _mm256_div_ps(a, b); }
static FEWFIT_ALWAYS_INLINE packet larger(packet a, packet b) noexcept { return _mm256_max_ps(a, b); }
static FEWFIT_ALWAYS_INLINE packet smaller(packet a, packet b) noexcept { return _mm256_min_ps(a, b); }
static FEWFIT_ALWAYS_INLINE packet multiply_add(packet a, packet b, packet c) noexcept {
  return _mm256_fmadd_ps(a, b, c);
}
static FEWFIT_ALWAYS_INLINE float largest(packet a) noexcept {
  __m128 m = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_max_ss(m, _mm_shuffle_ps(m, m, 1)));
}
static FEWFIT_ALWAYS_INLINE double square_root(double x) noexcept {
  return _mm_cvtsd_f64(_mm_sqrt_pd(_mm_set1_pd(x)));
}
/// p 2^n, where n sits in the low bits of t = n + 1.5 * 2^23. p and the product are normal numbers.
static FEWFIT_ALWAYS_INLINE packet scale_by_power(packet p, packet t) noexcept {
  const __m256i n = _mm256_slli_epi32(_mm256_castps_si256(t), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), n));
}
static FEWFIT_ALWAYS_INLINE packet load_half(const unsigned char* p) noexcept {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
static FEWFIT_ALWAYS_INLINE void prefetch(const unsigned char* p) noexcept {
  _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0);
}

#include "fewfit/nn/simd/arithmetic.inc"
#include "fewfit/nn/simd/linear.inc"

}  // namespace avx2
}  // namespace v0
}  // namespace fewfit

#if defined(__clang__)
#pragma clang attribute pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif
#endif
