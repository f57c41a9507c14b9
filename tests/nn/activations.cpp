// SPDX-License-Identifier: MIT
// What activations make of numbers that are none, or very large. Their values everywhere else: exhaustive/.

#include <doctest/doctest.h>

#include <limits>

#include "support/reference.hpp"

using fewfit::activation;

TEST_SUITE_BEGIN("nn");

TEST_CASE("activate: a NaN at any place stays, an infinity does not become a number, zero stays zero") {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  for (const fewfit::kernel_table& k : support::all_kernels())
    for (const activation how : {activation::gelu, activation::gelu_tanh, activation::relu, activation::silu})
      for (std::size_t at = 0; at < 32; ++at)
        for (const float bad : {nan, -nan, inf, -inf}) {
          float x[32] = {};
          x[at] = bad;
          k.activate(how, x, 32);
          CHECK_FALSE(std::isfinite(x[at]));
          for (std::size_t i = 0; i < 32; ++i)
            if (i != at) CHECK(x[i] == 0);
        }
}

TEST_CASE("activate: numbers far from zero") {
  for (const fewfit::kernel_table& k : support::all_kernels())
    for (const activation how : {activation::gelu, activation::gelu_tanh, activation::relu, activation::silu})
      for (const float size : {30.0f, 90.0f, 1e4f, 3e38f}) {
        float x[16] = {size, -size};
        k.activate(how, x, 16);
        CHECK(x[0] == size);
        CHECK(std::fabs(x[1]) < 1e-10f);
      }
}

TEST_SUITE_END();
