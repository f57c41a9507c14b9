// SPDX-License-Identifier: MIT
#pragma once
// Reading, computing and writing a batch at a time: what predict, embed and tokenize have in common.

#include <string>
#include <string_view>
#include <vector>

#include "fewfit/api.hpp"
#include "options.hpp"

namespace tool {

/// A command is how it computes texts, and how it spells the answer to each.
class batch_command {
 public:
  virtual ~batch_command() = default;
  /// The keys it puts into a line of JSON.
  virtual std::vector<std::string_view> keys() const = 0;
  /// Computes all texts, or none.
  virtual fewfit::errc compute(fewfit::span<const std::string_view> texts) = 0;
  /// The answer to text `i` of the last compute, as a line of text.
  virtual std::string as_text(std::size_t i) const = 0;
  /// The same as JSON members, without braces.
  virtual std::string as_json(std::size_t i) const = 0;
};

/// Runs a command over the whole input. Throws a failure after everything before it was written.
void run(const options& options, batch_command& command);

/// "\"tokens\":12,\"truncated\":false", the end of every command's members.
std::string tokens_and_truncated(std::size_t tokens, bool truncated);

}  // namespace tool
