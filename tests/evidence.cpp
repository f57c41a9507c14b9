// SPDX-License-Identifier: MIT
// Contributions of words against a plain evaluation in double, against texts with a word taken out by hand, and what
// happens where there is none.

#include "fewfit/evidence.hpp"

#include <doctest/doctest.h>

#include <cfenv>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "support/call_faults.hpp"
#include "support/golden.hpp"
#include "support/many_texts.hpp"
#include "support/reference.hpp"

using fewfit::byte_range;
using fewfit::errc;
using fewfit::evidence;
using fewfit::explanation;
using fewfit::word_evidence;
using support::many_texts;
using support::tiny_loaded;
using support::tiny_options;
using support::tiny_parts;

namespace {

/// Tokens of the text that a word is made of, by their index, and its bytes.
struct token_group {
  std::size_t first, count;
  byte_range bytes;
};

/// Words as the tokens' own texts tell them: one that begins with ## goes on with the word before it.
std::vector<token_group> groups(const fewfit::model& m, std::string_view text) {
  const fewfit::token_ids t = m.tokenize(text, {true, true, true});
  std::vector<token_group> out;
  for (std::size_t i = 1; i + 1 < t.ids.size(); ++i) {
    if (m.token(t.ids[i]).substr(0, 2) == "##" && !out.empty())
      ++out.back().count, out.back().bytes.end = t.offsets[i].end;
    else
      out.push_back({i, 1, t.offsets[i]});
  }
  return out;
}

tiny_parts of_kind(std::uint32_t kind, tiny_options o = {}) {
  o.head_kind = kind, o.binary = kind == 2;
  return support::tiny_model(o);
}

/// The row of coefficients that makes a label's logit, and its intercept in front of it.
std::vector<double> row_of(const tiny_parts& p, std::size_t label) {
  const std::size_t row = p.head_kind == 2 ? 0 : label;
  std::vector<double> out = {p.intercept[row]};
  for (std::size_t i = 0; i < p.D; ++i) out.push_back(p.coefficients[row * p.D + i]);
  for (double& x : out) x = p.head_kind == 2 && label == 0 ? -x : x;
  return out;
}

double row_times(const std::vector<double>& row, const std::vector<double>& x) {
  double sum = 0;
  for (std::size_t i = 0; i + 1 < row.size(); ++i) sum += row[i + 1] * x[i];
  return sum;
}

/// A label's decision over a vector, in chains of fused multiply-adds as the library promises them.
double logit_of(const tiny_parts& p, std::size_t label, const std::vector<float>& sentence) {
  std::vector<double> out(p.intercept.size());
  auto c = p.coefficients.begin();
  for (std::size_t row = 0; row < out.size(); ++row) {
    double x = p.intercept[row];
    for (const float v : sentence) x = std::fma(static_cast<double>(v), *c++, x);
    for (std::size_t before = 0; p.head_kind == 5 && before < row; ++before, ++c)
      x += out[p.order[before]] > 0 ? *c : 0;
    out[p.head_kind == 5 ? p.order[row] : row] = x;
  }
  return p.head_kind != 2 ? out[label] : label == 1 ? out[0] : -out[0];
}

/// What row t counts, by the number of the pooling.
double weight_of(std::uint32_t pooling, std::size_t t, std::size_t tokens) {
  support::matrix ones(tokens, {0});
  ones[t][0] = 1;
  return support::pooled(pooling, ones)[0];
}

double sum_of(const explanation& e) {
  double sum = e.intercept + e.rest;
  for (const word_evidence& w : e.words) sum += w.contribution;
  return sum;
}

bool same_parts(const explanation& a, const explanation& b) {
  for (std::size_t i = 0; i < a.words.size() && i < b.words.size(); ++i)
    if (std::memcmp(&a.words[i], &b.words[i], sizeof a.words[i]) != 0) return false;
  return a.words.size() == b.words.size() && a.logit == b.logit && a.rest == b.rest && a.intercept == b.intercept &&
         a.probability == b.probability && a.index == b.index;
}

/// A model that looks at more tokens.
tiny_parts longer_model(tiny_options o, std::uint32_t tokens = 60) {
  tiny_parts p = support::tiny_model(o);
  p.P = tokens + 4, p.M = tokens;
  support::make_tiny_weights(p, o.seed);
  return p;
}

std::string long_text() {
  std::string text;
  for (int i = 0; i < 25; ++i) text += "good badly 12 ";
  return text;
}

/// Without the word, whose neighbours stay apart.
std::string without(std::string_view text, byte_range word) {
  return std::string(text.substr(0, word.begin)) + " " + std::string(text.substr(word.end));
}

}  // namespace

TEST_SUITE_BEGIN("evidence");

/// Shares of all labels beside an evaluation in double.
void check_shares(const tiny_parts& p) {
  const tiny_loaded m(p);
  for (const std::string_view text : many_texts()) {
    const std::vector<std::uint32_t> ids = m->tokenize(text).ids;
    const support::matrix rows = support::reference_rows(p, ids);
    const std::vector<token_group> expected = groups(*m, text);
    double length = 0;
    for (const double x : support::pooled(p.pooling, rows)) length += x * x;
    length = p.normalize != 0 ? std::sqrt(length) : 1;
    for (std::uint32_t k = 0; k < p.labels.size(); ++k) {
      const std::vector<double> row = row_of(p, k);
      const auto share = [&](std::size_t t) {
        return row_times(row, rows[t]) * weight_of(p.pooling, t, ids.size()) / length;
      };
      const explanation e = m->explain(text, k);
      REQUIRE(e.status == errc::none);
      CHECK(e.exact);
      CHECK(e.intercept == row[0]);
      CHECK(std::fabs(e.rest - share(0) - share(ids.size() - 1)) < 5e-6);
      REQUIRE(e.words.size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        double sum = 0;
        for (std::size_t t = 0; t < expected[i].count; ++t) sum += share(expected[i].first + t);
        CHECK(std::fabs(e.words[i].contribution - sum) < 5e-6);
      }
    }
  }
}

TEST_CASE("exact: what an evaluation in double says, for every kind of head, of mean and of length") {
  for (std::uint32_t kind = 1; kind <= 4; ++kind)
    for (const std::uint32_t pooling : {1u, 4u, 5u})
      for (std::uint32_t unit = 0; unit <= 1; ++unit) {
        tiny_options o;
        o.normalize = unit, o.seed = 3 + kind, o.pooling = pooling;
        check_shares(of_kind(kind, o));
      }
  for (const std::uint32_t width : {64u, 5u}) {
    tiny_options o;
    o.normalize = 1, o.D = width, o.H = width == 64 ? 4 : 5;
    check_shares(support::tiny_model(o));
  }
}

/// A text's parts, its logit and its answer agree, for each label.
void check_sums(const tiny_parts& p, const tiny_loaded& m, std::string_view text, bool exact) {
  const std::vector<float> sentence = m->encode(text).value();
  const std::vector<double> probabilities = m->predict_proba(text).value();
  const fewfit::prediction answer = m->predict(text);
  CHECK(m->explain(text).index == answer.index);
  for (std::uint32_t k = 0; k < p.labels.size(); ++k) {
    const explanation e = m->explain(text, k);
    CHECK(e.index == k);
    CHECK(e.label == p.labels[k]);
    CHECK(e.exact == exact);
    CHECK(e.logit == logit_of(p, k, sentence));
    CHECK(e.probability == probabilities[p.pairs != 0 ? 2 * k + 1 : k]);
    CHECK(std::fabs(sum_of(e) - e.logit) < 1e-6);
    CHECK(e.tokens == answer.tokens);
    CHECK(e.truncated == answer.truncated);
    CHECK(e.word_count == e.words.size());
  }
}

TEST_CASE("the parts sum to the logit, which is the one that the answer is made of") {
  for (std::uint32_t kind = 1; kind <= 5; ++kind)
    for (const std::uint32_t pooling : {1u, 2u, 3u, 4u, 5u, 6u, 0x14u, 0x321u})
      for (const bool dense : {false, true}) {
        tiny_options o;
        o.pooling = pooling, o.normalize = kind % 2;
        if (dense) o.dense = std::vector<std::uint32_t>{17, 20};
        tiny_parts p = of_kind(kind, o);
        p.pairs = kind == 4 ? 1 : 0;
        const tiny_loaded m(p);
        const bool exact = (pooling == 1 || pooling == 4 || pooling == 5) && !dense && kind != 5;
        CAPTURE(kind);
        CAPTURE(pooling);
        for (std::size_t i = pooling; i < many_texts().size(); i += 8) check_sums(p, m, many_texts()[i], exact);
      }
}

TEST_CASE("words cover the tokens, each with all of its pieces") {
  for (const std::uint32_t pooling : {1u, 2u}) {
    tiny_options o;
    o.pooling = pooling;
    const tiny_loaded m(support::tiny_model(o));
    std::vector<std::string_view> texts = many_texts();
    texts.insert(texts.end(), {"goodly days", "good-day.[USER] x", "ab1bs", "\xFFgood\xFF day"});
    for (const std::string_view text : texts) {
      const std::vector<token_group> expected = groups(*m, text);
      const explanation e = m->explain(text);
      REQUIRE(e.words.size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        CHECK(e.words[i].bytes.begin == expected[i].bytes.begin);
        CHECK(e.words[i].bytes.end == expected[i].bytes.end);
      }
    }
    const explanation e = m->explain(" Gooddays, new  York ");
    REQUIRE(e.words.size() == 4);  // the comma, which is no token, is a word that nobody knows
    CHECK(e.words[0].bytes.begin == 1);
    CHECK(e.words[0].bytes.end == 9);
    CHECK(e.words[1].bytes.begin == 9);
    CHECK(e.words[3].bytes.end == 20);
  }
}

/// Occlusion of a label beside texts with a word taken out by hand.
void check_occlusion(const tiny_parts& p, std::uint32_t label) {
  const tiny_loaded m(p);
  const std::string longest = long_text();
  std::vector<std::string_view> texts(many_texts().begin(), many_texts().begin() + 40);
  texts.push_back(longest);  // cut: without a word, one more of the next moves up
  for (const std::string_view text : texts) {
    const explanation e = m->explain(text, label, fewfit::evidence_kind::occlusion);
    REQUIRE(e.status == errc::none);
    CHECK(!e.exact);
    CHECK(e.truncated == (text == longest));
    CHECK((m->explain(text, label).exact || same_parts(e, m->explain(text, label))));
    double left = e.logit - e.intercept;
    for (const word_evidence& w : e.words) {
      CHECK(w.contribution == e.logit - logit_of(p, label, m->encode(without(text, w.bytes)).value()));
      left -= w.contribution;
    }
    CHECK(e.rest == left);
    if (text == longest) CHECK(e.words.size() > 2 * fewfit::detail::texts_a_task);
  }
}

TEST_CASE("occlusion: the difference that taking the word out by hand makes, to the bit") {
  for (const std::uint32_t pooling : {1u, 2u, 3u, 6u, 0x13u})
    for (const std::uint32_t kind : {1u, 2u, 5u})
      for (std::uint32_t label = 0; label <= 1; ++label) {
        tiny_options o;
        o.head_kind = kind, o.binary = kind == 2, o.normalize = label, o.pooling = pooling, o.added_tokens = false;
        if (pooling == 6) o.dense = std::vector<std::uint32_t>{24};
        check_occlusion(longer_model(o), label);
      }
}

TEST_CASE("of a chain, the intercept is that of the link that decides the label") {
  const tiny_parts p = of_kind(5);
  const tiny_loaded m(p);
  for (std::uint32_t link = 0; link < 3; ++link)
    CHECK(m->explain("good day", p.order[link]).intercept == p.intercept[link]);
}

TEST_CASE("occlusion where more texts would fit into a batch than it takes: none lies behind the workspace") {
  tiny_options o;
  o.pooling = 3;
  const tiny_parts p = longer_model(o, 8000);
  const tiny_loaded m(p);
  std::string text;
  for (int i = 0; i < 88; ++i) text += i % 3 == 0 ? "good " : "bad ";
  text += std::string(8000, ' ');  // for all that the text's bytes tell, it fills a batch
  const std::size_t bytes = m->workspace_bytes(8000);
  const support::aligned_bytes memory(std::string(bytes + 4096, '\x5A'));
  fewfit::workspace scratch(memory.data(), bytes);
  std::vector<word_evidence> out(88);
  const evidence e = m->explain(text, scratch, out, 0);
  REQUIRE(e.status == errc::none);
  REQUIRE(e.word_count == 88);
  for (std::size_t i = bytes; i < memory.size(); ++i) REQUIRE(memory.data()[i] == 0x5A);
  for (const word_evidence& w : out)
    CHECK(w.contribution == e.logit - logit_of(p, 0, m->encode(without(text, w.bytes)).value()));
}

TEST_CASE("occlusion leaves out a word, and does not join its neighbours") {
  tiny_options o;
  o.pooling = 3;
  const tiny_parts p = support::tiny_model(o);
  const tiny_loaded m(p);
  const explanation e = m->explain("good.day", 0);
  REQUIRE(e.words.size() == 3);
  const double apart = logit_of(p, 0, m->encode("good day").value());
  const double joined = logit_of(p, 0, m->encode("goodday").value());
  CHECK(apart != joined);
  CHECK(e.words[1].contribution == e.logit - apart);
}

TEST_CASE("a text that is cut: words up to the cut, the last with the pieces that were seen") {
  for (const std::uint32_t pooling : {1u, 3u}) {
    tiny_options o;
    o.pooling = pooling;
    const tiny_loaded m(support::tiny_model(o));
    const std::string text = "good day good day good day good day good gooddays more and more";
    const explanation e = m->explain(text);
    REQUIRE(e.words.size() == 10);  // ten tokens between [CLS] and [SEP]
    CHECK(e.truncated);
    CHECK(e.tokens == 12);
    CHECK(text.substr(e.words[9].bytes.begin, e.words[9].bytes.end - e.words[9].bytes.begin) == "good");
    CHECK(std::fabs(sum_of(e) - e.logit) < 1e-6);
    const std::string fits = text.substr(0, text.find(" more"));
    CHECK(m->explain(fits).words.size() == 10);
    CHECK(m->explain(text.substr(0, e.words[8].bytes.end)).words.size() == 9);
    CHECK(!m->explain(text.substr(0, e.words[9].bytes.end)).truncated);
  }
}

TEST_CASE("the label that is explained unasked is predict's, also where two probabilities are the same") {
  support::tiny_options o;
  o.head_kind = 3;
  support::tiny_parts p = support::tiny_model(o);
  p.coefficients.assign(p.coefficients.size(), 0);
  p.intercept = {40, 50, 45};
  const support::tiny_loaded m(p);
  CHECK(m->explain("good").index == 1);
  CHECK(m->explain("good").logit == 50);
}

TEST_CASE("a text without words has a rest") {
  for (const std::uint32_t pooling : {1u, 2u, 3u}) {
    tiny_options o;
    o.pooling = pooling;
    const tiny_loaded m(support::tiny_model(o));
    for (const std::string_view text : {"", " ", "\xFF"}) {
      const explanation e = m->explain(text);
      CHECK(e.status == errc::none);
      CHECK(e.words.empty());
      CHECK(e.word_count == 0);
      CHECK(e.tokens == 2);
      CHECK(std::fabs(e.logit - e.intercept - e.rest) < 1e-6);
      CHECK(e.rest != 0);
    }
  }
}

TEST_CASE("the same bits again, from every set of kernels, in any workspace") {
  const std::string longest = long_text();
  for (const std::uint32_t pooling : {1u, 3u}) {
    tiny_options o;
    o.pooling = pooling, o.normalize = 1;
    const tiny_parts p = longer_model(o);
    const tiny_loaded first(p);
    const explanation expected = first->explain(longest);
    REQUIRE(expected.words.size() > 20);
    CHECK(same_parts(first->explain(longest), expected));
    for (const fewfit::kernel_table& k : support::all_kernels()) {
      if (!support::kernels_are_fused(k)) continue;
      fewfit::load_options options;
      options.kernels = k.name;
      CHECK(same_parts(tiny_loaded(p, options)->explain(longest), expected));
    }
    std::vector<word_evidence> out(58);
    fewfit::workspace wide(3);
    const evidence shared = first->explain(longest, wide, out);
    CHECK(shared.logit == expected.logit);
    CHECK(shared.word_count == expected.words.size());
    CHECK(std::memcmp(out.data(), expected.words.data(), expected.words.size() * sizeof out[0]) == 0);
    std::vector<unsigned char> memory(first->workspace_bytes(60));
    fewfit::workspace own(memory.data(), memory.size());
    std::vector<word_evidence> again(58);
    CHECK(first->explain(longest, own, again).rest == expected.rest);
    CHECK(std::memcmp(out.data(), again.data(), expected.words.size() * sizeof out[0]) == 0);
  }
}

TEST_CASE("the caller's rounding changes no bit, and stays as it was") {
  for (const std::uint32_t pooling : {1u, 3u}) {
    tiny_options o;
    o.pooling = pooling;
    const tiny_loaded m(support::tiny_model(o));
    const explanation expected = m->explain("good day");
    std::fesetround(FE_UPWARD);
    const explanation other = m->explain("good day");
    const int after = std::fegetround();
    std::fesetround(FE_TONEAREST);
    CHECK(after == FE_UPWARD);
    CHECK(same_parts(other, expected));
  }
}

TEST_CASE("memory for fewer tokens than a text has is too small, for as many it suffices") {
  for (const std::uint32_t pooling : {1u, 3u}) {
    tiny_options o;
    o.pooling = pooling;
    const tiny_loaded m(support::tiny_model(o));
    const std::string text = "good" + std::string(100, ' ') + "bad day not";
    std::vector<word_evidence> out(10);
    for (const std::size_t tokens : {5u, 6u}) {
      std::vector<unsigned char> memory(m->workspace_bytes(tokens) - (tokens == 5 ? 64 : 0));
      fewfit::workspace scratch(memory.data(), memory.size());
      const evidence e = m->explain(text, scratch, out);
      CHECK(e.status == (tokens == 5 ? errc::workspace_too_small : errc::none));
      CHECK(e.word_count == (tokens == 5 ? 0 : 4));
    }
    unsigned char little[16];
    fewfit::workspace none(little, sizeof little);
    CHECK(m->explain(text, none, out).status == errc::workspace_too_small);
  }
}

TEST_CASE("what goes wrong is said, and nothing is written") {
  const word_evidence mark = {{7, 9}, 0.5};
  for (const std::uint32_t pooling : {1u, 3u}) {
    tiny_options o;
    o.pooling = pooling;
    const tiny_loaded m(support::tiny_model(o));
    std::vector<word_evidence> out(10, mark);
    fewfit::workspace scratch;
    const auto refused = [&](const evidence& e, errc code) {
      CHECK(e.status == code);
      CHECK(e.label.empty());
      CHECK(e.index == fewfit::predicted_label);
      CHECK(e.word_count == 0);
      for (const word_evidence& w : out) CHECK(std::memcmp(&w, &mark, sizeof w) == 0);
    };
    refused(m->explain("good day", scratch, out, 3), errc::bad_argument);
    refused(m->explain("good day", scratch, out, 0xFFFFFFFEu), errc::bad_argument);
    refused(m->explain("good day", scratch, {out.data(), 1}), errc::bad_argument);
    refused(m->explain("good day", scratch, {}), errc::bad_argument);
    CHECK(m->explain("", scratch, {}).status == errc::none);
    refused(m->explain(support::endless_text(), scratch, out), errc::text_too_long);
    CHECK(m->explain(support::endless_text()).status == errc::text_too_long);
    CHECK(m->explain("good", 3).status == errc::bad_argument);
    tiny_parts headless = support::tiny_model(o);
    headless.has_head = false;
    const tiny_loaded body(headless);
    refused(body->explain("good day", scratch, out), errc::no_head);
    CHECK(body->explain("good day", 0).status == errc::no_head);
    tiny_parts loud = support::overflowing_model();
    loud.pooling = pooling;
    const tiny_loaded overflows(loud);
    refused(overflows->explain("good day", scratch, out), errc::non_finite_output);
    CHECK(overflows->explain("good day").words.empty());
    CHECK(m->explain("good day", scratch, out).word_count == 2);
    CHECK(std::memcmp(&out[1], &mark, sizeof mark) != 0);
    CHECK(std::memcmp(&out[2], &mark, sizeof mark) == 0);
  }
}

TEST_CASE("a part that is not finite is an error although the sum is") {
  tiny_parts p = support::tiny_model();
  for (double& c : p.coefficients) c *= 4e307;
  for (double& b : p.intercept) b = 0;
  const tiny_loaded m(p);
  std::size_t refused = 0, finite = 0;
  for (const std::string_view text : many_texts()) {
    const fewfit::prediction answer = m->predict(text);
    const explanation e = m->explain(text);
    if (e.status == errc::none) {
      ++finite;
      CHECK(std::isfinite(e.rest));
      for (const word_evidence& w : e.words) CHECK(std::isfinite(w.contribution));
    } else {
      CHECK(e.status == errc::non_finite_output);
      refused += answer.status == errc::none ? 1 : 0;
    }
  }
  CHECK(refused > 0);
  CHECK(finite > 0);
}

TEST_CASE("no memory: said by the easy form, and nothing is lost") {
  support::counting_memory memory;
  fewfit::load_options options;
  options.allocator = memory.allocator();
  {
    const tiny_loaded m(support::tiny_model(), options);
    const std::size_t before = memory.live;
    for (std::size_t at = 1; at <= 2; ++at) {
      memory.fail(at, false);
      const explanation e = m->explain("good day");
      CHECK(e.status == errc::out_of_memory);
      CHECK(e.words.empty());
      CHECK(memory.live == before);
    }
    memory.fail(0, false);
    CHECK(m->explain("good day").status == errc::none);
    CHECK(memory.calls == 2);
    fewfit::workspace scratch(1, memory.allocator());
    std::vector<word_evidence> out(10);
    CHECK(m->explain("good", scratch, out).status == errc::none);
    memory.fail(1, true);
    CHECK(m->explain("good day not very bad good day good bad", scratch, out).status == errc::none);
    CHECK(memory.calls == 0);
  }
  CHECK(memory.live == 0);
  CHECK(memory.mistakes == 0);
}

TEST_CASE(
    "the demonstration model: parts sum to the logit within 1e-6, words cover the tokens, on all golden texts") {
  const fewfit::model m = fewfit::model::load(FEWFIT_MODEL).value();
  fewfit::workspace scratch;
  std::vector<word_evidence> out(126);
  double worst = 0;
  std::size_t words = 0, texts = 0;
  for (const support::golden_text& golden : support::golden_files().texts) {
    const fewfit::prediction answer = m.predict(golden.text, scratch);
    const std::vector<token_group> expected = groups(m, golden.text);
    const evidence e = m.explain(golden.text, scratch, out);
    REQUIRE(e.status == errc::none);
    CHECK(e.exact);
    CHECK(e.label == answer.label);
    CHECK(e.probability == answer.probability);
    double own = e.intercept + e.rest;
    for (std::size_t i = 0; i < e.word_count; ++i) own += out[i].contribution;
    worst = std::max(worst, std::fabs(own - e.logit));
    double all = 0;
    const bool asked = texts++ % 10 == 0;                           // of all labels: that takes three times as long
    for (std::uint32_t k = 0; asked && k < m.labels().size; ++k) {  // the logits make the probability
      const evidence other = m.explain(golden.text, scratch, out, k);
      all += std::exp(other.logit - e.logit);
      double sum = other.intercept + other.rest;
      for (std::size_t i = 0; i < other.word_count; ++i) sum += out[i].contribution;
      worst = std::max(worst, std::fabs(sum - other.logit));
    }
    if (asked) CHECK(std::fabs(1 / all - answer.probability) < 1e-12);
    CAPTURE(golden.text);
    REQUIRE(e.word_count == expected.size());
    if (asked) REQUIRE(m.explain(golden.text, scratch, out).word_count == expected.size());
    words += expected.size();
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CHECK(out[i].bytes.begin == expected[i].bytes.begin);
      CHECK(out[i].bytes.end == expected[i].bytes.end);
    }
  }
  MESSAGE(words << " words; the sums are within " << worst << " of the logits");
  CHECK(worst < 1e-6);
}

TEST_CASE(
    "the demonstration model, by occlusion: the logit of the text with a blank in the word's place, to the bit") {
  const fewfit::model m = fewfit::model::load(FEWFIT_MODEL).value();
  std::size_t words = 0;
  for (std::size_t i = 0; i < support::golden_files().texts.size(); i += 25) {
    const std::string& text = support::golden_files().texts[i].text;
    const explanation e = m.explain(text, 1, fewfit::evidence_kind::occlusion);
    REQUIRE(e.status == errc::none);
    CHECK(!e.exact);
    // Of the word that the model's length cuts, the blank would leave the end as another word.
    const std::size_t whole = e.words.size() - (e.truncated ? 1 : 0);
    for (std::size_t w = 0; w < whole; ++w, ++words)
      CHECK(e.words[w].contribution == e.logit - m.explain(without(text, e.words[w].bytes), 1).logit);
  }
  CHECK(words > 300 / support::golden_stride);
}

TEST_SUITE_END();
