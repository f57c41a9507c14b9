// SPDX-License-Identifier: MIT
#include "highlight.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <utf8proc.h>

#include "output.hpp"

namespace tool {
namespace {

constexpr int levels = 4;

bool is_obeyed(utf8proc_int32_t c) {
  constexpr utf8proc_int32_t joiners[] = {0x200C, 0x200D};  // of scripts and of emoji
  if (c == joiners[0] || c == joiners[1]) return false;
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return true;
    default: return false;
  }
}

int level_of(double contribution, double largest) {
  if (largest == 0) return 0;
  const int level = static_cast<int>(std::fabs(contribution) / largest * levels + 0.5);
  return contribution < 0 ? -level : level;
}

// Black on colours of the 256 that are light enough for it, whatever the terminal's own are.
std::string coloured(const std::string& word, int level) {
  constexpr int greens[levels] = {194, 157, 120, 83}, reds[levels] = {224, 217, 210, 203};
  const int colour = level > 0 ? greens[level - 1] : reds[-level - 1];
  return "\x1b[38;5;16;48;5;" + std::to_string(colour) + "m" + word + "\x1b[0m";
}

// One style for light and dark: tints of the reader's own background under the reader's own letters. Words against
// are underlined, too, for those who see no difference between red and green.
constexpr const char* page = R"(<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>fewfit explain</title>
<style>
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem }
article { border-top: 1px solid #8886; padding: .5rem 0 }
h2 { font-size: 1rem; margin: 0 }
p { margin: .25rem 0; white-space: pre-wrap; overflow-wrap: anywhere }
small { opacity: .8 }
mark { color: inherit; background: none; border-radius: .2em; padding: .1em 0 }
.f1 { background: #00a03c26 }
.f2 { background: #00a03c4d }
.f3 { background: #00a03c73 }
.f4 { background: #00a03c99 }
.a1 { background: #e0303026 }
.a2 { background: #e030304d }
.a3 { background: #e0303073 }
.a4 { background: #e0303099 }
.a1, .a2, .a3, .a4 { text-decoration: underline dotted }
</style>
</head>
<body>
<header>Words that speak
<mark class="f1">a</mark> <mark class="f2">little</mark> <mark class="f3">or</mark> <mark class="f4">much</mark>
for the label, and
<mark class="a1">a</mark> <mark class="a2">little</mark> <mark class="a3">or</mark> <mark class="a4">much</mark>
against it, measured by the strongest word of the same text. A word is credited in its context, for the model has seen
its neighbours: this is no causal effect.</header>)";

}  // namespace

std::vector<stretch> stretches(std::string_view text, const std::vector<fewfit::word_evidence>& words) {
  double largest = 0;
  for (const fewfit::word_evidence& w : words) largest = std::max(largest, std::fabs(w.contribution));
  std::vector<stretch> out;
  std::size_t at = 0;
  for (const fewfit::word_evidence& w : words) {
    const std::size_t begin = std::max<std::size_t>(at, w.bytes.begin);
    if (begin >= w.bytes.end) continue;
    if (begin != at) out.push_back({text.substr(at, begin - at)});
    at = w.bytes.end;
    out.push_back({text.substr(begin, at - begin), w.contribution, level_of(w.contribution, largest)});
  }
  if (at != text.size()) out.push_back({text.substr(at)});
  return out;
}

std::string visible(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    utf8proc_int32_t c = 0;
    const auto* const begin = reinterpret_cast<const utf8proc_uint8_t*>(bytes.data());
    const utf8proc_ssize_t size = utf8proc_iterate(begin, static_cast<utf8proc_ssize_t>(bytes.size()), &c);
    if (size <= 0) {
      out += "\xEF\xBF\xBD";
    } else if (is_obeyed(c)) {
      char spelled[16];
      std::snprintf(spelled, sizeof spelled, "<U+%04X>", static_cast<unsigned>(c));
      out += spelled;
    } else {
      out += bytes.substr(0, static_cast<std::size_t>(size));
    }
    bytes.remove_prefix(size <= 0 ? 1 : static_cast<std::size_t>(size));
  }
  return out;
}

std::string html(std::string_view bytes) {
  std::string out;
  for (const char c : visible(bytes)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string short_number(double contribution) {
  if (std::fabs(contribution) < 0.005) return "";
  return (contribution > 0 ? "+" : "") + rounded(contribution, 2);
}

std::string marked_line(const std::vector<stretch>& text, bool colours) {
  std::string out;
  for (const stretch& s : text) {
    const std::string word = visible(s.bytes), number = short_number(s.contribution);
    if (colours)
      out += s.level != 0 ? coloured(word, s.level) : word;
    else
      out += number.empty() ? word : word + "[" + number + "]";
  }
  return out;
}

std::string marked_html(const std::vector<stretch>& text) {
  std::string out;
  for (const stretch& s : text) {
    const std::string word = html(s.bytes), number = short_number(s.contribution);
    if (s.level == 0) {
      out += word;
      continue;
    }
    out += std::string("<mark class=\"") + (s.level > 0 ? 'f' : 'a') + std::to_string(std::abs(s.level)) +
           "\" title=\"" + number + "\">" + word + "</mark>";
  }
  return out;
}

std::string page_start() { return page; }

std::string page_end() { return "</body>\n</html>"; }

}  // namespace tool
