// SPDX-License-Identifier: MIT
// What each reducer makes of texts that are longer than a model looks at: how often it is right where the truth is
// known, and how often it disagrees with the original, which reads the beginning and no more. docs/long_texts.md.
//
//   bench_long_texts [--model=FILE]      prints tables in Markdown
//
// The truth is known where answers of the model's training set are strung together. Two ways: all of one class; and
// (but for every third) the first third of another class, as somebody answers who begins elsewhere.

#include <map>
#include <set>

#include "demonstration.hpp"

namespace {

using fewfit::reduce;

struct long_text {
  std::string text, truth;  // no truth: unknown
};

struct column {
  const char* name;
  fewfit::long_text_options options;
};

fewfit::long_text_options options(reduce how, std::size_t window, std::size_t overlap, std::size_t top = 3) {
  fewfit::long_text_options o;
  o.how = how, o.window = window, o.overlap = overlap, o.top = top;
  return o;
}

const std::vector<column>& columns() {
  static const std::vector<column> all = {
      {"first window", options(reduce::first, 0, 0)},
      {"mean", options(reduce::mean, 0, 0)},
      {"mean, 16 tokens of overlap", options(reduce::mean, 0, 16)},
      {"mean, windows of 62", options(reduce::mean, 62, 0)},
      {"mean, windows of 30", options(reduce::mean, 30, 0)},
      {"max", options(reduce::max, 0, 0)},
      {"mean of vectors", options(reduce::mean_vector, 0, 0)},
      {"mean of vectors, windows of 30", options(reduce::mean_vector, 30, 0)},
      {"mean of the best 2", options(reduce::top_mean, 0, 0, 2)},
      {"mean of the best 3, windows of 30", options(reduce::top_mean, 30, 0, 3)},
  };
  return all;
}

/// The texts of a file of labels and texts, by label.
std::map<std::string, std::vector<std::string>> labelled(const std::string& path) {
  std::map<std::string, std::vector<std::string>> out;
  std::ifstream file(path, std::ios::binary);
  for (std::string line; std::getline(file, line);)
    if (const std::size_t tab = line.find('\t'); tab != std::string::npos)
      out[line.substr(0, tab)].push_back(line.substr(tab + 1));
  return out;
}

std::size_t tokens_of(std::string_view text) {
  return bench::model().tokenize(text, {true, false, false}).ids.size();
}

/// Appends distinct texts, in an order from the seed, until there are so many tokens or no more texts.
void append(std::string& text, std::vector<std::string> from, std::size_t tokens, std::minstd_rand& random) {
  while (!from.empty() && tokens_of(text) < tokens) {
    const std::size_t i = random() % from.size();
    text += (text.empty() ? "" : " ") + from[i];
    from.erase(from.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

/// Sixty texts of each class, 150 to 350 tokens long or a little longer.
std::vector<long_text> strung_together(bool begins_elsewhere) {
  const auto answers = labelled(FEWFIT_SOURCE_DIR "/models/interviews/train.tsv");
  std::minstd_rand random(1);
  std::vector<long_text> out;
  for (const auto& one : answers)
    for (std::size_t made = 0; made < 60; ++made) {
      const std::size_t tokens = 150 + random() % 200;
      std::string text;
      const auto other = std::next(answers.begin(), static_cast<std::ptrdiff_t>(random() % answers.size()));
      if (begins_elsewhere && other->first != one.first) append(text, other->second, tokens / 3, random);
      append(text, one.second, tokens, random);
      if (bench::model().predict(text).truncated) out.push_back({text, one.first});
    }
  return out;
}

/// The texts of tests/parity that are too long: those in Russian, or all.
std::vector<long_text> real(bool russian_alone) {
  std::set<std::string> russian;
  std::ifstream file(FEWFIT_SOURCE_DIR "/tests/parity/texts.jsonl", std::ios::binary);
  for (std::string line; std::getline(file, line);)
    if (const auto row = nlohmann::json::parse(line); row["lang"] == "ru") russian.insert(row["text"]);
  std::vector<long_text> out;
  for (const support::golden_text& t : support::golden_files().texts)
    if (t.truncated && (!russian_alone || russian.count(t.text) != 0)) out.push_back({t.text, ""});
  return out;
}

/// Percent, or nothing to say.
std::string share(std::size_t some, std::size_t all) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", 100.0 * static_cast<double>(some) / static_cast<double>(all));
  return text;
}

/// Numbers with commas.
std::string joined(const std::vector<std::size_t>& numbers) {
  std::string out;
  for (const std::size_t n : numbers) out += (out.empty() ? "" : ", ") + std::to_string(n);
  return out;
}

bool print_table(const char* title, const std::vector<long_text>& texts) {
  const bool known = !texts[0].truth.empty();
  std::vector<std::string> first;
  std::printf(
      "\n%s: %zu texts\n\n| | %sother label than the first window | windows a text | labels |\n|---|%s---|---|---|\n",
      title, texts.size(), known ? "right | " : "", known ? "---|" : "");
  for (const column& c : columns()) {
    fewfit::long_text_reader reader(bench::model(), c.options);
    fewfit::workspace scratch;
    std::size_t right = 0, different = 0, windows = 0;
    std::vector<std::size_t> said(bench::model().labels().size);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const fewfit::long_answer& a = reader.predict(texts[i].text, scratch);
      if (a.status != fewfit::errc::none) return std::fprintf(stderr, "%s\n", fewfit::message(a.status)), false;
      if (c.options.how == reduce::first) first.emplace_back(a.label);
      right += a.label == texts[i].truth ? 1 : 0;
      different += a.label != first[i] ? 1 : 0;
      windows += a.windows;
      ++said[a.index];
    }
    std::printf("| %s | %s%s%s | %.2f | %s |\n", c.name, known ? share(right, texts.size()).c_str() : "",
                known ? " | " : "", share(different, texts.size()).c_str(),
                static_cast<double>(windows) / static_cast<double>(texts.size()), joined(said).c_str());
    std::fflush(stdout);
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  bench::model_path() = bench::take_option(arguments, "model", bench::model_path());
  if (arguments.size() != 1) return std::fprintf(stderr, "usage: bench_long_texts [--model=FILE]\n"), 64;
  std::printf("Labels in the order of the model:");
  for (const std::string_view label : bench::model().labels())
    std::printf(" %.*s", static_cast<int>(label.size()), label.data());
  std::printf("\n");
  const bool ok = print_table("Answers of one class", strung_together(false)) &&
                  print_table("The first third of another class", strung_together(true)) &&
                  print_table("Interview answers in Russian, truth unknown", real(true)) &&
                  print_table("All texts of tests/parity that are too long, truth unknown", real(false));
  return ok ? 0 : 1;
}
