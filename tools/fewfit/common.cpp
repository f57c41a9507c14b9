// SPDX-License-Identifier: MIT
#include "common.hpp"

namespace tool {

std::string sentence(const fewfit::error& error) {
  std::string out = fewfit::message(error);
  if (error.where != nullptr && *error.where != '\0') {
    out += " (";
    out += error.where;
    out += ": " + std::to_string(error.number) + ")";
  }
  return out;
}

fewfit::model load_model(const std::string& path, fewfit::verify verify) {
  fewfit::load_options options;
  options.verify = verify;
  auto model = fewfit::model::load(path, options);
  if (!model) throw failure(bad_file, path + ": " + sentence(model.error()));
  return std::move(*model);
}

std::optional<fewfit::head> load_head(const std::string& path, const fewfit::model& body) {
  if (path.empty()) return std::nullopt;
  auto head = fewfit::head::load(path, body);
  if (!head) throw failure(bad_file, path + ": " + sentence(head.error()));
  return std::move(*head);
}

failure no_head(const std::string& model) {
  return {bad_file, model + ": " + fewfit::message(fewfit::errc::no_head) + " (--head FILE)"};
}

}  // namespace tool
