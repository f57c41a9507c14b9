// SPDX-License-Identifier: MIT
#pragma once
// One line of JSON Lines: what its "text" and other strings are, and where our keys go.

#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// The value of "text" in the object that `line` is. `ours` are the keys that will be put in.
///
/// errors  throws std::invalid_argument with a sentence: not JSON (RFC 8259, UTF-8 alone), not an object, no "text",
///         two of them, a "text" that is no string, one of our keys is there already
std::string text_of(std::string_view line, const std::vector<std::string_view>& ours);

/// A key whose value is wanted.
struct wanted_key {
  std::string_view name;
  bool or_integer = false;  // whether an integer will do, and be its decimal text
};

/// The values of the wanted keys, in their order.
///
/// errors  as text_of's
std::vector<std::string> values_of(std::string_view line, const std::vector<wanted_key>& wanted);

/// The line with `members` ("\"key\":value,...", without a comma in front) before its last brace.
///
/// needs   a line that text_of accepted: its last brace is the object's, and the object is not empty
std::string with_members(std::string_view line, std::string_view members);

/// A JSON string literal. What is no UTF-8 becomes U+FFFD.
std::string quoted(std::string_view text);

}  // namespace tool
