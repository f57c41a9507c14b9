// SPDX-License-Identifier: MIT
#pragma once
// The arithmetic of a fit in double with AVX2 and FMA, and with AVX-512; the rules of such regions are in avx2.hpp.

#include <initializer_list>

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
namespace avx2_doubles {
namespace {

constexpr int tile_of_wide = 4;  // two of 16 registers each

struct wide {
  __m256d low, high;
};
static FEWFIT_ALWAYS_INLINE wide load(const double* p) noexcept {
  return {_mm256_loadu_pd(p), _mm256_loadu_pd(p + 4)};
}
static FEWFIT_ALWAYS_INLINE void store(double* p, wide v) noexcept {
  _mm256_storeu_pd(p, v.low), _mm256_storeu_pd(p + 4, v.high);
}
static FEWFIT_ALWAYS_INLINE wide widen(const float* p) noexcept {
  return {_mm256_cvtps_pd(_mm_loadu_ps(p)), _mm256_cvtps_pd(_mm_loadu_ps(p + 4))};
}
static FEWFIT_ALWAYS_INLINE wide all(double x) noexcept { return {_mm256_set1_pd(x), _mm256_set1_pd(x)}; }
static FEWFIT_ALWAYS_INLINE wide larger(wide a, wide b) noexcept {
  return {_mm256_max_pd(a.low, b.low), _mm256_max_pd(a.high, b.high)};
}
static FEWFIT_ALWAYS_INLINE wide multiply_add(wide a, wide b, wide c) noexcept {
  return {_mm256_fmadd_pd(a.low, b.low, c.low), _mm256_fmadd_pd(a.high, b.high, c.high)};
}
/// One value from eight lanes, in the fixed order.
static FEWFIT_ALWAYS_INLINE double fold(wide sum) noexcept {
  const __m256d four = _mm256_add_pd(sum.low, sum.high);
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}
static FEWFIT_ALWAYS_INLINE __m256d scale_part(__m256d p, __m256d t) noexcept {
  return _mm256_castsi256_pd(_mm256_add_epi64(_mm256_castpd_si256(p), _mm256_slli_epi64(_mm256_castpd_si256(t), 52)));
}
/// p 2^n, where n sits in the low bits of t = n + 1.5 * 2^52. p and the product are normal numbers.
static FEWFIT_ALWAYS_INLINE wide scale_by_power(wide p, wide t) noexcept {
  return {scale_part(p.low, t.low), scale_part(p.high, t.high)};
}

#include "fewfit/nn/simd/doubles.inc"

}  // namespace
}  // namespace avx2_doubles
}  // namespace v0
}  // namespace fewfit

#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c"))), \
                             apply_to = function)
#elif defined(__GNUC__)
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c,prefer-vector-width=512")
#endif
FEWFIT_OPTIMIZED_REGION

namespace fewfit {
inline namespace v0 {
namespace avx512_doubles {
namespace {

constexpr int tile_of_wide = 8;  // of 32 registers

using wide = __m512d;
constexpr __mmask8 every = 0xFF;  // masked forms for the reason in zmm.inc

static FEWFIT_ALWAYS_INLINE wide load(const double* p) noexcept { return _mm512_loadu_pd(p); }
static FEWFIT_ALWAYS_INLINE void store(double* p, wide v) noexcept { _mm512_storeu_pd(p, v); }
static FEWFIT_ALWAYS_INLINE wide widen(const float* p) noexcept {
  return _mm512_maskz_cvtps_pd(every, _mm256_loadu_ps(p));
}
static FEWFIT_ALWAYS_INLINE wide all(double x) noexcept { return _mm512_set1_pd(x); }
static FEWFIT_ALWAYS_INLINE wide larger(wide a, wide b) noexcept { return _mm512_maskz_max_pd(every, a, b); }
static FEWFIT_ALWAYS_INLINE wide multiply_add(wide a, wide b, wide c) noexcept { return _mm512_fmadd_pd(a, b, c); }
/// One value from eight lanes, in the fixed order.
static FEWFIT_ALWAYS_INLINE double fold(wide sum) noexcept {
  const __m256d four =
      _mm256_add_pd(_mm512_maskz_extractf64x4_pd(every, sum, 0), _mm512_maskz_extractf64x4_pd(every, sum, 1));
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}
/// p 2^n, where n sits in the low bits of t = n + 1.5 * 2^52. p and the product are normal numbers.
static FEWFIT_ALWAYS_INLINE wide scale_by_power(wide p, wide t) noexcept {
  const __m512i n = _mm512_maskz_slli_epi64(every, _mm512_castpd_si512(t), 52);
  return _mm512_castsi512_pd(_mm512_add_epi64(_mm512_castpd_si512(p), n));
}

#include "fewfit/nn/simd/doubles.inc"

}  // namespace
}  // namespace avx512_doubles
}  // namespace v0
}  // namespace fewfit

#if defined(__clang__)
#pragma clang attribute pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif
#endif
