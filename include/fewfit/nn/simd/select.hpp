// SPDX-License-Identifier: MIT
#pragma once
// One set of kernels out of those that are compiled in: chosen when a model is loaded, asked by every numeric stage.

#include "fewfit/api.hpp"
#include "fewfit/nn/kernels.hpp"
#include "fewfit/nn/simd/avx2.hpp"
#include "fewfit/nn/simd/avx512.hpp"
#include "fewfit/nn/simd/cpu.hpp"

namespace fewfit {
inline namespace v0 {

/// The arithmetic of one instruction set; what each does is told in nn/simd/arithmetic.inc and linear.inc.
struct kernel_table {
  fewfit::kernels name;
  void (*linear)(const float* x, std::size_t ldx, std::size_t rows, const linear_weights& w, float* out,
                 std::size_t ldout, after what) noexcept;
  float (*softmax_numerators)(float* x, std::size_t n) noexcept;
  void (*layer_norm)(float* x, std::size_t ld, std::size_t rows, const layer_norm_weights& w) noexcept;
  void (*scale)(float* x, std::size_t n, float factor) noexcept;
  float (*sum_of_squares)(const float* x, std::size_t n) noexcept;
  void (*add_rows)(number_type type, const void* word, const float* position, float* row, std::size_t n) noexcept;
};

/// Through Eigen, as the compiler's options allow.
inline kernel_table portable_kernels() noexcept {
  namespace set = portable;
  return {kernels::portable,   set::linear,  set::softmax_numerators, set::layer_norm, set::scale,
          set::sum_of_squares, set::add_rows};
}

namespace detail {

#if FEWFIT_X86_KERNELS
inline kernel_table avx2_kernels() noexcept {
  namespace set = avx2;
  return {kernels::avx2,       set::linear,  set::softmax_numerators, set::layer_norm, set::scale,
          set::sum_of_squares, set::add_rows};
}

inline kernel_table avx512_kernels() noexcept {
  namespace set = avx512;
  return {kernels::avx512,     set::linear,  set::softmax_numerators, set::layer_norm, set::scale,
          set::sum_of_squares, set::add_rows};
}
#endif

}  // namespace detail

/// The kernels with this name, or the fastest for `automatic`; false where this processor cannot run them.
inline bool select_kernels(kernels wanted, kernel_table& table) noexcept {
  const detail::cpu_features cpu = detail::ask_cpu();
  static_cast<void>(cpu);
  const auto is = [wanted](kernels k) { return wanted == k || wanted == kernels::automatic; };
#if FEWFIT_X86_KERNELS
  if (is(kernels::avx512) && cpu.avx512) return table = detail::avx512_kernels(), true;
  if (is(kernels::avx2) && cpu.avx2) return table = detail::avx2_kernels(), true;
#endif
  if (is(kernels::portable)) return table = portable_kernels(), true;
  return false;
}

}  // namespace v0
}  // namespace fewfit
