// SPDX-License-Identifier: MIT
// Kernels against plain loops: every bit, over all sizes around the tiles' boundaries.

#include "fewfit/nn/kernels.hpp"

#include <doctest/doctest.h>

#include "support/reference.hpp"

namespace {

using support::dense;
using support::random_floats;

constexpr std::size_t widths[] = {1, 2, 3, 7, 8, 15, 16, 17, 20, 31, 32, 33, 36, 384};

std::uint32_t bits(float x) {
  std::uint32_t b;
  std::memcpy(&b, &x, sizeof b);
  return b;
}

/// Distance in units of the last place of the exact value.
double ulps(float x, double exact) {
  return std::fabs(static_cast<double>(x) - exact) / std::ldexp(1.0, std::ilogb(exact) - 23);
}

template <class Function>
float apply(Function f, float x) {
  float out[fewfit::lanes];
  fewfit::detail::store(out, f(fewfit::detail::all(x)));
  return out[0];
}
const auto kernel_exp = [](const fewfit::detail::packet& x) { return fewfit::detail::exp(x); };
const auto kernel_gelu = [](const fewfit::detail::packet& x) { return fewfit::detail::gelu(x); };

/// Skips, aloud, where the build has no fused multiply-add.
bool fused() {
  const bool yes = support::kernels_are_fused();
  if (!yes) MESSAGE("this build has no fused multiply-add: bits are not compared");
  return yes;
}

}  // namespace

TEST_SUITE_BEGIN("nn");

TEST_CASE("linear: each output is one chain of fused multiply-adds from the bias, whatever the rows") {
  for (const std::size_t inputs : widths)
    for (const std::size_t outputs : {std::size_t{1}, std::size_t{16}, std::size_t{20}, std::size_t{48}}) {
      const dense w(inputs, outputs, 7);
      const std::size_t ldx = inputs + 3, ldo = fewfit::padded(outputs) + 16;
      for (std::size_t rows = 1; rows <= 26; ++rows) {
        const std::vector<float> x = random_floats(rows * ldx, 11), before = random_floats(rows * ldo, 12);
        std::vector<float> stored(before), added(before), activated(before);
        fewfit::linear(x.data(), ldx, rows, w.view(), stored.data(), ldo);
        fewfit::linear_add(x.data(), ldx, rows, w.view(), added.data(), ldo);
        fewfit::linear_gelu(x.data(), ldx, rows, w.view(), activated.data(), ldo);
        for (std::size_t r = 0; r < rows; ++r)
          for (std::size_t o = 0; o < ldo; ++o) {
            const std::size_t i = r * ldo + o;
            if (o >= fewfit::padded(outputs)) {  // not a byte behind the last panel is touched
              REQUIRE(bits(stored[i]) == bits(before[i]));
              REQUIRE(bits(added[i]) == bits(before[i]));
            } else if (support::kernels_are_fused()) {
              const float y = o < outputs ? support::plain::linear(&x[r * ldx], w, o) : 0.0f;
              REQUIRE(bits(stored[i]) == bits(y));
              REQUIRE(bits(added[i]) == bits(y + before[i]));
              REQUIRE(bits(activated[i]) == bits(support::plain::gelu(y)));
            }
          }
      }
    }
  fused();
}

TEST_CASE("linear: within K roundings of the exact product") {
  const dense w(384, 48, 3);
  const std::vector<float> x = random_floats(5 * 384, 4);
  std::vector<float> y(5 * 48);
  fewfit::linear(x.data(), 384, 5, w.view(), y.data(), 48);
  for (std::size_t r = 0; r < 5; ++r)
    for (std::size_t o = 0; o < 48; ++o) {
      double exact = static_cast<double>(w.bias[o]), size = std::fabs(exact);
      for (std::size_t k = 0; k < 384; ++k) {
        const double product = static_cast<double>(x[r * 384 + k]) * static_cast<double>(w.weight[o * 384 + k]);
        exact += product, size += std::fabs(product);
      }
      CHECK(std::fabs(static_cast<double>(y[r * 48 + o]) - exact) <= 0x1p-24 * 385 * size);
    }
}

TEST_CASE("exp: at most 2 ulp off and the same bits as the plain form, from -86 to 0") {
  double worst = 0;
  for (std::uint32_t b = 0x80000000u; b <= 0xC2AC0000u; b += 1009) {  // -0 to -86
    float x;
    std::memcpy(&x, &b, sizeof x);
    const float y = apply(kernel_exp, x);
    worst = std::max(worst, ulps(y, std::exp(static_cast<double>(x))));
    if (support::kernels_are_fused() && bits(y) != bits(support::plain::exp(x))) FAIL_CHECK(x);
  }
  MESSAGE("exp: largest error " << worst << " ulp");
  CHECK(worst <= 2);
  CHECK(bits(apply(kernel_exp, -1e30f)) == bits(apply(kernel_exp, -86.0f)));
  const float not_finite[] = {apply(kernel_exp, std::nanf("")), apply(kernel_exp, -INFINITY)};
  for (const float y : not_finite) CHECK((bits(y) & 0x7F800000u) == 0x7F800000u);
}

TEST_CASE("gelu: within 1.5e-7 max(1, |x|) of the erf form and the same bits as the plain form, over all floats") {
  double worst = 0;
  for (std::uint64_t b = 0; b < 0xFF800000u; b += 10007) {
    const auto pattern = static_cast<std::uint32_t>(b);
    float x;
    std::memcpy(&x, &pattern, sizeof x);
    if ((pattern & 0x7FFFFFFFu) >= 0x7F800000u) continue;
    const float y = apply(kernel_gelu, x);
    const double exact = 0.5 * static_cast<double>(x) * std::erfc(-static_cast<double>(x) / std::sqrt(2.0));
    worst =
        std::max(worst, std::fabs(static_cast<double>(y) - exact) / std::max(1.0, std::fabs(static_cast<double>(x))));
    if (support::kernels_are_fused() && bits(y) != bits(support::plain::gelu(x))) FAIL_CHECK(x);
  }
  MESSAGE("gelu: largest error " << worst << " max(1, |x|)");
  CHECK(worst <= 1.5e-7);
  CHECK(std::isnan(apply(kernel_gelu, std::nanf(""))));
}

TEST_CASE("softmax_numerators: the same bits as the plain form; zeros behind the last score") {
  for (std::size_t n = 1; n <= 70; ++n) {
    std::vector<float> ours = random_floats(fewfit::padded(n), static_cast<std::uint32_t>(n), 20), theirs(ours);
    const float sum = fewfit::softmax_numerators(ours.data(), n),
                expected = support::plain::softmax_numerators(theirs.data(), n);
    for (std::size_t i = n; i < ours.size(); ++i) REQUIRE(bits(ours[i]) == 0);
    if (!support::kernels_are_fused()) continue;
    CHECK(bits(sum) == bits(expected));
    for (std::size_t i = 0; i < n; ++i) REQUIRE(bits(ours[i]) == bits(theirs[i]));
  }
}

TEST_CASE("softmax_numerators: a score that is not finite is not lost") {
  for (const float bad : {std::nanf(""), INFINITY}) {
    std::vector<float> x = random_floats(48, 5);
    x[17] = bad;
    CHECK_FALSE(std::isfinite(fewfit::softmax_numerators(x.data(), 40)));
  }
}

TEST_CASE("layer_norm: the same bits as the plain form, zeros stay behind the width, the true width divides") {
  for (const std::size_t width : widths) {
    if (width == 1) continue;  // a row of one has no variance: every answer is the bias
    const std::size_t stride = fewfit::padded(width);
    std::vector<float> x = random_floats(3 * stride, 21, 3), w = random_floats(stride, 22),
                       b = random_floats(stride, 23);
    for (std::size_t i = width; i < stride; ++i) w[i] = b[i] = x[i] = x[stride + i] = x[2 * stride + i] = 0;
    std::vector<float> expected(x);
    fewfit::layer_norm(x.data(), stride, 3, {w.data(), b.data(), width, 1e-12f});
    for (std::size_t r = 0; r < 3; ++r) {
      support::plain::layer_norm(&expected[r * stride], width, w.data(), b.data(), 1e-12f);
      double mean = 0;
      for (std::size_t i = 0; i < stride; ++i) {
        if (support::kernels_are_fused()) REQUIRE(bits(x[r * stride + i]) == bits(expected[r * stride + i]));
        if (i >= width) REQUIRE(x[r * stride + i] == 0);
        if (i < width) mean += static_cast<double>((x[r * stride + i] - b[i]) / w[i]) / static_cast<double>(width);
      }
      CHECK(std::fabs(mean) < 1e-4);
    }
  }
}

TEST_CASE("layer_norm: a constant row gives the bias") {
  std::vector<float> x(16, 3.0f), w(16, 2.0f), b(16, 0.5f);
  fewfit::layer_norm(x.data(), 16, 1, {w.data(), b.data(), 16, 1e-12f});
  for (const float y : x) CHECK(y == 0.5f);
}

TEST_SUITE_END();
