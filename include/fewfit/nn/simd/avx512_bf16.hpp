// SPDX-License-Identifier: MIT
#pragma once
// Products of bf16 with AVX-512 BF16 (AMD since 2022, Intel since 2020); all else is as in avx512_vnni.hpp.

#include "fewfit/nn/tensor.hpp"

#if FEWFIT_X86_DOT_KERNELS
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(                                                                     \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c,avx512vnni,avx512bf16"))), \
    apply_to = function)
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c,avx512vnni,avx512bf16,prefer-vector-width=512")
#endif
FEWFIT_OPTIMIZED_REGION

namespace fewfit {
inline namespace v0 {
namespace avx512_bf16 {
namespace {

#include "fewfit/nn/simd/zmm.inc"

#include "fewfit/nn/simd/arithmetic.inc"
#include "fewfit/nn/simd/tile.inc"
#include "fewfit/nn/simd/linear.inc"

// The types that the instructions want; through a union, because MSVC casts between no two types of registers.
static FEWFIT_ALWAYS_INLINE __m512bh as_bf16(integers x) noexcept {
  union {
    integers whole;
    __m512bh pairs;
  } both;
  both.whole = x;
  return both.pairs;
}
static FEWFIT_ALWAYS_INLINE void store_bf16(std::uint32_t* p, __m256bh x) noexcept {
  union {
    __m256bh pairs;
    __m256i whole;
  } both;
  both.pairs = x;
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), both.whole);
}

/// Pairs of inputs and weights, added up by one instruction: in each pair odd then even, fused, subnormals flushed.
struct native_bf16_numbers : f32_numbers {
  using environment = flush_environment;  // for what is done besides, as the others do it
  using input = std::uint32_t;
  static constexpr std::size_t inputs = 2;
  static constexpr bool two_panels = false;
  template <int>
  static FEWFIT_ALWAYS_INLINE integers weights(const unsigned char* w) noexcept {
    return load_integers(w);
  }
  template <int>
  static FEWFIT_ALWAYS_INLINE integers broadcast(const std::uint32_t* x) noexcept {
    return all_integers(static_cast<std::int32_t>(*x));
  }
  static FEWFIT_ALWAYS_INLINE packet step(packet s, integers x, integers w) noexcept {
    return _mm512_dpbf16_ps(s, as_bf16(x), as_bf16(w));
  }
  /// needs  columns behind the inputs zero up to the next multiple of 16; scratch may be x itself
  static inline input_rows<input> prepare(const float* x, std::size_t ldx, std::size_t rows, std::size_t width,
                                          const linear_scratch& scratch) noexcept {
    auto* const to = static_cast<std::uint32_t*>(scratch.inputs);
    const std::size_t stride = padded(width) / 2;
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t i = 0; i < stride; i += packet_size / 2)
        store_bf16(to + r * stride + i, _mm512_cvtneps_pbh(load(x + r * ldx + 2 * i)));
    return {to, stride, nullptr};
  }
};

}  // namespace
}  // namespace avx512_bf16
}  // namespace v0
}  // namespace fewfit

#if defined(__clang__)
#pragma clang attribute pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif
#endif
