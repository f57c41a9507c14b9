// SPDX-License-Identifier: MIT
// The arithmetic of a fit against plain loops: every bit, over all sizes around the tiles' boundaries.

#include "fewfit/nn/simd/doubles.hpp"

#include <doctest/doctest.h>

#include "support/fit_golden.hpp"
#include "support/reference.hpp"

namespace {

std::vector<double> random_doubles(std::size_t n, std::uint32_t seed) {
  const std::vector<float> high = support::random_floats(n, seed),
                           low = support::random_floats(n, seed + 1, 0x1p-26f);
  std::vector<double> out(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<double>(high[i]) + static_cast<double>(low[i]);
  return out;
}

/// Element i in lane i mod 8, then the lanes fold.
template <class A>
double plain_dot(const A* a, const double* b, std::size_t n) {
  double s[8] = {};
  for (std::size_t i = 0; i < n; ++i) s[i % 8] = std::fma(static_cast<double>(a[i]), b[i], s[i % 8]);
  for (int half = 4; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) s[i] += s[i + half];
  return s[0];
}

/// Every set in turn; says aloud where the build has no fused multiply-add for it, and bits are not compared.
template <class Test>
void for_each_table(const Test& test) {
  for (const fewfit::kernels name : support::kernel_names()) {
    CAPTURE(fewfit::name(name));
    fewfit::double_table t{};
    REQUIRE(fewfit::select_doubles(name, t));
    const bool fused = support::doubles_are_fused(name);
    if (!fused) MESSAGE("this build has no fused multiply-add: the portable doubles' bits are not compared");
    test(t, fused);
  }
}

void check(double ours, double plain, bool fused) {
  const bool right = fused ? std::memcmp(&ours, &plain, sizeof ours) == 0 : std::fabs(ours - plain) <= 1e-12;
  if (!right) FAIL_CHECK(ours << " is not " << plain);
}

constexpr std::size_t vector_widths[] = {1, 7, 8, 9, 16, 20, 33, 64, 71, 384};

}  // namespace

TEST_SUITE_BEGIN("nn");

TEST_CASE("doubles: scores are sums over lanes, rows are added in their order, nothing behind is written") {
  for_each_table([](const fewfit::double_table& t, bool fused) {
    for (const std::size_t width : vector_widths)
      for (const std::size_t classes : {1u, 2u, 3u, 4u, 5u, 7u, 8u, 11u})
        for (const std::size_t rows : {1u, 2u, 3u, 4u, 8u, 9u, 17u}) {
          const std::size_t ld = (width + 7) / 8 * 8;
          std::vector<float> x = support::random_floats(rows * width, 1);
          x.resize(x.size() + 8, std::nanf(""));  // what is read behind the last row would show
          std::vector<double> w = random_doubles(classes * ld, 2), out(rows * classes + 1, 5), sums(w);
          for (std::size_t i = 0; i < w.size(); ++i)
            if (i % ld >= width) w[i] = 0;
          sums = w, sums.push_back(5);
          t.scores(x.data(), rows, width, w.data(), ld, classes, out.data());
          t.add_rows(x.data(), rows, width, out.data(), classes, sums.data(), ld);
          for (std::size_t i = 0; i < rows * classes; ++i)
            check(out[i], plain_dot(&x[i / classes * width], &w[i % classes * ld], width), fused);
          for (std::size_t i = 0; i < w.size(); ++i) {
            double sum = w[i];
            for (std::size_t r = 0; r < rows && i % ld < width; ++r)
              sum = std::fma(static_cast<double>(x[r * width + i % ld]), out[r * classes + i / ld], sum);
            check(sums[i], sum, fused);
          }
          REQUIRE((out.back() == 5 && sums.back() == 5));
        }
  });
}

TEST_CASE("doubles: dot and combine, in place, too") {
  for_each_table([](const fewfit::double_table& t, bool fused) {
    for (std::size_t n = 0; n <= 64; n += 8) {
      const std::vector<double> a = random_doubles(n + 1, 3), b = random_doubles(n + 1, 4);
      check(t.dot(a.data(), b.data(), n), plain_dot(a.data(), b.data(), n), fused);
      std::vector<double> first(a), second(b), apart(a);
      t.combine(a.data(), 0.3, b.data(), apart.data(), n);
      t.combine(first.data(), 0.3, b.data(), first.data(), n);
      t.combine(a.data(), 0.3, second.data(), second.data(), n);
      for (std::size_t i = 0; i < n; ++i)
        for (const double ours : {apart[i], first[i], second[i]}) check(ours, std::fma(0.3, b[i], a[i]), fused);
      CHECK((apart[n] == a[n] && first[n] == a[n] && second[n] == b[n]));
    }
  });
}

TEST_CASE("doubles: exp within 3e-16 of itself from -708 to 0, the same bits from every fused set") {
  std::vector<double> numbers, wanted;
  for (double x = 0; x > -708; x -= 0.00917) numbers.push_back(x);
  numbers.resize(numbers.size() / 8 * 8);
  fewfit::double_table chosen{};
  fewfit::select_doubles(fewfit::kernels::automatic, chosen);
  wanted = numbers;
  const bool chosen_is_fused = support::doubles_are_fused(fewfit::kernels::automatic);
  chosen.exp(wanted.data(), wanted.size());
  for_each_table([&](const fewfit::double_table& t, bool fused) {
    std::vector<double> ours(numbers);
    t.exp(ours.data(), ours.size());
    double worst = 0;
    for (std::size_t i = 0; i < ours.size(); ++i) {
      const double exact = static_cast<double>(std::exp(static_cast<long double>(numbers[i])));
      worst = std::max(worst, std::fabs(ours[i] / exact - 1));
      if (chosen_is_fused) check(ours[i], wanted[i], fused);
    }
    MESSAGE("exp: largest relative error " << worst);
    CHECK(worst <= (fused ? 3e-16 : 1e-13));
    double ends[8] = {0, -0.0, -708, -1e300, -INFINITY, -709, -1e-300, -1e-17};
    t.exp(ends, 8);
    for (const int one : {0, 1, 6, 7}) CHECK(ends[one] == 1);
    for (const int small : {2, 3, 4, 5}) CHECK((ends[small] == ends[2] && ends[small] > 0));
  });
}

TEST_SUITE_END();
