// SPDX-License-Identifier: MIT
// A head out of labelled texts: what it learns, and when it had better say nothing.

#include <cmath>
#include <string>
#include <vector>

#include "fewfit/thread_pool.hpp"
#include "support/taught_texts.hpp"

using fewfit::errc;
using support::farthest;
using support::lessons;
using support::says;
using support::taught_body;
using support::taught_texts;
using support::texts_view;
using support::tiny_loaded;

TEST_SUITE_BEGIN("teach");

TEST_CASE("a taught head is the fit to the model's own vectors; labels ascend") {
  const taught_texts& l = lessons();
  const fewfit::head h = std::move(*taught_body()->teach(l.texts, l.labels));
  REQUIRE(h.labels().size == 3);
  CHECK(h.labels()[0] == "blame");
  CHECK(h.labels()[1] == "other");
  CHECK(h.labels()[2] == "praise");
  CHECK(h.examples() == l.texts.size());
  CHECK(h.about("name") == "head");
  const auto vectors = taught_body()->encode(texts_view(l.texts)).value();
  const std::vector<std::uint32_t> numbers = l.numbers();
  const auto fitted = fewfit::fit({vectors, numbers, 20, 3}).value();
  for (std::size_t i = 0; i < l.texts.size(); ++i) {
    double expected[3], ours[3];
    REQUIRE(fewfit::predict_proba(fitted.weights(), &vectors[i * 20], expected));
    REQUIRE(h.predict_proba({&vectors[i * 20], 20}, ours) == errc::none);
    for (std::size_t k = 0; k < 3; ++k) CHECK(ours[k] == expected[k]);
    CHECK(h.example_label(i) == l.labels[i]);
    CHECK(h.example_text(i).empty());
    CHECK(std::memcmp(h.example_vector(i).data, &vectors[i * 20], 20 * sizeof(float)) == 0);
  }
}

TEST_CASE("the same bits on every run and any number of threads") {
  const taught_texts& l = lessons();
  const auto first = says(*taught_body()->teach(l.texts, l.labels));
  CHECK(says(*taught_body()->teach(l.texts, l.labels)) == first);
  fewfit::thread_pool pool(3);
  fewfit::workspace scratch(3);
  CHECK(says(*taught_body()->teach(l.texts, l.labels, {}, nullptr, scratch, pool.executor())) == first);
}

TEST_CASE("what is asked for is what is fitted: each option, and the model's kernels") {
  const taught_texts& l = lessons();
  const std::vector<std::uint32_t> numbers = l.numbers();
  for (const fewfit::kernels name : {fewfit::kernels::automatic, fewfit::kernels::portable})
    for (int which = 0; which < 5; ++which) {
      fewfit::load_options loading;
      loading.kernels = name;
      const tiny_loaded m(support::tiny(), loading);
      fewfit::teach_options options;
      fewfit::fit_options how;
      how.kernels = name;
      if (which == 1) options.C = how.C = 0.25;
      if (which == 2) options.balanced = how.balanced = true;
      if (which == 3) options.fit_intercept = how.fit_intercept = false;
      if (which == 4) options.tolerance = how.tolerance = 0.1;
      const fewfit::head h = std::move(*m->teach(l.texts, l.labels, options));
      const auto vectors = m->encode(texts_view(l.texts)).value();
      const auto fitted = fewfit::fit({vectors, numbers, 20, 3}, how).value();
      std::vector<double> expected(60 * 3), ours(60 * 3);
      for (std::size_t i = 0; i < 60; ++i)
        REQUIRE(fewfit::predict_proba(fitted.weights(), &vectors[i * 20], &expected[i * 3]));
      REQUIRE(h.predict_proba(vectors, ours) == errc::none);
      CHECK(ours == expected);
    }
}

TEST_CASE("progress is that of the texts, over all calls; who says stop has no head") {
  taught_texts many = lessons();
  while (many.texts.size() < 600) many.texts.push_back(many.texts[1]), many.labels.push_back(many.labels[1]);
  struct heard {
    std::vector<std::size_t> done;
    std::size_t total = 0, most = 0;
    static bool call(void* self, std::size_t done, std::size_t total) {
      heard& h = *static_cast<heard*>(self);
      h.done.push_back(done), h.total = total;
      return done < h.most;
    }
  };
  heard all, some;
  all.most = 601, some.most = 300;
  fewfit::workspace scratch;
  CHECK(taught_body()->teach(many.texts, many.labels, {}, nullptr, scratch, {}, {heard::call, &all}));
  CHECK(all.total == 600);
  CHECK(std::is_sorted(all.done.begin(), all.done.end()));
  CHECK(std::count(all.done.begin(), all.done.end(), 256) == 1);
  CHECK(all.done.back() == 600);
  const auto stopped = taught_body()->teach(many.texts, many.labels, {}, nullptr, scratch, {}, {heard::call, &some});
  CHECK(stopped.error().code == errc::cancelled);
  CHECK(std::string(stopped.error().where) == "encode");  // no text is to blame, and none is looked for
  CHECK(some.done.back() >= 300);
  CHECK(some.done.back() < 512);

  fewfit::teach_options options;
  options.most_errors = 0.1;  // each example is left out in turn, too
  const taught_texts& l = lessons();
  heard both, last;
  both.most = 121, last.most = 100;
  CHECK(taught_body()->teach(l.texts, l.labels, options, nullptr, scratch, {}, {heard::call, &both}));
  CHECK(both.total == 120);
  CHECK(std::is_sorted(both.done.begin(), both.done.end()));
  CHECK(std::count_if(both.done.begin(), both.done.end(), [](std::size_t done) { return done > 60; }) == 60);
  CHECK(both.done.back() == 120);
  const auto late = taught_body()->teach(l.texts, l.labels, options, nullptr, scratch, {}, {heard::call, &last});
  CHECK(late.error().code == errc::cancelled);
  CHECK(last.done.back() == 100);
}

TEST_CASE("two labels are one row; a head without a model's own: a body alone can be taught") {
  support::tiny_parts p = support::tiny_model();
  p.has_head = false;
  const tiny_loaded body(p);
  const fewfit::head h = std::move(*body->teach(texts_view(std::vector<std::string_view>{"good", "bad day"}),
                                                texts_view(std::vector<std::string_view>{"up", "down"})));
  CHECK(h.labels()[0] == "down");
  CHECK(h.predict(body->encode("good").value()).label == "up");
  CHECK(h.predict(body->encode("bad day").value()).label == "down");
}

TEST_CASE("a confidence below which to say nothing, by leaving out each example in turn") {
  const taught_texts& l = lessons();
  fewfit::teach_options options;
  CHECK(taught_body()->teach(l.texts, l.labels, options)->abstain_below() == 0);
  options.most_errors = 0.02;
  const fewfit::head h = std::move(*taught_body()->teach(l.texts, l.labels, options));
  CHECK(h.abstain_below() > 0);
  CHECK(h.abstain_below() <= 1);
  CHECK(h.expected_error() <= 0.02);
  options.most_errors = 1.5;
  CHECK(taught_body()->teach(l.texts, l.labels, options)->abstain_below() == 0);
  options.most_errors = std::nan("");
  CHECK(taught_body()->teach(l.texts, l.labels, options).error().code == errc::bad_argument);
}

TEST_CASE("what it would say of each example without it is kept where it is asked for, and is leave_one_out's") {
  const taught_texts& l = lessons();
  fewfit::teach_options options;
  CHECK(taught_body()->teach(l.texts, l.labels, options)->held_out().size == 0);
  for (const double most_errors : {1.0, 0.02})
    for (const bool keep : {false, true}) {
      options.most_errors = most_errors, options.keep_examples = keep, options.leave_one_out = true;
      const fewfit::head h = std::move(*taught_body()->teach(l.texts, l.labels, options));
      REQUIRE(h.held_out().size == 60 * 3);
      const auto vectors = taught_body()->encode(texts_view(l.texts)).value();
      const std::vector<std::uint32_t> numbers = l.numbers();
      const fewfit::training_set all{vectors, numbers, 20, 3};
      std::vector<double> expected(60 * 3);
      REQUIRE(fewfit::leave_one_out(all, *fewfit::fit(all), expected).code == errc::none);
      CHECK(std::equal(expected.begin(), expected.end(), h.held_out().begin()));
      options.leave_one_out = false;  // costs nothing else
      const fewfit::head without = std::move(*taught_body()->teach(l.texts, l.labels, options));
      CHECK(without.held_out().size == 0);
      CHECK(without.abstain_below() == h.abstain_below());
      CHECK(without.bytes() + 60 * 3 * sizeof(double) == h.bytes());
    }
}

TEST_CASE("none of the labels: examples of it are learned as a label's, and their label is no answer") {
  const taught_texts& l = lessons();
  fewfit::teach_options options;
  const fewfit::head plain = std::move(*taught_body()->teach(l.texts, l.labels, options));
  CHECK(plain.unknown().empty());
  options.unknown = "other", options.most_errors = 0.02, options.leave_one_out = true;
  const fewfit::head h = std::move(*taught_body()->teach(l.texts, l.labels, options));
  CHECK(h.unknown() == "other");
  CHECK(says(h) == says(plain));
  const std::vector<std::uint32_t> numbers = l.numbers();
  const fewfit::abstention expected = fewfit::threshold_for(0.02, h.held_out(), numbers, 3, {}, 1).value();
  CHECK(h.abstain_below() == expected.threshold);
  CHECK(h.expected_error() == expected.error);
  CHECK(fewfit::threshold_for(0.02, h.held_out(), numbers, 3).value().threshold != expected.threshold);
  const auto vectors = taught_body()->encode(texts_view(support::many_texts())).value();
  std::vector<fewfit::prediction> said(support::many_texts().size());
  REQUIRE(h.predict(vectors, said) == errc::none);
  std::size_t answers = 0, unsure = 0, unknown = 0;
  for (const fewfit::prediction& p : said) {
    const bool sure = p.probability >= h.abstain_below();
    CHECK(h.is_answer(p) == (sure && p.label != "other"));
    ++(p.label == "other" ? unknown : sure ? answers : unsure);
  }
  CHECK((answers > 0 && unsure > 0 && unknown > 0));
  CHECK_FALSE(h.is_answer(h.predict({})));

  options.unknown = "nobody's";  // without an example
  CHECK(taught_body()->teach(l.texts, l.labels, options)->unknown().empty());
}

TEST_CASE("a head whose surest examples are wrong answers nothing") {
  const std::vector<std::string_view> texts{"good", "bad", "good", "bad"}, labels{"a", "a", "b", "b"};
  fewfit::teach_options options;
  options.most_errors = 0;
  const fewfit::head h = std::move(*taught_body()->teach(texts, labels, options));
  CHECK(h.abstain_below() == 1);
  fewfit::prediction said = h.predict(taught_body()->encode("good").value());
  said.probability = 1;
  CHECK_FALSE(h.is_answer(said));
}

TEST_SUITE_END();
