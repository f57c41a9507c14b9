// SPDX-License-Identifier: MIT
// Kernels against plain loops: every bit, over all sizes around the tiles' boundaries.

#include "fewfit/nn/kernels.hpp"

#include <doctest/doctest.h>

#include "support/halves.hpp"
#include "support/narrow.hpp"
#include "support/reference.hpp"
#include "support/tiny_model.hpp"

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

/// What a set of kernels makes of single numbers, through the functions that a model calls.
float kernel_exp(const fewfit::kernel_table& k, float x) {
  float row[fewfit::lanes] = {0, x};  // the largest is 0
  k.softmax_numerators(row, 2);
  return row[1];
}
float kernel_gelu(const fewfit::kernel_table& k, float x) {
  alignas(64) float panel[2 * fewfit::lanes] = {}, out[fewfit::lanes];
  for (std::size_t i = fewfit::lanes; i < 2 * fewfit::lanes; ++i) panel[i] = 1;
  k.linear(&x, 1, 1, {panel, 1, fewfit::lanes}, out, fewfit::lanes, fewfit::after::gelu);
  return out[5];
}

/// Every set of kernels in turn; says aloud where the build has no fused multiply-add for it.
template <class Test>
void for_each_set(const Test& test) {
  for (const fewfit::kernel_table& k : support::all_kernels()) {
    CAPTURE(static_cast<int>(k.name));
    const bool fused = support::kernels_are_fused(k);
    if (!fused) MESSAGE("this build has no fused multiply-add: the portable kernels' bits are not compared");
    test(k, fused);
  }
}

}  // namespace

TEST_SUITE_BEGIN("nn");

TEST_CASE("linear: each output is one chain of fused multiply-adds from the bias, whatever the rows") {
  for (const std::size_t inputs : widths)
    for (const std::size_t outputs : {1u, 16u, 20u, 48u, 80u, 112u}) {  // panels: 1, 1, 2, 3, 5, 7
      const dense w(inputs, outputs, 7);
      const std::size_t ldx = inputs + 3, ldo = fewfit::padded(outputs) + 16;
      const std::vector<float> x = random_floats(26 * ldx, 11), before = random_floats(26 * ldo, 12);
      std::vector<float> product(26 * ldo);  // the plain form, once for all sets
      for (std::size_t i = 0; i < product.size(); ++i)
        product[i] = i % ldo < outputs ? support::plain::linear(&x[i / ldo * ldx], w, i % ldo) : 0.0f;
      for_each_set([&](const fewfit::kernel_table& k, bool fused) {
        for (std::size_t rows = 1; rows <= 26; ++rows) {
          std::vector<float> stored(before), added(before), activated(before);
          k.linear(x.data(), ldx, rows, w.view(), stored.data(), ldo, fewfit::after::store);
          k.linear(x.data(), ldx, rows, w.view(), added.data(), ldo, fewfit::after::add);
          k.linear(x.data(), ldx, rows, w.view(), activated.data(), ldo, fewfit::after::gelu);
          std::size_t wrong = 0;  // counted: an assertion for each of 30 million numbers takes minutes under valgrind
          for (std::size_t i = 0; i < before.size(); ++i) {
            const bool written = i / ldo < rows && i % ldo < fewfit::padded(outputs);
            const float y = product[i], old = before[i];
            if (!written)  // not a byte behind the last panel or row is touched
              wrong += bits(stored[i]) != bits(old) || bits(added[i]) != bits(old) || bits(activated[i]) != bits(old);
            else if (fused)
              wrong += bits(stored[i]) != bits(y) || bits(added[i]) != bits(y + old) ||
                       bits(activated[i]) != bits(support::plain::gelu(y));
          }
          REQUIRE(wrong == 0);
        }
      });
    }
}

TEST_CASE("linear: within K roundings of the exact product") {
  const dense w(384, 48, 3);
  const std::vector<float> x = random_floats(5 * 384, 4);
  std::vector<float> y(5 * 48);
  fewfit::linear(x.data(), 384, 5, w.view(), y.data(), 48);  // the portable ones: others have the same bits, or fewer
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
  for_each_set([](const fewfit::kernel_table& k, bool fused) {
    double worst = 0;
    for (std::uint32_t b = 0x80000000u; b <= 0xC2AC0000u; b += 3001) {  // -0 to -86
      float x;
      std::memcpy(&x, &b, sizeof x);
      const float y = kernel_exp(k, x);
      worst = std::max(worst, ulps(y, std::exp(static_cast<double>(x))));
      if (fused && bits(y) != bits(support::plain::exp(x))) FAIL_CHECK(x);
    }
    MESSAGE("exp: largest error " << worst << " ulp");
    CHECK(worst <= 2);
    CHECK(bits(kernel_exp(k, -1e30f)) == bits(kernel_exp(k, -86.0f)));
    const float not_finite[] = {kernel_exp(k, std::nanf("")), kernel_exp(k, -INFINITY)};
    for (const float y : not_finite) CHECK((bits(y) & 0x7F800000u) == 0x7F800000u);
  });
}

TEST_CASE("gelu: within 2.1e-7 max(1, |x|) of the erf form and the same bits as the plain form, at every magnitude") {
  for_each_set([](const fewfit::kernel_table& k, bool fused) {
    double worst = 0;
    for (std::uint64_t b = 0; b < 0xFF800000u; b += 30011) {
      const auto pattern = static_cast<std::uint32_t>(b);
      float x;
      std::memcpy(&x, &pattern, sizeof x);
      if ((pattern & 0x7FFFFFFFu) >= 0x7F800000u) continue;
      const float y = kernel_gelu(k, x);
      const double exact = 0.5 * static_cast<double>(x) * std::erfc(-static_cast<double>(x) / std::sqrt(2.0));
      const double size = std::max(1.0, std::fabs(static_cast<double>(x)));
      worst = std::max(worst, std::fabs(static_cast<double>(y) - exact) / size);
      if (fused && bits(y) != bits(support::plain::gelu(x))) FAIL_CHECK(x);
    }
    MESSAGE("gelu: largest error " << worst << " max(1, |x|)");
    CHECK(worst <= (fused ? 2.1e-7 : 3e-7));
    CHECK(std::isnan(kernel_gelu(k, std::nanf(""))));
  });
}

TEST_CASE("softmax_numerators: the same bits as the plain form; zeros behind the last score") {
  for_each_set([](const fewfit::kernel_table& k, bool fused) {
    for (std::size_t n = 1; n <= 70; ++n) {
      std::vector<float> ours = random_floats(fewfit::padded(n), static_cast<std::uint32_t>(n), 20), theirs(ours);
      const float sum = k.softmax_numerators(ours.data(), n),
                  expected = support::plain::softmax_numerators(theirs.data(), n);
      for (std::size_t i = n; i < ours.size(); ++i) REQUIRE(bits(ours[i]) == 0);
      if (!fused) continue;
      CHECK(bits(sum) == bits(expected));
      for (std::size_t i = 0; i < n; ++i) REQUIRE(bits(ours[i]) == bits(theirs[i]));
    }
  });
}

TEST_CASE("softmax_numerators: a score that is not finite is not lost") {
  for_each_set([](const fewfit::kernel_table& k, bool) {
    for (const float bad : {std::nanf(""), INFINITY}) {
      std::vector<float> x = random_floats(48, 5);
      x[17] = bad;
      CHECK_FALSE(std::isfinite(k.softmax_numerators(x.data(), 40)));
    }
  });
}

TEST_CASE("layer_norm: the same bits as the plain form, zeros stay behind the width, the true width divides") {
  for_each_set([](const fewfit::kernel_table& k, bool fused) {
    for (const std::size_t width : widths) {
      if (width == 1) continue;  // a row of one has no variance: every answer is the bias
      const std::size_t stride = fewfit::padded(width);
      std::vector<float> x = random_floats(3 * stride, 21, 3), w = random_floats(stride, 22),
                         b = random_floats(stride, 23);
      for (std::size_t i = width; i < stride; ++i) w[i] = b[i] = x[i] = x[stride + i] = x[2 * stride + i] = 0;
      std::vector<float> expected(x);
      k.layer_norm(x.data(), stride, 3, {w.data(), b.data(), width, 1e-12f});
      for (std::size_t r = 0; r < 3; ++r) {
        support::plain::layer_norm(&expected[r * stride], width, w.data(), b.data(), 1e-12f);
        double mean = 0;
        for (std::size_t i = 0; i < stride; ++i) {
          if (fused) REQUIRE(bits(x[r * stride + i]) == bits(expected[r * stride + i]));
          if (i >= width) REQUIRE(x[r * stride + i] == 0);
          if (i < width) mean += static_cast<double>((x[r * stride + i] - b[i]) / w[i]) / static_cast<double>(width);
        }
        CHECK(std::fabs(mean) < 1e-4);
      }
    }
  });
}

TEST_CASE("layer_norm: a constant row gives the bias") {
  for_each_set([](const fewfit::kernel_table& k, bool) {
    std::vector<float> x(16, 3.0f), w(16, 2.0f), b(16, 0.5f);
    k.layer_norm(x.data(), 16, 1, {w.data(), b.data(), 16, 1e-12f});
    for (const float y : x) CHECK(y == 0.5f);
  });
}

TEST_CASE("halves are widened exactly, all 65,536 of them, by every set") {
  for_each_set([](const fewfit::kernel_table& k, bool) {
    for (std::uint32_t first = 0; first < 0x10000u; first += 16) {
      std::uint16_t halves[fewfit::lanes];
      float wide[fewfit::lanes];
      const float zeros[fewfit::lanes] = {};
      for (std::uint32_t i = 0; i < 16; ++i) halves[i] = static_cast<std::uint16_t>(first + i);
      k.add_rows(fewfit::number_type::f16, halves, 1, zeros, wide, fewfit::lanes);
      for (std::size_t i = 0; i < 16; ++i) {
        const float expected = support::value_of_half(halves[i]);
        if (std::isnan(expected))
          REQUIRE(std::isnan(wide[i]));
        else
          REQUIRE(bits(wide[i]) == bits(expected + 0.0f));
      }
    }
  });
}

TEST_CASE("linear: f16 weights give the bits of the same weights in f32, for even and odd inputs") {
  for (const std::size_t inputs : {1u, 2u, 15u, 16u, 33u, 384u}) {
    dense w(inputs, 112, 17);
    for (float& x : w.weight) x = support::rounded_to_half(x);
    w.pack();
    const std::vector<float> x = random_floats(57 * inputs, 18);
    const support::aligned_bytes halves(support::half_panels(w));
    for_each_set([&](const fewfit::kernel_table& k, bool) {
      if (!support::are_for(k, fewfit::number_type::f16)) return;
      const fewfit::linear_weights v{halves.data(), inputs, 112, fewfit::number_type::f16};
      for (std::size_t rows = 1; rows <= 20; ++rows) {
        std::vector<float> wide(rows * 112), narrow(rows * 112);
        k.linear(x.data(), inputs, rows, w.view(), wide.data(), 112, fewfit::after::store);
        k.linear(x.data(), inputs, rows, v, narrow.data(), 112, fewfit::after::store);
        REQUIRE(std::memcmp(wide.data(), narrow.data(), wide.size() * sizeof(float)) == 0);
      }
      for (const std::size_t rows : {33u, 57u}) {  // many, and memory for it: the panels are widened first
        std::vector<float> wide(rows * 112), widened(rows * 112);
        std::vector<float> panels(fewfit::widened_floats(fewfit::number_type::f16, inputs), NAN);
        k.linear(x.data(), inputs, rows, w.view(), wide.data(), 112, fewfit::after::gelu);
        k.linear(x.data(), inputs, rows, v, widened.data(), 112, fewfit::after::gelu,
                 {nullptr, nullptr, panels.data()});
        REQUIRE(std::memcmp(wide.data(), widened.data(), wide.size() * sizeof(float)) == 0);
      }
    });
  }
}

/// Rows of bf16 and bytes: zeros behind the inputs up to the next multiple of 16.
struct narrow_rows {
  std::size_t stride;
  std::vector<float> x, inputs;
  std::vector<fewfit::row_scale> scales;

  narrow_rows(std::size_t rows, std::size_t width)
      : stride(fewfit::padded(width)), x(rows * stride), inputs(rows * stride), scales(rows) {
    const std::vector<float> numbers = random_floats(rows * width, 41);
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t i = 0; i < width; ++i)
        x[r * stride + i] = numbers[r * width + i] * static_cast<float>(r + 1);  // every row has a range of its own
  }
};

/// Compares each set's product of `rows` rows with `expected`, from scratch and in place.
void compare_narrow(const fewfit::linear_weights& w, std::size_t rows, const narrow_rows& in,
                    const std::vector<float>& expected) {
  for_each_set([&](const fewfit::kernel_table& k, bool fused) {
    if (!support::are_for(k, w.type)) return;
    for (const bool in_place : {false, true}) {
      narrow_rows mine(in);
      std::vector<float> out(rows * w.outputs + 16, 7), added(out);
      float* const inputs = in_place ? mine.x.data() : mine.inputs.data();
      k.linear(mine.x.data(), in.stride, rows, w, out.data(), w.outputs, fewfit::after::store,
               {inputs, mine.scales.data()});
      mine.x = in.x;
      k.linear(mine.x.data(), in.stride, rows, w, added.data(), w.outputs, fewfit::after::add,
               {inputs, mine.scales.data()});
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < rows * w.outputs; ++i)
        wrong += fused && (bits(out[i]) != bits(expected[i]) || bits(added[i]) != bits(expected[i] + 7.0f));
      for (std::size_t i = rows * w.outputs; i < out.size(); ++i) wrong += bits(out[i]) != bits(7.0f);
      REQUIRE(wrong == 0);
    }
  });
}

TEST_CASE("linear: bf16 is one chain, in each pair of inputs the odd one first, whatever the rows and the set") {
  for (const std::size_t inputs : widths)
    for (const std::size_t outputs : {16u, 20u, 48u, 112u}) {
      const dense w(inputs, outputs, 7);
      const support::aligned_bytes panels(support::bf16_panels(w));
      const narrow_rows in(18, inputs);
      const std::size_t columns = fewfit::padded(outputs);
      std::vector<float> expected(18 * columns);
      for (std::size_t i = 0; i < expected.size(); ++i)
        if (i % columns < outputs)
          expected[i] = support::plain::linear_bf16(&in.x[i / columns * in.stride], w, i % columns);
      for (const std::size_t rows : {1u, 2u, 3u, 5u, 6u, 7u, 8u, 9u, 18u})
        compare_narrow({panels.data(), inputs, columns, fewfit::number_type::bf16}, rows, in, expected);
    }
}

TEST_CASE("linear: sums of bytes are exact, and each row has its scale, whatever the rows and the set") {
  for (const std::size_t inputs : widths)
    for (const std::size_t outputs : {16u, 20u, 48u, 112u}) {
      const support::byte_layer w(dense(inputs, outputs, 7));
      const support::aligned_bytes panels(w.panels());
      const narrow_rows in(18, inputs);
      const std::size_t columns = fewfit::padded(outputs);
      std::vector<float> expected(18 * columns);
      for (std::size_t r = 0; r < 18; ++r) {
        const support::plain::byte_row row(&in.x[r * in.stride], inputs);
        for (std::size_t o = 0; o < outputs; ++o) expected[r * columns + o] = support::plain::linear_i8(row, w, o);
      }
      for (const std::size_t rows : {1u, 2u, 3u, 4u, 5u, 7u, 8u, 9u, 18u})
        compare_narrow({panels.data(), inputs, columns, fewfit::number_type::i8}, rows, in, expected);
    }
}

TEST_CASE("linear: the largest bytes and weights that a file may hold do not saturate anywhere") {
  for (const int sign : {1, -1}) {
    dense w(384, 16, 7);
    for (std::size_t i = 0; i < w.weight.size(); ++i)
      w.weight[i] = static_cast<float>(sign) * (i % 2 == 0 ? 1.0f : 2.0f);
    support::byte_layer bytes(w);
    for (std::size_t i = 0; i < bytes.weight.size(); ++i)
      bytes.weight[i] = static_cast<std::int8_t>(sign * (i % 2 == 0 ? 1 : 127));  // 128 together
    bytes.add_up();
    const support::aligned_bytes panels(bytes.panels());
    narrow_rows in(9, 384);
    std::fill(in.x.begin(), in.x.end(), 3.0f);  // byte 255 everywhere
    std::vector<float> expected(9 * 16);
    const support::plain::byte_row row(in.x.data(), 384);
    CHECK(row.q[5] == 255);
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = support::plain::linear_i8(row, bytes, i % 16);
    compare_narrow({panels.data(), 384, 16, fewfit::number_type::i8}, 9, in, expected);
  }
}

TEST_CASE("linear: a row that is not finite gives outputs that are not, in bf16 and in bytes") {
  const dense w(32, 16, 7);
  const support::aligned_bytes halves(support::bf16_panels(w)), bytes(support::byte_layer(w).panels());
  for (const float bad : {std::nanf(""), INFINITY, -INFINITY})
    for_each_set([&](const fewfit::kernel_table& k, bool) {
      for (const auto& [panels, type] :
           {std::pair(halves.data(), fewfit::number_type::bf16), std::pair(bytes.data(), fewfit::number_type::i8)}) {
        narrow_rows in(3, 32);
        in.x[32 + 17] = bad;
        std::vector<float> out(3 * 16);
        k.linear(in.x.data(), 32, 3, {panels, 32, 16, type}, out.data(), 16, fewfit::after::store,
                 {in.inputs.data(), in.scales.data()});
        for (std::size_t i = 0; i < out.size(); ++i) CHECK(std::isfinite(out[i]) == (i / 16 != 1));
      }
    });
}

TEST_CASE("linear: subnormal numbers count as zero in bf16, and a row of next to nothing does in bytes") {
  dense w(32, 16, 7);
  for (float& b : w.bias) b = 0;
  w.pack();
  const support::aligned_bytes halves(support::bf16_panels(w)), bytes(support::byte_layer(w).panels());
  for_each_set([&](const fewfit::kernel_table& k, bool) {
    narrow_rows in(1, 32);
    for (float& x : in.x) x = 0x1.8p-127f;
    for (const auto& [panels, type] :
         {std::pair(halves.data(), fewfit::number_type::bf16), std::pair(bytes.data(), fewfit::number_type::i8)}) {
      std::vector<float> out(16, 5);
      k.linear(in.x.data(), 32, 1, {panels, 32, 16, type}, out.data(), 16, fewfit::after::store,
               {in.inputs.data(), in.scales.data()});
      for (const float y : out) CHECK(y == 0);
    }
  });
}

TEST_CASE("add_rows: a row of bytes is scale times each, added to the position with one rounding") {
  std::int8_t row[32];
  const std::vector<float> position = random_floats(32, 51);
  for (int i = 0; i < 32; ++i) row[i] = static_cast<std::int8_t>(i * 8 - 127);
  for_each_set([&](const fewfit::kernel_table& k, bool fused) {
    float out[32];
    k.add_rows(fewfit::number_type::i8, row, 0.013f, position.data(), out, 32);
    for (std::size_t i = 0; i < 32; ++i)
      if (fused) CHECK(bits(out[i]) == bits(std::fma(static_cast<float>(row[i]), 0.013f, position[i])));
  });
}

TEST_CASE("transpose_rows and divide_row: the same numbers in another order, true quotients") {
  for_each_set([](const fewfit::kernel_table& k, bool) {
    for (const std::size_t columns : {1u, 4u, 7u, 8u, 16u, 20u, 32u, 33u})
      for (const std::size_t rows : {1u, 5u, 15u, 16u}) {
        const std::size_t ld = columns + 3;
        const std::vector<float> x = random_floats(rows * ld, 61);
        std::vector<float> turned(columns * 16 + 16, 7), quotients(columns + 16, 7);
        k.transpose_rows(x.data(), ld, rows, columns, turned.data());
        k.divide_row(x.data(), columns, 0.7f, quotients.data());
        for (std::size_t i = 0; i < turned.size(); ++i) {
          const std::size_t column = i / 16, row = i % 16;
          CHECK(turned[i] == (column >= columns ? 7 : row < rows ? x[row * ld + column] : 0));
        }
        for (std::size_t i = 0; i < quotients.size(); ++i) CHECK(quotients[i] == (i < columns ? x[i] / 0.7f : 7));
      }
  });
}

TEST_CASE("exact::multiply_add: the bits of std::fma, also where rounding twice would give others") {
  std::mt19937 random(71);
  std::size_t wrong = 0, twice = 0;
  const auto compare = [&](float a, float b, float c) {
    const float exact = std::fma(a, b, c);
    wrong += bits(exact) != bits(fewfit::exact::multiply_add(a, b, c));
    const double product = static_cast<double>(a) * static_cast<double>(b);
    twice += bits(exact) != bits(static_cast<float>(product + static_cast<double>(c)));
  };
  const auto number = [&](int exponent) {
    const std::uint32_t pattern = (random() & 0x807FFFFFu) | static_cast<std::uint32_t>(127 + exponent) << 23;
    float x;
    std::memcpy(&x, &pattern, sizeof x);
    return x;
  };
  for (int i = 0; i < 1000000; ++i) compare(number(0), number(0), number(static_cast<int>(random() % 61u) - 30));
  CHECK(wrong == 0);
  // (1 + t) (1 - t) 2^-24 is a little less than half a step of c: a double takes it for the half, and c for odd.
  for (int i = 0; i < 100000; ++i) {
    const float t = static_cast<float>(random() % 200u + 1) * 0x1p-23f, c = number(0);
    for (const float sign : {1.0f, -1.0f}) compare((1 + t) * 0x1p-12f, (1 - t) * sign * 0x1p-12f, c);
  }
  CHECK(wrong == 0);
  CHECK(twice > 10000);
  compare(0x1p-75f, 0x1.8p-75f, 0);
  compare(0x1p-64f, 0x1.8p-64f, 0x1p-127f);
  compare(0x1p127f, 2, 1);
  CHECK(wrong == 0);
  CHECK(std::isnan(fewfit::exact::multiply_add(std::nanf(""), 2, 1)));
}

TEST_CASE("scale and sum_of_squares: the same bits from every set") {
  for_each_set([](const fewfit::kernel_table& k, bool fused) {
    for (const std::size_t width : widths) {
      const std::vector<float> x = random_floats(fewfit::padded(width), 31, 4);
      std::vector<float> scaled(x);
      k.scale(scaled.data(), scaled.size(), 0.3f);
      for (std::size_t i = 0; i < x.size(); ++i) REQUIRE(bits(scaled[i]) == bits(x[i] * 0.3f));
      float sums[fewfit::lanes] = {};
      for (std::size_t i = 0; i < width; ++i) sums[i % 16] = std::fma(x[i], x[i], sums[i % 16]);
      for (std::size_t half = 8; half > 0; half /= 2)
        for (std::size_t i = 0; i < half; ++i) sums[i] += sums[i + half];
      if (fused) CHECK(bits(k.sum_of_squares(x.data(), width)) == bits(sums[0]));
    }
  });
}

TEST_SUITE_END();
