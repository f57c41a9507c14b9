// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <algorithm>
#include <cstdio>

#include "json_line.hpp"
#include "output.hpp"

namespace tool {
namespace {

using cells = std::vector<std::string>;

std::string fixed(const char* how, double number) {
  char digits[40];
  std::snprintf(digits, sizeof digits, how, number);
  return digits;
}

std::string rounded(double number) { return fixed("%.4f", number); }

// Code points: every byte but those that continue one.
std::size_t width(const std::string& utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// The first column to the left, the others to the right.
std::string table(const std::vector<cells>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const cells& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], width(row[c]));
  }
  std::string out;
  for (const cells& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string blank(widths[c] - width(row[c]), ' ');
      out += c == 0 ? row[c] + blank : "  " + blank + row[c];
    }
    out += '\n';
  }
  return out;
}

cells scores_row(const std::string& name, const class_scores& s) {
  return {name, rounded(s.precision), rounded(s.recall), rounded(s.f1), std::to_string(s.support)};
}

std::string scores_table(const metrics& m, const std::vector<std::string>& labels) {
  std::vector<cells> rows = {{"label", "precision", "recall", "f1", "support"}};
  for (std::size_t k = 0; k < labels.size(); ++k) rows.push_back(scores_row(labels[k], m.classes[k]));
  rows.push_back(scores_row("macro avg", m.macro));
  rows.push_back(scores_row("weighted avg", m.weighted));
  return table(rows);
}

std::string confusion_table(const metrics& m, const std::vector<std::string>& labels) {
  std::vector<cells> rows = {{"true \\ predicted"}};
  rows[0].insert(rows[0].end(), labels.begin(), labels.end());
  for (std::size_t t = 0; t < labels.size(); ++t) {
    rows.push_back({labels[t]});
    for (std::size_t p = 0; p < labels.size(); ++p) {
      rows.back().push_back(std::to_string(m.confusion[t * labels.size() + p]));
    }
  }
  return table(rows);
}

std::string calibration_table(const metrics& m) {
  std::vector<cells> rows = {{"probability", "examples", "confidence", "accuracy"}};
  for (const calibration_bin& bin : m.calibration) {
    const bool some = bin.examples != 0;
    rows.push_back({fixed("%.1f", bin.from) + " to " + fixed("%.1f", bin.to), std::to_string(bin.examples),
                    some ? rounded(bin.confidence) : "-", some ? rounded(bin.accuracy) : "-"});
  }
  return table(rows);
}

std::string number(double value) {
  std::string out;
  append_number(out, value);
  return out;
}

std::string members(const class_scores& s) {
  return "\"precision\":" + number(s.precision) + ",\"recall\":" + number(s.recall) + ",\"f1\":" + number(s.f1) +
         ",\"support\":" + std::to_string(s.support);
}

// "[...]" of what `item` says for 0 to n - 1.
template <class Item>
std::string array(std::size_t n, Item item) {
  std::string out = "[";
  for (std::size_t i = 0; i < n; ++i) out += (i != 0 ? "," : "") + item(i);
  return out + "]";
}

std::string bin_object(const calibration_bin& bin) {
  const bool some = bin.examples != 0;
  return "{\"from\":" + number(bin.from) + ",\"to\":" + number(bin.to) +
         ",\"examples\":" + std::to_string(bin.examples) +
         ",\"confidence\":" + (some ? number(bin.confidence) : "null") +
         ",\"accuracy\":" + (some ? number(bin.accuracy) : "null") + "}";
}

}  // namespace

std::string text_report(const metrics& m, const std::vector<std::string>& labels) {
  return "examples  " + std::to_string(m.examples) + "\naccuracy  " + rounded(m.accuracy) + "\n\n" +
         scores_table(m, labels) + "\n" + confusion_table(m, labels) + "\n" + calibration_table(m) +
         "\nexpected calibration error  " + rounded(m.calibration_error);
}

std::string json_report(const metrics& m, const std::vector<std::string>& labels) {
  const std::size_t classes = labels.size();
  const auto scores = [&](std::size_t k) {
    return "{\"label\":" + quoted(labels[k]) + "," + members(m.classes[k]) + "}";
  };
  const auto row = [&](std::size_t t) {
    return array(classes, [&](std::size_t p) { return std::to_string(m.confusion[t * classes + p]); });
  };
  return "{\"examples\":" + std::to_string(m.examples) + ",\"accuracy\":" + number(m.accuracy) +
         ",\"classes\":" + array(classes, scores) + ",\"macro_avg\":{" + members(m.macro) + "},\"weighted_avg\":{" +
         members(m.weighted) + "},\"confusion_matrix\":" + array(classes, row) + ",\"calibration\":" +
         array(m.calibration.size(), [&](std::size_t b) { return bin_object(m.calibration[b]); }) +
         ",\"expected_calibration_error\":" + number(m.calibration_error) + "}";
}

}  // namespace tool
