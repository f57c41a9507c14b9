// SPDX-License-Identifier: MIT
#pragma once
// Reading, computing and answering a batch at a time: what predict, embed, tokenize, eval and explain have in common.

#include <string>
#include <string_view>
#include <vector>

#include "fewfit/api.hpp"
#include "options.hpp"

namespace tool {

/// What is done with the lines of the input, a batch at a time and in their order.
class line_command {
 public:
  virtual ~line_command() = default;
  /// The text in a line, which comes without its "\n". Throws std::invalid_argument with a sentence if there is none.
  virtual std::string text_in(std::string_view line) = 0;
  /// Computes all texts, or none.
  virtual fewfit::errc compute(fewfit::span<const std::string_view> texts) = 0;
  /// The answer to text `i` of the last compute, which came in `line`, is there.
  virtual void answered(std::string_view line, std::size_t i) = 0;
};

/// A command that answers each line with a line is how it computes texts, and how it spells the answer to each.
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

/// Runs a command over the whole input. Throws a failure after everything before it was answered.
void run(const options& options, line_command& command);
void run(const options& options, batch_command& command);

/// A line of text without the "\r" that may end it.
std::string_view without_return(std::string_view line);

/// "\"tokens\":12,\"truncated\":false", the end of every command's members.
std::string tokens_and_truncated(std::size_t tokens, bool truncated);

}  // namespace tool
