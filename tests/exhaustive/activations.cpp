// SPDX-License-Identifier: MIT
// exp and GELU over every float of their range, the rarer activations over every 101st: as near to the exact value as
// promised, the same bits from every set.
//
//   activations [STRIDE]      1: every float, half a minute; 1009: as the sanitizers have time for

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "../support/reference.hpp"

namespace {

constexpr std::size_t block = 4096;
constexpr std::size_t panel = 2 * fewfit::lanes;

std::uint32_t bits(float x) {
  std::uint32_t b;
  std::memcpy(&b, &x, sizeof b);
  return b;
}
float from_bits(std::uint32_t b) {
  float x;
  std::memcpy(&x, &b, sizeof x);
  return x;
}

/// Puts numbers through GELU as a model does: each is the bias of an output whose weight is 0.
void run_gelu(const fewfit::kernel_table& k, const float* x, float* y) {
  alignas(64) static float panels[block / fewfit::lanes * panel];
  for (std::size_t i = 0; i < block; ++i) panels[i / fewfit::lanes * panel + i % fewfit::lanes] = x[i];
  const float one = 1;
  k.linear(&one, 1, 1, {panels, 1, block}, y, block, fewfit::after::gelu);
}

/// exp of numbers that are not positive: the numerators of a softmax whose largest score is 0.
void run_exp(const fewfit::kernel_table& k, const float* x, float* y) {
  static float row[block + fewfit::lanes];
  row[block] = 0;
  std::copy(x, x + block, row);
  k.softmax_numerators(row, block + 1);
  std::copy(row, row + block, y);
}

template <fewfit::activation how>
void run_other(const fewfit::kernel_table& k, const float* x, float* y) {
  std::copy(x, x + block, y);
  k.activate(how, y, block);
}

double gelu_error(float x, float y) {
  const auto exact_x = static_cast<double>(x);
  const double exact = 0.5 * exact_x * std::erfc(-exact_x / std::sqrt(2.0));
  return std::fabs(static_cast<double>(y) - exact) / std::max(1.0, std::fabs(exact_x));
}
double exp_error(float x, float y) {
  const double exact = std::exp(static_cast<double>(x));
  return std::fabs(static_cast<double>(y) - exact) / std::ldexp(1.0, std::ilogb(exact) - 23);
}

double gelu_tanh_error(float x, float y) {
  const auto exact_x = static_cast<double>(x);
  const double u = 2 * std::sqrt(2 / std::acos(-1.0)) * (exact_x + 0.044715 * exact_x * exact_x * exact_x);
  return std::fabs(static_cast<double>(y) - exact_x / (1 + std::exp(-u))) / std::max(1.0, std::fabs(exact_x));
}
double silu_error(float x, float y) {
  const auto exact_x = static_cast<double>(x);
  return std::fabs(static_cast<double>(y) - exact_x / (1 + std::exp(-exact_x))) / std::max(1.0, std::fabs(exact_x));
}
double relu_error(float x, float y) { return y == std::max(x, 0.0f) ? 0 : 1; }

struct function {
  const char* name;
  void (*run)(const fewfit::kernel_table&, const float*, float*);
  float (*plain)(float);
  double (*error)(float, float);
  double bound;
  float least = -6, most = 6;
  std::uint32_t step = 1;
};

/// Every `stride`th float from `first` to `last`, by their bits. Returns whether all is well.
bool scan(const function& f, std::uint32_t first, std::uint32_t last, std::uint32_t stride) {
  std::vector<fewfit::kernel_table> sets;
  for (const fewfit::kernel_table& k : support::all_kernels())
    if (support::kernels_are_fused(k)) sets.push_back(k);
  std::vector<float> x(block), y(block), other(block);
  double worst = 0;
  std::size_t different = 0, tried = 0;
  for (std::uint64_t b = first; b <= last;) {
    for (std::size_t i = 0; i < block; ++i, b += stride)
      x[i] = from_bits(b <= last ? static_cast<std::uint32_t>(b) : last);
    f.run(sets.front(), x.data(), y.data());
    for (std::size_t s = 1; s < sets.size(); ++s) {
      if (s > 1 && sets[s].softmax_numerators == sets[s - 1].softmax_numerators) continue;  // shares its arithmetic
      f.run(sets[s], x.data(), other.data());
      different += std::memcmp(y.data(), other.data(), block * sizeof(float)) != 0;
    }
    for (std::size_t i = 0; i < block; ++i, ++tried) {
      worst = std::max(worst, f.error(x[i], y[i]));
      if (i % 61 == 0) different += bits(y[i]) != bits(f.plain(x[i]));
    }
  }
  std::printf("%s from %g to %g: %zu floats, largest error %.4g, allowed %g; %zu differences between sets\n", f.name,
              static_cast<double>(from_bits(first)), static_cast<double>(from_bits(last)), tried, worst, f.bound,
              different);
  return different == 0 && worst <= f.bound;
}

}  // namespace

int main(int argc, char** argv) {
  const auto stride = static_cast<std::uint32_t>(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1);
  if (stride == 0) return std::fputs("usage: activations [STRIDE]\n", stderr), 64;
  const function functions[] = {
      {"gelu", run_gelu, support::plain::gelu, gelu_error, 2.1e-7},
      {"exp", run_exp, support::plain::exp, exp_error, 1.0, -86, 0},
      {"gelu_tanh", run_other<fewfit::activation::gelu_tanh>, support::plain::gelu_tanh, gelu_tanh_error, 2e-7,
       -3e38f, 3e38f, 101},
      {"silu", run_other<fewfit::activation::silu>, support::plain::silu, silu_error, 2e-7, -3e38f, 3e38f, 101},
      {"relu", run_other<fewfit::activation::relu>, support::plain::relu, relu_error, 0, -3e38f, 3e38f, 101}};
  // From 2^-20 on each float; nearer to zero both are all but linear and every thousandth stands for its neighbours.
  const std::uint32_t small = bits(0x1p-20f), sign = 0x80000000u;
  bool good = true;
  for (const function& f : functions)
    for (const float end : {f.most, f.least}) {
      if (end == 0) continue;
      const std::uint32_t s = end < 0 ? sign : 0;
      good = scan(f, s | 1u, s | small, stride * 1009) && good;
      good = scan(f, s | small, bits(end), stride * f.step) && good;
    }
  return good ? 0 : 1;
}
