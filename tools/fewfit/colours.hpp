// SPDX-License-Identifier: MIT
#pragma once
// Whether words are coloured.

#include "options.hpp"

namespace tool {

/// As asked for; where not, on a terminal that has them and whose user has not set NO_COLOR.
bool wants_colours(colour how);

}  // namespace tool
