// SPDX-License-Identifier: MIT
#pragma once
// How good a classifier is, in numbers: scikit-learn's, and a calibration table. Arithmetic alone.

#include <array>
#include <cstddef>
#include <vector>

namespace tool {

using count = unsigned long long;

/// Of one class, or an average over all: classification_report's row with zero_division=0.
struct class_scores {
  double precision = 0, recall = 0, f1 = 0;
  count support = 0;  // examples that have the label
};

/// Examples whose winning probability is near one value.
struct calibration_bin {
  double from = 0, to = 0;  // above the first, up to the second; 0 is in the first bin
  count examples = 0;
  double confidence = 0, accuracy = 0;  // means over its examples; 0 without any
};

struct metrics {
  count examples = 0;
  double accuracy = 0;
  std::vector<class_scores> classes;  // [K]
  class_scores macro, weighted;       // means over classes: plain, and by support
  std::vector<count> confusion;       // [K, K], rows true, columns predicted
  std::array<calibration_bin, 10> calibration;
  double calibration_error = 0;  // mean distance of accuracy from confidence over bins, by examples (Guo et al. 2017)
};

/// Counts examples as they come; takes no more memory for more of them.
class tally {
 public:
  explicit tally(std::size_t classes) : classes_(classes), confusion_(classes * classes) {}

  /// needs   both classes are below the number of classes; `confidence`, the winning probability, is in [0, 1]
  void add(std::size_t truth, std::size_t predicted, double confidence);

  count examples() const { return examples_; }

  /// needs   an example at least
  metrics result() const;

 private:
  struct bin {
    count examples = 0, right = 0;
    double confidence = 0;  // the sum
  };

  std::size_t classes_;
  count examples_ = 0;
  std::vector<count> confusion_;  // [K, K]
  std::array<bin, 10> bins_;
};

}  // namespace tool
