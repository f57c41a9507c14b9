// SPDX-License-Identifier: MIT
// A program of somebody else's, the short way: one include and nothing more.

#include <fewfit/fewfit.hpp>

#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  const auto model = fewfit::model::load(argv[1]);
  if (!model) return std::cerr << fewfit::message(model.error()) << "\n", 1;
  const fewfit::prediction answer = model->predict("one text");
  std::cout << answer.label << " " << answer.probability << "\n";
  return answer.status == fewfit::errc::none ? 0 : 1;
}
