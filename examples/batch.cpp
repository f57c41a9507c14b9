// SPDX-License-Identifier: MIT
// Many texts with one workspace, everything in memory of the caller's: after the first batch nothing allocates.
//
//   batch interviews.fewfit train.tsv      a label, a tab and a text a line; prints how often the model agrees

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fewfit/fewfit.hpp"

namespace {

struct labelled_texts {
  std::vector<std::string> labels, texts;
};

labelled_texts read(const char* path) {
  labelled_texts out;
  std::ifstream file(path, std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos) continue;
    out.labels.push_back(line.substr(0, tab));
    out.texts.push_back(line.substr(tab + 1));
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: batch MODEL LABELLED_TEXTS\n"), 64;
  const auto model = fewfit::model::load(argv[1]);
  if (!model) return std::fprintf(stderr, "%s: %s\n", argv[1], fewfit::message(model.error())), 1;
  const labelled_texts all = read(argv[2]);

  // The size is a pure function of the model and the largest batch, so the memory can come from anywhere.
  constexpr std::size_t batch = 16;
  const std::size_t bytes = model->workspace_bytes(model->config().max_length, 1, batch);
  const std::unique_ptr<unsigned char[]> memory(new unsigned char[bytes]);
  fewfit::workspace scratch(memory.get(), bytes);

  std::vector<std::string_view> views(all.texts.begin(), all.texts.end());
  std::vector<fewfit::prediction> answers(views.size());
  for (std::size_t i = 0; i < views.size(); i += batch) {
    const std::size_t n = std::min(batch, views.size() - i);
    const fewfit::errc code = model->predict({&views[i], n}, scratch, {&answers[i], n});
    if (code != fewfit::errc::none) return std::fprintf(stderr, "%s\n", fewfit::message(code)), 1;
  }

  std::size_t agree = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) agree += answers[i].label == all.labels[i] ? 1 : 0;
  std::printf("%zu of %zu labels agree, in %zu bytes of workspace\n", agree, answers.size(), bytes);
}
