// SPDX-License-Identifier: MIT
#include <fewfit/api.hpp>

#include <cstdio>

int use(const fewfit::model& model) {
  const fewfit::prediction answer = model.predict("one text");
  std::printf("%.*s %g\n", static_cast<int>(answer.label.size()), answer.label.data(), answer.probability);
  return answer.status == fewfit::errc::none ? 0 : 1;
}
