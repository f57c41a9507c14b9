// SPDX-License-Identifier: MIT
#pragma once
// Numbers of 16 bits, one at a time and by their definition: sign, 5 bits of exponent, 10 of mantissa.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace support {

/// The nearest half, even where two are equally near. needs  |x| < 65520
inline std::uint16_t half_of(float x) {
  const auto sign = static_cast<std::uint16_t>(std::signbit(x) ? 0x8000u : 0u);
  const double size = std::fabs(static_cast<double>(x));
  if (size == 0) return sign;
  const int exponent = std::max(std::ilogb(size), -14);
  const double units = std::nearbyint(std::ldexp(size, 10 - exponent));  // 1024 to 2048, or fewer below 2^-14
  return static_cast<std::uint16_t>(sign + static_cast<unsigned>(units) +
                                    static_cast<unsigned>(exponent + 14) * 1024u);
}

/// What a half stands for.
inline float value_of_half(std::uint16_t half) {
  const int exponent = half >> 10 & 31, mantissa = half & 1023;
  const double size = exponent == 0    ? std::ldexp(mantissa, -24)
                      : exponent == 31 ? (mantissa == 0 ? HUGE_VAL : std::nan(""))
                                       : std::ldexp(1024 + mantissa, exponent - 25);
  return static_cast<float>((half & 0x8000u) != 0 ? -size : size);
}

inline float rounded_to_half(float x) { return value_of_half(half_of(x)); }

}  // namespace support
