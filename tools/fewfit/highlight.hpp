// SPDX-License-Identifier: MIT
#pragma once
// A text with its words marked by how strongly they speak for a label, on a terminal or in a page.

#include <string>
#include <string_view>
#include <vector>

#include "fewfit/api.hpp"

namespace tool {

/// A piece of a text: a word, or what stands between two.
struct stretch {
  std::string_view bytes;
  double contribution = 0;
  int level = 0;  // -4 to 4: the contribution in quarters of the text's largest
};

/// All of the text, in its order. Words that share bytes with the one before them get what is left.
std::vector<stretch> stretches(std::string_view text, const std::vector<fewfit::word_evidence>& words);

/// UTF-8 that a terminal shows and does not obey: control and format characters (but joiners) and separators of lines
/// as <U+001B>, what is no UTF-8 as U+FFFD.
std::string visible(std::string_view bytes);

/// The same, fit to stand between tags or in an attribute.
std::string html(std::string_view bytes);

/// "+0.42"; empty where it rounds to nothing.
std::string short_number(double contribution);

/// The text on one line: words in colours of 256, or without colours "word[+0.42]".
std::string marked_line(const std::vector<stretch>& text, bool colours);

/// The text as elements of class f1 to f4 and a1 to a4, for and against.
std::string marked_html(const std::vector<stretch>& text);

/// A page before its texts, which needs nothing from outside and runs nothing.
std::string page_start();
std::string page_end();

}  // namespace tool
