// SPDX-License-Identifier: MIT
// Embeddings, attention and layers against the network in plain loops, with odd widths beside the real ones.

#include "fewfit/nn/encoder.hpp"

#include <doctest/doctest.h>

#include "fewfit/nn/embeddings.hpp"
#include "support/reference.hpp"

namespace {

using support::layer;
using support::random_floats;

constexpr float eps = 1e-12f;

struct shape {
  std::size_t d, h, f;
};
constexpr shape shapes[] = {{20, 5, 36}, {16, 1, 16}, {24, 8, 40}, {48, 3, 100}, {33, 3, 7}, {384, 12, 1536}};

/// Rows with zero tails.
std::vector<float> pad_rows(const support::plain::rows& x) {
  const std::size_t stride = fewfit::padded(x[0].size());
  std::vector<float> out(x.size() * stride);
  for (std::size_t t = 0; t < x.size(); ++t) std::memcpy(&out[t * stride], x[t].data(), x[t].size() * sizeof(float));
  return out;
}

support::plain::rows random_rows(std::size_t n, std::size_t width, std::uint32_t seed) {
  support::plain::rows x(n);
  for (std::size_t t = 0; t < n; ++t) x[t] = random_floats(width, seed + static_cast<std::uint32_t>(t), 2);
  return x;
}

/// Runs a ragged batch through `layers`; scratch is dirty.
std::vector<float> run(const fewfit::kernel_table& kernels, const shape& s,
                       const std::vector<fewfit::layer_weights>& layers, const std::vector<std::uint32_t>& offsets,
                       std::vector<float> x) {
  const fewfit::encoder_shape e{s.d, s.h, s.f};
  const std::size_t rows = offsets.back();
  std::vector<float> context(rows * fewfit::padded(s.d), NAN), wide(rows * fewfit::wide_stride(e), NAN),
      task(fewfit::task_scratch(e, fewfit::number_type::f32, rows), NAN);
  const fewfit::encoder_scratch scratch{{wide.data(), wide.data()}, wide.data(), context.data(), task.data()};
  fewfit::encode_rows(kernels, e, layers.data(), layers.size(), {offsets.data(), offsets.size() - 1}, scratch,
                      x.data());
  return x;
}

/// The same, each layer's rows cut into ranges that are done in turn, the last one first.
std::vector<float> run_in_ranges(const fewfit::kernel_table& kernels, const shape& s,
                                 const std::vector<fewfit::layer_weights>& layers,
                                 const std::vector<std::uint32_t>& offsets, std::size_t ranges,
                                 std::vector<float> x) {
  const fewfit::encoder_shape e{s.d, s.h, s.f};
  const std::size_t rows = offsets.back(), stride = fewfit::padded(s.d);
  std::vector<float> even(rows * 3 * stride, NAN), odd(even), intermediate(rows * fewfit::padded(s.f), NAN),
      context(rows * stride, NAN), task(fewfit::task_scratch(e, fewfit::number_type::f32, rows), NAN);
  const fewfit::encoder_scratch scratch{{even.data(), odd.data()}, intermediate.data(), context.data(), task.data()};
  const fewfit::ragged batch{offsets.data(), offsets.size() - 1};
  const auto range = [&](std::size_t i) { return fewfit::row_range{i * rows / ranges, (i + 1) * rows / ranges}; };
  for (std::size_t i = ranges; i-- > 0;) fewfit::project(kernels, e, layers.data(), 0, range(i), scratch, x.data());
  for (std::size_t l = 0; l < layers.size(); ++l)
    for (std::size_t i = ranges; i-- > 0;)
      fewfit::encoder_layer(kernels, e, layers.data(), layers.size(), l, batch, range(i), scratch, x.data());
  return x;
}

}  // namespace

TEST_SUITE_BEGIN("nn");

TEST_CASE("embed: word plus position, normalised; zeros stay behind the width") {
  for (const std::size_t d : {std::size_t{20}, std::size_t{32}}) {
    const std::size_t stride = fewfit::padded(d);
    const auto words = pad_rows(random_rows(9, d, 1)), positions = pad_rows(random_rows(5, d, 50));
    const auto norm = pad_rows(random_rows(2, d, 90));
    const std::uint32_t ids[] = {8, 0, 3, 3, 1};
    std::vector<float> rows(5 * stride, NAN);
    const fewfit::kernel_table kernels = support::chosen_kernels();
    fewfit::embed(kernels, {words.data(), positions.data(), {norm.data(), norm.data() + stride, d, eps}}, ids, 5,
                  rows.data());
    for (std::size_t t = 0; t < 5; ++t) {
      std::vector<float> expected(d);
      for (std::size_t i = 0; i < d; ++i) expected[i] = words[ids[t] * stride + i] + positions[t * stride + i];
      support::plain::layer_norm(expected.data(), d, norm.data(), norm.data() + stride, eps);
      for (std::size_t i = 0; i < stride; ++i) {
        if (i >= d)
          CHECK(rows[t * stride + i] == 0);
        else if (support::kernels_are_fused(kernels))
          CHECK(rows[t * stride + i] == expected[i]);
      }
    }
  }
}

TEST_CASE("encoder: two layers give the same bits as the plain network, for odd widths and every length") {
  std::vector<fewfit::kernel_table> sets;
  for (const fewfit::kernel_table& k : support::all_kernels()) {
    if (support::kernels_are_fused(k))
      sets.push_back(k);
    else
      MESSAGE("this build has no fused multiply-add: the portable kernels' bits are not compared");
  }
  for (const shape& s : shapes) {
    const layer first(s.d, s.h, s.f, 100), second(s.d, s.h, s.f, 200);
    const std::size_t stride = fewfit::padded(s.d);
    for (const std::size_t tokens : {1u, 2u, 5u, 16u, 17u, 49u}) {
      if (s.d == 384 && tokens > 5) continue;  // the plain network is slow; the golden files cover the rest
      CAPTURE(s.d);
      CAPTURE(tokens);
      auto x = random_rows(tokens, s.d, 300);
      const std::vector<float> before = pad_rows(x);
      support::plain::run_layer(first, eps, x);
      support::plain::run_layer(second, eps, x);
      for (const fewfit::kernel_table& k : sets) {
        const auto ours =
            run(k, s, {first.view(eps), second.view(eps)}, {0, static_cast<std::uint32_t>(tokens)}, before);
        for (std::size_t t = 0; t < tokens; ++t) {
          REQUIRE(std::memcmp(&ours[t * stride], x[t].data(), s.d * sizeof(float)) == 0);
          for (std::size_t i = s.d; i < stride; ++i) REQUIRE(ours[t * stride + i] == 0);
        }
      }
    }
  }
}

TEST_CASE("encoder: a text gives the same bits alone and at any place of a ragged batch") {
  for (const shape& s : shapes) {
    const layer w(s.d, s.h, s.f, 400);
    const std::size_t stride = fewfit::padded(s.d);
    const std::vector<std::uint32_t> offsets{0, 3, 4, 21, 23, 40};
    const auto x = pad_rows(random_rows(offsets.back(), s.d, 500));
    const fewfit::kernel_table kernels = support::chosen_kernels();
    const auto together = run(kernels, s, {w.view(eps)}, offsets, x);
    for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
      const auto begin = static_cast<std::ptrdiff_t>(offsets[b] * stride),
                 end = static_cast<std::ptrdiff_t>(offsets[b + 1] * stride);
      const auto alone =
          run(kernels, s, {w.view(eps)}, {0, offsets[b + 1] - offsets[b]}, {x.begin() + begin, x.begin() + end});
      CHECK(std::memcmp(alone.data(), together.data() + begin, alone.size() * sizeof(float)) == 0);
    }
  }
}

TEST_CASE("encoder: rows cut into ranges give the same bits, whatever the ranges and their order") {
  for (const shape& s : shapes) {
    const layer first(s.d, s.h, s.f, 100), second(s.d, s.h, s.f, 200);
    const std::vector<fewfit::layer_weights> layers{first.view(eps), second.view(eps)};
    const std::vector<std::uint32_t> offsets{0, 3, 4, 21, 23, 40};
    const auto x = pad_rows(random_rows(offsets.back(), s.d, 600));
    const fewfit::kernel_table kernels = support::chosen_kernels();
    const auto whole = run(kernels, s, layers, offsets, x);
    for (const std::size_t ranges : {1u, 2u, 3u, 7u, 40u}) {
      const auto cut = run_in_ranges(kernels, s, layers, offsets, ranges, x);
      CHECK(std::memcmp(cut.data(), whole.data(), whole.size() * sizeof(float)) == 0);
    }
  }
}

TEST_CASE("self_attention: equal keys attend to every token alike") {
  const std::size_t tokens = 37, d = 8, stride = 16;
  std::vector<float> qkv(tokens * 3 * stride), out(tokens * stride, NAN),
      scratch(fewfit::attention_scratch({d, 2, tokens}));
  for (std::size_t t = 0; t < tokens; ++t)
    for (std::size_t i = 0; i < d; ++i) {
      qkv[t * 3 * stride + i] = static_cast<float>(t % 5);
      qkv[t * 3 * stride + stride + i] = 0.25f;
      qkv[t * 3 * stride + 2 * stride + i] = static_cast<float>(t);
    }
  fewfit::self_attention(support::chosen_kernels(), {d, 2, tokens}, qkv.data(), 0, tokens, scratch.data(),
                         out.data());
  for (std::size_t t = 0; t < tokens; ++t)
    for (std::size_t i = 0; i < stride; ++i)
      CHECK(out[t * stride + i] == doctest::Approx(i < d ? 18.0 : 0.0).epsilon(1e-6));
}

TEST_SUITE_END();
