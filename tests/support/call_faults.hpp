// SPDX-License-Identifier: MIT
#pragma once
// What can go wrong with a call on a model that is all right, provoked for real.

#include <atomic>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "fewfit/fewfit.hpp"
#include "memory.hpp"
#include "tiny_reference.hpp"

namespace support {

/// A model and the memory it lies in.
class tiny_loaded {
 public:
  explicit tiny_loaded(const tiny_parts& p, const fewfit::load_options& o = {})
      : bytes_(tiny_file(p).bytes()), model_(fewfit::model::from_memory(bytes_.data(), bytes_.size(), o).value()) {}
  const fewfit::model& operator*() const { return model_; }
  const fewfit::model* operator->() const { return &model_; }

 private:
  aligned_bytes bytes_;
  fewfit::model model_;
};

/// The model of `tiny()`, one for all who only ask it.
inline const fewfit::model& shared_tiny() {
  static const tiny_loaded m(tiny());
  return *m;
}

/// Numbers that are finite, and whose sums are not: any text's vector overflows.
inline tiny_parts overflowing_model() {
  tiny_parts p = tiny_model();
  for (float& b : p.layers.back().output_norm.bias) b = 3e38f;
  for (float& w : p.layers.back().output_norm.weight) w = 3e38f;
  return p;
}

/// A view of more than 2 GiB; nobody may look at its bytes.
inline std::string_view endless_text() { return {"x", std::size_t{1} << 31}; }

/// Two tasks at once on a workspace for one: the first is kept busy by a text of spaces, which has no tokens to stop
/// at, while the second is tried again and again.
inline fewfit::errc too_many_tasks_at_once() {
  const tiny_loaded m(tiny_model());
  const std::string spaces(1u << 24, ' ');
  std::vector<std::string_view> texts(17, "good");
  texts[0] = spaces;
  fewfit::workspace scratch(1);
  std::vector<fewfit::prediction> out(17);
  for (int attempt = 0; attempt < 1000; ++attempt) {  // a busy machine may give one thread all of the time
    fewfit::plan plan = fewfit::plan::predict(*m, texts, scratch, out);
    std::atomic<bool> done{false};
    std::thread first([&] {
      plan.run(0, 0);
      done = true;
    });
    while (!done && plan.status() == fewfit::errc::none) plan.run(0, 1);
    first.join();
    if (plan.status() != fewfit::errc::none) return plan.run_all();
  }
  return fewfit::errc::none;
}

inline fewfit::errc cancelled_call() {
  const tiny_loaded m(tiny_model());
  const std::string_view text = "good";
  std::vector<float> out(m->config().sentence_size);
  fewfit::workspace scratch;
  fewfit::plan plan = fewfit::plan::encode(*m, {&text, 1}, scratch, out);
  plan.cancel();
  return plan.run_all();
}

/// Kernels that no processor has.
inline fewfit::errc wrong_kernels() {
  fewfit::load_options options;
  options.kernels = static_cast<fewfit::kernels>(99);
  const aligned_bytes bytes(tiny_file(tiny_model()).bytes());
  return fewfit::model::from_memory(bytes.data(), bytes.size(), options).error().code;
}

inline fewfit::errc wrong_span() {
  const tiny_loaded m(tiny_model());
  const std::string_view text = "good";
  std::vector<float> out(m->config().sentence_size + 1);
  fewfit::workspace scratch;
  return m->encode({&text, 1}, scratch, out);
}

inline fewfit::errc small_memory() {
  const tiny_loaded m(tiny_model());
  const std::string_view text = "good";
  std::vector<unsigned char> memory(1000);
  std::vector<float> out(m->config().sentence_size);
  fewfit::workspace scratch(memory.data(), memory.size());
  return m->encode({&text, 1}, scratch, out);
}

}  // namespace support
