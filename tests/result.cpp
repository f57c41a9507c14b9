// SPDX-License-Identifier: MIT
// Errors as values: each code can be provoked and has a sentence of its own.

#include "fewfit/result.hpp"

#include <cctype>
#include <cstdlib>
#include <exception>
#include <memory>
#include <set>
#include <string>

#include "support/call_faults.hpp"
#include "support/container_damages.hpp"
#include "support/content_damages.hpp"
#include "support/file_faults.hpp"
#include "support/taught_texts.hpp"

using fewfit::errc;
using fewfit::result;

namespace {

std::string sentence(std::uint32_t code) { return message(static_cast<errc>(code)); }

/// Codes that a damaged file brings about. That each row brings about its own is checked in io/blob.cpp and
/// io/sections.cpp.
void provoke_by_damage(std::set<errc>& seen) {
  for (const auto* rows : {&support::container_damages(), &support::content_damages()})
    for (const support::damage& row : *rows)
      if (seen.count(row.code) == 0) seen.insert(support::load_error(row.spoilt(), fewfit::verify::full).code);
}

void provoke_by_file(std::set<errc>& seen) {
  const support::temporary_folder folder;
  const support::loader load = &fewfit::model::load;
  seen.insert(support::error_of(load, folder.name("absent")).code);
  seen.insert(support::error_of(load, folder.name("")).code);
  seen.insert(support::error_of(load, folder.file("empty", "")).code);
  seen.insert(support::error_when_changed(load, 1).code);
  const support::aligned_bytes misaligned(support::tiny_bytes(), 1);
  seen.insert(fewfit::model::from_memory(misaligned.data(), misaligned.size()).error().code);
  support::counting_memory none;
  none.largest = 0;
  seen.insert(support::load_error(support::tiny_bytes(), fewfit::verify::full, &none).code);
#if defined(__linux__)
  seen.insert(support::error_without_descriptors(load).code);
  seen.insert(support::code_without_mapping());
#else
  seen.insert(errc::file_not_readable), seen.insert(errc::map_failed);  // provoked on Linux alone
#endif
}

void provoke_by_call(std::set<errc>& seen) {
  const support::tiny_loaded m(support::tiny_model()), overflowing(support::overflowing_model());
  seen.insert(m->self_test().error().code);
  support::tiny_parts body = support::tiny_model();
  body.has_head = false;
  seen.insert(support::tiny_loaded(body)->predict("good").status);
  seen.insert(support::head_error(support::tiny_head(support::other_head()).bytes(), *overflowing).code);
  const std::string_view texts[] = {"good", ""}, labels[] = {"a", "b"};
  seen.insert(m->teach({texts, 0}, {labels, 0}).error().code), seen.insert(m->teach(texts, labels).error().code);
  seen.insert(m->teach({texts, 1}, {labels, 1}).error().code);
  seen.insert(support::taught_head_error(3, 8, 0.0).code);
  seen.insert(m->predict(support::endless_text()).status);
  seen.insert(overflowing->predict("good").status);
  seen.insert(support::wrong_kernels()), seen.insert(support::wrong_span()), seen.insert(support::small_memory());
  seen.insert(support::cancelled_call()), seen.insert(support::too_many_tasks_at_once());
}

#if !FEWFIT_EXCEPTIONS && defined(__linux__)
/// Asked of a copy of this program.
template <class Call>
bool ends_the_program(const Call& call) {
  const pid_t child = fork();
  if (child == 0) std::set_terminate([] { std::_Exit(3); }), call(), std::_Exit(0);
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 3;
}
#endif

}  // namespace

TEST_SUITE_BEGIN("result");

TEST_CASE("each code is brought about by a damaged file, a faulty system or a wrong call") {
  std::set<errc> seen;
  provoke_by_damage(seen), provoke_by_file(seen), provoke_by_call(seen);
  for (std::uint32_t code = 1; code < fewfit::errc_count; ++code)
    CHECK_MESSAGE(seen.count(static_cast<errc>(code)) == 1, sentence(code));
}

TEST_CASE("each code has a sentence of its own: lower case, no full stop") {
  std::set<std::string> all;
  for (std::uint32_t code = 0; code < fewfit::errc_count; ++code) {
    const std::string s = sentence(code);
    CAPTURE(s);
    REQUIRE(s.size() > 7);
    CHECK(s != "unknown error");
    CHECK(all.insert(s).second);
    const bool name = s[0] == '[';  // [UNK], [CLS] ...
    CHECK((name || std::islower(static_cast<unsigned char>(s[0])) || s.compare(0, 4, "UTF-") == 0));
    CHECK(s.back() != '.');
    CHECK(s.find("  ") == std::string::npos);
  }
  CHECK(sentence(fewfit::errc_count) == "unknown error");
  CHECK(static_cast<std::uint32_t>(errc::non_finite_output) + 1 == fewfit::errc_count);
}

TEST_CASE("a result holds a value or an error") {
  const result<int> value = 7, failure = errc::bad_trie, precise(errc::bad_label, "labels", 3);
  REQUIRE(value);
  CHECK(*value == 7);
  CHECK(value.error().code == errc::none);
  REQUIRE(!failure);
  CHECK(failure.error().code == errc::bad_trie);
  CHECK(std::string(failure.error().where) == "");
  CHECK(failure.error().number == 0);
  REQUIRE(!precise);
  CHECK(std::string(precise.error().where) == "labels");
  CHECK(precise.error().number == 3);
  CHECK(std::string(message(precise.error())) == message(errc::bad_label));
  const result<int> handed_on = precise.error();
  CHECK(handed_on.error().number == 3);
}

TEST_CASE("values that can only be moved") {
  result<std::unique_ptr<std::string>> r = std::make_unique<std::string>("text");
  REQUIRE(r);
  CHECK((*r)->size() == 4);
  CHECK(r->get() != nullptr);
  result<std::unique_ptr<std::string>> moved = std::move(r);
  const std::unique_ptr<std::string> taken = *std::move(moved);
  CHECK(*taken == "text");
  CHECK(*result<std::unique_ptr<int>>(std::make_unique<int>(5)).value() == 5);
}

TEST_CASE("value() checks") {
  result<int> value = 7, failure(errc::bad_trie, "raw trie", 9);
  CHECK(value.value() == 7);
  value.value() = 8;
  CHECK(*value == 8);
#if FEWFIT_EXCEPTIONS
  CHECK_THROWS_AS(failure.value(), fewfit::bad_result);
  CHECK_THROWS_AS(result<int>(errc::bad_trie).value(), fewfit::bad_result);
  try {
    failure.value();
  } catch (const fewfit::bad_result& e) {
    CHECK(std::string(e.what()) == message(errc::bad_trie));
    CHECK(e.why.code == errc::bad_trie);
    CHECK(e.why.number == 9);
  }
#elif defined(__linux__)
  CHECK(ends_the_program([&] { failure.value(); }));
#endif
}

TEST_SUITE_END();
