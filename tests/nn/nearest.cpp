// SPDX-License-Identifier: MIT

#include "fewfit/nn/nearest.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "support/reference.hpp"

TEST_SUITE_BEGIN("nn");

namespace {

/// The textbook formula in long double.
double plain_cosine(const float* a, const float* b, std::size_t n) {
  long double product = 0, x = 0, y = 0;
  for (std::size_t i = 0; i < n; ++i) {
    product += static_cast<long double>(a[i]) * b[i];
    x += static_cast<long double>(a[i]) * a[i], y += static_cast<long double>(b[i]) * b[i];
  }
  return x > 0 && y > 0 ? static_cast<double>(product / (std::sqrt(x) * std::sqrt(y))) : 0;
}

/// What sentence-transformers says of 200 vectors and 12 queries, ties and zeros among them:
/// tools/make_nearest_golden.py.
struct nearest_golden {
  std::size_t width;
  std::vector<std::vector<float>> vectors, queries;
  std::vector<std::vector<double>> similarities;  // [q, n] of util.cos_sim
  nlohmann::json hits;                            // [q] of util.semantic_search

  static std::vector<std::vector<float>> sixty_fourths(const nlohmann::json& rows) {
    std::vector<std::vector<float>> out = rows;
    for (std::vector<float>& row : out)
      for (float& x : row) x /= 64;
    return out;
  }
  static nearest_golden load() {
    std::ifstream in(FEWFIT_SOURCE_DIR "/tests/data/nearest.json", std::ios::binary);
    const nlohmann::json file = nlohmann::json::parse(in);
    return {file["width"], sixty_fourths(file["vectors"]), sixty_fourths(file["queries"]), file["similarities"],
            file["hits"]};
  }
};

// torch divides by lengths in float and multiplies in float: three roundings a vector, and those of a sum.
constexpr double torch_bound = 2e-7;

}  // namespace

TEST_CASE("cosine_similarity and nearest: sentence-transformers' cos_sim and semantic_search") {
  const nearest_golden g = nearest_golden::load();
  REQUIRE(g.vectors.size() == 200);
  REQUIRE(g.queries.size() == 12);
  std::vector<float> all;
  for (const auto& v : g.vectors) all.insert(all.end(), v.begin(), v.end());
  double largest = 0;
  for (std::size_t q = 0; q < g.queries.size(); ++q) {
    const auto similarity = [&](std::size_t i) { return g.similarities[q][i]; };
    for (std::size_t i = 0; i < g.vectors.size(); ++i) {
      const double ours = fewfit::cosine_similarity(g.vectors[i], g.queries[q]);
      largest = std::max(largest, std::abs(ours - similarity(i)));
    }
    const std::vector<std::size_t> ids = g.hits[q]["ids"];
    const std::vector<double> scores = g.hits[q]["scores"];
    std::vector<std::size_t> ours(g.vectors.size());  // all of them, equals in their order
    std::iota(ours.begin(), ours.end(), std::size_t{0});
    std::stable_sort(ours.begin(), ours.end(), [&](std::size_t a, std::size_t b) {
      return fewfit::cosine_similarity(g.vectors[a], g.queries[q]) >
             fewfit::cosine_similarity(g.vectors[b], g.queries[q]);
    });
    std::vector<fewfit::neighbour> found(ids.size());
    for (std::size_t room = 1; room < found.size(); ++room) {
      REQUIRE(fewfit::nearest(all, g.queries[q], {found.data(), room}) == room);
      for (std::size_t i = 0; i < room; ++i) CHECK(found[i].index == ours[i]);
    }
    REQUIRE(fewfit::nearest(all, g.queries[q], found) == ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      CHECK(std::abs(static_cast<double>(found[i].similarity) - scores[i]) <= torch_bound);
      CHECK(std::abs(similarity(found[i].index) - scores[i]) <= torch_bound);
      // Of equals torch takes any, we the first.
      const auto is_equal = [&](double x) { return std::abs(x - scores[i]) <= torch_bound; };
      if (std::count_if(g.similarities[q].begin(), g.similarities[q].end(), is_equal) == 1)
        CHECK(found[i].index == ids[i]);
      if (i > 0 && found[i].similarity == found[i - 1].similarity) CHECK(found[i].index > found[i - 1].index);
    }
  }
  MESSAGE("largest difference from torch " << largest);
  CHECK(largest <= torch_bound);
}

TEST_CASE("cosine_similarity: the textbook formula, for every width around the lanes") {
  for (std::size_t width = 1; width <= 70; ++width) {
    const std::vector<float> a = support::random_floats(width, 1), b = support::random_floats(width, 2);
    CHECK(std::abs(fewfit::cosine_similarity(a, b) - plain_cosine(a.data(), b.data(), width)) <= 6e-8);
    CHECK(fewfit::cosine_similarity(a, a) == 1);
    std::vector<float> back(a), none(width);
    for (float& x : back) x *= -3;
    CHECK(fewfit::cosine_similarity(a, back) == -1);
    CHECK(fewfit::cosine_similarity(a, none) == 0);
  }
}

TEST_CASE("nearest: what sorting all of them gives, for as many as are asked for") {
  constexpr std::size_t width = 20, n = 57;
  std::vector<float> vectors = support::random_floats(n * width, 3);
  const std::vector<float> query = support::random_floats(width, 4);
  for (const std::size_t twin : {30u, 50u})  // equals: the first comes first
    std::copy_n(vectors.begin() + 7 * width, width, vectors.begin() + static_cast<std::ptrdiff_t>(twin * width));
  std::vector<float> similarity(n);
  for (std::size_t v = 0; v < n; ++v)
    similarity[v] = fewfit::cosine_similarity({vectors.data() + v * width, width}, query);
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return similarity[a] > similarity[b]; });
  for (std::size_t wanted = 0; wanted <= n + 3; ++wanted) {
    std::vector<fewfit::neighbour> found(wanted + 1);
    REQUIRE(fewfit::nearest(vectors, query, {found.data(), wanted}) == std::min(wanted, n));
    for (std::size_t i = 0; i < std::min(wanted, n); ++i) {
      CHECK(found[i].index == order[i]);
      CHECK(found[i].similarity == similarity[order[i]]);
    }
    CHECK(found[std::min(wanted, n)].index == 0);  // not written
  }
}

TEST_CASE("nearest: nothing is like nothing") {
  fewfit::neighbour out[2];
  CHECK(fewfit::nearest({}, support::random_floats(4, 1), out) == 0);
  CHECK(fewfit::nearest(support::random_floats(4, 1), {}, out) == 0);
  const float zeros[8] = {};
  CHECK(fewfit::nearest(zeros, support::random_floats(4, 1), out) == 2);
  CHECK(out[0].index == 0);
  CHECK(out[0].similarity == 0);
}

TEST_SUITE_END();
