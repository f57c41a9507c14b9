// SPDX-License-Identifier: MIT

#include "fewfit/nn/pooling.hpp"

#include <doctest/doctest.h>

#include "support/reference.hpp"

TEST_SUITE_BEGIN("nn");

TEST_CASE("pool: mean, first row and maximum of the rows; columns behind the width are not looked at") {
  for (const std::size_t width : {std::size_t{1}, std::size_t{16}, std::size_t{20}, std::size_t{384}}) {
    const std::size_t stride = fewfit::padded(width), tokens = 13;
    std::vector<float> rows = support::random_floats(tokens * stride, 3), mean(width), cls(width), max(width);
    fewfit::pool(fewfit::pooling::mean, rows.data(), tokens, width, mean.data());
    fewfit::pool(fewfit::pooling::cls, rows.data(), tokens, width, cls.data());
    fewfit::pool(fewfit::pooling::max, rows.data(), tokens, width, max.data());
    for (std::size_t i = 0; i < width; ++i) {
      double sum = 0;
      float largest = rows[i];
      for (std::size_t t = 0; t < tokens; ++t) {
        sum += static_cast<double>(rows[t * stride + i]);
        largest = std::max(largest, rows[t * stride + i]);
      }
      CHECK(mean[i] == static_cast<float>(sum / 13));
      CHECK(cls[i] == rows[i]);
      CHECK(max[i] == largest);
    }
  }
}

TEST_CASE("pool: a NaN in any row of a maximum is not lost") {
  for (std::size_t bad = 0; bad < 4; ++bad) {
    std::vector<float> rows = support::random_floats(4 * 16, 3), out(16);
    rows[bad * 16 + 2] = std::nanf("");
    fewfit::pool(fewfit::pooling::max, rows.data(), 4, 16, out.data());
    CHECK(std::isnan(out[2]));
    CHECK_FALSE(fewfit::is_finite(out.data(), 16));
  }
}

TEST_CASE("normalize: unit length; a zero vector stays zero") {
  for (const std::size_t width : {std::size_t{3}, std::size_t{16}, std::size_t{20}, std::size_t{384}}) {
    std::vector<float> x = support::random_floats(width, 9, 5);
    fewfit::normalize(support::chosen_kernels(), x.data(), width);
    double square = 0;
    for (const float v : x) square += static_cast<double>(v) * static_cast<double>(v);
    CHECK(square == doctest::Approx(1).epsilon(1e-6));
    std::fill(x.begin(), x.end(), 0.0f);
    fewfit::normalize(support::chosen_kernels(), x.data(), width);
    for (const float v : x) CHECK(v == 0);
  }
}

TEST_CASE("is_finite: finds an infinity and a NaN at any place, and passes the largest number") {
  for (std::size_t n = 1; n < 40; ++n) {
    std::vector<float> x(n, 3.4e38f);
    CHECK(fewfit::is_finite(x.data(), n));
    x[n - 1] = -INFINITY;
    CHECK_FALSE(fewfit::is_finite(x.data(), n));
    x[n - 1] = 0, x[0] = std::nanf("");
    CHECK_FALSE(fewfit::is_finite(x.data(), n));
  }
}

TEST_SUITE_END();
