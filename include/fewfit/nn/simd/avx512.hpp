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
FEWFIT_OPTIMIZED_REGION

namespace fewfit {
inline namespace v0 {
namespace avx512 {
namespace {

#include "fewfit/nn/simd/zmm.inc"

#include "fewfit/nn/simd/arithmetic.inc"
#include "fewfit/nn/simd/tile.inc"
#include "fewfit/nn/simd/linear.inc"

}  // namespace
}  // namespace avx512
}  // namespace v0
}  // namespace fewfit

#if defined(__clang__)
#pragma clang attribute pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif
#endif
