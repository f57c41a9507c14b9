// SPDX-License-Identifier: MIT
// Where words begin and end in what is shown, when they do not lie beside one another.

#include "highlight.hpp"

#include <doctest/doctest.h>

using tool::stretch;
using tool::stretches;

namespace {

std::string spelled(std::string_view text, const std::vector<fewfit::word_evidence>& words) {
  std::string out;
  for (const stretch& s : stretches(text, words))
    out += std::string(s.bytes) + (s.level != 0 ? std::to_string(s.level) : "") + "|";
  return out;
}

}  // namespace

TEST_SUITE_BEGIN("highlight");

TEST_CASE("all of the text is there once, whatever the words' ranges") {
  CHECK(spelled("", {}).empty());
  CHECK(spelled("abc", {}) == "abc|");
  CHECK(spelled("a b", {{{0, 1}, 1}, {{2, 3}, -1}}) == "a4| |b-4|");
  CHECK(spelled(" a b ", {{{1, 2}, 1}, {{3, 4}, 1}}) == " |a4| |b4| |");
  CHECK(spelled("ab", {{{0, 2}, 1}, {{0, 2}, -1}}) == "ab4|");       // two words of one character
  CHECK(spelled("abc", {{{0, 2}, 1}, {{1, 3}, -1}}) == "ab4|c-4|");  // that share a byte
  CHECK(spelled("a b", {{{2, 3}, 1}, {{0, 1}, 1}}) == "a |b4|");     // the other way round
  CHECK(spelled("ab", {{{1, 1}, 1}, {{1, 2}, 1}}) == "a|b4|");       // of no bytes
}

TEST_CASE("levels are quarters of the largest contribution") {
  CHECK(spelled("abcdef", {{{0, 1}, -8}, {{1, 2}, 7}, {{2, 3}, 5}, {{3, 4}, 3}, {{4, 5}, 1}, {{5, 6}, 0.9}}) ==
        "a-4|b4|c3|d2|e1|f|");
  CHECK(spelled("a", {{{0, 1}, 0}}) == "a|");
}

TEST_CASE("numbers that round to nothing are none") {
  CHECK(tool::short_number(0.004).empty());
  CHECK(tool::short_number(-0.004).empty());
  CHECK(tool::short_number(0.0051) == "+0.01");
  CHECK(tool::short_number(-2) == "-2.00");
  CHECK(tool::short_number(-1.7e308).size() > 300);
}

TEST_SUITE_END();
