// SPDX-License-Identifier: MIT
#pragma once
// What stored numbers must be, whatever array they lie in: finite, normal, within the range of their type.
//
// The questions look at bits, so that -ffast-math cannot answer them. Loops have constant bounds inside, branch once
// a block and add in 16 bits, because gcc at -O2 and clang vectorise that: with plain x86-64 instructions (g++ 12,
// -O2, a Xeon) the 17 MB of our model in i8 take 1.2 ms, its 11 MB in bf16 0.7 ms; with -O3 or clang less.

#include <cstring>

#include "fewfit/io/blob.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

/// Numbers that C++17 has no names for; only pointers to them are used.
struct half {
  std::uint16_t bits;
};
struct upper_half {  // of a float: bf16
  std::uint16_t bits;
};

template <class Number>
struct float_bits;
template <>
struct float_bits<float> {
  using type = std::uint32_t;
  static constexpr type infinity = 0x7F800000u, magnitude = 0x7FFFFFFFu;
};
template <>
struct float_bits<double> {
  using type = std::uint64_t;
  static constexpr type infinity = 0x7FF0000000000000u, magnitude = 0x7FFFFFFFFFFFFFFFu;
};
template <>
struct float_bits<half> {
  using type = std::uint16_t;
  static constexpr type infinity = 0x7C00u, magnitude = 0x7FFFu;
};
template <>
struct float_bits<upper_half> {
  using type = std::uint16_t;
  static constexpr type infinity = 0x7F80u, magnitude = 0x7FFFu;
};

/// Whether n numbers are neither infinite nor no numbers: then adding what lies between infinity and the top bit to
/// the magnitude does not reach that bit. (A maximum says the same, but plain x86-64 has none for unsigned
/// numbers.)
template <std::uint64_t n, class Number>
bool all_finite(const Number* numbers) noexcept {
  using traits = float_bits<Number>;
  using type = typename traits::type;
  constexpr type top = static_cast<type>(traits::magnitude + 1), missing = static_cast<type>(top - traits::infinity);
  type found = 0;
  for (std::uint64_t i = 0; i < n; ++i) {
    type bits;
    std::memcpy(&bits, numbers + i, sizeof bits);
    found = static_cast<type>(found | static_cast<type>((bits & traits::magnitude) + missing));
  }
  return (found & top) == 0;
}

/// Index of the first number that is infinite or not a number, or n.
template <class Number>
std::uint64_t first_non_finite(const Number* numbers, std::uint64_t n) noexcept {
  constexpr std::uint64_t block = 1024;
  std::uint64_t i = 0;
  while (n - i >= block && all_finite<block>(numbers + i)) i += block;
  while (n - i >= lanes && all_finite<lanes>(numbers + i)) i += lanes;
  while (i < n && all_finite<1>(numbers + i)) ++i;
  return i;
}

/// Whether one of n numbers in bf16 is subnormal: some processors' instructions take it for zero, others do not.
///
/// needs   n is a multiple of 32
inline bool any_subnormal(const unsigned char* numbers, std::uint64_t n) noexcept {
  constexpr std::uint64_t block = 32;
  for (std::uint64_t i = 0; i < n; i += block) {
    std::int16_t found = 0;
    for (std::uint64_t j = 0; j < block; ++j) {
      const auto magnitude = static_cast<std::int16_t>(read_at<std::uint16_t>(numbers + 2 * (i + j)) & 0x7FFFu);
      found = static_cast<std::int16_t>(found | static_cast<std::int16_t>((magnitude > 0) & (magnitude < 0x80)));
    }
    if (found != 0) return true;
  }
  return false;
}

/// Index of the first scale that is not a positive, normal, finite number, or n.
inline std::uint64_t first_bad_scale(const float* scales, std::uint64_t n) noexcept {
  constexpr std::uint32_t smallest = 0x00800000u, infinity = 0x7F800000u;
  for (std::uint64_t i = 0; i < n; ++i) {
    std::uint32_t bits;
    std::memcpy(&bits, scales + i, sizeof bits);
    if (bits < smallest || bits >= infinity) return i;  // a sign makes it larger than any
  }
  return n;
}

/// Whether one of n bytes is -128.
inline bool any_outside(const unsigned char* bytes, std::uint64_t n) noexcept {
  constexpr std::uint64_t block = 1024;
  unsigned char found = 0;
  for (; n >= block && found == 0; n -= block, bytes += block)
    for (std::uint64_t i = 0; i < block; ++i) found = static_cast<unsigned char>(found | (bytes[i] == 0x80 ? 1 : 0));
  for (; n >= lanes && found == 0; n -= lanes, bytes += lanes)
    for (std::uint64_t i = 0; i < lanes; ++i) found = static_cast<unsigned char>(found | (bytes[i] == 0x80 ? 1 : 0));
  for (std::uint64_t i = 0; i < n && found == 0; ++i) found = bytes[i] == 0x80 ? 1 : 0;
  return found != 0;
}

/// The least byte, the least and the largest pair, which is inputs 2 i and 2 i + 1 of an output; or 0.
///
/// In as many lanes as a loop works on at once: a panel's groups share them, and at its end they are looked at.
struct byte_extremes {
  std::int16_t least[lanes] = {}, least_pair[lanes] = {}, largest_pair[lanes] = {};

  static bool all_between(const std::int16_t (&a)[lanes], int lowest, int highest) noexcept {
    bool fine = true;
    for (const std::int16_t x : a) fine = fine && x >= lowest && x <= highest;
    return fine;
  }
};

/// Half of `count` blocks of 16 outputs and 4 inputs: 8 outputs, 2 pairs each. Whole blocks keep clang from
/// vectorising, quarters g++ -O3, ten times as slow; one block at a time waits for its sums to be stored.
template <std::uint64_t count>
void sum_half_blocks(const unsigned char* w, std::int16_t (&sum)[lanes], byte_extremes& all) noexcept {
  const auto smaller = [](std::int16_t a, std::int16_t b) { return b < a ? b : a; };
  const auto larger = [](std::int16_t a, std::int16_t b) { return b > a ? b : a; };
  for (std::size_t i = 0; i < lanes; ++i) {
    std::int16_t total = sum[i], least = all.least[i], least_pair = all.least_pair[i], most = all.largest_pair[i];
    for (std::uint64_t block = 0; block < count; ++block) {
      const auto two = read_at<std::uint16_t>(w + block * 4 * lanes + 2 * i);
      const auto even = static_cast<std::int16_t>(static_cast<std::int16_t>(two << 8) >> 8);
      const auto odd = static_cast<std::int16_t>(static_cast<std::int16_t>(two) >> 8);
      const auto pair = static_cast<std::int16_t>(even + odd);
      total = static_cast<std::int16_t>(total + pair);
      least = smaller(least, smaller(even, odd));
      least_pair = smaller(least_pair, pair);
      most = larger(most, pair);
    }
    sum[i] = total, all.least[i] = least, all.least_pair[i] = least_pair, all.largest_pair[i] = most;
  }
}

/// needs   blocks <= 64, so that a sum of pairs fits into 16 bits
FEWFIT_NEVER_INLINE inline void sum_half(const unsigned char* w, std::uint64_t blocks, std::int32_t* output,
                                         byte_extremes& extremes) noexcept {
  constexpr std::size_t block_bytes = 4 * lanes;
  std::int16_t sum[lanes] = {};
  byte_extremes all = extremes;
  for (; blocks >= 4; blocks -= 4, w += 4 * block_bytes) sum_half_blocks<4>(w, sum, all);
  for (; blocks > 0; --blocks, w += block_bytes) sum_half_blocks<1>(w, sum, all);
  for (std::size_t i = 0; i < lanes; i += 2) output[i / 2] = sum[i] + sum[i + 1];
  extremes = all;
}

/// The sums of a group's bytes, of each output. needs  blocks <= 64. shape  w i8 [blocks][16][4], output [16]
inline void sum_bytes(const unsigned char* w, std::uint64_t blocks, std::int32_t* output,
                      byte_extremes& extremes) noexcept {
  constexpr std::size_t outputs = lanes / 2, half_block = 4 * outputs;
  sum_half(w, blocks, output, extremes);
  sum_half(w + half_block, blocks, output + outputs, extremes);
}

}  // namespace detail

}  // namespace v0
}  // namespace fewfit
