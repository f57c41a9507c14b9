// SPDX-License-Identifier: MIT
#pragma once
// Whose turn it is to be wrong: FEWFIT_MUTANT in the environment, the number of one mutant. Included by copies of the
// headers that mutants.py makes, by nothing else.

#include <cstdint>
#include <cstdlib>

namespace fewfit_mutants {

inline const long turn = [] {
  const char* const number = std::getenv("FEWFIT_MUTANT");
  return number != nullptr ? std::atol(number) : -1;
}();

/// A bound that is none when its turn has come.
inline std::uint32_t low(long number, std::uint32_t bound) noexcept { return turn == number ? 0 : bound; }
inline std::uint32_t high(long number, std::uint32_t bound) noexcept { return turn == number ? 0xFFFFFFFFu : bound; }

/// Reserved bytes that nobody looks at.
template <class Reader>
void zeros(long number, Reader& in, std::uint64_t n) noexcept {
  if (turn != number) return in.take_zeros(n);
  for (std::uint64_t i = 0; i < n; ++i) in.template take<unsigned char>();
}

}  // namespace fewfit_mutants

#define FEWFIT_MUTANT_FALSE(number, ...) (fewfit_mutants::turn != number && static_cast<bool>(__VA_ARGS__))
#define FEWFIT_MUTANT_TRUE(number, ...) (fewfit_mutants::turn == number || static_cast<bool>(__VA_ARGS__))
#define FEWFIT_MUTANT_INVERT(number, ...) ((fewfit_mutants::turn == number) != static_cast<bool>(__VA_ARGS__))
