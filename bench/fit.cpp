// SPDX-License-Identifier: MIT
// Fits of a head to vectors that are there already: the demonstration's 56, and made-up mixtures of more.
//
// With --serve=FILE it is the other side of fit_sklearn.py: FILE holds n, width and classes (u32), labels (u32) and
// vectors (f32); each line of standard input is one fit, answered by its milliseconds.

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "common.hpp"
#include "fewfit/nn/leave_one_out.hpp"
#include "support/fit_golden.hpp"

namespace {

struct problem {
  std::vector<float> vectors;
  std::vector<std::uint32_t> labels;
  std::size_t width = 384, classes = 3;
  fewfit::training_set examples() const { return {vectors, labels, width, classes}; }
};

/// Unit vectors around a centre for each class, all of them on one side, as sentence vectors are.
problem mixture(std::size_t n, std::size_t classes, float apart) {
  problem p;
  p.classes = classes;
  p.vectors.resize(n * p.width);
  std::minstd_rand random(1);
  const auto noise = [&random] {  // of about the normal distribution
    float sum = 0;
    for (int i = 0; i < 12; ++i) sum += static_cast<float>(random()) * 0x1p-31f;
    return sum - 6;
  };
  std::vector<float> centres((classes + 1) * p.width);
  for (float& x : centres) x = noise();
  for (std::size_t i = 0; i < n; ++i) {
    p.labels.push_back(static_cast<std::uint32_t>(i % classes));
    float* const row = &p.vectors[i * p.width];
    const float* const centre = &centres[i % classes * p.width];
    for (std::size_t j = 0; j < p.width; ++j) row[j] = centres[classes * p.width + j] + apart * centre[j] + noise();
    const float length = std::sqrt(static_cast<float>(fewfit::detail::dot(row, row, p.width)));
    for (std::size_t j = 0; j < p.width; ++j) row[j] /= length;
  }
  return p;
}

std::string compare_with_golden() {
  const support::fit_case& c = support::fit_golden_files().cases.front();
  const auto fitted = fewfit::fit(c.examples(), c.options());
  if (!fitted) return fewfit::message(fitted.error());
  const double apart = support::largest_difference(support::probabilities_of(*fitted, c.vectors), c.probabilities);
  return apart <= 1e-8 ? "" : "a probability is " + std::to_string(apart) + " away from scikit-learn's";
}

std::string see_whether_it_converges(const problem& p) {
  const auto fitted = fewfit::fit(p.examples());
  return fitted && fitted->converged ? "" : "did not come to the optimum";
}

template <class Check>
void add_fit(const std::string& name, const Check& check, const problem& p) {
  bench::add(name, bench::once(check), [p](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(fewfit::fit(p.examples()));
  })->Unit(benchmark::kMillisecond);
}

template <class Check>
void add_leave_one_out(const std::string& name, const Check& check, const problem& p) {
  bench::add(name, bench::once(check), [p](benchmark::State& state) {
    const auto fitted = fewfit::fit(p.examples());
    std::vector<double> out(p.labels.size() * p.classes);
    for (auto _ : state) {
      if (fewfit::leave_one_out(p.examples(), *fitted, out).code != fewfit::errc::none)
        state.SkipWithError("leave_one_out failed");
      benchmark::ClobberMemory();
    }
    state.counters["time/fit"] = bench::time_of_one(static_cast<double>(p.labels.size()));
  })->Unit(benchmark::kMillisecond);
}

void add_all() {
  const support::fit_case& c = support::fit_golden_files().cases.front();
  const problem demonstration{c.vectors, c.labels, c.width, c.classes};
  add_fit("fit/demonstration/n:56/K:3", compare_with_golden, demonstration);
  add_leave_one_out("leave_one_out/demonstration/n:56/K:3", compare_with_golden, demonstration);
  for (const std::size_t n : {50u, 350u, 5000u})
    for (const std::size_t classes : {2u, 3u, 10u}) {
      const problem p = mixture(n, classes, n == 5000 ? 0.1f : 0.3f);
      const auto check = [p] { return see_whether_it_converges(p); };
      const std::string size = "/n:" + std::to_string(n) + "/K:" + std::to_string(classes);
      add_fit("fit/mixture" + size, check, p);
      if (n == 350) add_leave_one_out("leave_one_out/mixture" + size, check, p);
    }
}

int serve(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::uint32_t sizes[3] = {};
  in.read(reinterpret_cast<char*>(sizes), sizeof sizes);
  problem p;
  p.labels.resize(sizes[0]), p.vectors.resize(sizes[0] * sizes[1]), p.width = sizes[1], p.classes = sizes[2];
  in.read(reinterpret_cast<char*>(p.labels.data()), static_cast<std::streamsize>(4 * p.labels.size()));
  in.read(reinterpret_cast<char*>(p.vectors.data()), static_cast<std::streamsize>(4 * p.vectors.size()));
  if (!in) return 1;
  for (std::string line; std::getline(std::cin, line);) {
    const auto begin = std::chrono::steady_clock::now();
    const auto fitted = fewfit::fit(p.examples());
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    if (!fitted) return 1;
    std::printf("%.6f %d\n", took.count(), fitted->converged ? 1 : 0);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  const std::string served = bench::take_option(arguments, "serve", "");
  if (!served.empty()) return serve(served);
  add_all();
  return bench::run(std::move(arguments));
}
