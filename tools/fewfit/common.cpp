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

}  // namespace tool
