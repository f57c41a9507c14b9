// SPDX-License-Identifier: MIT
#pragma once
// CRC-32C (Castagnoli): finds every single-byte change and every burst of up to 32 bits in a section.
//
// Source: RFC 3720, appendix B.4 (polynomial 0x1EDC6F41, reflected 0x82F63B78, initial value and final xor all ones).
// The processor's own instruction is used where there is one; its latency is three cycles, so three streams run side
// by side and are joined at the end. Checksums are for accidents: whoever means harm repairs them, and the other
// checks hold without them.

#include <array>
#include <cstring>

#include "fewfit/config.hpp"

#if (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
#define FEWFIT_CRC32C_X86 1
#include <cpuid.h>
#include <nmmintrin.h>
#elif defined(_MSC_VER) && defined(_M_X64)
#define FEWFIT_CRC32C_X86 1
#include <intrin.h>
#include <nmmintrin.h>
#else
#define FEWFIT_CRC32C_X86 0
#endif

namespace fewfit {
inline namespace v0 {
namespace detail {

inline constexpr std::uint32_t crc32c_polynomial = 0x82F63B78u;

// table[0] advances a checksum by one byte of zeros after xor with that byte; table[j] by j bytes more.
using crc32c_tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr crc32c_tables make_crc32c_tables() noexcept {
  crc32c_tables t{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1u) != 0 ? crc32c_polynomial : 0u);
    t[0][byte] = crc;
  }
  for (std::size_t j = 1; j < t.size(); ++j)
    for (std::size_t byte = 0; byte < 256; ++byte) t[j][byte] = (t[j - 1][byte] >> 8) ^ t[0][t[j - 1][byte] & 255u];
  return t;
}

inline constexpr crc32c_tables crc32c_table = make_crc32c_tables();

/// The plain form: eight bytes a step through eight tables.
inline std::uint32_t crc32c_by_table(std::uint32_t crc, const unsigned char* p, std::size_t n) noexcept {
  const auto& t = crc32c_table;
  for (; n >= 8; n -= 8, p += 8) {
    std::uint32_t low, high;
    std::memcpy(&low, p, 4);
    std::memcpy(&high, p + 4, 4);
    low ^= crc;
    crc = t[7][low & 255] ^ t[6][(low >> 8) & 255] ^ t[5][(low >> 16) & 255] ^ t[4][low >> 24] ^  //
          t[3][high & 255] ^ t[2][(high >> 8) & 255] ^ t[1][(high >> 16) & 255] ^ t[0][high >> 24];
  }
  for (; n > 0; --n, ++p) crc = (crc >> 8) ^ t[0][(crc ^ *p) & 255];
  return crc;
}

/// The product of two polynomials modulo the checksum's, bits reflected.
constexpr std::uint32_t crc32c_multiply(std::uint32_t a, std::uint32_t b) noexcept {
  std::uint32_t product = 0;
  for (; a != 0; a <<= 1) {
    if ((a & 0x80000000u) != 0) product ^= b;
    b = (b >> 1) ^ ((b & 1u) != 0 ? crc32c_polynomial : 0u);
  }
  return product;
}

/// x^(8 n): multiplying a checksum by it is the same as appending n bytes of zeros.
constexpr std::uint32_t crc32c_shift(std::uint64_t n) noexcept {
  std::uint32_t power = 0x00800000u, result = 0x80000000u;  // x^8 and 1, reflected
  for (; n != 0; n >>= 1, power = crc32c_multiply(power, power))
    if ((n & 1u) != 0) result = crc32c_multiply(result, power);
  return result;
}

#if FEWFIT_CRC32C_X86

#if defined(_MSC_VER) && !defined(__clang__)
#define FEWFIT_TARGET_CRC32
inline bool has_crc32c_instruction() noexcept {
  int words[4];
  __cpuid(words, 1);
  return (words[2] >> 20 & 1) != 0;
}
#else
#define FEWFIT_TARGET_CRC32 __attribute__((target("sse4.2")))
/// Not by __builtin_cpu_supports, which brings 4 KB and a constructor into every program.
inline bool has_crc32c_instruction() noexcept {
  unsigned a, b, c, d;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c >> 20 & 1) != 0;
}
#endif

FEWFIT_TARGET_CRC32 inline std::uint32_t crc32c_by_instruction(std::uint32_t crc, const unsigned char* p,
                                                               std::size_t n) noexcept {
  constexpr std::size_t lane =
      4096;  // bytes a stream and round: long enough to forget the joining, short enough for L1
  constexpr std::uint32_t shift = crc32c_shift(lane), twice = crc32c_shift(2 * lane);
  std::uint64_t a = crc;
  for (; n >= 3 * lane; n -= 3 * lane, p += 3 * lane) {
    std::uint64_t b = 0, c = 0;
    for (std::size_t i = 0; i < lane; i += 8) {
      std::uint64_t x, y, z;
      std::memcpy(&x, p + i, 8);
      std::memcpy(&y, p + lane + i, 8);
      std::memcpy(&z, p + 2 * lane + i, 8);
      a = _mm_crc32_u64(a, x);
      b = _mm_crc32_u64(b, y);
      c = _mm_crc32_u64(c, z);
    }
    a = crc32c_multiply(twice, static_cast<std::uint32_t>(a)) ^
        crc32c_multiply(shift, static_cast<std::uint32_t>(b)) ^ c;
  }
  for (; n >= 8; n -= 8, p += 8) {
    std::uint64_t x;
    std::memcpy(&x, p, 8);
    a = _mm_crc32_u64(a, x);
  }
  crc = static_cast<std::uint32_t>(a);
  for (; n > 0; --n, ++p) crc = _mm_crc32_u8(crc, *p);
  return crc;
}

#endif

}  // namespace detail

/// A way to go on with a checksum: its complement before, its complement after.
using crc32c_function = std::uint32_t (*)(std::uint32_t, const unsigned char*, std::size_t) noexcept;

/// The fastest that this processor has.    cost  asks it, which takes microseconds in a virtual machine: ask once
inline crc32c_function fastest_crc32c() noexcept {
#if FEWFIT_CRC32C_X86
  return detail::has_crc32c_instruction() ? detail::crc32c_by_instruction : detail::crc32c_by_table;
#else
  return detail::crc32c_by_table;
#endif
}

/// CRC-32C of bytes; `before` continues a checksum over what came in front of them.
///
/// cost  about 0.05 ns a byte with the instruction, 0.5 without
inline std::uint32_t crc32c(const void* bytes, std::size_t size, std::uint32_t before = 0) noexcept {
  return ~fastest_crc32c()(~before, static_cast<const unsigned char*>(bytes), size);
}

}  // namespace v0
}  // namespace fewfit
