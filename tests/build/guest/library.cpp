// SPDX-License-Identifier: MIT
// A shared library that has fewfit inside and tells nobody: one function is to be seen. guest.py compiles it twice,
// with two versions of the headers, and NAME says which.

#include <cstdio>

#include "fewfit/fewfit.hpp"

/// Writes what this library's fewfit says of a text: 0 if it could.
extern "C" __attribute__((visibility("default"))) int NAME(const char* path, char* out, unsigned long size) {
  const auto model = fewfit::model::load(path);
  if (!model) return 1;
  const auto vector = model->encode("one text of many");
  const auto probabilities = model->predict_proba("one text of many");
  if (!vector || !probabilities) return 1;
  std::snprintf(out, size, "version %d, vector %.9g, probability %.17g", FEWFIT_VERSION_MINOR,
                static_cast<double>(vector->front()), probabilities->front());
  return 0;
}
