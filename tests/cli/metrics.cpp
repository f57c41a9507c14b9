// SPDX-License-Identifier: MIT
// The arithmetic of `fewfit eval` where texts do not lead: on the edges of bins, and where nothing can be divided.

#include "metrics.hpp"

#include <cmath>

#include <doctest/doctest.h>

namespace {

// The bin that one example of this probability comes into.
std::size_t bin_with(double confidence) {
  tool::tally tally(2);
  tally.add(0, 0, confidence);
  const tool::metrics m = tally.result();
  for (std::size_t b = 0; b < m.calibration.size(); ++b) {
    if (m.calibration[b].examples == 1) return b;
  }
  return m.calibration.size();
}

}  // namespace

TEST_CASE("metrics: an edge belongs to the bin below, to the last bit") {
  CHECK(bin_with(0) == 0);
  CHECK(bin_with(1) == 9);
  for (int tenth = 1; tenth < 10; ++tenth) {
    const double edge = tenth / 10.0;
    CHECK(bin_with(edge) == static_cast<std::size_t>(tenth - 1));
    CHECK(bin_with(std::nextafter(edge, 2)) == static_cast<std::size_t>(tenth));
  }
}

TEST_CASE("metrics: rows are true, columns are predicted") {
  tool::tally tally(2);
  tally.add(0, 0, 0.75);
  tally.add(0, 1, 0.75);
  tally.add(0, 1, 0.95);
  tally.add(1, 1, 0.55);
  const tool::metrics m = tally.result();
  CHECK(m.confusion == std::vector<tool::count>{1, 2, 0, 1});
  CHECK(m.accuracy == 0.5);
  CHECK(m.classes[0].precision == 1);
  CHECK(m.classes[0].recall == 1.0 / 3);
  CHECK(m.classes[0].f1 == 0.5);
  CHECK(m.classes[1].precision == 1.0 / 3);
  CHECK(m.classes[1].recall == 1);
  CHECK(m.classes[0].support == 3);
  CHECK(m.macro.recall == doctest::Approx(2.0 / 3));
  CHECK(m.weighted.recall == 0.5);
  CHECK(m.calibration[7].accuracy == 0.5);
  CHECK(m.calibration[7].confidence == 0.75);
  CHECK(m.calibration_error == doctest::Approx((2 * 0.25 + 0.95 + 0.45) / 4));
}

TEST_CASE("metrics: a class that never occurs scores 0 and counts in the plain mean") {
  tool::tally tally(3);
  tally.add(0, 0, 1);
  const tool::metrics m = tally.result();
  CHECK(m.classes[2].precision == 0);
  CHECK(m.classes[2].recall == 0);
  CHECK(m.classes[2].f1 == 0);
  CHECK(m.macro.f1 == 1.0 / 3);
  CHECK(m.weighted.f1 == 1);
  CHECK(m.calibration[0].accuracy == 0);
}
