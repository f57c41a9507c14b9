// SPDX-License-Identifier: MIT
#include "metrics.hpp"

#include <cmath>

namespace tool {
namespace {

constexpr std::size_t bins = 10;

// The edge itself, to the last bit: bin * 0.1 is not always.
double edge(std::size_t bin) { return static_cast<double>(bin) / bins; }

// As scikit-learn's calibration_curve has it, an edge belongs to the bin below.
std::size_t bin_of(double confidence) {
  std::size_t bin = 0;
  while (bin + 1 < bins && confidence > edge(bin + 1)) ++bin;
  return bin;
}

double ratio(double part, double whole) { return whole != 0 ? part / whole : 0; }
double ratio(count part, count whole) { return ratio(static_cast<double>(part), static_cast<double>(whole)); }

class_scores scores_of(const std::vector<count>& confusion, std::size_t classes, std::size_t k) {
  count truly = 0, predicted = 0;
  for (std::size_t other = 0; other < classes; ++other) {
    truly += confusion[k * classes + other];
    predicted += confusion[other * classes + k];
  }
  const count right = confusion[k * classes + k];
  return {ratio(right, predicted), ratio(right, truly), ratio(2 * right, truly + predicted), truly};
}

template <class Weight>
class_scores average(const metrics& m, Weight weight) {
  class_scores sum;
  double weights = 0;
  for (const class_scores& scores : m.classes) {
    const double w = weight(scores);
    sum.precision += w * scores.precision;
    sum.recall += w * scores.recall;
    sum.f1 += w * scores.f1;
    weights += w;
  }
  return {ratio(sum.precision, weights), ratio(sum.recall, weights), ratio(sum.f1, weights), m.examples};
}

}  // namespace

void tally::add(std::size_t truth, std::size_t predicted, double confidence) {
  ++examples_;
  ++confusion_[truth * classes_ + predicted];
  bin& at = bins_[bin_of(confidence)];
  ++at.examples;
  at.right += truth == predicted;
  at.confidence += confidence;
}

metrics tally::result() const {
  metrics m;
  m.examples = examples_;
  m.confusion = confusion_;
  count right = 0;
  for (std::size_t k = 0; k < classes_; ++k) {
    m.classes.push_back(scores_of(confusion_, classes_, k));
    right += confusion_[k * classes_ + k];
  }
  m.accuracy = ratio(right, examples_);
  m.macro = average(m, [](const class_scores&) { return 1.0; });
  m.weighted = average(m, [](const class_scores& scores) { return static_cast<double>(scores.support); });
  for (std::size_t b = 0; b < bins; ++b) {
    const bin& from = bins_[b];
    const double examples = static_cast<double>(from.examples);
    m.calibration[b] = {edge(b), edge(b + 1), from.examples, ratio(from.confidence, examples),
                        ratio(from.right, from.examples)};
    m.calibration_error += examples * std::abs(m.calibration[b].accuracy - m.calibration[b].confidence);
  }
  m.calibration_error = ratio(m.calibration_error, static_cast<double>(examples_));
  return m;
}

}  // namespace tool
