// SPDX-License-Identifier: MIT
#pragma once
// Version macros and the few questions that only the preprocessor can answer.
//
// Every macro here is 0 or 1 after this header and is tested with `if`, `if constexpr` or `#if` in the four
// places that may hold one: this header, io/mapped_file.hpp, io/crc32c.hpp and nn/simd/. A macro that the user
// has defined already is left as it is. No macro changes the layout of a type.

#include <cstddef>
#include <cstdint>

#define FEWFIT_VERSION_MAJOR 0
#define FEWFIT_VERSION_MINOR 1
#define FEWFIT_VERSION_PATCH 0

#if !defined(FEWFIT_CPLUSPLUS) && defined(_MSVC_LANG)
#define FEWFIT_CPLUSPLUS _MSVC_LANG
#elif !defined(FEWFIT_CPLUSPLUS)
#define FEWFIT_CPLUSPLUS __cplusplus
#endif
#if FEWFIT_CPLUSPLUS < 201703L
#error "fewfit needs C++17: compile with -std=c++17 (or /std:c++17) or later"
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "fewfit reads its model files in place and they are little-endian: this machine is not"
#endif

#if (defined(__FAST_MATH__) || defined(_M_FP_FAST)) && !defined(FEWFIT_ALLOW_FAST_MATH)
#error \
    "fewfit promises the same bits everywhere and -ffast-math breaks that: leave it out for this file, or define \
FEWFIT_ALLOW_FAST_MATH to keep labels and finiteness, but not bits"
#endif

// Header-only by default: everything is inline. A program that includes only api.hpp defines
// FEWFIT_IMPLEMENTATION in one file before fewfit.hpp, and the definitions get external linkage there.
#if defined(FEWFIT_IMPLEMENTATION)
#define FEWFIT_INLINE
#else
#define FEWFIT_INLINE inline
#endif

#if !defined(FEWFIT_EXCEPTIONS) && (defined(__cpp_exceptions) || defined(_CPPUNWIND))
#define FEWFIT_EXCEPTIONS 1
#elif !defined(FEWFIT_EXCEPTIONS)
#define FEWFIT_EXCEPTIONS 0
#endif

// Preconditions between our own functions, never checks of input. A test may define it to throw.
#if !defined(FEWFIT_ASSERT)
#include <cassert>
#define FEWFIT_ASSERT(condition) assert(condition)
#endif

// Tile loops have constant bounds and must vanish into registers; at -O2 neither compiler does it unasked.
#if defined(__clang__)
#define FEWFIT_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define FEWFIT_UNROLL _Pragma("GCC unroll 32")
#else
#define FEWFIT_UNROLL
#endif

// In a program that is built without optimisation, kernels with instructions of their own are optimised all the same:
// 16 tokens take 1.5 ms and not 80. clang has nothing that says so of a part of a file. Builds with any -O are as the
// user asked for them.
#if defined(__GNUC__) && !defined(__clang__) && !defined(__OPTIMIZE__)
#define FEWFIT_OPTIMIZED_REGION _Pragma("GCC optimize(\"O2\")")
#else
#define FEWFIT_OPTIMIZED_REGION
#endif

#if defined(__GNUC__) || defined(__clang__)
#define FEWFIT_ALWAYS_INLINE inline __attribute__((always_inline))
#elif defined(_MSC_VER)
#define FEWFIT_ALWAYS_INLINE __forceinline
#else
#define FEWFIT_ALWAYS_INLINE inline
#endif

// One copy of each tile instead of one in every place that could call it: half the time to compile.
#if defined(__GNUC__) || defined(__clang__)
#define FEWFIT_NEVER_INLINE __attribute__((noinline))
#elif defined(_MSC_VER)
#define FEWFIT_NEVER_INLINE __declspec(noinline)
#else
#define FEWFIT_NEVER_INLINE
#endif

// What runs once a model is better small: a tenth of a program's code.
#if defined(__GNUC__) || defined(__clang__)
#define FEWFIT_COLD __attribute__((cold))
#else
#define FEWFIT_COLD
#endif

// Whether the kernels of nn/simd/ for x86-64 are compiled in. Not with mingw's g++: it keeps wide registers on a
// stack that Windows aligns to 16 bytes with instructions that want 32 or 64 (GCC bug 54412); where yours is
// mended, say 1. Not with clang-cl before it is told of AVX2: its headers leave the instructions out.
#if !defined(FEWFIT_X86_KERNELS)
#if !defined(__x86_64__) && (!defined(_M_X64) || defined(_M_ARM64EC))
#define FEWFIT_X86_KERNELS 0
#elif defined(_WIN32) && defined(__GNUC__) && !defined(__clang__)
#define FEWFIT_X86_KERNELS 0
#elif defined(_MSC_VER) && defined(__clang__) && !defined(__AVX512F__)
#define FEWFIT_X86_KERNELS 0
#else
#define FEWFIT_X86_KERNELS 1
#endif
#endif

// Whether their products of bytes and of bf16 are: AVX-VNNI, AVX-512 VNNI and BF16, which compilers know since 2021.
#if !defined(FEWFIT_X86_DOT_KERNELS)
#if !FEWFIT_X86_KERNELS
#define FEWFIT_X86_DOT_KERNELS 0
#elif defined(_MSC_VER) && defined(__clang__) && !(defined(__AVXVNNI__) && defined(__AVX512BF16__))
#define FEWFIT_X86_DOT_KERNELS 0
#elif defined(__clang__) && __clang_major__ < 12
#define FEWFIT_X86_DOT_KERNELS 0
#elif defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 11
#define FEWFIT_X86_DOT_KERNELS 0
#else
#define FEWFIT_X86_DOT_KERNELS 1
#endif
#endif

// Whether those for 64-bit ARM are.
#if !defined(FEWFIT_NEON_KERNELS)
#if defined(__aarch64__) || defined(_M_ARM64)
#define FEWFIT_NEON_KERNELS 1
#else
#define FEWFIT_NEON_KERNELS 0
#endif
#endif

// Whether what Eigen multiplies and adds is rounded once: everywhere but in old x86 and 32-bit ARM.
#if !defined(FEWFIT_PORTABLE_FMA)
#if defined(__FMA__) || (defined(_MSC_VER) && defined(__AVX2__))
#define FEWFIT_PORTABLE_FMA 1
#elif defined(__SSE2__) || defined(_M_X64) || defined(_M_IX86) || (defined(__ARM_NEON) && !defined(__aarch64__))
#define FEWFIT_PORTABLE_FMA 0
#else
#define FEWFIT_PORTABLE_FMA 1
#endif
#endif

// Clang before 16 declares the dot products only where every function may use them.
#if !defined(FEWFIT_NEON_DOT_KERNELS)
#if FEWFIT_NEON_KERNELS && (!defined(__clang__) || __clang_major__ >= 16 || defined(__ARM_FEATURE_DOTPROD))
#define FEWFIT_NEON_DOT_KERNELS 1
#else
#define FEWFIT_NEON_DOT_KERNELS 0
#endif
#endif

// How the floating-point control word is read and written; see fp_environment below.
#if (defined(__GNUC__) || defined(__clang__)) && (defined(__x86_64__) || defined(__SSE__))
#define FEWFIT_FP_CONTROL_READ() static_cast<std::uint64_t>(__builtin_ia32_stmxcsr())
#define FEWFIT_FP_CONTROL_WRITE(word) __builtin_ia32_ldmxcsr(static_cast<unsigned>(word))
#define FEWFIT_FP_CONTROL_CLEAR 0xE040u  // rounding mode, flush-to-zero, denormals-are-zero
#define FEWFIT_FP_CONTROL_FLUSH 0x8040u  // the last two
#elif defined(_MSC_VER) && defined(_M_X64)
#include <xmmintrin.h>
#define FEWFIT_FP_CONTROL_READ() static_cast<std::uint64_t>(_mm_getcsr())
#define FEWFIT_FP_CONTROL_WRITE(word) _mm_setcsr(static_cast<unsigned>(word))
#define FEWFIT_FP_CONTROL_CLEAR 0xE040u
#define FEWFIT_FP_CONTROL_FLUSH 0x8040u
#elif defined(__aarch64__)
// In assembly, because only gcc has builtins for it.
#define FEWFIT_FP_CONTROL_READ()                            \
  ([]() noexcept {                                          \
    std::uint64_t word;                                     \
    asm volatile("mrs %0, fpcr" : "=r"(word) : : "memory"); \
    return word;                                            \
  }())
#define FEWFIT_FP_CONTROL_WRITE(word) asm volatile("msr fpcr, %0" : : "r"(word) : "memory")
#define FEWFIT_FP_CONTROL_CLEAR 0x03C80000u  // rounding mode, FZ, DN, FZ16
#define FEWFIT_FP_CONTROL_FLUSH 0x01000000u  // FZ
#else
#define FEWFIT_FP_CONTROL_READ() \
  std::uint64_t { 0 }
#define FEWFIT_FP_CONTROL_WRITE(word) static_cast<void>(word)
#define FEWFIT_FP_CONTROL_CLEAR 0u
#define FEWFIT_FP_CONTROL_FLUSH 0u
#endif

namespace fewfit {
inline namespace v0 {

/// Sixteen floats: the unit of rows, of weight panels and of every sum over a row.
inline constexpr std::size_t lanes = 16;

/// Width of a row in memory: the next multiple of 16; the columns behind the width are zero.
constexpr std::size_t padded(std::size_t width) noexcept { return (width + lanes - 1) / lanes * lanes; }

/// What weights are stored as; the values are the model file's. f16 is widened exactly and computed with in f32; bf16
/// and i8 are multiplied as they are, with activations rounded to the same type.
enum class number_type : std::uint32_t { f32 = 1, f16 = 2, bf16 = 3, i8 = 4 };

constexpr std::size_t bytes_of(number_type type) noexcept {
  return type == number_type::f32 ? 4 : type == number_type::i8 ? 1 : 2;
}

/// So many inputs of an output in i8 share a scale.
inline constexpr std::size_t inputs_of_group = 128;

/// Bytes of 16 outputs of a linear layer: their constants (a bias; with i8 scales and sums of groups, shift and
/// bias), then the weights of each input. Inputs are filled up with zeros to whole words of four bytes, so each
/// panel begins at a multiple of 64.
constexpr std::size_t bytes_of_panel(number_type type, std::size_t inputs) noexcept {
  const std::size_t word = 4 / bytes_of(type), groups = (inputs + inputs_of_group - 1) / inputs_of_group;
  const std::size_t constants = type == number_type::i8 ? 2 * groups + 2 : 1;
  return lanes * 4 * (constants + (inputs + word - 1) / word);
}

/// Holds round-to-nearest without flush-to-zero while it lives, then restores what the caller had.
///
/// Sixty-four bits of state and two instructions: a game that runs with denormals flushed gets the same bits
/// as everybody else, and keeps its setting.
class fp_environment {
 public:
  fp_environment() noexcept : saved_(FEWFIT_FP_CONTROL_READ()) {
    FEWFIT_FP_CONTROL_WRITE(saved_ & ~std::uint64_t{FEWFIT_FP_CONTROL_CLEAR});
  }
  ~fp_environment() { FEWFIT_FP_CONTROL_WRITE(saved_); }
  fp_environment(const fp_environment&) = delete;
  fp_environment& operator=(const fp_environment&) = delete;

 private:
  std::uint64_t saved_;
};

/// Flushes subnormal numbers while it lives: the instructions that multiply bf16 do, so all who do their work must.
class flush_environment {
 public:
  flush_environment() noexcept : saved_(FEWFIT_FP_CONTROL_READ()) {
    FEWFIT_FP_CONTROL_WRITE(saved_ | std::uint64_t{FEWFIT_FP_CONTROL_FLUSH});
  }
  ~flush_environment() { FEWFIT_FP_CONTROL_WRITE(saved_); }
  flush_environment(const flush_environment&) = delete;
  flush_environment& operator=(const flush_environment&) = delete;

 private:
  std::uint64_t saved_;
};

}  // namespace v0
}  // namespace fewfit
