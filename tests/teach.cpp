// SPDX-License-Identifier: MIT
// A head out of labelled texts: what it learns, learns more, forgets; its file; and what it is not taught with.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "fewfit/thread_pool.hpp"
#include "support/call_faults.hpp"
#include "support/check_damage.hpp"
#include "support/many_texts.hpp"
#include "support/tiny_head.hpp"

using fewfit::errc;
using support::tiny_loaded;
using texts_view = fewfit::span<const std::string_view>;

namespace {

const tiny_loaded& taught_body() {
  static const tiny_loaded m(support::tiny());
  return m;
}

/// Sixty texts with words, and a label for each by what it says.
struct taught_texts {
  std::vector<std::string_view> texts, labels;
  taught_texts() {
    for (const std::string_view text : support::many_texts()) {
      const bool is_utf8 = text.find('\xFF') == text.npos;  // for texts that are kept
      if (texts.size() == 60 || !is_utf8 || taught_body()->tokenize(text).ids.size() == 2) continue;
      texts.push_back(text);
      labels.push_back(text.find("good") != text.npos ? "praise" : text.find("bad") != text.npos ? "blame" : "other");
    }
  }
  texts_view some(std::size_t first, std::size_t n) const { return {texts.data() + first, n}; }
  texts_view labels_of(std::size_t first, std::size_t n) const { return {labels.data() + first, n}; }
};

const taught_texts& lessons() {
  static const taught_texts all;
  return all;
}

std::vector<double> says(const fewfit::head& h) {
  const auto vectors = taught_body()->encode(texts_view(support::many_texts())).value();
  std::vector<double> out(support::many_texts().size() * h.probabilities_size());
  REQUIRE(h.predict_proba(vectors, out) == errc::none);
  return out;
}

double farthest(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::fabs(a[i] - b[i]));
  return worst;
}

fewfit::error taught_wrongly(const std::vector<std::string_view>& texts, const std::vector<std::string_view>& labels,
                             const fewfit::teach_options& options = {}) {
  const auto head = taught_body()->teach(texts, labels, options);
  return head ? fewfit::error() : head.error();
}

}  // namespace

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
  std::vector<std::uint32_t> numbers;
  for (const std::string_view label : l.labels) numbers.push_back(label == "blame" ? 0 : label == "other" ? 1 : 2);
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

TEST_CASE("none of the labels: examples of it are learned as a label's, and their label is no answer") {
  const taught_texts& l = lessons();
  fewfit::teach_options options;
  const fewfit::head plain = std::move(*taught_body()->teach(l.texts, l.labels, options));
  CHECK(plain.unknown().empty());
  options.unknown = "other", options.most_errors = 0.02, options.leave_one_out = true;
  const fewfit::head h = std::move(*taught_body()->teach(l.texts, l.labels, options));
  CHECK(h.unknown() == "other");
  CHECK(says(h) == says(plain));
  std::vector<std::uint32_t> numbers;
  for (const std::string_view label : l.labels) numbers.push_back(label == "blame" ? 0 : label == "other" ? 1 : 2);
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

  const fewfit::head again = std::move(*taught_body()->relabel(h, 0, "blame"));  // as the known head has it
  CHECK(again.unknown() == "other");
  CHECK(taught_body()->teach(l.some(0, 5), l.labels_of(0, 5), {}, &h)->unknown() == "other");
  options.unknown = "praise";
  CHECK(taught_body()->relabel(h, 0, "blame", options)->unknown() == "praise");
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
  CHECK(taught_wrongly(l.texts, l.labels, options).code == errc::bad_argument);
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
      std::vector<std::uint32_t> numbers;
      for (const std::string_view label : l.labels)
        numbers.push_back(label == "blame" ? 0 : label == "other" ? 1 : 2);
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

TEST_CASE("what cannot be learned from is said, by its place") {
  using views = std::vector<std::string_view>;
  const auto is = [](const fewfit::error& e, errc code, const char* where, std::uint64_t number) {
    CHECK(e.code == code);
    CHECK(std::string(e.where) == where);
    CHECK(e.number == number);
  };
  is(taught_wrongly({}, {}), errc::no_examples, "examples", 0);
  is(taught_wrongly({"good", "bad"}, {"a", "a"}), errc::one_label, "labels", 1);
  is(taught_wrongly({"good", "bad"}, {"a"}), errc::bad_argument, "labels", 1);
  is(taught_wrongly({"good", "", "bad"}, {"a", "b", "b"}), errc::empty_text, "texts", 1);
  is(taught_wrongly({"good", "bad", " \n "}, {"a", "b", "b"}), errc::empty_text, "texts", 2);
  is(taught_wrongly({"good", "bad"}, {"a", "\xFF"}), errc::bad_utf8, "labels", 1);
  is(taught_wrongly({"good", "bad"}, {"a", ""}), errc::bad_label, "labels", 0);
  CHECK(taught_wrongly({"good", support::endless_text()}, {"a", "b"}).code == errc::text_too_long);
  fewfit::teach_options options;
  options.C = 0;
  is(taught_wrongly({"good", "bad"}, {"a", "b"}, options), errc::bad_argument, "C", 0);
  options = {}, options.keep_texts = true;
  CHECK(taught_wrongly({"good", "bad \xFF"}, {"a", "b"}, options).code == errc::bad_utf8);
  options = {}, options.name = "\xFF";
  CHECK(taught_wrongly({"good", "bad"}, {"a", "b"}, options).code == errc::bad_utf8);
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
  const auto expected = says(*teach());
  memory.fail(0, false);
  CHECK(teach());
  const std::size_t calls = memory.calls;
  CHECK(calls > 10);
  for (std::size_t at = 1; at <= calls; ++at)
    for (const bool for_ever : {false, true}) {
      memory.fail(at, for_ever);
      CHECK(teach().error().code == errc::out_of_memory);
      memory.fail(0, false);
      CHECK(memory.live == live);
      CHECK(memory.mistakes == 0);
    }
  CHECK(says(*teach()) == expected);
  memory.largest = 1u << 26;
  const std::string_view text = "good";
  const fewfit::error e =
      m->teach({&text, 10000000}, {&text, 10000000}, options, nullptr, scratch).error();  // nothing of it is read
  CHECK(e.code == errc::out_of_memory);
  CHECK(std::string(e.where) == "examples");
  CHECK(e.number == 10000000);
}

TEST_CASE("what is wrong with examples in a file is said") {
  const tiny_loaded body(support::tiny());
  const auto with = [&](const std::function<void(std::string&)>& edit) {
    const std::string_view texts[] = {"good", "bad"}, labels[] = {"a", "b"};
    fewfit::teach_options options;
    options.keep_texts = true;
    const fewfit::head h = std::move(*body->teach(texts, labels, options));
    std::string file(reinterpret_cast<const char*>(h.contents().data), h.contents().size);
    edit(file);
    support::repair(file);
    return support::head_error(file, body.operator*());
  };
  // The section begins behind the others: its directory entry is the fourth.
  const auto begin = [](const std::string& f) {
    std::size_t at = 128;
    for (std::size_t i = 0; i < 3; ++i)
      at += support::up_to_64(static_cast<std::size_t>(support::get<std::uint64_t>(f, 72 + 16 * i)));
    return at;
  };
  CHECK(with([](std::string&) {}).code == errc::none);
  const auto refused = [&](errc code, std::size_t at, auto value) {
    const fewfit::error e = with([&](std::string& f) { support::put(f, begin(f) + at, value); });
    CHECK(e.code == code);
    CHECK(std::string(e.where) == (code == errc::bad_flag ? "texts are kept" : "examples"));
  };
  refused(errc::bad_dimension, 0, 0u), refused(errc::bad_dimension, 0, (1u << 24) + 1);
  refused(errc::section_size, 0, 1u << 24), refused(errc::bad_flag, 4, 2u),
      refused(errc::reserved_not_zero, 63, '\1');
  refused(errc::bad_label, 64, 2u), refused(errc::non_finite_weight, 128, 0x7FC00000u);
  const auto share = [&](std::size_t at, double value) {  // in the head, which is the second section
    return with([&](std::string& f) {
             const auto body_size = static_cast<std::size_t>(support::get<std::uint64_t>(f, 72));
             support::put(f, 128 + support::up_to_64(body_size) + at, value);
           })
        .code;
  };
  for (const std::size_t at : {24u, 32u}) {
    for (const double bad : {-0.001, 1.001, std::nan(""), HUGE_VAL}) CHECK(share(at, bad) == errc::bad_share);
    for (const double good : {0.0, 0.5, 1.0}) CHECK(share(at, good) == errc::none);
  }
}

TEST_SUITE_END();
