// SPDX-License-Identifier: MIT
#pragma once
// What a test does where it cannot go on: it throws, and doctest says which case it was. Without exceptions it says
// why and ends the program, which is as red.

#include <cstdio>
#include <cstdlib>

#include "fewfit/config.hpp"

namespace support {

template <class Exception>
[[noreturn]] void stop(const Exception& why) {
#if FEWFIT_EXCEPTIONS
  throw why;
#else
  std::fprintf(stderr, "%s\n", why.what());
  std::abort();
#endif
}

}  // namespace support
