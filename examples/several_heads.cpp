// SPDX-License-Identifier: MIT
// One body, many heads: a text is encoded once, and each head, a file of a few KB, says what it makes of it.
//
//   several_heads MODEL HEAD... -- TEXT...

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "fewfit/fewfit.hpp"

namespace {

void print(const char* name, const fewfit::prediction& p) {
  if (p.status == fewfit::errc::none)
    std::printf("  %s: %s %.6f\n", name, std::string(p.label).c_str(), p.probability);
  else
    std::printf("  %s: %s\n", name, fewfit::message(p.status));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fputs("usage: several_heads MODEL HEAD... -- TEXT...\n", stderr), 64;
  auto model = fewfit::model::load(argv[1]);
  if (!model) return std::fprintf(stderr, "%s: %s\n", argv[1], fewfit::message(model.error())), 1;

  std::vector<fewfit::head> heads;
  int at = 2;
  for (; at < argc && std::strcmp(argv[at], "--") != 0; ++at) {
    auto head = fewfit::head::load(argv[at], *model);
    if (!head) return std::fprintf(stderr, "%s: %s\n", argv[at], fewfit::message(head.error())), 1;
    heads.push_back(std::move(*head));
  }

  for (++at; at < argc; ++at) {
    const auto vector = model->encode(argv[at]);
    if (!vector) return std::fprintf(stderr, "%s\n", fewfit::message(vector.error())), 1;
    std::printf("%s\n", argv[at]);
    print("its own head", model->predict(argv[at]));
    for (std::size_t i = 0; i < heads.size(); ++i)
      print(("head " + std::to_string(i + 1)).c_str(), heads[i].predict(*vector));
  }
}
