// SPDX-License-Identifier: MIT
// What a head is not taught with, what there is not enough memory for, and what is wrong with its file.

#include <cmath>
#include <string>
#include <vector>

#include "support/check_damage.hpp"
#include "support/taught_texts.hpp"

using fewfit::errc;
using support::farthest;
using support::lessons;
using support::says;
using support::taught_body;
using support::taught_texts;
using support::texts_view;
using support::tiny_loaded;

namespace {

fewfit::error taught_wrongly(const std::vector<std::string_view>& texts, const std::vector<std::string_view>& labels,
                             const fewfit::teach_options& options = {}) {
  const auto head = taught_body()->teach(texts, labels, options);
  return head ? fewfit::error() : head.error();
}

void expect_error(const fewfit::error& e, errc code, const char* where, std::uint64_t number) {
  CHECK(e.code == code);
  CHECK(std::string(e.where) == where);
  CHECK(e.number == number);
}

/// Refuses each allocation of a call in turn, once and from then on: an error, nothing is left, and the answer is the
/// same afterwards. Returns how many there are.
template <class Call>
std::size_t check_every_refusal(support::counting_memory& memory, std::size_t live, const Call& call) {
  const auto expected = says(*call());
  memory.fail(0, false);
  CHECK(call());
  const std::size_t calls = memory.calls;
  for (std::size_t at = 1; at <= calls; ++at)
    for (const bool for_ever : {false, true}) {
      memory.fail(at, for_ever);
      CHECK(call().error().code == errc::out_of_memory);
      memory.fail(0, false);
      CHECK(memory.live == live);
    }
  CHECK(memory.mistakes == 0);
  CHECK(says(*call()) == expected);
  return calls;
}

}  // namespace

TEST_SUITE_BEGIN("teach errors");

TEST_CASE("what cannot be learned from is said, by its place") {
  using views = std::vector<std::string_view>;
  expect_error(taught_wrongly({}, {}), errc::no_examples, "examples", 0);
  expect_error(taught_wrongly({"", "bad"}, {"a", "a"}), errc::one_label, "labels", 1);
  expect_error(taught_wrongly({"good", "bad"}, {"a"}), errc::bad_argument, "labels", 1);
  expect_error(taught_wrongly({"good", "", "bad"}, {"a", "b", "b"}), errc::empty_text, "texts", 1);
  expect_error(taught_wrongly({"good", "bad", " \n "}, {"a", "b", "b"}), errc::empty_text, "texts", 2);
  expect_error(taught_wrongly({"", "bad"}, {"a", "\xFF"}), errc::bad_utf8, "labels", 1);
  expect_error(taught_wrongly({"good", ""}, {"a", ""}), errc::bad_label, "labels", 1);
  expect_error(taught_wrongly({"", "bad", "day", "not"}, {"z", "y", "", "z"}), errc::bad_label, "labels", 2);
  const std::string long_label(65537, 'x'), long_name(257, 'x');
  expect_error(taught_wrongly({"", "bad"}, {"a", long_label}), errc::string_too_long, "labels", 1);
  expect_error(taught_wrongly({"good", "bad"}, {"a", std::string_view(long_label).substr(1)}), errc::none, "", 0);
  expect_error(taught_wrongly({"good", support::endless_text()}, {"a", "b"}), errc::text_too_long, "texts", 1);
  views many(600, "good"), of_many(600, "a");
  many[599] = support::endless_text(), of_many[0] = "b";
  expect_error(taught_wrongly(many, of_many), errc::text_too_long, "texts", 599);
  fewfit::teach_options options;
  options.C = 0;
  expect_error(taught_wrongly({"", "bad"}, {"a", "b"}, options), errc::bad_argument, "C", 0);
  options.C = HUGE_VAL;
  expect_error(taught_wrongly({"", "bad"}, {"a", "b"}, options), errc::bad_argument, "C", 0);
  for (const double bad : {-1e-300, std::nan(""), HUGE_VAL}) {
    options = {}, options.tolerance = bad;
    expect_error(taught_wrongly({"", "bad"}, {"a", "b"}, options), errc::bad_argument, "tolerance", 0);
  }
  for (const double bad : {-0.1, std::nan("")}) {
    options = {}, options.most_errors = bad;
    expect_error(taught_wrongly({"", "bad"}, {"a", "b"}, options), errc::bad_argument, "most_errors", 0);
  }
  options = {}, options.keep_texts = true;
  expect_error(taught_wrongly({"good", "bad \xFF"}, {"a", "b"}, options), errc::bad_utf8, "texts", 1);
  options = {}, options.name = "\xFF";
  expect_error(taught_wrongly({"", "bad"}, {"a", "b"}, options), errc::bad_utf8, "name", 0);
  options.name = long_name;
  expect_error(taught_wrongly({"", "bad"}, {"a", "b"}, options), errc::string_too_long, "name", 0);
  const std::string_view texts_of_known[] = {"good", "bad"}, labels_of_known[] = {"a", "b"};
  const fewfit::head known = std::move(*taught_body()->teach(texts_of_known, labels_of_known));
  expect_error(taught_body()->relabel(known, 1, "").error(), errc::bad_label, "labels", 1);
  expect_error(taught_body()->relabel(known, 0, "b").error(), errc::one_label, "labels", 1);
  expect_error(taught_body()->relabel(known, 2, "c").error(), errc::bad_argument, "example", 2);
  expect_error(taught_body()->forget(known, 0).error(), errc::one_label, "labels", 1);
  options = {}, options.C = -1;
  expect_error(taught_body()->forget(known, 0, options).error(), errc::bad_argument, "C", 0);
  const tiny_loaded overflowing(support::overflowing_model());
  const views texts = {"good", "bad"}, labels = {"a", "b"};
  CHECK(overflowing->teach(texts, labels).error().code == errc::non_finite_output);
}

TEST_CASE("no memory, for every allocation: an error, and nothing is left; ten million texts are refused at once") {
  const taught_texts& l = lessons();
  support::counting_memory memory;
  const tiny_loaded m(support::tiny(), support::options(fewfit::verify::full, &memory));
  const std::size_t live = memory.live;
  fewfit::teach_options options;
  options.most_errors = 0.1;
  fewfit::workspace scratch;
  const auto teach = [&] { return m->teach(l.some(0, 20), l.labels_of(0, 20), options, nullptr, scratch); };
  CHECK(check_every_refusal(memory, live, teach) > 10);
  const std::string_view text = "good";
  const auto refused = [&](std::size_t n) {
    const fewfit::error e = m->teach({&text, n}, {&text, n}, options, nullptr, scratch).error();  // nothing is read
    expect_error(e, errc::out_of_memory, "examples", n);
  };
  refused((std::size_t{1} << 24) + 1);  // more than a head can have, whatever memory there is
  memory.largest = 1u << 26;
  refused(10000000);
}

TEST_CASE("no memory for a head that is taught more, relabelled or forgets: never another answer") {
  const taught_texts& l = lessons();
  support::counting_memory memory;
  const tiny_loaded m(support::tiny(), support::options(fewfit::verify::full, &memory));
  fewfit::teach_options options;
  options.leave_one_out = options.keep_texts = true;
  const fewfit::head known = std::move(*m->teach(l.some(0, 20), l.labels_of(0, 20), options));
  const std::size_t live = memory.live;
  const auto check = [&](const auto& call) { check_every_refusal(memory, live, call); };
  check([&] { return m->teach(l.some(20, 5), l.labels_of(20, 5), options, &known); });
  check([&] { return m->relabel(known, 3, "blame"); });
  check([&] { return m->forget(known, 3, options); });
  CHECK(memory.mistakes == 0);
}

TEST_CASE("more labels than a head can have, before any text is looked at") {
  std::vector<std::string> names;
  for (int i = 0; i < 65537; ++i) names.push_back(std::to_string(i));
  const std::vector<std::string_view> labels(names.begin(), names.end()), texts(names.size(), "");
  expect_error(taught_wrongly(texts, labels), errc::bad_dimension, "classes", 65537);
}

TEST_CASE("labels or texts of 4 GB, which no table of strings holds: before any text is encoded") {
  // They lie over each other: no two begin alike.
  std::mt19937 random(1);
  std::string letters(std::size_t{1} << 17, 'x');
  for (char& c : letters) c = static_cast<char>('a' + random() % 26);
  std::vector<std::string_view> labels, texts(1u << 16);
  for (std::size_t i = 0; i < texts.size(); ++i) labels.push_back(std::string_view(letters).substr(i, 1u << 16));
  expect_error(taught_wrongly(texts, labels), errc::string_too_long, "classes", texts.size());
#if !defined(_GLIBCXX_DEBUG)  // which looks at all labels to find each: a minute
  labels.back().remove_suffix(1);
  expect_error(taught_wrongly(texts, labels), errc::empty_text, "texts", 0);
#endif

  fewfit::teach_options options;
  options.keep_texts = true;
  const std::string text(std::size_t{1} << 24, 'x');
  texts.assign(256, text), labels.assign(256, "a"), labels[0] = "b";
  expect_error(taught_wrongly(texts, labels, options), errc::string_too_long, "examples", texts.size());
}

TEST_CASE("its file is a head file like any other; examples and texts are in it if they are to be") {
  const taught_texts& l = lessons();
  std::size_t sizes[3] = {};
  for (int kept = 0; kept < 3; ++kept) {
    fewfit::teach_options options;
    options.keep_examples = kept > 0, options.keep_texts = kept > 1, options.name = "mood";
    const fewfit::head h = std::move(*taught_body()->teach(l.texts, l.labels, options));
    const std::string file(reinterpret_cast<const char*>(h.contents().data), h.contents().size);
    const support::aligned_bytes bytes(file);
    const auto read = fewfit::head::from_memory(bytes.data(), bytes.size(), *taught_body());
    REQUIRE(read);
    CHECK(says(*read) == says(h));
    CHECK(read->about("name") == "mood");
    CHECK(read->examples() == (kept > 0 ? 60 : 0));
    if (kept > 1) CHECK(read->example_text(5) == l.texts[5]);
    support::tiny_parts p = support::tiny();
    p.layers[0].output.bias[0] += 1;
    CHECK(support::head_error(file, *tiny_loaded(p)).code == errc::wrong_body);
    sizes[kept] = file.size();
    for (std::size_t at = 0; at < file.size(); at += 7) {  // no byte of it can be changed unseen
      std::string spoilt = file;
      spoilt[at] ^= 1;
      const errc e = support::head_error(spoilt, *taught_body()).code;
      CHECK((e != errc::none || (at >= 36 && at < 40)));
    }
  }
  CHECK(sizes[0] < 2000);
  CHECK(sizes[1] > sizes[0] + 60 * 20 * 4);
  CHECK(sizes[2] > sizes[1] + 60);
}

TEST_SUITE_END();
