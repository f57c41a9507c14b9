// SPDX-License-Identifier: MIT
#pragma once
// The one include. Everything is inline, unless FEWFIT_IMPLEMENTATION is defined before it; see api.hpp.
//
//   auto model = fewfit::model::load("interviews.fewfit").value();
//   auto answer = model.predict("text");

#include "fewfit/answers.hpp"
#include "fewfit/calls.hpp"
#include "fewfit/evidence.hpp"
#include "fewfit/long_text.hpp"
#include "fewfit/nn/nearest.hpp"
#include "fewfit/self_test.hpp"
#include "fewfit/teach.hpp"
#include "fewfit/wide_text.hpp"
