// SPDX-License-Identifier: MIT
#pragma once
// Heads that are taught: where they come from and where they go, for teach and its session.

#include <optional>
#include <string>

#include "fewfit/api.hpp"
#include "options.hpp"

namespace tool {

/// As the known head was taught, but for what was asked otherwise. Strings are the head's or the options'.
fewfit::teach_options teach_options_of(const options& o, const std::optional<fewfit::head>& known);

/// The head to be taught more, if there is one.    errors  throws a failure: the file, or it holds no examples
std::optional<fewfit::head> load_known(const options& o, const fewfit::model& body);

/// Before any work is done: throws a failure where the head's file would replace the model or the input, or where
/// nothing can be written.
void refuse_to_overwrite(const options& o, const std::string& output);

/// All of the file or nothing.    errors  throws a failure that names it
void save(const fewfit::head& head, const std::string& path);

}  // namespace tool
