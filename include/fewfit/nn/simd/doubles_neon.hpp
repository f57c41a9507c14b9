// SPDX-License-Identifier: MIT
#pragma once
// The arithmetic of a fit in double with NEON, which every 64-bit ARM processor has.

#include <initializer_list>

#include "fewfit/nn/tensor.hpp"

#if FEWFIT_NEON_KERNELS
#include <arm_neon.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#endif
FEWFIT_OPTIMIZED_REGION

namespace fewfit {
inline namespace v0 {
namespace neon_doubles {
namespace {

constexpr int tile_of_wide = 4;  // four of 32 registers each

struct wide {
  float64x2_t part[4];
};
static FEWFIT_ALWAYS_INLINE wide load(const double* p) noexcept {
  return {{vld1q_f64(p), vld1q_f64(p + 2), vld1q_f64(p + 4), vld1q_f64(p + 6)}};
}
static FEWFIT_ALWAYS_INLINE void store(double* p, const wide& v) noexcept {
  FEWFIT_UNROLL for (int i = 0; i < 4; ++i) vst1q_f64(p + 2 * i, v.part[i]);
}
static FEWFIT_ALWAYS_INLINE wide widen(const float* p) noexcept {
  const float32x4_t low = vld1q_f32(p), high = vld1q_f32(p + 4);
  return {{vcvt_f64_f32(vget_low_f32(low)), vcvt_high_f64_f32(low), vcvt_f64_f32(vget_low_f32(high)),
           vcvt_high_f64_f32(high)}};
}
static FEWFIT_ALWAYS_INLINE wide all(double x) noexcept {
  const float64x2_t v = vdupq_n_f64(x);
  return {{v, v, v, v}};
}
static FEWFIT_ALWAYS_INLINE wide larger(const wide& a, const wide& b) noexcept {
  wide out;
  FEWFIT_UNROLL for (int i = 0; i < 4; ++i) out.part[i] = vmaxq_f64(a.part[i], b.part[i]);
  return out;
}
static FEWFIT_ALWAYS_INLINE wide multiply_add(const wide& a, const wide& b, const wide& c) noexcept {
  wide out;
  FEWFIT_UNROLL for (int i = 0; i < 4; ++i) out.part[i] = vfmaq_f64(c.part[i], a.part[i], b.part[i]);
  return out;
}
/// One value from eight lanes, in the fixed order.
static FEWFIT_ALWAYS_INLINE double fold(const wide& s) noexcept {
  const float64x2_t two = vaddq_f64(vaddq_f64(s.part[0], s.part[2]), vaddq_f64(s.part[1], s.part[3]));
  return vgetq_lane_f64(two, 0) + vgetq_lane_f64(two, 1);
}
/// p 2^n, where n sits in the low bits of t = n + 1.5 * 2^52. p and the product are normal numbers.
static FEWFIT_ALWAYS_INLINE wide scale_by_power(const wide& p, const wide& t) noexcept {
  wide out;
  FEWFIT_UNROLL for (int i = 0; i < 4; ++i) {
    const uint64x2_t n = vshlq_n_u64(vreinterpretq_u64_f64(t.part[i]), 52);
    out.part[i] = vreinterpretq_f64_u64(vaddq_u64(vreinterpretq_u64_f64(p.part[i]), n));
  }
  return out;
}

#include "fewfit/nn/simd/doubles.inc"

}  // namespace
}  // namespace neon_doubles
}  // namespace v0
}  // namespace fewfit

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif
#endif
