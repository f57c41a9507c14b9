// SPDX-License-Identifier: MIT
#pragma once
// A head in a file of its own, for a tiny model's body.

#include "fewfit/fewfit.hpp"
#include "tiny_reference.hpp"

namespace support {

/// A head file's sections: which body it is for, the head of `parts`, what it says of itself.
inline tiny_file tiny_head(const tiny_parts& parts, const std::string& model = tiny_bytes()) {
  tiny_file f(parts);
  const auto is_body = [](const tiny_section& s) { return s.type < 8 || s.name == "self_test"; };
  f.sections.erase(std::remove_if(f.sections.begin(), f.sections.end(), is_body), f.sections.end());
  std::string body(64, '\0');
  while (get<std::uint32_t>(model, 64 + body.size() - 64) < 8) body += model.substr(body.size(), 16);
  put(body, 0, static_cast<std::uint32_t>((body.size() - 64) / 16));
  f.sections.insert(f.sections.begin(), {8, "body", body});
  f.kind = 2;
  return f;
}

inline fewfit::error head_error(const std::string& file, const fewfit::model& body,
                                const fewfit::load_options& options = {}) {
  const aligned_bytes bytes(file);
  const auto head = fewfit::head::from_memory(bytes.data(), bytes.size(), body, options);
  return head ? fewfit::error() : head.error();
}

/// Another head over vectors of the tiny model.
inline tiny_parts other_head(std::uint32_t kind = 1) {
  tiny_options o;
  o.head_kind = kind, o.binary = kind == 2, o.seed = 77;
  tiny_parts p = tiny_model(o);
  p.about = {{"name", "mood"}};
  return p;
}

}  // namespace support
