// SPDX-License-Identifier: MIT
#pragma once
// Whose turn it is to be wrong: FEWFIT_MUTANT in the environment, an even number for a check that is deleted, the
// next one for the same check inverted. Included by copies of the headers that mutants.py makes, by nothing else.

#include <cstdlib>

namespace fewfit_mutants {

inline const long turn = [] {
  const char* const number = std::getenv("FEWFIT_MUTANT");
  return number != nullptr ? std::atol(number) : -1;
}();

inline bool ask(long number, bool holds) noexcept {
  if (turn == number) return false;
  return turn == number + 1 ? !holds : holds;
}

}  // namespace fewfit_mutants

#define FEWFIT_MUTANT(number, ...) (fewfit_mutants::ask(number, static_cast<bool>(__VA_ARGS__)))
