// SPDX-License-Identifier: MIT

#include "fewfit/nn/head.hpp"

#include <doctest/doctest.h>

#include <vector>

using fewfit::head_kind;

TEST_SUITE_BEGIN("nn");

TEST_CASE("head: softmax of the decisions, whatever their size") {
  const double intercept[] = {0, 1, -1}, coefficients[] = {1, 0, 0, 1, -1, 0.5};
  const fewfit::head_weights w{head_kind::softmax, intercept, coefficients, nullptr, 3, 2};
  for (const float size : {0.0f, 1.0f, 300.0f}) {
    const float sentence[] = {size, -2 * size};
    const double z[] = {sentence[0], 1.0 + sentence[1], -1.0 - sentence[0] + 0.5 * sentence[1]};
    double p[3], sum = 0;
    CHECK(fewfit::predict_proba(w, sentence, p));
    for (int k = 0; k < 3; ++k) {
      double denominator = 0;
      for (int j = 0; j < 3; ++j) denominator += std::exp(z[j] - z[k]);
      CHECK(p[k] == doctest::Approx(1 / denominator).epsilon(1e-12));
      sum += p[k];
    }
    CHECK(sum == doctest::Approx(1).epsilon(1e-15));
  }
}

TEST_CASE("head: one row for two classes is the logistic function, the second class where it is positive") {
  const double intercept[] = {0.5}, coefficients[] = {2};
  const fewfit::head_weights w{head_kind::binary, intercept, coefficients, nullptr, 2, 1};
  for (const float x : {-400.0f, -1.0f, 0.0f, 3.0f, 400.0f}) {
    double p[2];
    CHECK(fewfit::predict_proba(w, &x, p));
    CHECK(p[1] == doctest::Approx(1 / (1 + std::exp(-(0.5 + 2.0 * x)))).epsilon(1e-12));
    CHECK(p[0] + p[1] == doctest::Approx(1).epsilon(1e-15));
    CHECK(fewfit::most_probable(p, 2) == (0.5 + 2.0 * static_cast<double>(x) > 0 ? 1u : 0u));
  }
}

TEST_CASE("head: decisions that overflow are no answer") {
  const double intercept[] = {0, 0}, coefficients[] = {1.7e308, -1.7e308};
  const float sentence[] = {3};
  double p[2];
  for (const head_kind kind :
       {head_kind::softmax, head_kind::binary, head_kind::one_versus_rest, head_kind::independent})
    CHECK_FALSE(fewfit::predict_proba({kind, intercept, coefficients, nullptr, 2, 1}, sentence, p));
}

TEST_CASE("most_probable: of equals the first, as numpy.argmax has it") {
  const double p[] = {0.2, 0.4, 0.4};
  CHECK(fewfit::most_probable(p, 3) == 1);
}

TEST_SUITE_END();
