// SPDX-License-Identifier: MIT
// Twenty small models of odd shapes against the original libraries: every activation, pooling, dense layer and head.
// tools/make_breadth_golden.py made them; FEWFIT_BREADTH is the folder where this build converted them to.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <doctest/doctest.h>
#include <filesystem>
#include <string>
#include <vector>

#include "fewfit/fewfit.hpp"
#include "support/golden.hpp"

namespace {

/// What the originals say of one model. `vectors_from_double` is torch's own distance from the evaluation in double.
struct breadth_golden {
  std::string name;
  nlohmann::json file;
  std::vector<float> vectors;  // [B, S]
  std::size_t texts() const { return file.at("texts").size(); }
  const nlohmann::json& text(std::size_t i) const { return file.at("texts").at(i); }
};

const std::vector<breadth_golden>& breadth_models() {
  static const std::vector<breadth_golden> all = [] {
    std::vector<breadth_golden> found;
    for (const auto& entry : std::filesystem::directory_iterator(FEWFIT_SOURCE_DIR "/tests/parity/breadth")) {
      if (!entry.is_directory()) continue;
      const std::string folder = entry.path().string();
      found.push_back({entry.path().filename().string(),
                       nlohmann::json::parse(support::read_whole(folder + "/golden.json")),
                       support::read_floats(folder + "/vectors.f32")});
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return found;
  }();
  return all;
}

fewfit::model load_breadth(const breadth_golden& g, fewfit::kernels kernels = fewfit::kernels::automatic) {
  fewfit::load_options options;
  options.kernels = kernels;
  const std::string path = FEWFIT_BREADTH "/" + g.name + ".fewfit";
  auto loaded = fewfit::model::load(path, options);
  REQUIRE_MESSAGE(static_cast<bool>(loaded), path << ": " << fewfit::message(loaded.error()));
  return std::move(*loaded);
}

/// The texts as they stand in the file, and views of them.
struct breadth_texts {
  explicit breadth_texts(const breadth_golden& g) {
    for (std::size_t i = 0; i < g.texts(); ++i) kept.push_back(g.text(i).at("text"));
    views.assign(kept.begin(), kept.end());
  }
  fewfit::span<const std::string_view> all() const { return views; }
  std::vector<std::string> kept;
  std::vector<std::string_view> views;
};

/// The largest distances of a model's vectors and probabilities from the originals'.
struct breadth_distances {
  double vector = 0, probability = 0;
};

breadth_distances breadth_compare(const breadth_golden& g, const fewfit::model& m) {
  const breadth_texts texts(g);
  breadth_distances largest;
  const std::vector<float> vectors = m.encode(texts.all()).value();
  REQUIRE(vectors.size() == g.vectors.size());
  REQUIRE(vectors.size() == texts.views.size() * m.config().sentence_size);
  for (std::size_t i = 0; i < vectors.size(); ++i)
    largest.vector = std::max(largest.vector, std::fabs(static_cast<double>(vectors[i] - g.vectors[i])));
  const std::vector<double> numbers = m.predict_proba(texts.all()).value();
  const std::size_t width = m.probabilities_size();
  REQUIRE(numbers.size() == texts.views.size() * width);
  for (std::size_t i = 0; i < texts.views.size(); ++i) {
    const std::vector<double> theirs = g.text(i).at("probabilities");
    REQUIRE(theirs.size() == width);
    for (std::size_t k = 0; k < width; ++k)
      largest.probability = std::max(largest.probability, std::fabs(numbers[i * width + k] - theirs[k]));
  }
  return largest;
}

/// As an answer of SetFit's predict: a label, which may be a number, or a 0 or 1 for each target.
nlohmann::json breadth_answer(const fewfit::model& m, std::string_view text) {
  if (m.target() == fewfit::target::multi) return m.predict_multi(text).value();
  const std::string label(m.predict(text).label);
  if (m.labels_are_integers()) return std::stoi(label);
  return label;
}

}  // namespace

TEST_SUITE_BEGIN("parity");

TEST_CASE("breadth: there are twenty models") { CHECK(breadth_models().size() == 20); }

TEST_CASE("breadth: ids and truncation are transformers', labels are SetFit's") {
  for (const breadth_golden& g : breadth_models()) {
    CAPTURE(g.name);
    const fewfit::model m = load_breadth(g);
    const std::vector<std::string> labels = g.file.at("labels");
    CHECK(std::equal(labels.begin(), labels.end(), m.labels().begin(), m.labels().end()));
    CHECK(m.config().max_length == g.file.at("max_length").get<std::uint32_t>());
    for (std::size_t i = 0; i < g.texts(); ++i) {
      const std::string text = g.text(i).at("text");
      CAPTURE(text);
      const fewfit::token_ids ours = m.tokenize(text);
      CHECK(ours.ids == g.text(i).at("ids").get<std::vector<std::uint32_t>>());
      CHECK(ours.truncated == g.text(i).at("truncated").get<bool>());
    }
  }
}

TEST_CASE("breadth: vectors within 1e-6 of torch, or twice as far as torch from double; probabilities within 1e-6") {
  breadth_distances all;
  for (const breadth_golden& g : breadth_models()) {
    CAPTURE(g.name);
    const double theirs = g.file.at("vectors_from_double");
    for (const fewfit::kernels kernels : {fewfit::kernels::automatic, fewfit::kernels::portable}) {
      const fewfit::model m = load_breadth(g, kernels);
      const breadth_distances d = breadth_compare(g, m);
      const std::string set = fewfit::name(m.kernels());
      MESSAGE(g.name << " (" << set << "): largest difference of a vector " << d.vector
                     << ", torch's own from double " << theirs << "; of a probability " << d.probability);
      CHECK(d.vector <= std::max(1e-6, 2 * theirs));
      CHECK(d.probability <= 1e-6);
      all.vector = std::max(all.vector, d.vector);
      all.probability = std::max(all.probability, d.probability);
    }
  }
  MESSAGE("of all: vector " << all.vector << ", probability " << all.probability);
}

TEST_CASE("breadth: predictions are SetFit's, with every set of kernels") {
  for (const breadth_golden& g : breadth_models()) {
    CAPTURE(g.name);
    for (const fewfit::kernels kernels : {fewfit::kernels::automatic, fewfit::kernels::portable}) {
      const fewfit::model m = load_breadth(g, kernels);
      for (std::size_t i = 0; i < g.texts(); ++i) {
        const std::string text = g.text(i).at("text");
        CAPTURE(text);
        CHECK(breadth_answer(m, text) == g.text(i).at("answer"));
      }
    }
  }
}

TEST_CASE("breadth: the self-tests that the files carry agree") {
  for (const breadth_golden& g : breadth_models()) {
    CAPTURE(g.name);
    const fewfit::self_test_report report = load_breadth(g).self_test().value();
    CHECK(report.texts == g.texts());
    CHECK(report.different_labels == 0);
    CHECK(report.largest_difference <= 1e-6);
  }
}

TEST_SUITE_END();
