// SPDX-License-Identifier: MIT
// Long texts: one window is the plain call's bits, many are what the reducers say, and what goes wrong is a status.

#include "fewfit/long_text.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "fewfit/thread_pool.hpp"
#include "support/call_faults.hpp"
#include "support/many_texts.hpp"

using fewfit::errc;
using fewfit::long_answer;
using fewfit::long_text_options;
using fewfit::long_text_reader;
using fewfit::reduce;

namespace {

constexpr reduce reducers[] = {reduce::first, reduce::mean, reduce::max, reduce::mean_vector, reduce::top_mean};

/// Words from a seed, each a token, a few behind a line's end or a mark.
std::string long_words(std::size_t count, std::uint32_t seed) {
  const char* const words[] = {"good ", "day ", "not ", "a ", "! ", "bad ", "very ", "york\n", "1", "2 "};
  std::mt19937 random(seed);
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += words[random() % 10];
  return text;
}

long_text_options options_for(reduce how, std::size_t window = 0, std::size_t overlap = 0, std::size_t top = 3) {
  long_text_options o;
  o.how = how, o.window = window, o.overlap = overlap, o.top = top;
  return o;
}

/// Probabilities of all windows, asked one by one.
struct windows_asked {
  std::vector<std::vector<double>> probabilities;
  std::vector<std::vector<float>> vectors;
  std::vector<fewfit::byte_range> where;
  std::size_t tokens = 0;

  windows_asked(const fewfit::model& m, std::string_view text, std::size_t window, std::size_t overlap) {
    fewfit::text_windows cutter(m, window, overlap);
    fewfit::workspace scratch;
    fewfit::text_window w;
    for (cutter.begin(text); cutter.next(scratch, w);) {
      probabilities.push_back(m.predict_proba(w.text).value());
      vectors.push_back(m.encode(w.text).value());
      where.push_back(w.where);
      tokens += m.predict(w.text).tokens;
    }
  }
  std::vector<double> column(std::size_t label) const {
    std::vector<double> out;
    for (const auto& p : probabilities) out.push_back(p[label]);
    return out;
  }
};

/// The mean of the largest few, added in their order.
double mean_of_largest(std::vector<double> values, std::size_t count) {
  std::stable_sort(values.begin(), values.end(), std::greater<>());
  values.resize(std::min(count, values.size()));
  double sum = 0;
  for (const double x : values) sum += x;
  return sum / static_cast<double>(values.size());
}

std::vector<double> head_of_mean(const fewfit::model& m, const windows_asked& all) {
  std::vector<double> mean(m.config().sentence_size);
  long double square = 0;
  for (std::size_t d = 0; d < mean.size(); ++d) {
    for (const auto& v : all.vectors) mean[d] += static_cast<double>(v[d]);
    mean[d] /= static_cast<double>(all.vectors.size());
    square += static_cast<long double>(mean[d]) * static_cast<long double>(mean[d]);
  }
  const double length = m.config().normalize != 0 ? std::sqrt(static_cast<double>(square)) : 1;
  std::vector<float> vector;
  for (const double x : mean) vector.push_back(static_cast<float>(x / length));
  std::vector<double> out(m.labels().size);
  REQUIRE(m.predict_proba_of(vector, out) == errc::none);
  return out;
}

std::vector<double> reduced(const fewfit::model& m, const windows_asked& all, const long_text_options& o) {
  if (all.probabilities.size() == 1) return all.probabilities[0];
  if (o.how == reduce::mean_vector) return head_of_mean(m, all);
  std::vector<double> out;
  for (std::size_t k = 0; k < m.labels().size; ++k) {
    const std::vector<double> p = all.column(k);
    double sum = 0;
    for (const double x : p) sum += x;
    if (o.how == reduce::mean) out.push_back(sum / static_cast<double>(p.size()));
    if (o.how == reduce::max) out.push_back(*std::max_element(p.begin(), p.end()));
    if (o.how == reduce::top_mean) out.push_back(mean_of_largest(p, o.top));
  }
  return out;
}

void check_answer(const fewfit::model& m, const long_answer& a, const std::vector<double>& expected) {
  REQUIRE(a.status == errc::none);
  REQUIRE(a.probabilities.size() == expected.size());
  for (std::size_t k = 0; k < expected.size(); ++k) CHECK(std::abs(a.probabilities[k] - expected[k]) <= 1e-7);
  const auto best = std::max_element(a.probabilities.begin(), a.probabilities.end()) - a.probabilities.begin();
  CHECK(a.index == best);
  CHECK(a.label == m.labels()[a.index]);
  CHECK(a.probability == a.probabilities[a.index]);
}

bool same_bits(const long_answer& a, const long_answer& b) {
  bool same = a.label == b.label && a.probability == b.probability && a.index == b.index && a.windows == b.windows &&
              a.tokens == b.tokens && a.truncated == b.truncated && a.status == b.status &&
              a.probabilities == b.probabilities && a.evidence.size() == b.evidence.size();
  for (std::size_t k = 0; same && k < a.evidence.size(); ++k)
    same = a.evidence[k].where.begin == b.evidence[k].where.begin &&
           a.evidence[k].where.end == b.evidence[k].where.end &&
           a.evidence[k].probability == b.evidence[k].probability;
  return same;
}

void check_is_plain(const fewfit::model& m, const long_answer& a, std::string_view text) {
  const fewfit::prediction p = m.predict(text);
  CHECK(a.status == p.status);
  CHECK(a.label == p.label);
  CHECK(a.probability == p.probability);
  CHECK(a.index == p.index);
  CHECK(a.tokens == p.tokens);
  CHECK(a.truncated == p.truncated);
  CHECK(a.windows == 1);
  CHECK(a.probabilities == m.predict_proba(text).value());
  for (std::size_t k = 0; k < a.evidence.size(); ++k) CHECK(a.evidence[k].probability == a.probabilities[k]);
}

}  // namespace

TEST_SUITE_BEGIN("long_text");

TEST_CASE("one window: the bits of predict and predict_proba with every reducer") {
  for (const bool unit_length : {false, true}) {
    support::tiny_options o;
    o.normalize = unit_length ? 1 : 0;
    const support::tiny_loaded m(support::tiny_model(o));
    for (const reduce how : reducers) {
      long_text_reader reader(*m, options_for(how));
      fewfit::workspace scratch;
      for (const std::string_view text : support::many_texts())
        if (!m->predict(text).truncated) check_is_plain(*m, reader.predict(text, scratch), text);
    }
  }
}

TEST_CASE("one window: the label is predict's, also where two of its probabilities are the same") {
  const support::tiny_loaded m(support::equal_sigmoids());
  REQUIRE(m->predict("good").index == 1);
  for (const reduce how : {reduce::first, reduce::mean, reduce::max, reduce::mean_vector, reduce::top_mean})
    CHECK(fewfit::predict_long(*m, "good", options_for(how)).index == 1);
}

TEST_CASE("reduce::first: the bits of predict for every text") {
  const fewfit::model& m = support::shared_tiny();
  for (const std::string_view text : support::many_texts())
    check_is_plain(m, fewfit::predict_long(m, text, options_for(reduce::first)), text);
  const std::string text = long_words(500, 1);
  const long_answer a = fewfit::predict_long(m, text, options_for(reduce::first, 3, 1));
  check_is_plain(m, a, text);
  CHECK(a.truncated);
  const auto seen = m.tokenize(text, {true, true, true}).offsets;  // of [CLS] first, of [SEP] last
  CHECK(a.evidence[0].where.begin == seen[1].begin);
  CHECK(a.evidence[0].where.end == seen[seen.size() - 2].end);
  CHECK(a.evidence[0].where.end < text.size());
}

TEST_CASE("many windows: what the reducers say of answers to each window alone") {
  for (const bool unit_length : {false, true}) {
    support::tiny_options o;
    o.normalize = unit_length ? 1 : 0;
    o.binary = unit_length;
    const support::tiny_loaded m(support::tiny_model(o));
    fewfit::workspace scratch;
    for (const std::size_t words : {20u, 60u, 400u})
      for (const std::size_t overlap : {0u, 4u}) {
        const std::string text = long_words(words, static_cast<std::uint32_t>(words + overlap));
        const windows_asked all(*m, text, 8, overlap);
        REQUIRE(all.where.size() > (words == 400 ? 2 * 64 / 3 : 1));
        for (const reduce how : {reduce::mean, reduce::max, reduce::mean_vector, reduce::top_mean})
          for (const std::size_t top : {1u, 3u, 1000u}) {
            const long_text_options options = options_for(how, 8, overlap, top);
            long_text_reader reader(*m, options);
            const long_answer& a = reader.predict(text, scratch);
            check_answer(*m, a, reduced(*m, all, options));
            CHECK(a.windows == all.where.size());
            CHECK(a.tokens == all.tokens);
            CHECK(!a.truncated);
          }
      }
  }
}

TEST_CASE("evidence: the first window in which a label is as probable as anywhere") {
  const fewfit::model& m = support::shared_tiny();
  const std::string text = long_words(300, 9) + long_words(300, 9);  // some windows are there twice
  const windows_asked all(m, text, 10, 3);
  for (const reduce how : {reduce::mean, reduce::max, reduce::mean_vector, reduce::top_mean}) {
    const long_answer a = fewfit::predict_long(m, text, options_for(how, 10, 3));
    for (std::size_t k = 0; k < m.labels().size; ++k) {
      const std::vector<double> p = all.column(k);
      const auto best = static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin());
      CHECK(a.evidence[k].where.begin == all.where[best].begin);
      CHECK(a.evidence[k].where.end == all.where[best].end);
      CHECK(a.evidence[k].probability == p[best]);
    }
  }
}

TEST_CASE("the same bits on any number of threads, in any order, by any number of calls") {
  const fewfit::model& m = support::shared_tiny();
  const fewfit::executor backwards = {[](void*, std::size_t tasks, void (*task)(void*, std::size_t), void* context) {
                                        for (std::size_t i = tasks; i > 0; --i) task(context, i - 1);
                                      },
                                      nullptr};
  fewfit::thread_pool pool(3);
  fewfit::workspace scratch(3), one;
  for (const reduce how : reducers) {
    long_text_reader reader(m, options_for(how, 6, 2, 2));
    for (const std::size_t words : {0u, 3u, 64u, 500u, 40u}) {
      const std::string text = long_words(words, 5);
      const long_answer expected = fewfit::predict_long(m, text, options_for(how, 6, 2, 2));
      CHECK(same_bits(reader.predict(text, one), expected));
      CHECK(same_bits(reader.predict(text, scratch, pool.executor()), expected));
      CHECK(same_bits(reader.predict(text, scratch, backwards), expected));
    }
  }
}

TEST_CASE("exactly 64 windows, and one more or fewer") {
  const fewfit::model& m = support::shared_tiny();
  for (const std::size_t windows : {63u, 64u, 65u, 128u}) {
    std::string text;
    for (std::size_t i = 0; i < windows; ++i) text += "good bad ";
    const long_answer a = fewfit::predict_long(m, text, options_for(reduce::mean, 2, 0));
    CHECK(a.windows == windows);
    for (const fewfit::label_evidence& e : a.evidence)
      CHECK(e.where.end == 8);  // they are equal, and it is the first
    CHECK(a.probabilities[0] == doctest::Approx(m.predict_proba("good bad").value()[0]).epsilon(1e-12));
  }
}

TEST_CASE("options that cannot be are refused, and say so at every call") {
  const fewfit::model& m = support::shared_tiny();  // looks at 12 tokens, so at 10 of a text
  for (const reduce how : reducers) {
    CHECK(fewfit::predict_long(m, "good", options_for(how, 10, 9)).status == errc::none);
    CHECK(fewfit::predict_long(m, "good", options_for(how, 11, 0)).status == errc::bad_argument);
    CHECK(fewfit::predict_long(m, "good", options_for(how, 10, 10)).status == errc::bad_argument);
    CHECK(fewfit::predict_long(m, "good", options_for(how, 0, 10)).status == errc::bad_argument);
    CHECK(fewfit::predict_long(m, "good", options_for(how, 5, 1, 0)).status == errc::bad_argument);
  }
  CHECK(fewfit::predict_long(m, "good", options_for(static_cast<reduce>(5))).status == errc::bad_argument);
  CHECK(fewfit::predict_long(m, "good").status == errc::none);
}

TEST_CASE("what goes wrong is a status, with nothing beside it, and the next text is read") {
  const fewfit::model& m = support::shared_tiny();
  const support::tiny_loaded overflowing(support::overflowing_model());
  std::vector<unsigned char> memory(m.workspace_bytes(12, 1, 1));
  for (const reduce how : reducers) {
    long_text_reader reader(m, options_for(how, 5, 1)), other(*overflowing, options_for(how, 5, 1));
    fewfit::workspace scratch, small(memory.data(), memory.size());
    const auto failed = [](const long_answer& a, errc why) {
      CHECK(a.status == why);
      CHECK(a.label.empty());
      CHECK(a.windows == 0);
      CHECK(a.tokens == 0);
      CHECK(a.probability == 0);
      CHECK(std::all_of(a.probabilities.begin(), a.probabilities.end(), [](double p) { return p == 0; }));
      for (const fewfit::label_evidence& e : a.evidence) CHECK(e.probability == 0);
    };
    CHECK(reader.predict("good day", scratch).status == errc::none);
    failed(reader.predict(support::endless_text(), scratch), errc::text_too_long);
    failed(other.predict(long_words(30, 1), scratch), errc::non_finite_output);
    if (how != reduce::first) failed(reader.predict(long_words(300, 1), small), errc::workspace_too_small);
    check_is_plain(m, reader.predict("good day", scratch), "good day");
  }
}

TEST_SUITE_END();
