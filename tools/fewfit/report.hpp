// SPDX-License-Identifier: MIT
#pragma once
// The numbers of an evaluation, spelled for a person or a program.

#include <string>
#include <vector>

#include "metrics.hpp"

namespace tool {

/// Tables whose columns line up where a code point is a column wide. Ends without "\n".
std::string text_report(const metrics& m, const std::vector<std::string>& labels);

/// One object on one line, every number in the shortest decimal that reads back as the same.
std::string json_report(const metrics& m, const std::vector<std::string>& labels);

}  // namespace tool
