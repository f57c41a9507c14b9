// SPDX-License-Identifier: MIT
// Two files that both include the whole library, header-only: they link, and they share one model.

#include <cstdio>

#include "fewfit/fewfit.hpp"

fewfit::prediction ask_other(const fewfit::model& model, const char* text);

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  const auto model = fewfit::model::load(argv[1]);
  if (!model) return std::fprintf(stderr, "%s\n", fewfit::message(model.error())), 1;
  const fewfit::prediction here = model->predict("one text"), there = ask_other(*model, "one text");
  const bool same = here.status == fewfit::errc::none && here.index == there.index &&
                    here.label.data() == there.label.data() && !(here.probability != there.probability);
  std::puts(same ? "two units, one answer" : "two units, TWO ANSWERS");
  return same ? 0 : 1;
}
