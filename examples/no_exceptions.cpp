// SPDX-License-Identifier: MIT
// Compiled with -fno-exceptions -fno-rtti: everything that can go wrong is a value.
//
//   no_exceptions interviews.fewfit TEXT...

#include <cstdio>

#include "fewfit/fewfit.hpp"

static_assert(FEWFIT_EXCEPTIONS == 0, "this example is meant for a compiler without exceptions");

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: no_exceptions MODEL TEXT...\n"), 64;
  const auto model = fewfit::model::load(argv[1]);
  if (!model) {
    const fewfit::error& why = model.error();
    std::fprintf(stderr, "%s: %s (%s: %llu)\n", argv[1], fewfit::message(why), why.where,
                 static_cast<unsigned long long>(why.number));
    return 1;
  }

  fewfit::workspace scratch;
  for (int i = 2; i < argc; ++i) {
    const fewfit::prediction answer = model->predict(argv[i], scratch);
    if (answer.status != fewfit::errc::none) {
      std::fprintf(stderr, "text %d: %s\n", i - 1, fewfit::message(answer.status));
      return 1;
    }
    std::printf("%.*s %.3f%s\n", static_cast<int>(answer.label.size()), answer.label.data(), answer.probability,
                answer.truncated ? " (of its beginning)" : "");
  }
}
