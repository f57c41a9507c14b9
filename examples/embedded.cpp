// SPDX-License-Identifier: MIT
// A program that carries its model: no file beside it, nothing to look for. fewfit_embed_model puts it there.
//
//   embedded TEXT...

#include <cstdio>

#include "fewfit/fewfit.hpp"
#include "interviews_model.hpp"

int main(int argc, char** argv) {
  const auto model = load_interviews();
  if (!model) return std::fprintf(stderr, "%s\n", fewfit::message(model.error())), 1;
  for (int i = 1; i < argc; ++i) std::printf("%s\n", std::string(model->predict(argv[i]).label).c_str());
  const fewfit::footprint bytes = model->footprint();
  std::printf("mapped %zu, copied %s\n", bytes.mapped, bytes.private_bytes < 65536 ? "nothing" : "the model");
}
