// SPDX-License-Identifier: MIT
#pragma once
// Labelled texts: what eval counts and teach learns from.

#include <string>
#include <string_view>

#include "fewfit/api.hpp"
#include "options.hpp"

namespace tool {

struct labelled {
  std::string label, text;
};

/// The label and the text in a line: "label <tab> text", or an object with "label" and "text", whose label may be an
/// integer if that is said.
///
/// errors  throws std::invalid_argument with a sentence
labelled labelled_in(std::string_view line, format how, bool or_integer);

/// "there is no label "x"; the labels are "a", "b"". Of a long one the beginning: without a tab in sight it may
/// be a whole text.
std::string no_such_label(std::string_view label, fewfit::span<const std::string_view> labels);

bool is_utf8(std::string_view text);

/// Throws std::invalid_argument where an editor has put its mark before the first label.
void refuse_byte_order_mark(std::string_view label);

}  // namespace tool
