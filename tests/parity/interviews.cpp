// SPDX-License-Identifier: MIT
// The demonstration model against the original libraries, on 698 texts of the repository.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <doctest/doctest.h>
#include <numeric>
#include <random>

#include "fewfit/fewfit.hpp"
#include "support/golden.hpp"

namespace {

// torch's own distance from the evaluation in double is 5.6e-7 at most on these texts.
constexpr double vector_bound = 1e-6;
constexpr double probability_bound = 1e-6;

const fewfit::model& interviews() {
  static const fewfit::model m = fewfit::model::load(FEWFIT_MODEL).value();
  return m;
}

const std::vector<float>& encoded() {
  static const std::vector<float> vectors = [] {
    const auto views = support::golden_views();
    return interviews().encode(fewfit::span<const std::string_view>(views)).value();
  }();
  return vectors;
}

const std::vector<fewfit::prediction>& predictions() {
  static const std::vector<fewfit::prediction> answers = [] {
    const auto views = support::golden_views();
    return interviews().predict(fewfit::span<const std::string_view>(views));
  }();
  return answers;
}

}  // namespace

TEST_SUITE_BEGIN("parity");

TEST_CASE("corpus: every length from 2 to 128 tokens is there, and 60 texts are longer") {
  if (support::golden_stride != 1) {
    MESSAGE("only every " << support::golden_stride << "th text is asked in this build");
    return;
  }
  std::vector<bool> seen(129);
  std::size_t longer = 0;
  for (const auto& t : support::golden_files().texts) {
    seen[t.tokens] = true;
    longer += t.truncated ? 1 : 0;
  }
  for (std::size_t n = 2; n <= 128; ++n) CHECK_MESSAGE(seen[n], n);
  CHECK(support::golden_files().texts.size() >= 500);
  CHECK(longer >= 60);
}

TEST_CASE("tokens: ids, counts and truncation are transformers'") {
  for (std::size_t i = 0; i < predictions().size(); ++i) {
    const auto& t = support::golden_files().texts[i];
    CAPTURE(t.text);
    const fewfit::token_ids ours = interviews().tokenize(t.text);
    CHECK(ours.ids == t.ids);
    CHECK(ours.truncated == t.truncated);
    CHECK(predictions()[i].tokens == t.tokens);
    CHECK(predictions()[i].truncated == t.truncated);
  }
}

TEST_CASE("vectors: within 1e-6 of torch, and 1.5 times as far as torch, at most, from the evaluation in double") {
  const auto& g = support::golden_files();
  REQUIRE(encoded().size() == g.vectors.size());
  REQUIRE(encoded().size() == g.residuals.size());
  double largest = 0, ours = 0, theirs = 0, ours_largest = 0;
  for (std::size_t i = 0; i < g.vectors.size(); ++i) {
    const double difference = static_cast<double>(encoded()[i]) - static_cast<double>(g.vectors[i]);
    const double residual = static_cast<double>(g.residuals[i]);
    largest = std::max(largest, std::fabs(difference));
    ours_largest = std::max(ours_largest, std::fabs(difference - residual));
    ours += std::fabs(difference - residual);
    theirs += std::fabs(residual);
  }
  const auto n = static_cast<double>(g.vectors.size());
  MESSAGE("largest difference from torch " << largest << "; from double: ours " << ours / n << " on average, "
                                           << ours_largest << " at most; torch's " << theirs / n << " on average");
  CHECK(largest <= vector_bound);
  // The goal was 1; docs/parity.md, "Why torch is nearer to float64 than we are".
  CHECK(ours <= 1.5 * theirs);
}

TEST_CASE("probabilities: within 1e-6 of scikit-learn's on torch's vectors, labels equal") {
  double largest = 0;
  const auto views = support::golden_views();
  const auto all = interviews().predict_proba(fewfit::span<const std::string_view>(views)).value();
  for (std::size_t i = 0; i < views.size(); ++i) {
    const auto& t = support::golden_files().texts[i];
    CAPTURE(t.text);
    const double* p = &all[i * t.probabilities.size()];
    for (std::size_t k = 0; k < t.probabilities.size(); ++k)
      largest = std::max(largest, std::fabs(p[k] - t.probabilities[k]));
    CHECK(predictions()[i].label == t.label);
    CHECK(predictions()[i].probability == *std::max_element(p, p + t.probabilities.size()));
    CHECK(std::accumulate(p, p + t.probabilities.size(), 0.0) == doctest::Approx(1).epsilon(1e-14));
  }
  MESSAGE("largest difference of a probability " << largest);
  CHECK(largest <= probability_bound);
}

TEST_CASE("batches: the same texts alone, in batches of 7 and 64, shuffled, give the same bits") {
  const auto views = support::golden_views();
  const std::size_t width = interviews().config().hidden_size;
  std::vector<std::size_t> order(views.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::shuffle(order.begin(), order.end(), std::mt19937(7));
  order.resize(std::min(order.size(), std::size_t{200}));
  fewfit::workspace scratch;
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, std::size_t{64}}) {
    for (std::size_t begin = 0; begin < order.size(); begin += size) {
      std::vector<std::string_view> batch;
      for (std::size_t i = begin; i < std::min(begin + size, order.size()); ++i) batch.push_back(views[order[i]]);
      std::vector<float> out(batch.size() * width);
      REQUIRE(interviews().encode(batch, scratch, out) == fewfit::errc::none);
      for (std::size_t i = 0; i < batch.size(); ++i)
        CHECK(std::memcmp(&out[i * width], &encoded()[order[begin + i] * width], width * sizeof(float)) == 0);
    }
  }
}

TEST_CASE("rows: each text cut by rows, alone and in batches of 16, gives the same bits") {
  const auto views = support::golden_views();
  const std::size_t width = interviews().config().hidden_size;
  fewfit::workspace scratch(3);
  for (const std::size_t size : {std::size_t{1}, std::size_t{16}}) {
    for (std::size_t begin = 0; begin < views.size(); begin += size == 1 ? 5 : size) {
      const std::size_t n = std::min(size, views.size() - begin);
      std::vector<float> out(n * width);
      REQUIRE(fewfit::plan::encode(interviews(), {&views[begin], n}, scratch, out, {}, fewfit::cut::rows).run_all() ==
              fewfit::errc::none);
      CHECK(std::memcmp(out.data(), &encoded()[begin * width], out.size() * sizeof(float)) == 0);
    }
  }
}

TEST_CASE("self-test: the file's own texts are answered as the original answered them") {
  const fewfit::self_test_report report = interviews().self_test().value();
  CHECK(report.texts >= 20);
  CHECK(report.different_labels == 0);
  CHECK(report.largest_difference <= 1e-6);
  CHECK(interviews().self_test().value().digest == report.digest);
}

TEST_CASE("digest: the bits of all vectors are the committed ones") {
  if (support::golden_stride != 1) {
    MESSAGE("only every " << support::golden_stride << "th text is asked in this build");
    return;
  }
  // The same under every compiler, optimisation level, -ffp-contract and instruction set with a fused multiply-add.
  // It changes when the arithmetic of docs/parity.md changes, and then on purpose.
  std::ifstream in(FEWFIT_SOURCE_DIR "/tests/parity/golden/digests.json");
  const std::string committed = nlohmann::json::parse(in).at("f32");
  char ours[9];
  std::snprintf(ours, sizeof ours, "%08x",
                static_cast<unsigned>(fewfit::crc32c(encoded().data(), encoded().size() * sizeof(float))));
  CHECK(committed == ours);
}

TEST_SUITE_END();
