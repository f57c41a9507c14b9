// SPDX-License-Identifier: MIT
// Heads that are taught more, relabelled, or forget: in the way they were taught before, or otherwise.

#include <algorithm>
#include <string>
#include <vector>

#include "support/taught_texts.hpp"

using fewfit::errc;
using support::farthest;
using support::lessons;
using support::says;
using support::taught_body;
using support::taught_texts;
using support::texts_view;
using support::tiny_loaded;

TEST_SUITE_BEGIN("teach more");

TEST_CASE("taught again, relabelled, forgotten: the optimum of what is left, wherever it began") {
  const taught_texts& l = lessons();
  fewfit::teach_options options;
  options.keep_texts = true;
  const fewfit::head all = std::move(*taught_body()->teach(l.texts, l.labels, options));
  const fewfit::head some = std::move(*taught_body()->teach(l.some(0, 40), l.labels_of(0, 40), options));
  const fewfit::head more = std::move(*taught_body()->teach(l.some(40, 20), l.labels_of(40, 20), options, &some));
  CHECK(farthest(says(more), says(all)) < 1e-8);
  for (std::size_t i = 0; i < 60; ++i) {
    CHECK(more.example_label(i) == l.labels[i]);
    CHECK(more.example_text(i) == l.texts[i]);
  }
  std::vector<std::string_view> labels = l.labels, texts = l.texts;
  labels[7] = "new";
  const fewfit::head other = std::move(*taught_body()->relabel(all, 7, "new", options));
  CHECK(other.labels().size == 4);
  CHECK(other.example_label(7) == "new");
  CHECK(farthest(says(other), says(*taught_body()->teach(texts, labels, options))) < 1e-8);
  texts.erase(texts.begin() + 7), labels.erase(labels.begin() + 7);
  const fewfit::head less = std::move(*taught_body()->forget(other, 7, options));
  CHECK(less.examples() == 59);
  CHECK(less.example_text(7) == l.texts[8]);
  CHECK(farthest(says(less), says(*taught_body()->teach(texts, labels, options))) < 1e-8);
  CHECK(taught_body()->forget(all, 60).error().code == errc::bad_argument);
  CHECK(taught_body()->relabel(all, 60, "x").error().code == errc::bad_argument);
}

TEST_CASE("a head's only example, which only a file can have, is not forgotten: nothing would be left to fit") {
  const std::string_view texts[] = {"good", "bad"}, labels[] = {"a", "b"};
  std::string file = support::file_of(*taught_body()->teach(texts, labels));
  const std::size_t begin = support::section_begin(file, 3), size = 64 + 64 + 20 * 4;  // how, a label, a vector
  file.resize(begin + size), file.resize(begin + support::up_to_64(size));
  support::put(file, begin, std::uint32_t{1}), support::put(file, begin + 64, std::uint64_t{0});
  support::put(file, 72 + 16 * 3, std::uint64_t{size}), support::put(file, 16, std::uint64_t{file.size()});
  support::repair(file);
  const support::aligned_bytes bytes(file);
  const auto head = fewfit::head::from_memory(bytes.data(), bytes.size(), *taught_body());
  REQUIRE(head);
  CHECK(head->examples() == 1);
  CHECK(taught_body()->forget(*head, 0).error().code == errc::one_label);
  CHECK(taught_body()->relabel(*head, 0, "b").error().code == errc::one_label);
  const fewfit::head more = std::move(*taught_body()->teach({&texts[1], 1}, {&labels[1], 1}, *head));
  CHECK(more.examples() == 2);
}

TEST_CASE("taught more as it was taught: every option but leave_one_out, from the head or its file") {
  const taught_texts& l = lessons();
  fewfit::teach_options options;
  options.C = 4, options.fit_intercept = false, options.balanced = true, options.tolerance = 1e-10;
  options.most_errors = 0.02, options.unknown = "other", options.keep_texts = true, options.name = "mood";
  const fewfit::head first = std::move(*taught_body()->teach(l.some(0, 40), l.labels_of(0, 40), options));
  const std::string file = support::file_of(first);
  const support::aligned_bytes bytes(file);
  const fewfit::head read = std::move(*fewfit::head::from_memory(bytes.data(), bytes.size(), *taught_body()));
  const auto is_as_before = [&](const fewfit::head& h) {
    const fewfit::teach_options how = h.taught_with();
    CHECK(how.C == 4);
    CHECK_FALSE(how.fit_intercept);
    CHECK(how.balanced);
    CHECK(how.tolerance == 1e-10);
    CHECK(how.most_errors == 0.02);
    CHECK(how.unknown == "other");
    CHECK(how.keep_texts);
    CHECK(how.keep_examples);
    CHECK_FALSE(how.leave_one_out);
    CHECK(how.name == "mood");
  };
  is_as_before(read);
  const fewfit::head more = std::move(*taught_body()->teach(l.some(40, 20), l.labels_of(40, 20), read));
  is_as_before(more);
  CHECK(farthest(says(more), says(*taught_body()->teach(l.texts, l.labels, options))) < 1e-7);
  CHECK(more.abstain_below() > 0);
  const fewfit::head other = std::move(*taught_body()->relabel(more, 0, "blame")),
                     less = std::move(*taught_body()->forget(more, 59));
  is_as_before(other), is_as_before(less);
  std::vector<std::string_view> labels = l.labels;
  labels[0] = "blame";
  CHECK(farthest(says(other), says(*taught_body()->teach(l.texts, labels, options))) < 1e-7);
  CHECK(farthest(says(less), says(*taught_body()->teach(l.some(0, 59), l.labels_of(0, 59), options))) < 1e-7);
  const fewfit::teach_options plain;  // whoever says otherwise is obeyed
  const fewfit::head reset = std::move(*taught_body()->relabel(more, 0, "blame", plain));
  CHECK(reset.taught_with().C == 1);
  CHECK(reset.unknown().empty());
  CHECK(reset.name() == "head");
  CHECK(reset.abstain_below() == 0);
  CHECK(reset.example_text(1).empty());
}

TEST_CASE("a text is in the file only where the options say so, whatever the head knew, and empty where it did not") {
  const taught_texts& l = lessons();
  fewfit::teach_options with, without;
  with.keep_texts = true;
  const fewfit::head texts = std::move(*taught_body()->teach(l.some(0, 10), l.labels_of(0, 10), with));
  const fewfit::head none = std::move(*taught_body()->teach(l.some(0, 10), l.labels_of(0, 10), without));
  // Short texts may be parts of others: the longest of the old and of the new ones are looked for.
  const auto longest = [&l](std::size_t first, std::size_t end) {
    const auto shorter = [](std::string_view a, std::string_view b) { return a.size() < b.size(); };
    const auto at = [&l](std::size_t i) { return l.texts.begin() + static_cast<std::ptrdiff_t>(i); };
    return static_cast<std::size_t>(std::max_element(at(first), at(end), shorter) - l.texts.begin());
  };
  const std::size_t old = longest(0, 9), later = longest(10, 20);
  const auto holds = [&](const fewfit::result<fewfit::head>& h, std::size_t example, bool its_text) {
    REQUIRE(h);
    CHECK(h->example_text(example) == (its_text ? l.texts[example] : std::string_view()));
    CHECK((support::file_of(*h).find(std::string(l.texts[example])) != std::string::npos) == its_text);
  };
  for (const bool keep : {false, true}) {
    const fewfit::teach_options& how = keep ? with : without;
    holds(taught_body()->relabel(texts, 9, "new", how), old, keep);
    holds(taught_body()->forget(texts, 9, how), old, keep);
    holds(taught_body()->teach(l.some(10, 10), l.labels_of(10, 10), how, &texts), old, keep);
    holds(taught_body()->teach(l.some(10, 10), l.labels_of(10, 10), how, &texts), later, keep);
    holds(taught_body()->teach(l.some(10, 10), l.labels_of(10, 10), how, &none), later, keep);
    CHECK(taught_body()->teach(l.some(10, 10), l.labels_of(10, 10), how, &none)->example_text(old).empty());
  }
}

TEST_CASE("a fit begins at the head that is known, to the bit, where it has the same labels") {
  const taught_texts& l = lessons();
  fewfit::teach_options options;
  options.tolerance = 0.01;  // so that it matters where it began
  const fewfit::head known = std::move(*taught_body()->teach(l.some(0, 50), l.labels_of(0, 50), options));
  const auto vectors = taught_body()->encode(texts_view(l.texts)).value();
  const std::vector<std::uint32_t> numbers = l.numbers();
  const fewfit::training_set all{vectors, numbers, 20, 3};
  fewfit::fit_options how;
  how.tolerance = 0.01;
  const auto start = fewfit::fit({{vectors.data(), 50 * 20}, {numbers.data(), 50}, 20, 3}, how).value();
  const auto expected = fewfit::fit(all, how, &start).value(), cold = fewfit::fit(all, how).value();
  const fewfit::head more = std::move(*taught_body()->teach(l.some(50, 10), l.labels_of(50, 10), options, &known));
  double ours[3], from_start[3], from_zero[3];
  REQUIRE(more.predict_proba({vectors.data(), 20}, ours) == errc::none);
  REQUIRE(fewfit::predict_proba(expected.weights(), vectors.data(), from_start));
  REQUIRE(fewfit::predict_proba(cold.weights(), vectors.data(), from_zero));
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(ours[k] == from_start[k]);
    CHECK(ours[k] != from_zero[k]);
  }
}

TEST_CASE("progress and cancelling of heads that are taught more, relabelled or forget") {
  const taught_texts& l = lessons();
  struct heard {
    std::size_t done = 0, total = 0, most = 1000;
    static bool call(void* self, std::size_t done, std::size_t total) {
      heard& h = *static_cast<heard*>(self);
      h.done = done, h.total = total;
      return done < h.most;
    }
  };
  fewfit::teach_options options;
  options.most_errors = 0.1;
  const fewfit::head known = std::move(*taught_body()->teach(l.some(0, 40), l.labels_of(0, 40), options));
  fewfit::workspace scratch;
  heard more, other, less, stopped;
  CHECK(
      taught_body()->teach(l.some(40, 20), l.labels_of(40, 20), options, &known, scratch, {}, {heard::call, &more}));
  CHECK(more.total == 20 + 60);
  CHECK(more.done == more.total);
  CHECK(taught_body()->relabel(known, 3, "blame", options, {heard::call, &other}));
  CHECK(other.done == 40);
  CHECK(other.total == 40);
  CHECK(taught_body()->forget(known, 3, options, {heard::call, &less}));
  CHECK(less.done == 39);
  stopped.most = 5;
  CHECK(taught_body()->forget(known, 3, options, {heard::call, &stopped}).error().code == errc::cancelled);
}

TEST_CASE("a head that knows other vectors, or none, is taught nothing more") {
  const taught_texts& l = lessons();
  support::tiny_parts p = support::tiny();
  p.layers[0].output.bias[0] += 1;  // as wide as the other, and another body
  const tiny_loaded other(support::with_self_test(p));
  const fewfit::head theirs = std::move(*other->teach(l.texts, l.labels));
  CHECK(taught_body()->teach(l.texts, l.labels, {}, &theirs).error().code == errc::wrong_body);
  CHECK(taught_body()->relabel(theirs, 0, "x").error().code == errc::wrong_body);
  CHECK(taught_body()->forget(theirs, 0).error().code == errc::wrong_body);
  fewfit::teach_options options;
  options.keep_examples = false;
  const fewfit::head blank = std::move(*taught_body()->teach(l.texts, l.labels, options));
  const fewfit::error e = taught_body()->teach(l.texts, l.labels, {}, &blank).error();
  CHECK(e.code == errc::no_examples);
  CHECK(std::string(e.where) == "known");
  CHECK(taught_body()->forget(blank, 0).error().code == errc::no_examples);
}

TEST_SUITE_END();
