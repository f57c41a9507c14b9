// SPDX-License-Identifier: MIT
#include "labelled.hpp"

#include <stdexcept>
#include <vector>

#include <utf8proc.h>

#include "batches.hpp"
#include "json_line.hpp"

namespace tool {

labelled labelled_in(std::string_view line, format how, bool or_integer) {
  if (how == format::jsonl) {
    std::vector<std::string> values = values_of(line, {wanted_key{"label", or_integer}, wanted_key{"text"}});
    return {std::move(values[0]), std::move(values[1])};
  }
  line = without_return(line);
  const std::size_t tab = line.find('\t');
  if (line.empty()) throw std::invalid_argument("the line is empty: take it out, or write a label and a tab");
  if (tab == line.npos) throw std::invalid_argument("no tab: write a label, a tab and the text");
  return {std::string(line.substr(0, tab)), std::string(line.substr(tab + 1))};
}

std::string no_such_label(std::string_view label, fewfit::span<const std::string_view> labels) {
  constexpr std::size_t shown_bytes = 80;
  std::string out = "there is no label " + quoted(label.substr(0, shown_bytes));
  if (label.size() > shown_bytes) out += "...";
  const char* before = "; the labels are ";
  for (const std::string_view known : labels) {
    out += before + quoted(known);
    before = ", ";
  }
  return out;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    utf8proc_int32_t c = 0;
    const auto* const begin = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    const utf8proc_ssize_t size = utf8proc_iterate(begin, static_cast<utf8proc_ssize_t>(text.size()), &c);
    if (size <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

void refuse_byte_order_mark(std::string_view label) {
  if (label.substr(0, 3) == "\xEF\xBB\xBF")
    throw std::invalid_argument("the line begins with a byte order mark: save the file without it");
}

}  // namespace tool
