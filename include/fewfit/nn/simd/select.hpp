// SPDX-License-Identifier: MIT
#pragma once
// One set of kernels out of those that are compiled in: chosen when a model is loaded, asked by every numeric stage.

#include "fewfit/nn/kernels.hpp"
#include "fewfit/nn/simd/avx2.hpp"
#include "fewfit/nn/simd/avx512.hpp"
#include "fewfit/nn/simd/avx512_bf16.hpp"
#include "fewfit/nn/simd/avx512_vnni.hpp"
#include "fewfit/nn/simd/avx_vnni.hpp"
#include "fewfit/nn/simd/cpu.hpp"
#include "fewfit/nn/simd/exact.hpp"
#include "fewfit/nn/simd/neon.hpp"
#include "fewfit/nn/simd/neon_dot.hpp"
#include "fewfit/types.hpp"

namespace fewfit {
inline namespace v0 {

/// The arithmetic of one instruction set; what each does is told in nn/simd/arithmetic.inc, tile.inc and linear.inc.
struct kernel_table {
  using multiply = void (*)(const float* x, std::size_t ldx, std::size_t rows, const linear_weights& w, float* out,
                            std::size_t ldout, after what, const linear_scratch& scratch) noexcept;

  fewfit::kernels name;
  multiply f32, f16, bf16, i8;  // a linear layer by the type of its weights
  float (*softmax_numerators)(float* x, std::size_t n) noexcept;
  void (*layer_norm)(float* x, std::size_t ld, std::size_t rows, const layer_norm_weights& w) noexcept;
  void (*scale)(float* x, std::size_t n, float factor) noexcept;
  void (*activate)(activation how, float* x, std::size_t n) noexcept;
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

namespace detail {

// The name of a set is that of a namespace, which is why a macro and no template fills in its table: `set` does what
// all types of numbers share, and products of f32. Tables are variables: where functions return them, g++ 12
// puts the kernels into the functions' sections, and a second unit does not link.
#define FEWFIT_KERNELS(name, set, f16_of, bf16_of, bf16_numbers, i8_of)                                            \
  {                                                                                                                \
    kernels::name, set::multiply_all<set::f32_numbers>, f16_of::multiply_all<f16_of::f16_numbers>,                 \
        bf16_of::multiply_all<bf16_of::bf16_numbers>, i8_of::multiply_all<i8_of::i8_numbers>,                      \
        set::softmax_numerators, set::layer_norm, set::scale, set::activate, set::divide_row, set::transpose_rows, \
        set::sum_of_squares, set::add_rows                                                                         \
  }

#if FEWFIT_PORTABLE_FMA
static constexpr kernel_table portable_set =
    FEWFIT_KERNELS(portable, portable, portable, portable, bf16_numbers, portable);
#else  // kernels_for asks for no other way with bytes
static constexpr kernel_table portable_set =
    FEWFIT_KERNELS(portable, portable, portable, portable, bf16_numbers, exact);
#endif
// For models in bytes: the other types of a linear layer are not asked for.
static constexpr kernel_table exact_set = FEWFIT_KERNELS(portable, exact, portable, portable, bf16_numbers, exact);
#if FEWFIT_X86_KERNELS
static constexpr kernel_table avx2_set = FEWFIT_KERNELS(avx2, avx2, avx2, avx2, bf16_numbers, avx2);
// Without VNNI bytes take their way through 256 bits: such processors are few, and tiles take long to compile.
static constexpr kernel_table avx512_set = FEWFIT_KERNELS(avx512, avx512, avx512, avx512, bf16_numbers, avx2);
#endif
#if FEWFIT_X86_DOT_KERNELS
static constexpr kernel_table avx_vnni_set = FEWFIT_KERNELS(avx_vnni, avx2, avx2, avx2, bf16_numbers, avx_vnni);
static constexpr kernel_table avx512_vnni_set =
    FEWFIT_KERNELS(avx512_vnni, avx512, avx512, avx512, bf16_numbers, avx512_vnni);
static constexpr kernel_table avx512_bf16_set =
    FEWFIT_KERNELS(avx512_bf16, avx512, avx512, avx512_bf16, native_bf16_numbers, avx512_vnni);
#endif
#if FEWFIT_NEON_KERNELS
static constexpr kernel_table neon_set = FEWFIT_KERNELS(neon, neon, neon, neon, bf16_numbers, neon);
#endif
#if FEWFIT_NEON_DOT_KERNELS
static constexpr kernel_table neon_dot_set = FEWFIT_KERNELS(neon_dot, neon, neon, neon, bf16_numbers, neon_dot);
#endif
#undef FEWFIT_KERNELS

}  // namespace detail

/// Through Eigen, as the compiler's options allow.
inline kernel_table portable_kernels() noexcept { return detail::portable_set; }
/// As portable_kernels, but the same bits even where there is no fused multiply-add; for models in bytes.
inline kernel_table exact_kernels() noexcept { return detail::exact_set; }

/// What a model with linear layers of this type computes with, out of a chosen set.
inline kernel_table kernels_for(number_type type, const kernel_table& chosen) noexcept {
  if constexpr (!FEWFIT_PORTABLE_FMA)
    if (type == number_type::i8 && chosen.name == kernels::portable) return exact_kernels();
  return chosen;
}

/// The kernels with this name, or the fastest for `automatic`; false where this processor cannot run them.
inline bool select_kernels(kernels wanted, kernel_table& table) noexcept {
  // Not asked in vain: each of up to eight questions takes a guest of a hypervisor out of its machine and back.
  const detail::cpu_features cpu = wanted == kernels::portable ? detail::cpu_features() : detail::ask_cpu();
  static_cast<void>(cpu);
  const auto is = [wanted](kernels k, bool fast = true) {
    return wanted == k || (wanted == kernels::automatic && fast);
  };
#if FEWFIT_X86_DOT_KERNELS
  if (is(kernels::avx512_bf16, cpu.bf16_is_fast) && cpu.avx512_bf16) return table = detail::avx512_bf16_set, true;
  if (is(kernels::avx512_vnni) && cpu.avx512_vnni) return table = detail::avx512_vnni_set, true;
#endif
#if FEWFIT_X86_KERNELS
  if (is(kernels::avx512) && cpu.avx512) return table = detail::avx512_set, true;
#endif
#if FEWFIT_X86_DOT_KERNELS
  if (is(kernels::avx_vnni) && cpu.avx_vnni) return table = detail::avx_vnni_set, true;
#endif
#if FEWFIT_X86_KERNELS
  if (is(kernels::avx2) && cpu.avx2) return table = detail::avx2_set, true;
#endif
#if FEWFIT_NEON_DOT_KERNELS
  if (is(kernels::neon_dot) && cpu.neon_dot) return table = detail::neon_dot_set, true;
#endif
#if FEWFIT_NEON_KERNELS
  if (is(kernels::neon)) return table = detail::neon_set, true;
#endif
  if (is(kernels::portable)) return table = portable_kernels(), true;
  return false;
}

}  // namespace v0
}  // namespace fewfit
