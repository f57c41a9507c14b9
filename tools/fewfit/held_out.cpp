// SPDX-License-Identifier: MIT
#include "held_out.hpp"

#include <algorithm>

#include "fewfit/nn/leave_one_out.hpp"

namespace tool {

std::uint32_t class_of(const fewfit::head& head, std::string_view label) {
  const auto labels = head.labels();
  return static_cast<std::uint32_t>(std::find(labels.begin(), labels.end(), label) - labels.begin());
}

fewfit::result<std::vector<double>> held_out(const fewfit::head& head, const fewfit::teach_options& options,
                                             fewfit::kernels kernels) {
  std::vector<float> vectors;
  std::vector<std::uint32_t> classes;
  for (std::size_t i = 0; i < head.examples(); ++i) {
    vectors.insert(vectors.end(), head.example_vector(i).begin(), head.example_vector(i).end());
    classes.push_back(class_of(head, head.example_label(i)));
  }
  const fewfit::training_set all{vectors, classes, head.sentence_size(), head.labels().size};
  fewfit::fit_options how;
  how.C = options.C, how.fit_intercept = options.fit_intercept, how.balanced = options.balanced;
  how.tolerance = options.tolerance, how.kernels = kernels;
  const auto fitted = fewfit::fit(all, how);
  if (!fitted) return fitted.error();
  std::vector<double> out(classes.size() * head.labels().size);
  const fewfit::error wrong = fewfit::leave_one_out(all, *fitted, out, how);
  if (wrong.code != fewfit::errc::none) return wrong;
  return out;
}

}  // namespace tool
