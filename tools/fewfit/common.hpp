// SPDX-License-Identifier: MIT
#pragma once
// How this program fails: one sentence on standard error and one of four exit statuses.

#include <optional>
#include <stdexcept>
#include <string>

#include "fewfit/api.hpp"

namespace tool {

enum exit_status : int {
  ok = 0,
  bad_file = 1,   // the model, or a file that cannot be read or written
  bad_line = 2,   // a line of the input
  bad_usage = 64  // the arguments; the number is sysexits.h's
};

/// Ends the run. `main` prints the sentence behind "fewfit: " and returns the status.
struct failure : std::runtime_error {
  failure(exit_status s, const std::string& sentence) : std::runtime_error(sentence), status(s) {}
  exit_status status;
};

/// The reader of our output has gone away, as `head` does: nothing to say and nobody to say it to.
struct output_closed {};

/// "sentence (where: number)", for an error of the library.
std::string sentence(const fewfit::error& error);

/// The model, or a failure that names the file.
fewfit::model load_model(const std::string& path, fewfit::verify verify = fewfit::verify::full);

/// The head that is to be asked in place of the model's own, or a failure that names the file; none without a path.
std::optional<fewfit::head> load_head(const std::string& path, const fewfit::model& body);

/// What to say where there is nothing to ask: the model is a body alone, and no head was named.
failure no_head(const std::string& model);

}  // namespace tool
