// SPDX-License-Identifier: MIT
#pragma once
// The arithmetic with AVX-512 F, BW, DQ and VL (Intel servers since 2017, AMD since 2022); the rules are in avx2.hpp.

#include "fewfit/nn/tensor.hpp"

#if FEWFIT_X86_KERNELS
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c"))), \
                             apply_to = function)
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c,prefer-vector-width=512")
#endif

namespace fewfit {
inline namespace v0 {
namespace avx512 {

using packet = __m512;
constexpr int packet_size = 16;
// Masked forms with this mask are the plain instructions. The plain forms begin, in g++ 12, with a variable of which
// it then warns.
constexpr __mmask16 every = 0xFFFF;
constexpr int tile_rows = 8, tile_panels = 3, tile_sums = 24;  // of 32 registers

static FEWFIT_ALWAYS_INLINE packet load(const float* p) noexcept { return _mm512_loadu_ps(p); }
static FEWFIT_ALWAYS_INLINE void store(float* p, packet v) noexcept { _mm512_storeu_ps(p, v); }
static FEWFIT_ALWAYS_INLINE packet all(float x) noexcept { return _mm512_set1_ps(x); }
static FEWFIT_ALWAYS_INLINE packet add(packet a, packet b) noexcept { return _mm512_add_ps(a, b); }
static FEWFIT_ALWAYS_INLINE packet subtract(packet a, packet b) noexcept { return _mm512_sub_ps(a, b); }
static FEWFIT_ALWAYS_INLINE packet multiply(packet a, packet b) noexcept { return _mm512_mul_ps(a, b); }
static FEWFIT_ALWAYS_INLINE packet divide(packet a, packet b) noexcept { return _mm512_div_ps(a, b); }
static FEWFIT_ALWAYS_INLINE packet larger(packet a, packet b) noexcept { return _mm512_maskz_max_ps(every, a, b); }
static FEWFIT_ALWAYS_INLINE packet smaller(packet a, packet b) noexcept { return _mm512_maskz_min_ps(every, a, b); }
static FEWFIT_ALWAYS_INLINE packet multiply_add(packet a, packet b, packet c) noexcept {
  return _mm512_fmadd_ps(a, b, c);
}
static FEWFIT_ALWAYS_INLINE float largest(packet a) noexcept {
  const __m256 low = _mm512_maskz_extractf32x8_ps(0xFF, a, 0), high = _mm512_maskz_extractf32x8_ps(0xFF, a, 1);
  const __m256 half = _mm256_max_ps(low, high);
  __m128 m = _mm_max_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_max_ss(m, _mm_shuffle_ps(m, m, 1)));
}
static FEWFIT_ALWAYS_INLINE double square_root(double x) noexcept {
  return _mm_cvtsd_f64(_mm_sqrt_pd(_mm_set1_pd(x)));
}
/// p 2^n, where n sits in the low bits of t = n + 1.5 * 2^23. p and the product are normal numbers.
static FEWFIT_ALWAYS_INLINE packet scale_by_power(packet p, packet t) noexcept {
  const __m512i n = _mm512_maskz_slli_epi32(every, _mm512_castps_si512(t), 23);
  return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(p), n));
}
static FEWFIT_ALWAYS_INLINE packet load_half(const unsigned char* p) noexcept {
  return _mm512_maskz_cvtph_ps(every, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
static FEWFIT_ALWAYS_INLINE void prefetch(const unsigned char* p) noexcept {
  _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0);
}

#include "fewfit/nn/simd/arithmetic.inc"
#include "fewfit/nn/simd/linear.inc"

}  // namespace avx512
}  // namespace v0
}  // namespace fewfit

#if defined(__clang__)
#pragma clang attribute pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif
#endif
