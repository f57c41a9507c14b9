// SPDX-License-Identifier: MIT
#define FEWFIT_IMPLEMENTATION
#include <fewfit/fewfit.hpp>
