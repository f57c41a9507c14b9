// SPDX-License-Identifier: MIT
// fewfit::linear beside a kernel of your own, on your arrays; nn/kernels.hpp needs no model and nothing but Eigen.
//
//   bench_kernel [rows inputs outputs]     default: 32 384 384, a small layer of the demonstration model
//
// Put your kernel into `your_kernel`. Both run in turns, so that a slow second of the machine falls on both; the
// results are compared first. Exit status 1: yours computes something else.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "fewfit/nn/kernels.hpp"

namespace {

/// A linear layer as most programs hold it: everything row-major, the weight as PyTorch stores it.
struct layer {
  std::size_t rows, inputs, outputs;
  std::vector<float> x;       // [rows, inputs]
  std::vector<float> weight;  // [outputs, inputs]
  std::vector<float> bias;    // [outputs]
};

/// Yours goes here: out[r][o] = bias[o] + sum over k of x[r][k] weight[o][k].
void your_kernel(const layer& l, float* out) {
  for (std::size_t r = 0; r < l.rows; ++r)
    for (std::size_t o = 0; o < l.outputs; ++o) {
      float sum = l.bias[o];
      for (std::size_t k = 0; k < l.inputs; ++k)
        sum = std::fma(l.x[r * l.inputs + k], l.weight[o * l.inputs + k], sum);
      out[r * l.outputs + o] = sum;
    }
}

/// Aligned for whole packets: a load that straddles two cache lines costs two.
using panels_type = std::vector<float, Eigen::aligned_allocator<float>>;

/// The weights as fewfit::linear reads them: panels { bias [16], w [inputs][16] }, the last one filled with zeros.
/// A model file holds them so already; your program does this once.
panels_type pack(const layer& l) {
  const std::size_t outputs = fewfit::padded(l.outputs), panel = (l.inputs + 1) * fewfit::lanes;
  panels_type panels(outputs / fewfit::lanes * panel);
  for (std::size_t o = 0; o < l.outputs; ++o) {
    float* to = panels.data() + o / fewfit::lanes * panel + o % fewfit::lanes;
    *to = l.bias[o];
    for (std::size_t k = 0; k < l.inputs; ++k) to[(k + 1) * fewfit::lanes] = l.weight[o * l.inputs + k];
  }
  return panels;
}

layer random_layer(std::size_t rows, std::size_t inputs, std::size_t outputs) {
  layer l{rows, inputs, outputs, {}, {}, {}};
  std::minstd_rand random(1);
  const auto fill = [&random](std::vector<float>& to, std::size_t n) {
    to.resize(n);
    for (float& f : to) f = static_cast<float>(random()) * 0x1p-30f - 1.0f;  // between -1 and 1
  };
  fill(l.x, rows * inputs), fill(l.weight, outputs * inputs), fill(l.bias, outputs);
  return l;
}

struct difference {
  std::size_t other_bits = 0;
  double largest = 0;  // in units of what rounding in any order may cost an output
};

difference compare(const layer& l, const float* ours, std::size_t stride, const float* yours) {
  difference d;
  for (std::size_t r = 0; r < l.rows; ++r)
    for (std::size_t o = 0; o < l.outputs; ++o) {
      const float a = ours[r * stride + o], b = yours[r * l.outputs + o];
      if (std::memcmp(&a, &b, sizeof a) == 0) continue;
      double sum = std::fabs(static_cast<double>(l.bias[o]));
      for (std::size_t k = 0; k < l.inputs; ++k)
        sum +=
            std::fabs(static_cast<double>(l.x[r * l.inputs + k]) * static_cast<double>(l.weight[o * l.inputs + k]));
      const double bound = 2 * 0x1p-24 * static_cast<double>(l.inputs + 1) * sum;
      const double apart = std::fabs(static_cast<double>(a) - static_cast<double>(b));
      d.other_bits += 1;
      d.largest = std::isfinite(apart) ? std::max(d.largest, apart / bound) : HUGE_VAL;
    }
  return d;
}

/// Seconds of one call, from as many as two milliseconds hold; the first one warms the caches and does not count.
template <class Call>
double seconds_a_call(const Call& call) {
  using clock = std::chrono::steady_clock;
  call();
  const clock::time_point begin = clock::now();
  double spent = 0, calls = 0;
  for (; spent < 2e-3; ++calls, spent = std::chrono::duration<double>(clock::now() - begin).count()) call();
  return spent / calls;
}

double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
  return v[v.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t sizes[] = {32, 384, 384};
  if (argc != 1 && argc != 4) return std::fprintf(stderr, "usage: bench_kernel [rows inputs outputs]\n"), 64;
  for (int i = 1; i < argc; ++i) sizes[i - 1] = static_cast<std::size_t>(std::strtoul(argv[i], nullptr, 10));
  if (std::count_if(sizes, sizes + 3, [](std::size_t n) { return n < 1 || n > 65536; }) != 0)
    return std::fprintf(stderr, "bench_kernel: sizes are numbers from 1 to 65536\n"), 64;

  const layer l = random_layer(sizes[0], sizes[1], sizes[2]);
  const panels_type panels = pack(l);
  const std::size_t stride = fewfit::padded(l.outputs);
  const fewfit::linear_weights weights{panels.data(), l.inputs, stride};
  std::vector<float> ours(l.rows * stride), yours(l.rows * l.outputs);
  const auto run_ours = [&] { fewfit::linear(l.x.data(), l.inputs, l.rows, weights, ours.data(), stride); };
  const auto run_yours = [&] { your_kernel(l, yours.data()); };

  run_ours(), run_yours();
  const difference d = compare(l, ours.data(), stride, yours.data());
  if (d.largest > 1)
    return std::fprintf(stderr, "yours differs by %.3g times what rounding explains\n", d.largest), 1;
  if (d.other_bits == 0)
    std::printf("equal to the bit\n");
  else
    std::printf("%zu of %zu outputs have other bits, as another order of sums gives\n", d.other_bits, yours.size());

  std::vector<double> our_times, your_times;
  for (int turn = 0; turn < 21; ++turn) {
    our_times.push_back(seconds_a_call(run_ours));
    your_times.push_back(seconds_a_call(run_yours));
  }
  const double flops =
      2.0 * static_cast<double>(l.rows) * static_cast<double>(l.inputs) * static_cast<double>(l.outputs);
  std::printf("[%zu, %zu] x [%zu, %zu]: fewfit::linear %.1f GFLOP/s, yours %.1f GFLOP/s, medians of %zu turns\n",
              l.rows, l.inputs, l.outputs, l.inputs, flops / median(our_times) * 1e-9,
              flops / median(your_times) * 1e-9, our_times.size());
}
