// SPDX-License-Identifier: MIT
// Somebody else's program with a model inside: it lies at a multiple of 64, nothing is mapped and nothing copied.

#include <cstdint>
#include <cstdio>
#include <fewfit/fewfit.hpp>

#include "inside_model.hpp"

int main() {
  const auto model = load_inside();
  if (!model) return std::fprintf(stderr, "%s\n", fewfit::message(model.error())), 1;
  const bool is_aligned = reinterpret_cast<std::uintptr_t>(inside_model_begin) % 64 == 0;
  const fewfit::footprint bytes = model->footprint();
  const bool answers = !model->predict("text").label.empty();
  std::printf("aligned %d, mapped %zu, private %zu, answers %d\n", is_aligned, bytes.mapped, bytes.private_bytes,
              answers);
  return is_aligned && bytes.mapped == 0 && bytes.private_bytes < 65536 && answers ? 0 : 1;
}
