// SPDX-License-Identifier: MIT
// What fits say of the examples that they were made without, against making each of those fits.

#include "fewfit/nn/leave_one_out.hpp"

#include <doctest/doctest.h>

#include "support/fit_golden.hpp"
#include "support/memory.hpp"

using fewfit::errc;
using support::fit_case;

namespace {

/// The long way: the examples without the i-th, without its class where it was alone there, fitted from zero.
std::vector<double> fit_without(const fit_case& c, std::size_t i) {
  fit_case rest = c;
  const auto at = static_cast<std::ptrdiff_t>(i), width = static_cast<std::ptrdiff_t>(c.width);
  rest.vectors.erase(rest.vectors.begin() + at * width, rest.vectors.begin() + (at + 1) * width);
  rest.labels.erase(rest.labels.begin() + at);
  const bool alone = std::count(rest.labels.begin(), rest.labels.end(), c.labels[i]) == 0;
  for (std::uint32_t& label : rest.labels) label -= alone && label > c.labels[i] ? 1 : 0;
  rest.classes -= alone ? 1 : 0;
  std::vector<double> out(rest.classes, 1.0);
  if (rest.classes > 1) {
    const auto fitted = fewfit::fit(rest.examples(), rest.options());
    REQUIRE(fitted);
    fewfit::predict_proba(fitted->weights(), &c.vectors[i * c.width], out.data());
  }
  if (alone) out.insert(out.begin() + static_cast<std::ptrdiff_t>(c.labels[i]), 0.0);
  return out;
}

std::vector<double> held_out(const fit_case& c, const fewfit::fit_options& o) {
  const auto of_all = fewfit::fit(c.examples(), o);
  REQUIRE(of_all);
  std::vector<double> out(c.n * c.classes, NAN);
  REQUIRE(fewfit::leave_one_out(c.examples(), *of_all, out, o).code == errc::none);
  return out;
}

/// Probabilities of two classes whose larger ones are `confidences`; a negative one is a wrong answer.
fewfit::result<fewfit::abstention> threshold_of(double most_errors, const std::vector<double>& confidences) {
  std::vector<double> rows;
  for (const double c : confidences) rows.push_back(1 - std::fabs(c)), rows.push_back(std::fabs(c));
  std::vector<std::uint32_t> labels;
  for (const double c : confidences) labels.push_back(c > 0 ? 1 : 0);
  return fewfit::threshold_for(most_errors, rows, labels, 2);
}

void check_threshold(double most_errors, const std::vector<double>& confidences, double threshold, double answered,
                     double error) {
  const auto found = threshold_of(most_errors, confidences);
  REQUIRE(found);
  CHECK(found->threshold == threshold);
  CHECK(found->answered == answered);
  CHECK(found->error == error);
}

}  // namespace

TEST_SUITE_BEGIN("nn");

TEST_CASE("leave_one_out: within 1e-6 of each fit without one example, whatever the problem") {
  double worst = 0;
  for (const fit_case& c : support::fit_golden_files().cases) {
    CAPTURE(c.name);
    const std::vector<double> ours = held_out(c, c.options());
    for (std::size_t i = 0; i < c.n; i += support::golden_stride) {
      const auto row = ours.begin() + static_cast<std::ptrdiff_t>(i * c.classes);
      const std::vector<double> mine(row, row + static_cast<std::ptrdiff_t>(c.classes));
      const double apart = support::largest_difference(mine, fit_without(c, i));
      CHECK(apart <= 1e-6);
      worst = std::max(worst, apart);
    }
  }
  MESSAGE("leave_one_out: at most " << worst << " from the fits themselves");
}

TEST_CASE("leave_one_out: what 56 fits of scikit-learn say of the demonstration's examples") {
  const support::fit_golden& g = support::fit_golden_files();
  const double apart = support::largest_difference(held_out(g.cases.front(), g.cases.front().options()), g.held_out);
  MESSAGE("leave_one_out: at most " << apart << " from scikit-learn's");
  CHECK(apart <= 1e-6);
}

TEST_CASE("leave_one_out: the same bits from every fused set of kernels") {
  for (const std::size_t number : {0u, 14u, 28u}) {
    const fit_case& c = support::fit_golden_files().cases[number];
    fewfit::fit_options o = c.options();
    const std::vector<double> first = held_out(c, o);
    for (const fewfit::kernels name : support::kernel_names()) {
      if (!support::doubles_are_fused(name) || !support::doubles_are_fused(fewfit::kernels::automatic)) continue;
      o.kernels = name;
      CHECK(std::memcmp(held_out(c, o).data(), first.data(), first.size() * sizeof(double)) == 0);
    }
  }
}

TEST_CASE("fit and leave_one_out: the same bits from every compiler, option and processor") {
  for (const fewfit::kernels name : support::kernel_names()) {
    if (!support::doubles_are_fused(name)) continue;
    CAPTURE(static_cast<int>(name));
    std::uint64_t digest = 0xCBF29CE484222325u;  // FNV-1a, a double at a time
    const auto add = [&digest](const double* numbers, std::size_t n) {
      for (std::size_t i = 0; i < n; ++i) {
        std::uint64_t bits;
        std::memcpy(&bits, numbers + i, sizeof bits);
        digest = (digest ^ bits) * 0x100000001B3u;
      }
    };
    for (const fit_case& c : support::fit_golden_files().cases) {
      fewfit::fit_options o = c.options();
      o.kernels = name;
      const auto fitted = fewfit::fit(c.examples(), o);
      REQUIRE(fitted);
      add(fitted->numbers.data(), fitted->numbers.size());
      const std::vector<double> out = held_out(c, o);
      add(out.data(), out.size());
    }
    CHECK(digest == 0xDED531ED4E3B668Du);
  }
}

TEST_CASE("leave_one_out: wrong arguments are errors, and so is an allocator that fails at any call") {
  const auto& cases = support::fit_golden_files().cases;
  const fit_case& c = cases[5];
  const auto of_all = fewfit::fit(c.examples(), c.options()), other = fewfit::fit(cases.back().examples());
  REQUIRE((of_all && other));
  std::vector<double> out(c.n * c.classes);
  const auto where = [&](const fewfit::training_set& e, const fewfit::logistic_regression& fitted, std::size_t size) {
    const fewfit::error wrong = fewfit::leave_one_out(e, fitted, {out.data(), size}, c.options());
    CHECK(wrong.code == errc::bad_argument);
    return std::string(wrong.where);
  };
  CHECK(where(c.examples(), *of_all, out.size() - 1) == "out");
  CHECK(where(c.examples(), *other, out.size()) == "of_all");
  fewfit::training_set none = c.examples();
  none.classes = 1;
  CHECK(where(none, *of_all, out.size()) == "classes");

  support::counting_memory memory;
  fewfit::fit_options o = c.options();
  o.allocator = memory.allocator();
  std::size_t refusals = 0;
  for (std::size_t k = 1;; ++k, ++refusals) {
    memory.fail(k, false);
    const errc code = fewfit::leave_one_out(c.examples(), *of_all, out, o).code;
    CHECK(memory.live == 0);
    if (code == errc::none) break;
    CHECK(code == errc::out_of_memory);
  }
  CHECK(refusals == 7);
  CHECK(memory.mistakes == 0);
}

TEST_CASE("threshold_for: the lowest of 0 and the confidences whose answers are right often enough") {
  check_threshold(0, {0.6, 0.7, 0.8}, 0, 1, 0);               // nothing is wrong
  check_threshold(0.25, {-0.6, 0.7, 0.8, 0.9}, 0, 1, 0.25);   // as much as was asked for
  check_threshold(0.2, {-0.6, 0.7, 0.8, 0.9}, 0.7, 0.75, 0);  // less: the wrong one goes
  check_threshold(0.2, {0.9, 0.8, 0.7, -0.6}, 0.7, 0.75, 0);  // in any order
  check_threshold(0, {-0.6, 0.6, 0.6, 0.9}, 0.9, 0.25, 0);    // equals go together
  check_threshold(0.3, {-0.6, -0.65, 0.7, -0.8, 0.9, 0.95}, 0.7, 4 / 6.0,
                  0.25);                                                 // the lowest, though a higher has none
  check_threshold(0, {0.6, -0.9}, static_cast<double>(INFINITY), 0, 0);  // the surest is wrong: no answer
  check_threshold(1, {-0.6, -0.9}, 0, 1, 1);
}

TEST_CASE("threshold_for: unknown is no answer at any threshold, and an answer to one of its examples is wrong") {
  // Class 0 is unknown; 1 and 2 are answers. Rows tell how sure the most probable class is.
  struct one {
    std::uint32_t label, said;
    double confidence;
  };
  const auto found = [](double most_errors, const std::vector<one>& all) {
    std::vector<double> rows;
    std::vector<std::uint32_t> labels;
    for (const one& x : all) {
      for (std::uint32_t k = 0; k < 3; ++k) rows.push_back(k == x.said ? x.confidence : (1 - x.confidence) / 2);
      labels.push_back(x.label);
    }
    return fewfit::threshold_for(most_errors, rows, labels, 3, {}, 0).value();
  };
  const std::vector<one> all{{0, 0, 0.9}, {1, 1, 0.8}, {0, 1, 0.6}, {2, 2, 0.7}, {1, 0, 0.95}};
  const fewfit::abstention any = found(1, all), none_wrong = found(0, all);
  CHECK(any.threshold == 0);
  CHECK(any.answered == 3 / 5.0);
  CHECK(any.error == 1 / 3.0);
  CHECK(none_wrong.threshold == 0.7);
  CHECK(none_wrong.answered == 2 / 5.0);
  CHECK(none_wrong.error == 0);
  const fewfit::abstention silent = found(0, {{0, 0, 0.9}, {1, 0, 0.5}});
  CHECK(silent.threshold == 0);
  CHECK(silent.answered == 0);
  CHECK(silent.error == 0);
}

TEST_CASE("leave_one_out: progress hears of each example, and false ends it") {
  const fit_case& c = support::fit_golden_files().cases[5];
  const auto of_all = fewfit::fit(c.examples(), c.options());
  REQUIRE(of_all);
  std::vector<double> out(c.n * c.classes);
  struct heard {
    std::size_t done = 0, total = 0, most = 0;
    static bool call(void* self, std::size_t done, std::size_t total) {
      heard& h = *static_cast<heard*>(self);
      CHECK(done == h.done + 1);
      h.done = done, h.total = total;
      return done < h.most;
    }
  };
  heard all, some;
  all.most = c.n + 1, some.most = 3;
  CHECK(fewfit::leave_one_out(c.examples(), *of_all, out, c.options(), {heard::call, &all}).code == errc::none);
  CHECK(all.done == c.n);
  CHECK(all.total == c.n);
  CHECK(fewfit::leave_one_out(c.examples(), *of_all, out, c.options(), {heard::call, &some}).code == errc::cancelled);
  CHECK(some.done == 3);
}

TEST_CASE("threshold_for: a text of the demonstration is as sure as it is right") {
  const support::fit_golden& g = support::fit_golden_files();
  const auto found = fewfit::threshold_for(0.0, g.held_out, g.cases.front().labels, 3);
  REQUIRE(found);
  std::size_t answered = 0, wrong = 0;
  for (std::size_t i = 0; i < g.cases.front().n; ++i) {
    const std::size_t best = fewfit::most_probable(&g.held_out[3 * i], 3);
    if (g.held_out[3 * i + best] < found->threshold) continue;
    ++answered, wrong += best != g.cases.front().labels[i];
  }
  CHECK(found->answered == static_cast<double>(answered) / 56);
  CHECK(wrong == 0);
}

TEST_CASE("threshold_for: sizes that do not agree, a share that is none, and no memory are errors") {
  const std::vector<double> rows{0.4, 0.6};
  const std::uint32_t labels[] = {1, 0};
  for (const std::size_t n : {0u, 2u})
    CHECK(fewfit::threshold_for(0.1, rows, {labels, n}, 2).error().code == errc::bad_argument);
  CHECK(fewfit::threshold_for(0.1, rows, {labels, 1}, 0).error().code == errc::bad_argument);
  CHECK(fewfit::threshold_for(std::nan(""), rows, {labels, 1}, 2).error().code == errc::bad_argument);
  CHECK(fewfit::threshold_for(-0.1, rows, {labels, 1}, 2).error().code == errc::bad_argument);
  support::counting_memory memory;
  memory.largest = 0;
  CHECK(fewfit::threshold_for(0.1, rows, {labels, 1}, 2, memory.allocator()).error().code == errc::out_of_memory);
}

TEST_SUITE_END();
