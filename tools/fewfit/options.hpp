// SPDX-License-Identifier: MIT
#pragma once
// What the user asked for, as plain data.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace tool {

enum class command { none, predict, embed, tokenize, eval, explain, teach, inspect, verify };
enum class format { text, jsonl, html };
enum class colour { automatic, always, never };

struct options {
  tool::command command = tool::command::none;  // none: help or version was asked for and has been printed
  std::string model;
  std::string head;  // empty: the model's own
  std::string input = "-";
  tool::format format = tool::format::text;
  tool::format report = format::text;  // of eval and teach, which read one format and may write the other
  std::size_t batch_size = 32;
  std::size_t threads = 1;
  bool special_tokens = true;
  bool truncation = true;
  bool offsets = false;
  std::optional<std::string> label;  // to be explained; none: the predicted one
  bool occlusion = false;
  colour colours = colour::automatic;

  // teach
  std::string output, known;             // heads' files; known empty: from nothing
  std::optional<double> C, most_errors;  // none: as the known head was taught, or the library's
  std::optional<std::string> unknown;    // the label that means none of the others
  int balanced = 0, keep_texts = 0;      // above 0 yes, below no
  bool keep_examples = true;
  bool live = false, without_report = false;
  bool abstain = false;
};

/// Reads the command line; `arguments[0]` is the program's name.
///
/// Help and version are printed on standard output and leave `command` none.
/// errors  throws a failure with bad_usage
options parse(const std::vector<std::string>& arguments);

}  // namespace tool
