// SPDX-License-Identifier: MIT
// Whole calls, as a program makes them: text in, label out, on one thread and two; and the loading of a model.

#include "demonstration.hpp"
#include "fewfit/thread_pool.hpp"

namespace {

using answers = std::vector<fewfit::prediction>;

/// Labels, token counts and truncation as the original has them; probabilities within 1e-5.
std::string compare(const bench::text_set& set, const answers& got) {
  for (std::size_t i = 0; i < got.size(); ++i) {
    const support::golden_text& wanted = support::golden_files().texts[set.numbers[i]];
    if (got[i].label != wanted.label) return "not the label of setfit: text " + std::to_string(set.numbers[i] + 1);
    if (got[i].tokens != wanted.tokens || got[i].truncated != wanted.truncated)
      return "not the tokens of transformers";
    if (std::fabs(got[i].probability - wanted.probabilities[got[i].index]) > 1e-5) return "not setfit's probability";
  }
  return {};
}

void add_predict(const std::string& name, const bench::text_set& set, std::size_t threads) {
  const auto check = [set] {
    const fewfit::span<const std::string_view> texts(set.texts);
    return compare(set, bench::model().predict(texts));
  };
  const auto body = [set, threads](benchmark::State& state) {
    fewfit::thread_pool pool(threads);
    fewfit::workspace scratch(pool.width());
    answers out(set.texts.size());
    for (auto _ : state) {
      if (bench::model().predict(set.texts, scratch, out, pool.executor()) != fewfit::errc::none)
        state.SkipWithError("predict failed");
      benchmark::DoNotOptimize(out.data());
      benchmark::ClobberMemory();
    }
    set.count(state);
  };
  auto* added = bench::add(name, bench::once(check), body);
  if (threads > 1) added->UseRealTime();
}

void add_load(const std::string& name, fewfit::verify how) {
  const auto check = []() -> std::string {
    const auto report = bench::model().self_test();
    if (!report) return fewfit::message(report.error());
    return report->different_labels != 0 || report->largest_difference > 1e-5 ? "the self-test fails" : "";
  };
  bench::add(name, bench::once(check), [how](benchmark::State& state) {
    fewfit::load_options options;
    options.verify = how;
    std::size_t bytes = 0;
    for (auto _ : state) {
      const auto loaded = fewfit::model::load(bench::model_path(), options);
      if (!loaded) return state.SkipWithError(fewfit::message(loaded.error()));
      bytes = loaded->footprint().mapped;
    }
    state.counters["bytes/s"] = bench::rate(static_cast<double>(bytes));
  })->Unit(benchmark::kMillisecond);
}

void add_all() {
  add_predict("predict/T:16/B:1", bench::texts_between(16, 16, 1), 1);
  add_predict("predict/T:128/B:1", bench::texts_between(128, 128, 1), 1);
  add_predict("predict/T:128/B:1/threads:2", bench::texts_between(128, 128, 1), 2);
  const bench::text_set any = bench::texts_between(2, 128, 64);
  add_predict("predict/any/B:64", any, 1);
  add_predict("predict/any/B:64/threads:2", any, 2);
  add_load("load/structure", fewfit::verify::structure);
  add_load("load/full", fewfit::verify::full);
}

}  // namespace

int main(int argc, char** argv) { return bench::run_on_model(argc, argv, add_all); }
