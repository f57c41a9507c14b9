// SPDX-License-Identifier: MIT
#pragma once
// What this processor, and the system on it, can run.

#include "fewfit/config.hpp"

#if FEWFIT_X86_KERNELS
#if defined(_MSC_VER)
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#elif FEWFIT_NEON_KERNELS && defined(__linux__)
#include <sys/auxv.h>
#elif FEWFIT_NEON_KERNELS && defined(_WIN32)
extern "C" __declspec(dllimport) int __stdcall IsProcessorFeaturePresent(unsigned long);
#endif

namespace fewfit {
inline namespace v0 {
namespace detail {

/// Sets of instructions as the kernels use them; each includes that the system saves the registers.
struct cpu_features {
  bool avx2 = false;    // with FMA and F16C
  bool avx512 = false;  // F, BW, DQ and VL
  bool avx_vnni = false, avx512_vnni = false;
  bool avx512_bf16 = false;  // with VNNI
  bool neon_dot = false;
  bool bf16_is_fast = false;  // the instruction does more than two fused multiply-adds in the same time
};

#if FEWFIT_X86_KERNELS

struct cpuid_answer {
  std::uint32_t a = 0, b = 0, c = 0, d = 0;
};

inline cpuid_answer ask_cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) noexcept {
  cpuid_answer r;
#if defined(_MSC_VER)
  int v[4];
  __cpuid(v, 0);
  if (static_cast<std::uint32_t>(v[0]) < leaf) return r;
  __cpuidex(v, static_cast<int>(leaf), static_cast<int>(subleaf));
  r = {static_cast<std::uint32_t>(v[0]), static_cast<std::uint32_t>(v[1]), static_cast<std::uint32_t>(v[2]),
       static_cast<std::uint32_t>(v[3])};
#else
  if (__get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d) == 0) r = {};
#endif
  return r;
}

/// Which registers the system saves. needs  OSXSAVE
inline std::uint32_t saved_registers() noexcept {
#if defined(_MSC_VER)
  return static_cast<std::uint32_t>(_xgetbv(0));
#else
  std::uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
#endif
}

/// cost  a few dozen cycles, a few dozen microseconds in some virtual machines: asked once a model
inline cpu_features ask_cpu() noexcept {
  cpu_features f;
  const cpuid_answer maker = ask_cpuid(0), one = ask_cpuid(1), seven = ask_cpuid(7);
  const cpuid_answer more = seven.a >= 1 ? ask_cpuid(7, 1) : cpuid_answer();
  const auto has = [](std::uint32_t word, int bit) { return (word >> bit & 1u) != 0; };
  if (!has(one.c, 27)) return f;  // OSXSAVE
  const std::uint32_t saved = saved_registers();
  const bool ymm = (saved & 0x06u) == 0x06u, zmm = (saved & 0xE6u) == 0xE6u;
  f.avx2 = ymm && has(one.c, 12) && has(one.c, 28) && has(one.c, 29) && has(seven.b, 5);
  f.avx512 = f.avx2 && zmm && has(seven.b, 16) && has(seven.b, 17) && has(seven.b, 30) && has(seven.b, 31);
  f.avx_vnni = f.avx2 && has(more.a, 4);
  f.avx512_vnni = f.avx512 && has(seven.c, 11);
  f.avx512_bf16 = f.avx512_vnni && has(more.a, 5);
  // Intel's multiply 84 G a second where two fused multiply-adds a bf16 pair reach 170 (Emerald Rapids); AMD's have
  // twice the rate of floats (Zen 4).
  f.bf16_is_fast = maker.b == 0x68747541u;  // "Auth"enticAMD
  return f;
}

#elif FEWFIT_NEON_KERNELS

inline cpu_features ask_cpu() noexcept {
  cpu_features f;
#if defined(__ARM_FEATURE_DOTPROD)
  f.neon_dot = true;
#elif defined(__linux__)
  f.neon_dot = (getauxval(AT_HWCAP) >> 20 & 1u) != 0;  // HWCAP_ASIMDDP
#elif defined(_WIN32)
  f.neon_dot = IsProcessorFeaturePresent(43) != 0;  // PF_ARM_V82_DP_INSTRUCTIONS_AVAILABLE
#endif
  return f;
}

#else

inline cpu_features ask_cpu() noexcept { return {}; }

#endif

}  // namespace detail
}  // namespace v0
}  // namespace fewfit
