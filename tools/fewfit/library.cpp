// SPDX-License-Identifier: MIT
// The one file of this program that compiles the library; the others see declarations only.

#define FEWFIT_IMPLEMENTATION
#include "fewfit/fewfit.hpp"
