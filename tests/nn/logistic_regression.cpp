// SPDX-License-Identifier: MIT
// Fits beside scikit-learn's (tools/make_fit_golden.py), and what a fit promises whatever the examples.

#include "fewfit/nn/logistic_regression.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "support/fit_golden.hpp"
#include "support/memory.hpp"

using fewfit::errc;
using support::fit_case;

namespace {

bool have_same_bits(const fewfit::logistic_regression& a, const fewfit::logistic_regression& b) {
  return a.numbers.size() == b.numbers.size() &&
         std::memcmp(a.numbers.data(), b.numbers.data(), a.numbers.bytes()) == 0;
}

/// The error of a fit to some small examples after `spoil` has been at them.
template <class Spoil>
fewfit::error error_after(const Spoil& spoil) {
  fit_case c = support::fit_golden_files().cases.back();
  fewfit::training_set e = c.examples();
  fewfit::fit_options o;
  spoil(c, e, o);
  return fewfit::fit(e, o).error();
}

}  // namespace

TEST_SUITE_BEGIN("nn");

TEST_CASE("fit: the probabilities and intercepts of scikit-learn at its optimum") {
  double worst = 0, worst_intercept = 0;
  for (const fit_case& c : support::fit_golden_files().cases) {
    CAPTURE(c.name);
    const auto fitted = fewfit::fit(c.examples(), c.options());
    REQUIRE(fitted);
    CHECK(fitted->converged);
    const double apart = support::largest_difference(support::probabilities_of(*fitted, c.vectors), c.probabilities);
    const std::vector<double> intercepts(fitted->intercept(), fitted->intercept() + fitted->rows());
    CHECK(apart <= 1e-8);
    CHECK(support::largest_difference(intercepts, c.intercepts) <= 1e-5);
    worst = std::max(worst, apart);
    worst_intercept = std::max(worst_intercept, support::largest_difference(intercepts, c.intercepts));
  }
  CHECK(support::fit_golden_files().cases.size() == 30);
  MESSAGE("fit: at most " << worst << " from scikit-learn's probabilities, " << worst_intercept
                          << " from its intercepts");
}

TEST_CASE("fit: shares of scores in the thousands, and of scores that are alike") {
  fewfit::double_table table{};
  REQUIRE(fewfit::select_doubles(fewfit::kernels::automatic, table));
  double block[512], out[6];
  fewfit::detail::logistic_problem p;
  p.table = &table, p.block = block, p.examples = 2, p.width = 100, p.classes = 3;
  const double scores[] = {9000, 8999, 8200, -5000, -5000, -5000};
  fewfit::detail::probabilities_of(p, scores, out);
  CHECK(out[0] == doctest::Approx(1 / (1 + std::exp(-1.0))).epsilon(1e-15));
  CHECK(out[0] + out[1] == doctest::Approx(1).epsilon(1e-15));
  CHECK(out[2] < 1e-300);
  for (const int i : {3, 4, 5}) CHECK(out[i] == 1 / 3.0);
  const double apart[] = {800, 0, -5, 0, 800, 799};  // exp(800) is no double
  fewfit::detail::probabilities_of(p, apart, out);
  CHECK((out[0] == 1 && out[1] < 1e-300 && out[2] < 1e-300));
  CHECK(out[4] == doctest::Approx(1 / (1 + std::exp(-1.0))).epsilon(1e-15));
  p.examples = 6, p.classes = 2;
  const double decisions[] = {9000, -9000, 0, 2, -2, 1e300};
  fewfit::detail::probabilities_of(p, decisions, out);
  CHECK((out[0] == 1 && out[1] < 1e-300 && out[2] == 0.5 && out[5] == 1));
  CHECK(out[3] == doctest::Approx(1 / (1 + std::exp(-2.0))).epsilon(1e-15));
  CHECK(out[4] == doctest::Approx(1 / (1 + std::exp(2.0))).epsilon(1e-15));
}

TEST_CASE("fit: the same bits again, and from every set of kernels that is fused") {
  for (const fit_case& c : support::fit_golden_files().cases) {
    CAPTURE(c.name);
    fewfit::fit_options o = c.options();
    const auto fitted = fewfit::fit(c.examples(), o);
    REQUIRE(fitted);
    for (const fewfit::kernels name : support::kernel_names()) {
      o.kernels = name;
      const auto again = fewfit::fit(c.examples(), o);
      REQUIRE(again);
      CHECK(support::largest_difference(support::probabilities_of(*again, c.vectors), c.probabilities) <= 1e-8);
      if (support::doubles_are_fused(name) && support::doubles_are_fused(fewfit::kernels::automatic))
        CHECK(have_same_bits(*fitted, *again));
    }
  }
}

TEST_CASE("fit: from anywhere to the same optimum, in fewer steps from near it") {
  for (const fit_case& c : support::fit_golden_files().cases) {
    CAPTURE(c.name);
    const auto fitted = fewfit::fit(c.examples(), c.options());
    fewfit::fit_options other = c.options();
    other.C *= 1.2;
    auto start = fewfit::fit(c.examples(), other);
    REQUIRE((fitted && start));
    const auto near = fewfit::fit(c.examples(), c.options(), &*start);
    for (std::size_t i = 0; i < start->numbers.size();
         ++i)  // its scores are in the thousands, its intercepts shifted
      start->numbers[i] = 300 * start->numbers[i] + 100;
    const auto far = fewfit::fit(c.examples(), c.options(), &*start);
    REQUIRE((near && far));
    CHECK(near->iterations <= fitted->iterations);
    CHECK(far->converged);
    const std::vector<double> wanted = support::probabilities_of(*fitted, c.vectors);
    CHECK(support::largest_difference(support::probabilities_of(*near, c.vectors), wanted) <= 1e-9);
    CHECK(support::largest_difference(support::probabilities_of(*far, c.vectors), wanted) <= 1e-9);
    for (std::size_t k = 0; k < fitted->rows(); ++k)
      CHECK(far->intercept()[k] == doctest::Approx(fitted->intercept()[k]).epsilon(1e-4));
  }
}

TEST_CASE("fit: says when steps were too few, and gives what it has") {
  const fit_case& c = support::fit_golden_files().cases.front();
  fewfit::fit_options o = c.options();
  double before = INFINITY;
  for (o.max_iterations = 0; o.max_iterations < 5; ++o.max_iterations) {
    const auto fitted = fewfit::fit(c.examples(), o);
    REQUIRE(fitted);
    CHECK_FALSE(fitted->converged);
    CHECK(fitted->iterations == o.max_iterations);
    CHECK(fitted->gradient < before);
    CHECK(fitted->gradient > o.tolerance);
    before = fitted->gradient;
  }
}

TEST_CASE("fit: whatever is wrong is an error with its place") {
  using c_t = fit_case;
  using e_t = fewfit::training_set;
  using o_t = fewfit::fit_options;
  const auto is = [](const fewfit::error& e, errc code, const std::string& where, std::uint64_t number) {
    CAPTURE(e.where);
    CAPTURE(e.number);
    CHECK(e.code == code);
    CHECK(e.where == where);
    CHECK(e.number == number);
  };
  const float nan = std::nanf("");
  for (const float bad : {nan, INFINITY, -INFINITY})
    is(error_after([bad](c_t& c, e_t&, o_t&) { c.vectors[3 * c.width + 2] = bad; }), errc::non_finite_output,
       "vectors", 3);
  for (const double bad : {0.0, -1.0, std::nan(""), static_cast<double>(INFINITY)})
    is(error_after([bad](c_t&, e_t&, o_t& o) { o.C = bad; }), errc::bad_argument, "C", 0);
  for (const double bad : {-1.0, std::nan("")})
    is(error_after([bad](c_t&, e_t&, o_t& o) { o.tolerance = bad; }), errc::bad_argument, "tolerance", 0);
  is(error_after([](c_t&, e_t& e, o_t&) { --e.labels.size; }), errc::bad_argument, "vectors", 80 * 26);
  is(error_after([](c_t&, e_t& e, o_t&) { --e.vectors.size; }), errc::bad_argument, "vectors", 80 * 26 - 1);
  is(error_after([](c_t&, e_t& e, o_t&) { e.width = 0; }), errc::bad_argument, "width", 0);
  for (const std::size_t bad : {0u, 1u, 65537u})
    is(error_after([bad](c_t&, e_t& e, o_t&) { e.classes = bad; }), errc::bad_argument, "classes", bad);
  is(error_after([](c_t& c, e_t&, o_t&) { c.labels[7] = 20; }), errc::bad_argument, "labels", 7);
  is(error_after([](c_t& c, e_t&, o_t&) { std::replace(c.labels.begin(), c.labels.end(), 5u, 6u); }),
     errc::bad_argument, "classes", 5);
  is(error_after([](c_t&, e_t& e, o_t&) { e.labels = {}, e.vectors = {}; }), errc::bad_argument, "classes", 0);
  is(error_after(
         [](c_t&, e_t&, o_t& o) { o.kernels = FEWFIT_X86_KERNELS ? fewfit::kernels::neon : fewfit::kernels::avx2; }),
     errc::unsupported_kernels, "kernels", 0);
  is(error_after([](c_t& c, e_t&, o_t& o) {
       for (float& x : c.vectors) x *= 1e37f;
       o.C = 1e300;
     }),
     errc::non_finite_output, "fit", 0);
}

TEST_CASE("fit: a start of another shape is refused") {
  const auto& cases = support::fit_golden_files().cases;
  const auto fitted = fewfit::fit(cases.back().examples());
  REQUIRE(fitted);
  const auto refused = fewfit::fit(cases.front().examples(), {}, &*fitted);
  CHECK(refused.error().code == errc::bad_argument);
  CHECK(std::string(refused.error().where) == "start");
}

TEST_CASE("fit: an allocator that fails at any call is out_of_memory, and has everything back") {
  const fit_case& c = support::fit_golden_files().cases.back();
  support::counting_memory memory;
  fewfit::fit_options o = c.options();
  o.allocator = memory.allocator();
  std::size_t refusals = 0;
  for (std::size_t k = 1;; ++k, ++refusals) {
    memory.fail(k, false);
    const auto fitted = fewfit::fit(c.examples(), o);
    if (fitted) {
      CHECK(memory.live == 1);
      CHECK(memory.peak < 8 * (6 * 20 * (26 + 8) + 4 * 80 * 20 + 20 * (26 + 8) + 20 * 27) + 8 * 64 * 20 + 4096);
      break;
    }
    CHECK(fitted.error().code == errc::out_of_memory);
    CHECK(memory.live == 0);
  }
  CHECK(refusals == 5);
  CHECK(memory.live == 0);
  CHECK(memory.mistakes == 0);
}

TEST_CASE("fit: the caller's rounding mode and flushed subnormals change nothing, and stay") {
  const fit_case& c = support::fit_golden_files().cases[3];
  const auto fitted = fewfit::fit(c.examples(), c.options());
  const fewfit::flush_environment flushed;
  const auto again = fewfit::fit(c.examples(), c.options());
  REQUIRE((fitted && again));
  CHECK(have_same_bits(*fitted, *again));
}

TEST_SUITE_END();
