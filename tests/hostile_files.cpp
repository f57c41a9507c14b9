// SPDX-License-Identifier: MIT
// docs/hostile_files.md beside the tables of damaged files: what it names is there, and it names what is there.

#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "support/container_damages.hpp"
#include "support/content_damages.hpp"
#include "support/head_damages.hpp"
#include "support/strange_files.hpp"
#include "support/weight_arrays.hpp"

using fewfit::errc;

namespace {

std::string contents_of(const std::string& path) {
  std::ifstream in(FEWFIT_SOURCE_DIR "/" + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What stands between backticks.
std::vector<std::string> quoted(const std::string& text) {
  static const std::regex pattern("`([^`]+)`");
  std::vector<std::string> out;
  for (std::sregex_iterator i(text.begin(), text.end(), pattern); i != std::sregex_iterator(); ++i)
    out.push_back((*i)[1]);
  return out;
}

/// A name with `*` for any characters and `?` for one.
bool fits(const char* pattern, const char* name) {
  if (*pattern == '*') return fits(pattern + 1, name) || (*name != 0 && fits(pattern, name + 1));
  if (*name == 0 || *pattern == 0) return *name == *pattern;
  return (*pattern == '?' || *pattern == *name) && fits(pattern + 1, name + 1);
}

/// The codes by their names, in the order of their declaration.
std::map<std::string, errc> codes_by_name() {
  const std::string header = contents_of("include/fewfit/result.hpp");
  const std::size_t begin = header.find("enum class errc"), end = header.find("};", begin);
  static const std::regex pattern("\\n  (\\w+)");
  const std::string body = header.substr(begin, end - begin);
  std::map<std::string, errc> out;
  for (std::sregex_iterator i(body.begin(), body.end(), pattern); i != std::sregex_iterator(); ++i)
    out.emplace((*i)[1], static_cast<errc>(out.size()));
  return out;
}

/// A line of the document's tables; `others` stand where there is no code, or beside it.
struct document_line {
  std::vector<std::string> damages, others;
  errc code;
};

std::vector<document_line> document_lines(const std::string& document) {
  const std::map<std::string, errc> by_name = codes_by_name();
  REQUIRE(by_name.size() == fewfit::errc_count);
  static const std::regex row("\\n\\| [0-9][^|]*\\|([^|]*)\\|([^|]*)\\|([^|]*)\\|");
  std::vector<document_line> out;
  for (std::sregex_iterator i(document.begin(), document.end(), row); i != std::sregex_iterator(); ++i) {
    const std::vector<std::string> first = quoted((*i)[1]), code = quoted((*i)[2]), beside = quoted((*i)[3]);
    if (code.empty() || code[0] == "none") {
      out.push_back({{}, first, errc::none});
    } else {
      CAPTURE(code[0]);
      REQUIRE(by_name.count(code[0]) == 1);
      out.push_back({first, {}, by_name.at(code[0])});
    }
    out.back().others.insert(out.back().others.end(), beside.begin(), beside.end());
  }
  return out;
}

/// Whether the document speaks of a test: "io/blob.cpp: each damage ...", "test_writer.py: test_a_real_signal".
bool is_case(const std::string& name) { return name.find(".cpp: ") != name.npos || name.find(".py: ") != name.npos; }

bool case_exists(const std::string& name) {
  const std::size_t colon = name.find(": ");
  const std::string file = name.substr(0, colon), title = name.substr(colon + 2);
  if (file.substr(file.size() - 3) == ".py")
    return contents_of("tools/tests/" + file).find("\ndef " + title + "(") != std::string::npos;
  const std::string source = contents_of("tests/" + file);
  static const std::regex pattern("TEST_CASE\\(\\s*\"((?:[^\"\\\\]|\\\\.)*)\"");
  for (std::sregex_iterator i(source.begin(), source.end(), pattern); i != std::sregex_iterator(); ++i)
    if (fits(title.c_str(), (*i)[1].str().c_str())) return true;
  return false;
}

/// All files that are made to be refused, and with code none those that only look as if they should be.
std::set<std::pair<std::string, errc>> damaged_files() {
  std::set<std::pair<std::string, errc>> all;
  for (const support::strange_file& file : support::strange_files()) all.emplace(file.name, errc::none);
  for (const auto* table : {&support::container_damages(), &support::content_damages(), &support::head_damages(),
                            &support::number_damages()})
    for (const support::damage& d : *table) all.emplace(d.name, d.code);
  return all;
}

}  // namespace

TEST_SUITE_BEGIN("hostile files");

TEST_CASE("each damaged file is named in the document with its code, and each name there is a file or a test") {
  const std::string document = contents_of("docs/hostile_files.md");
  const std::vector<document_line> table = document_lines(document);
  CHECK(table.size() > 80);
  const auto all = damaged_files();
  for (const auto& file : all) {
    bool named = false;
    for (const document_line& l : table)
      for (const std::string& damage : file.second == errc::none ? l.others : l.damages)
        named = named ||
                ((file.second == errc::none || l.code == file.second) && fits(damage.c_str(), file.first.c_str()));
    CHECK_MESSAGE(named, "not in the document: ", file.first, ": ", std::string(message(file.second)));
  }
  const auto check_name = [&](const std::string& damage, errc expected) {
    bool there = is_case(damage);  // the next test looks for it
    for (const auto& [name, code] : all) there = there || (expected == code && fits(damage.c_str(), name.c_str()));
    CHECK_MESSAGE(there, "no such file: ", damage, ": ", std::string(message(expected)));
  };
  for (const document_line& l : table) {
    for (const std::string& damage : l.damages) check_name(damage, l.code);
    for (const std::string& right : l.others) check_name(right, errc::none);
  }
}

TEST_CASE("each test that the document names is there, and each right file that looks wrong is named") {
  const std::vector<std::string> names = quoted(contents_of("docs/hostile_files.md"));
  for (const std::string& name : names)
    if (is_case(name)) CHECK_MESSAGE(case_exists(name), name);
  for (const support::strange_file& file : support::strange_files())
    CHECK_MESSAGE(std::count(names.begin(), names.end(), file.name) == 1, file.name);
}

TEST_SUITE_END();
