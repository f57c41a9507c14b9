// SPDX-License-Identifier: MIT
#pragma once
// Damage to a head's own file, under correct checksums. Rows of docs/model_file.md, sections 8, 9 and 12.

#include "check_damage.hpp"
#include "taught_texts.hpp"

namespace support {

/// Of a head for the tiny model, by its sections.
inline file_maker of_head(const std::function<void(tiny_file&)>& edit) {
  return [edit] {
    tiny_file f = tiny_head(other_head());
    edit(f);
    return f.bytes();
  };
}

/// Of a head that was taught two texts, labels "a" and "b", and kept them: body, head, about, examples.
enum class taught_section : std::size_t { head = 1, examples = 3 };

inline const std::string& taught_file() {
  static const std::string file = [] {
    const std::string_view texts[] = {"good", "bad"}, labels[] = {"a", "b"};
    fewfit::teach_options options;
    options.keep_texts = true;
    return file_of(*taught_body()->teach(texts, labels, options));
  }();
  return file;
}

template <class T>
file_maker taught(taught_section section, std::size_t at, T value) {
  return [=] {
    std::string file = taught_file();
    put(file, section_begin(file, static_cast<std::size_t>(section)) + at, value);
    repair(file);
    return file;
  };
}

inline void add_head_section_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  const file_maker right = of_head([](tiny_file&) {});
  const auto row = [&](const char* name, errc code, const char* where, const std::function<void(tiny_file&)>& edit) {
    rows.push_back({name, code, where, of_head(edit), right});
  };
  rows.push_back(
      {"a model where a head is asked for", errc::unsupported_kind, "kind", [] { return tiny_bytes(); }, right});
  row("a head without body", errc::missing_section, "body", [](tiny_file& f) { f.remove("body"); });
  row("a head file without head", errc::missing_section, "head", [](tiny_file& f) { f.remove("head"); });
  row("a head without about", errc::missing_section, "about", [](tiny_file& f) { f.remove("about"); });
  row("two bodies of a head", errc::missing_section, "head",
      [](tiny_file& f) { f.sections.insert(f.sections.begin(), f.sections[0]); });
  row("two heads in a head file", errc::missing_section, "about",
      [](tiny_file& f) { f.sections.insert(f.sections.begin() + 1, f.sections[1]); });
  row("a self-test of a head", errc::section_order, "self_test", [](tiny_file& f) {
    f.sections.push_back({11, "self_test", "x"});
  });
  rows.push_back({"an unknown section of a head", errc::unknown_section, "section", of_head([](tiny_file& f) {
                    f.sections.push_back({13, "x", "x"});
                  }),
                  of_head([](tiny_file& f) {
                    f.sections.push_back({0x80000013u, "x", "x"});
                  })});
  for (const std::uint32_t n : {0u, 4097u})
    row("entries of a body", errc::bad_section_count, "body", [=](tiny_file& f) { put(f.sections[0].body, 0, n); });
  for (const int by : {-1, 1, 16})
    row("bytes of a body", errc::section_size, "body", [=](tiny_file& f) {
      std::string& body = f.sections[0].body;
      body.resize(static_cast<std::size_t>(static_cast<int>(body.size()) + by));
    });
  row("reserved bytes of a body", errc::reserved_not_zero, "body",
      [](tiny_file& f) { put(f.sections[0].body, 63, char{1}); });
  for (const std::size_t at : {0u, 4u, 8u})
    row("an entry of a body", errc::wrong_body, "body", [=](tiny_file& f) { f.sections[0].body[64 + at] ^= 1; });
  row("an entry of a body missing", errc::wrong_body, "body", [](tiny_file& f) {
    std::string& body = f.sections[0].body;
    body.resize(body.size() - 16);
    put(body, 0, static_cast<std::uint32_t>((body.size() - 64) / 16));
  });
  row("integer labels of a head", errc::bad_flag, "labels are integers",
      [](tiny_file& f) { f.set("head.labels are integers", 2u); });
  row("about of a head", errc::bad_utf8, "about", [](tiny_file& f) { f.set("about.strings", '\xFF'); });
}

inline void add_examples_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  constexpr auto examples = taught_section::examples;
  const file_maker right = [] { return taught_file(); };
  const auto row = [&](const char* name, errc code, const char* where, std::size_t at, auto value) {
    rows.push_back({name, code, where, taught(examples, at, value), right});
  };
  row("no examples", errc::bad_dimension, "examples", 0, 0u);
  row("too many examples", errc::bad_dimension, "examples", 0, (1u << 24) + 1);
  row("examples that are not there", errc::section_size, "examples", 0, 1u << 24);
  row("a flag of texts", errc::bad_flag, "texts are kept", 4, 2u);
  for (const double bad : {0.0, -1.0, std::nan(""), HUGE_VAL})
    rows.push_back({"C of a fit", errc::bad_fit_option, "C", taught(examples, 8, bad), taught(examples, 8, 1e-300)});
  for (const double bad : {-1e-300, std::nan(""), HUGE_VAL})
    rows.push_back({"tolerance of a fit", errc::bad_fit_option, "tolerance", taught(examples, 16, bad),
                    taught(examples, 16, 0.0)});
  row("a flag of intercepts", errc::bad_flag, "fit_intercept", 32, 2u);
  row("a flag of balance", errc::bad_flag, "balanced", 36, 2u);
  for (const std::size_t at : {40u, 63u})
    row("reserved bytes of examples", errc::reserved_not_zero, "examples", at, '\1');
  rows.push_back(
      {"label of an example", errc::bad_label, "examples", taught(examples, 64, 2u), taught(examples, 64, 1u)});
  for (const std::size_t at : {128u, 128u + 39 * 4})  // the first and the last of two vectors of 20
    for (const std::uint32_t bits : {0x7FC00000u, 0x7F800000u, 0xFF800000u})
      rows.push_back({"vector of an example", errc::non_finite_weight, "examples", taught(examples, at, bits),
                      taught(examples, at, 0x7F7FFFFFu), errc::none, true});
  row("bytes behind the vectors of examples", errc::padding_not_zero, "examples", 128 + 40 * 4, 1u);
  row("offsets of examples' texts", errc::bad_string_table, "examples", 128 + 192, 1u);
  row("an example's text that is no UTF-8", errc::bad_utf8, "examples", 128 + 192 + 64, '\xFF');
}

inline void add_share_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  struct share {
    taught_section section;
    std::size_t at;
    const char* name;
  };
  for (const share& s :
       {share{taught_section::head, 24, "abstain_below"}, share{taught_section::head, 32, "expected_error"},
        share{taught_section::head, 48, "expected_answers"}, share{taught_section::examples, 24, "most_errors"}})
    for (const double bad : {-0.001, 1.001, std::nan(""), HUGE_VAL})
      rows.push_back({std::string("share of a head: ") + s.name, errc::bad_share, s.name,
                      taught(s.section, s.at, bad),
                      taught(s.section, s.at,
                             bad < 0   ? 0.0
                             : bad < 2 ? 1.0
                                       : 0.5)});
  rows.push_back({"unknown of a head", errc::bad_label, "unknown", taught(taught_section::head, 40, 3u),
                  taught(taught_section::head, 40, 2u)});
  for (const std::size_t at : {44u, 47u, 56u, 63u})
    rows.push_back({"reserved bytes of a head's file", errc::reserved_not_zero, "head",
                    taught(taught_section::head, at, '\1'), [] { return taught_file(); }});
}

inline const std::vector<damage>& head_damages() {
  static const std::vector<damage> all = [] {
    std::vector<damage> rows;
    add_head_section_damages(rows), add_examples_damages(rows), add_share_damages(rows);
    return rows;
  }();
  return all;
}

/// As check() of a model's file, for a head beside the tiny model.
inline void check_head(const damage& row) {
  CAPTURE(row.name);
  const std::string spoilt = row.spoilt();
  for (const fewfit::verify how : {fewfit::verify::full, fewfit::verify::structure}) {
    counting_memory memory;
    const fewfit::error e = head_error(spoilt, *taught_body(), options(how, &memory));
    const bool loads = how == fewfit::verify::structure && row.only_full;
    CHECK_MESSAGE(e.code == (loads ? fewfit::errc::none : row.code), "said: ", std::string(message(e)),
                  ", where: ", std::string(e.where));
    CHECK(std::string(e.where) == (loads ? "" : row.where));
    CHECK(memory.live == 0);
    CHECK(memory.mistakes == 0);
    CHECK(memory.peak <= 65536);
  }
  CHECK(head_error(row.neighbour(), *taught_body()).code == row.neighbour_code);
}

}  // namespace support
