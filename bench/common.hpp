// SPDX-License-Identifier: MIT
#pragma once
// What every benchmark program shares: defaults that survive a noisy machine, counters, aligned arrays.
//
// Repetitions of all benchmarks are interleaved at random, so a slow minute of the machine falls on all of them; the
// figure to quote is the median. Flags of the command line come later and win.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "fewfit/nn/kernels.hpp"

#if defined(__clang__)
#define FEWFIT_BENCH_COMPILER __VERSION__
#elif defined(__GNUC__)
#define FEWFIT_BENCH_COMPILER "g++ " __VERSION__
#else
#define FEWFIT_BENCH_COMPILER "other"
#endif

namespace bench {

/// An array of floats as the model file has them: aligned to 64 bytes.
class floats {
 public:
  explicit floats(std::size_t n)
      : data_(static_cast<float*>(::operator new(n * sizeof(float), alignment))), size_(n) {
    for (std::size_t i = 0; i < n; ++i) data_.get()[i] = 0;
  }
  /// Numbers between -1 and 1, the same in every run.
  void fill(unsigned seed) {
    std::minstd_rand random(seed);
    for (std::size_t i = 0; i < size_; ++i) data_.get()[i] = static_cast<float>(random()) * 0x1p-30f - 1.0f;
  }
  float* data() const noexcept { return data_.get(); }
  std::size_t size() const noexcept { return size_; }
  float& operator[](std::size_t i) const noexcept { return data_.get()[i]; }

 private:
  static constexpr std::align_val_t alignment{64};
  struct release {
    void operator()(float* p) const noexcept { ::operator delete(p, alignment); }
  };
  std::unique_ptr<float, release> data_;
  std::size_t size_;
};

/// `amount` a second, given what one iteration does.
inline benchmark::Counter rate(double amount) { return {amount, benchmark::Counter::kIsIterationInvariantRate}; }

/// The time of one of the `amount` things that an iteration does; printed with its unit, 9.1us.
inline benchmark::Counter time_of_one(double amount) {
  return {amount, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert};
}

/// A benchmark whose result is compared with a reference first: `check` returns an empty text or what is wrong.
template <class Check, class Body>
benchmark::internal::Benchmark* add(const std::string& name, Check check, Body body) {
  return benchmark::RegisterBenchmark(name.c_str(), [check, body](benchmark::State& state) {
    const std::string wrong = check();
    if (!wrong.empty()) {
      state.SkipWithError(wrong.c_str());
      return;
    }
    body(state);
  });
}

/// For figures that have no reference, like the machine's limit.
inline std::string unchecked() { return {}; }

/// Calls a check once, however often its benchmark is repeated.
template <class Check>
auto once(Check check) {
  return [check, done = std::make_shared<bool>(false), wrong = std::make_shared<std::string>()]() {
    if (!*done) *wrong = check(), *done = true;
    return *wrong;
  };
}

/// Takes `--name=value` out of the arguments; the last one counts.
inline std::string take_option(std::vector<char*>& arguments, std::string_view name, std::string value) {
  const std::string prefix = "--" + std::string(name) + "=";
  for (std::size_t i = 1; i < arguments.size();) {
    const std::string_view argument = arguments[i];
    if (argument.substr(0, prefix.size()) != prefix) {
      ++i;
      continue;
    }
    value = argument.substr(prefix.size());
    arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return value;
}

/// Runs what was added. 64: usage, as the command line has it.
inline int run(std::vector<char*> arguments) {
  static std::string defaults[] = {"--benchmark_enable_random_interleaving=true", "--benchmark_repetitions=9",
                                   "--benchmark_min_time=0.05", "--benchmark_report_aggregates_only=true"};
  std::vector<char*> all{arguments[0]};
  for (std::string& flag : defaults) all.push_back(flag.data());
  all.insert(all.end(), arguments.begin() + 1, arguments.end());
  int count = static_cast<int>(all.size());
  all.push_back(nullptr);
  benchmark::Initialize(&count, all.data());
  if (benchmark::ReportUnrecognizedArguments(count, all.data())) return 64;
  benchmark::AddCustomContext("compiler", FEWFIT_BENCH_COMPILER);
  benchmark::AddCustomContext("floats in a portable packet", std::to_string(fewfit::portable::packet_size));
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace bench
