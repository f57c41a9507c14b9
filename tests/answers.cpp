// SPDX-License-Identifier: MIT
// Probabilities made into answers: order, ties, thresholds, and when there is none.

#include "fewfit/answers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "support/call_faults.hpp"

using fewfit::ranked;
using fewfit::span;

namespace {

/// Numbers of a row in the order of a stable sort.
std::vector<std::size_t> best_first(const std::vector<double>& p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] > p[b]; });
  return order;
}

/// Rows of up to nine numbers, of which many are equal.
std::vector<double> random_row(std::mt19937& random) {
  std::vector<double> p(random() % 10);
  for (double& x : p) x = static_cast<double>(random() % 5) / 4;
  return p;
}

}  // namespace

TEST_SUITE_BEGIN("answers");

TEST_CASE("top: what a stable sort gives, for as many as are asked for, and nothing behind them is written") {
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    const std::vector<double> p = random_row(random);
    const std::vector<std::size_t> order = best_first(p);
    for (std::size_t wanted = 0; wanted < 12; ++wanted) {
      std::vector<ranked> out(wanted + 1, ranked{77, 7});
      const std::size_t n = std::min(wanted, p.size());
      REQUIRE(fewfit::top(p, span<ranked>(out.data(), wanted)) == n);
      for (std::size_t i = 0; i < n; ++i) {
        REQUIRE(out[i].index == order[i]);
        REQUIRE(out[i].probability == p[order[i]]);
      }
      REQUIRE(out[n].index == 77);
      const std::vector<ranked> easy = fewfit::top(p, wanted);
      REQUIRE(easy.size() == n);
      for (std::size_t i = 0; i < n; ++i) REQUIRE(easy[i].index == order[i]);
    }
  }
}

TEST_CASE("at_least: those of top that reach the threshold, which itself is enough") {
  std::mt19937 random(2);
  for (int round = 0; round < 500; ++round) {
    const std::vector<double> p = random_row(random);
    for (const double threshold : {-1.0, 0.0, 0.25, 0.3, 1.0, 1.5}) {
      std::vector<std::size_t> expected;
      for (const std::size_t k : best_first(p))
        if (p[k] >= threshold) expected.push_back(k);
      const std::vector<ranked> found = fewfit::at_least(p, threshold);
      REQUIRE(found.size() == expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) REQUIRE(found[i].index == expected[i]);
    }
  }
  ranked one[1];
  const double p[] = {0.2, 0.5, 0.3};
  CHECK(fewfit::at_least(p, 0.2, span<ranked>(one)) == 1);  // the best of those that there is no room for
  CHECK(one[0].index == 1);
  CHECK(fewfit::at_least(p, std::nan("")).empty());
}

TEST_CASE("decide: both bounds are reached or there is no answer") {
  const double p[] = {0.25, 0.625, 0.125};
  REQUIRE(fewfit::decide(p, {}));
  CHECK(fewfit::decide(p, {})->index == 1);
  CHECK(fewfit::decide(p, {0.625, 0.375})->probability == 0.625);
  CHECK(!fewfit::decide(p, {0.626, 0}));
  CHECK(!fewfit::decide(p, {0, 0.376}));
  CHECK(!fewfit::decide(p, {std::nan(""), 0}));
  CHECK(!fewfit::decide(p, {0, std::nan("")}));
  const double even[] = {0.5, 0.5};
  CHECK(fewfit::decide(even, {0.5, 0})->index == 0);
  CHECK(!fewfit::decide(even, {0.5, 1e-9}));
  const double alone[] = {0.5};
  CHECK(fewfit::decide(alone, {0.5, 1}));  // nothing is next to it
  CHECK(!fewfit::decide({}, {}));
}

TEST_CASE("index_of finds each label, and nothing that only resembles one") {
  const fewfit::model& m = support::shared_tiny();
  for (std::size_t k = 0; k < m.labels().size; ++k) CHECK(fewfit::index_of(m.labels(), m.labels()[k]) == k);
  for (const char* const other : {"", "plu", "pluss", "Plus"}) CHECK(!fewfit::index_of(m.labels(), other));
}

TEST_CASE("the first of top is what predict says") {
  const fewfit::model& m = support::shared_tiny();
  for (const char* const text : {"", "good day", "not good", "bad"}) {
    const fewfit::prediction answer = m.predict(text);
    const std::vector<double> p = m.predict_proba(text).value();
    const std::vector<ranked> all = fewfit::top(p, p.size());
    REQUIRE(all.size() == m.labels().size);
    CHECK(all[0].index == answer.index);
    CHECK(all[0].probability == answer.probability);
  }
}

TEST_SUITE_END();
