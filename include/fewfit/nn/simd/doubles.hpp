// SPDX-License-Identifier: MIT
#pragma once
// The arithmetic of a fit in double, for the instruction sets that the kernels of a model are there for, too.
//
// A table of its own, so that a program that does not teach has none of it. The rules of the regions are in avx2.hpp.

#include "fewfit/nn/kernels.hpp"
#include "fewfit/nn/simd/cpu.hpp"
#include "fewfit/nn/simd/doubles_neon.hpp"
#include "fewfit/nn/simd/doubles_x86.hpp"
#include "fewfit/types.hpp"

namespace fewfit {
inline namespace v0 {
namespace portable_doubles {
namespace {

constexpr int tile_of_wide = 4;  // sums of a tile, eight doubles each
constexpr int wide_parts = 8 / packet_math::packet_traits<double>::size;

/// Eight doubles in Eigen's packets, which may be single numbers.
struct wide {
  packet_math::packet_traits<double>::type part[wide_parts];
};

template <class Part>
static FEWFIT_ALWAYS_INLINE wide each(const Part& part) noexcept {
  wide out;
  for (int i = 0; i < wide_parts; ++i) out.part[i] = part(i);
  return out;
}
static FEWFIT_ALWAYS_INLINE wide load(const double* p) noexcept {
  using packet = packet_math::packet_traits<double>::type;
  return each([p](int i) { return packet_math::ploadu<packet>(p + i * (8 / wide_parts)); });
}
static FEWFIT_ALWAYS_INLINE void store(double* p, const wide& v) noexcept {
  for (int i = 0; i < wide_parts; ++i) packet_math::pstoreu(p + i * (8 / wide_parts), v.part[i]);
}
static FEWFIT_ALWAYS_INLINE wide widen(const float* p) noexcept {
  double numbers[8];
  for (int i = 0; i < 8; ++i) numbers[i] = static_cast<double>(p[i]);
  return load(numbers);
}
static FEWFIT_ALWAYS_INLINE wide all(double x) noexcept {
  using packet = packet_math::packet_traits<double>::type;
  return each([x](int) { return packet_math::pset1<packet>(x); });
}
static FEWFIT_ALWAYS_INLINE wide larger(const wide& a, const wide& b) noexcept {
  return each([&](int i) { return packet_math::pmax(a.part[i], b.part[i]); });
}
template <class Packet>
static FEWFIT_ALWAYS_INLINE Packet fused(const Packet& a, const Packet& b, const Packet& c) noexcept {
  if constexpr (wide_parts == 8)
    return std::fma(a, b, c);
  else
    return packet_math::pmadd(a, b, c);
}
static FEWFIT_ALWAYS_INLINE wide multiply_add(const wide& a, const wide& b, const wide& c) noexcept {
  return each([&](int i) { return fused(a.part[i], b.part[i], c.part[i]); });
}
/// One value from eight lanes, in the fixed order.
static FEWFIT_ALWAYS_INLINE double fold(const wide& sum) noexcept {
  double s[8];
  store(s, sum);
  for (int half = 4; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) s[i] += s[i + half];
  return s[0];
}
/// p 2^n, where n sits in the low bits of t = n + 1.5 * 2^52. p and the product are normal numbers.
static FEWFIT_ALWAYS_INLINE wide scale_by_power(const wide& p, const wide& t) noexcept {
  double numbers[8], powers[8];
  store(numbers, p), store(powers, t);
  for (int i = 0; i < 8; ++i) {
    const std::uint64_t bits =
        detail::read_as<std::uint64_t>(numbers + i) + (detail::read_as<std::uint64_t>(powers + i) << 52);
    std::memcpy(numbers + i, &bits, sizeof bits);
  }
  return load(numbers);
}

#include "fewfit/nn/simd/doubles.inc"

}  // namespace
}  // namespace portable_doubles
}  // namespace v0
}  // namespace fewfit

namespace fewfit {
inline namespace v0 {

/// The arithmetic of a fit of one instruction set; what each does is told in nn/simd/doubles.inc.
struct double_table {
  void (*scores)(const float* x, std::size_t rows, std::size_t width, const double* w, std::size_t ldw,
                 std::size_t classes, double* out) noexcept;
  void (*add_rows)(const float* x, std::size_t rows, std::size_t width, const double* factors, std::size_t classes,
                   double* to, std::size_t ldto) noexcept;
  double (*dot)(const double* a, const double* b, std::size_t n) noexcept;
  void (*combine)(const double* a, double t, const double* b, double* out, std::size_t n) noexcept;
  void (*exp)(double* x, std::size_t n) noexcept;
};

namespace detail {

// Variables, for the reason in select.hpp.
#define FEWFIT_DOUBLES(set) \
  { set::scores, set::add_rows, set::dot, set::combine, set::exp }
static constexpr double_table portable_doubles_set = FEWFIT_DOUBLES(portable_doubles);
#if FEWFIT_X86_KERNELS
static constexpr double_table avx2_doubles_set = FEWFIT_DOUBLES(avx2_doubles);
static constexpr double_table avx512_doubles_set = FEWFIT_DOUBLES(avx512_doubles);
#endif
#if FEWFIT_NEON_KERNELS
static constexpr double_table neon_doubles_set = FEWFIT_DOUBLES(neon_doubles);
#endif
#undef FEWFIT_DOUBLES

}  // namespace detail

/// What stands beside a model's kernels of this name, or the fastest for `automatic`; false where this processor
/// cannot run it.
inline bool select_doubles(kernels wanted, double_table& table) noexcept {
  const detail::cpu_features cpu = detail::ask_cpu();
  static_cast<void>(cpu);
  const auto is = [wanted](kernels a, kernels b, kernels c) {
    return wanted == kernels::automatic || wanted == a || wanted == b || wanted == c;
  };
#if FEWFIT_X86_KERNELS
  if (cpu.avx512 && is(kernels::avx512, kernels::avx512_vnni, kernels::avx512_bf16))
    return table = detail::avx512_doubles_set, true;
  if (cpu.avx2 && is(kernels::avx2, kernels::avx_vnni, kernels::avx2)) return table = detail::avx2_doubles_set, true;
#endif
#if FEWFIT_NEON_KERNELS
  if (is(kernels::neon, kernels::neon_dot, kernels::neon)) return table = detail::neon_doubles_set, true;
#endif
  table = detail::portable_doubles_set;
  return is(kernels::portable, kernels::portable, kernels::portable);
}

}  // namespace v0
}  // namespace fewfit
