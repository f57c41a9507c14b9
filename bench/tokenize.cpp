// SPDX-License-Identifier: MIT
// The tokenizer alone, on the texts of tests/parity by language; first its ids are compared with transformers'.

#include "demonstration.hpp"

namespace {

/// What most letters of a text belong to: the work of a tokenizer depends on it.
enum class script { latin, cyrillic, other };

script script_of(const std::string& text) {
  std::size_t latin = 0, cyrillic = 0, other = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80)
      latin += 1;
    else if (byte == 0xD0 || byte == 0xD1)
      cyrillic += 1;
    else if (byte >= 0xC4)
      other += 1;
  }
  return other > latin + cyrillic ? script::other : cyrillic > latin ? script::cyrillic : script::latin;
}

bench::text_set texts_in(script wanted) {
  bench::text_set out;
  const auto& all = support::golden_files().texts;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (!all[i].text.empty() && script_of(all[i].text) == wanted) out.add(i);
  return out;
}

std::string check(const bench::text_set& set) {
  for (std::size_t i = 0; i < set.texts.size(); ++i)
    if (bench::model().tokenize(set.texts[i]).ids != support::golden_files().texts[set.numbers[i]].ids)
      return "not the ids of transformers: text " + std::to_string(set.numbers[i] + 1);
  return {};
}

/// `truncation` off: every byte is read, so bytes/s means what it says. On: what a model's call does.
void add(const std::string& name, const bench::text_set& set, bool truncation) {
  bench::add(name, bench::once([set] { return check(set); }), [set, truncation](benchmark::State& state) {
    const fewfit::model& model = bench::model();
    std::size_t tokens = 0;
    for (const std::string_view text : set.texts) tokens += model.tokenize(text, {true, truncation}).ids.size();
    for (auto _ : state)
      for (const std::string_view text : set.texts)
        benchmark::DoNotOptimize(model.tokenize(text, {true, truncation}).ids.data());
    state.counters["texts/s"] = bench::rate(static_cast<double>(set.texts.size()));
    state.counters["tokens/s"] = bench::rate(static_cast<double>(tokens));
    state.counters["time/token"] = bench::time_of_one(static_cast<double>(tokens));
    if (!truncation) state.counters["bytes/s"] = bench::rate(static_cast<double>(set.bytes));
  });
}

void add_all() {
  add("tokenize/cyrillic/truncation:0", texts_in(script::cyrillic), false);
  add("tokenize/cyrillic/truncation:1", texts_in(script::cyrillic), true);
  add("tokenize/latin/truncation:0", texts_in(script::latin), false);
  add("tokenize/other/truncation:0", texts_in(script::other), false);
  add("tokenize/T:16", bench::texts_between(16, 16, 1), true);
  add("tokenize/T:128", bench::texts_between(128, 128, 1), true);
}

}  // namespace

int main(int argc, char** argv) { return bench::run_on_model(argc, argv, add_all); }
