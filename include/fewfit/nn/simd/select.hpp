// SPDX-License-Identifier: MIT
#pragma once
// One set of kernels out of those that are compiled in: chosen when a model is loaded, asked by every numeric stage.

#include "fewfit/api.hpp"
#include "fewfit/nn/kernels.hpp"
#include "fewfit/nn/simd/avx2.hpp"
#include "fewfit/nn/simd/avx512.hpp"
#include "fewfit/nn/simd/avx512_bf16.hpp"
#include "fewfit/nn/simd/avx512_vnni.hpp"
#include "fewfit/nn/simd/avx_vnni.hpp"
#include "fewfit/nn/simd/cpu.hpp"
#include "fewfit/nn/simd/neon.hpp"
#include "fewfit/nn/simd/neon_dot.hpp"

namespace fewfit {
inline namespace v0 {

/// The arithmetic of one instruction set; what each does is told in nn/simd/arithmetic.inc and linear.inc.
struct kernel_table {
  using multiply = void (*)(const float* x, std::size_t ldx, std::size_t rows, const linear_weights& w, float* out,
                            std::size_t ldout, after what, const linear_scratch& scratch) noexcept;

  fewfit::kernels name;
  multiply f32, f16, bf16, i8;  // a linear layer by the type of its weights
  float (*softmax_numerators)(float* x, std::size_t n) noexcept;
  void (*layer_norm)(float* x, std::size_t ld, std::size_t rows, const layer_norm_weights& w) noexcept;
  void (*scale)(float* x, std::size_t n, float factor) noexcept;
  void (*divide_row)(const float* x, std::size_t n, float divisor, float* to) noexcept;
  void (*transpose_rows)(const float* x, std::size_t ldx, std::size_t rows, std::size_t columns, float* to) noexcept;
  float (*sum_of_squares)(const float* x, std::size_t n) noexcept;
  void (*add_rows)(number_type type, const void* word, float scale, const float* position, float* row,
                   std::size_t n) noexcept;

  /// out = x W^T + b, or what `what` says.    needs  scratch where the weights are bf16 or i8
  void linear(const float* x, std::size_t ldx, std::size_t rows, const linear_weights& w, float* out,
              std::size_t ldout, after what, const linear_scratch& scratch = {}) const noexcept {
    const multiply by_type[] = {f32, f16, bf16, i8};
    by_type[static_cast<std::uint32_t>(w.type) - 1](x, ldx, rows, w, out, ldout, what, scratch);
  }
};

// The name of a set is that of its namespace, which is why a macro and no template fills in its table.
#define FEWFIT_KERNELS_OF(set, bytes)                                                                               \
  kernel_table {                                                                                                    \
    kernels::set, set::multiply_all<set::f32_numbers>, set::multiply_all<set::f16_numbers>,                         \
        set::multiply_all<set::bf16_numbers>, bytes::multiply_all<bytes::i8_numbers>, set::softmax_numerators,      \
        set::layer_norm, set::scale, set::divide_row, set::transpose_rows, set::sum_of_squares, set::add_rows       \
  }

/// Through Eigen, as the compiler's options allow.
inline kernel_table portable_kernels() noexcept { return FEWFIT_KERNELS_OF(portable, portable); }

namespace detail {

#if FEWFIT_X86_KERNELS
inline kernel_table avx2_kernels() noexcept { return FEWFIT_KERNELS_OF(avx2, avx2); }
inline kernel_table avx_vnni_kernels() noexcept {
  kernel_table k = FEWFIT_KERNELS_OF(avx2, avx_vnni);
  return k.name = kernels::avx_vnni, k;
}
// Without VNNI bytes take their way through 256 bits: such processors are few, and tiles take long to compile.
inline kernel_table avx512_kernels() noexcept { return FEWFIT_KERNELS_OF(avx512, avx2); }
inline kernel_table avx512_vnni_kernels() noexcept {
  kernel_table k = FEWFIT_KERNELS_OF(avx512, avx512_vnni);
  return k.name = kernels::avx512_vnni, k;
}
inline kernel_table avx512_bf16_kernels() noexcept {
  kernel_table k = avx512_vnni_kernels();
  return k.name = kernels::avx512_bf16, k.bf16 = avx512_bf16::multiply_all<avx512_bf16::native_bf16_numbers>, k;
}
#endif
#if FEWFIT_NEON_KERNELS
inline kernel_table neon_kernels() noexcept { return FEWFIT_KERNELS_OF(neon, neon); }
inline kernel_table neon_dot_kernels() noexcept {
  kernel_table k = FEWFIT_KERNELS_OF(neon, neon_dot);
  return k.name = kernels::neon_dot, k;
}
#endif
#undef FEWFIT_KERNELS_OF

}  // namespace detail

/// The kernels with this name, or the fastest for `automatic`; false where this processor cannot run them.
inline bool select_kernels(kernels wanted, kernel_table& table) noexcept {
  const detail::cpu_features cpu = detail::ask_cpu();
  static_cast<void>(cpu);
  const auto is = [wanted](kernels k, bool fast = true) {
    return wanted == k || (wanted == kernels::automatic && fast);
  };
#if FEWFIT_X86_KERNELS
  if (is(kernels::avx512_bf16, cpu.bf16_is_fast) && cpu.avx512_bf16) return table = detail::avx512_bf16_kernels(), true;
  if (is(kernels::avx512_vnni) && cpu.avx512_vnni) return table = detail::avx512_vnni_kernels(), true;
  if (is(kernels::avx512) && cpu.avx512) return table = detail::avx512_kernels(), true;
  if (is(kernels::avx_vnni) && cpu.avx_vnni) return table = detail::avx_vnni_kernels(), true;
  if (is(kernels::avx2) && cpu.avx2) return table = detail::avx2_kernels(), true;
#endif
#if FEWFIT_NEON_KERNELS
  if (is(kernels::neon_dot) && cpu.neon_dot) return table = detail::neon_dot_kernels(), true;
  if (is(kernels::neon)) return table = detail::neon_kernels(), true;
#endif
  if (is(kernels::portable)) return table = portable_kernels(), true;
  return false;
}

}  // namespace v0
}  // namespace fewfit
