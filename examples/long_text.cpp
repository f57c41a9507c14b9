// SPDX-License-Identifier: MIT
// A file of any length: what it is as a whole, and which part of it speaks for each label most.
//
//   long_text interviews.fewfit TEXT_FILE      two threads, the mean over all windows

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "fewfit/fewfit.hpp"
#include "fewfit/thread_pool.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: long_text MODEL TEXT_FILE\n"), 64;
  const auto model = fewfit::model::load(argv[1]);
  if (!model) return std::fprintf(stderr, "%s: %s\n", argv[1], fewfit::message(model.error())), 1;
  std::ifstream file(argv[2], std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};

  fewfit::long_text_options options;
  options.how = fewfit::reduce::mean;
  fewfit::long_text_reader reader(*model, options);  // allocates; for the next file it would not
  fewfit::thread_pool pool(2);
  fewfit::workspace scratch(pool.width());
  const fewfit::long_answer& answer = reader.predict(text, scratch, pool.executor());
  if (answer.status != fewfit::errc::none) return std::fprintf(stderr, "%s\n", fewfit::message(answer.status)), 1;

  std::printf("%zu windows of %zu tokens\n", answer.windows, answer.tokens);
  for (const fewfit::ranked& r : fewfit::top(answer.probabilities, answer.probabilities.size())) {
    const fewfit::label_evidence& why = answer.evidence[r.index];
    const std::string_view label = model->labels()[r.index];
    std::printf("%.*s: %.6f, bytes %u to %u with %.6f\n", static_cast<int>(label.size()), label.data(), r.probability,
                static_cast<unsigned>(why.where.begin), static_cast<unsigned>(why.where.end), why.probability);
  }
}
