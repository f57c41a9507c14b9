// SPDX-License-Identifier: MIT
// A head out of ten labelled texts, without Python: taught, saved, loaded again, asked.
//
//   teach interviews.fewfit threats.fewfit      the model whose vectors it learns from, and the head's file

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "fewfit/fewfit.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: teach MODEL HEAD\n"), 64;
  const auto model = fewfit::model::load(argv[1]);
  if (!model) return std::fprintf(stderr, "%s: %s\n", argv[1], fewfit::message(model.error())), 1;

  const std::vector<std::string_view> texts = {"open the gate or I will kill you", "I have a sword and I will use it",
                                               "move, or I break your bones",      "I will burn this gate down",
                                               "run, before I lose my patience",   "who lives in the castle?",
                                               "where does this road lead?",       "what is behind the gate?",
                                               "why is the gate closed?",          "when does the gate open?"};
  const std::vector<std::string_view> labels = {"threat",   "threat",   "threat",   "threat",   "threat",
                                                "question", "question", "question", "question", "question"};

  const auto head = model->teach(texts, labels);
  if (!head) return std::fprintf(stderr, "%s\n", fewfit::message(head.error())), 1;
  std::ofstream file(argv[2], std::ios::binary);
  file.write(reinterpret_cast<const char*>(head->contents().data),
             static_cast<std::streamsize>(head->contents().size));
  file.close();
  if (!file) return std::fprintf(stderr, "%s: cannot be written\n", argv[2]), 1;

  const auto again = fewfit::head::load(argv[2], *model);
  if (!again) return std::fprintf(stderr, "%s: %s\n", argv[2], fewfit::message(again.error())), 1;
  for (const std::string_view text : {"I will cut your throat", "how old is the king?"}) {
    const fewfit::prediction said = again->predict(model->encode(text).value());
    std::printf("%s: %s %.6f\n", std::string(text).c_str(), std::string(said.label).c_str(), said.probability);
  }
}
