// SPDX-License-Identifier: MIT
#include "colours.hpp"

#include <cstdlib>
#include <string_view>

#include "platform.hpp"

namespace tool {
namespace {

bool is_set(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

}  // namespace

// https://no-color.org; who asks for colours on the command line gets them all the same.
bool wants_colours(colour how) {
  if (how != colour::automatic) return how == colour::always;
  const char* const terminal = std::getenv("TERM");
  const bool dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return !is_set("NO_COLOR") && !dumb && stdout_shows_colours();
}

}  // namespace tool
