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
#include "support/tiny_head.hpp"

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

explanation explain_of(const fewfit::model& m, std::string_view text, std::uint32_t label, fewfit::evidence_kind how,
                       const fewfit::head* other) {
  return other != nullptr ? m.explain(text, *other, label, how) : m.explain(text, label, how);
}

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

/// A head with a file of its own: that of some parts, for the body of others.
class head_file {
 public:
  head_file(const tiny_parts& head, const tiny_parts& body, const fewfit::model& m,
            const fewfit::load_options& o = {})
      : bytes_(support::tiny_head(head, support::tiny_file(body).bytes()).bytes()),
        head_(std::move(*fewfit::head::from_memory(bytes_.data(), bytes_.size(), m, o))) {}
  const fewfit::head* get() const { return &head_; }

 private:
  support::aligned_bytes bytes_;
  fewfit::head head_;
};

/// A head of some kind with its own labels, which may be more than the model's.
tiny_parts head_of(std::uint32_t kind, std::size_t labels, const tiny_parts& body) {
  tiny_parts p;
  p.head_kind = kind, p.D = body.D, p.pooling = body.pooling, p.dense = body.dense;
  for (std::size_t k = 0; k < labels; ++k) p.labels.push_back("label " + std::to_string(k));
  for (std::size_t k = 0; kind == 5 && k < labels; ++k)
    p.order.push_back(static_cast<std::uint32_t>((k + 1) % labels));
  const std::size_t rows = kind == 2 ? 1 : labels, numbers = rows * p.S() + (kind == 5 ? rows * (rows - 1) / 2 : 0);
  for (std::size_t i = 0; i < rows; ++i) p.intercept.push_back(std::sin(static_cast<double>(i) + 0.3));
  for (std::size_t i = 0; i < numbers; ++i) p.coefficients.push_back(std::sin(static_cast<double>(i * i) + 0.1));
  return p;
}

/// A head that has been taught on texts of the model, and its coefficients as a fit to the same vectors finds them.
struct taught_head {
  tiny_parts parts;
  fewfit::head head;
};
taught_head teach_good_and_bad(const fewfit::model& m, bool two_labels) {
  std::vector<std::string_view> texts, labels;
  std::vector<std::uint32_t> numbers;
  tiny_parts p;
  p.labels = two_labels ? std::vector<std::string>{"else", "good"} : std::vector<std::string>{"bad", "else", "good"};
  for (const std::string_view text : many_texts()) {
    if (m.tokenize(text).ids.size() == 2) continue;
    const bool good = text.find("good") != text.npos, bad = !two_labels && text.find("bad") != text.npos;
    texts.push_back(text), labels.push_back(good ? "good" : bad ? "bad" : "else");
    for (std::uint32_t k = 0; k < p.labels.size(); ++k)
      if (labels.back() == p.labels[k]) numbers.push_back(k);
  }
  const auto vectors = m.encode(fewfit::span<const std::string_view>(texts)).value();
  p.D = m.config().sentence_size, p.head_kind = two_labels ? 2 : 1;
  const auto fitted = fewfit::fit({vectors, numbers, p.D, p.labels.size()}).value();
  const fewfit::head_weights w = fitted.weights();
  const std::size_t rows = two_labels ? 1 : p.labels.size();
  p.intercept.assign(w.intercept, w.intercept + rows);
  p.coefficients.assign(w.coefficients, w.coefficients + rows * p.D);
  return {p, std::move(*m.teach(texts, labels))};
}

/// Without the word, whose neighbours stay apart.
std::string without(std::string_view text, byte_range word) {
  return std::string(text.substr(0, word.begin)) + " " + std::string(text.substr(word.end));
}

}  // namespace

TEST_SUITE_BEGIN("evidence");

/// Shares of all labels of a head beside an evaluation in double of the model's rows.
void check_shares(const tiny_parts& p, const tiny_loaded& m, const tiny_parts& head, const fewfit::head* other) {
  for (const std::string_view text : many_texts()) {
    const std::vector<std::uint32_t> ids = m->tokenize(text).ids;
    const support::matrix rows = support::reference_rows(p, ids);
    const std::vector<token_group> expected = groups(*m, text);
    double length = 0;
    for (const double x : support::pooled(p.pooling, rows)) length += x * x;
    length = p.normalize != 0 ? std::sqrt(length) : 1;
    for (std::uint32_t k = 0; k < head.labels.size(); ++k) {
      const std::vector<double> row = row_of(head, k);
      const auto share = [&](std::size_t t) {
        return row_times(row, rows[t]) * weight_of(p.pooling, t, ids.size()) / length;
      };
      const explanation e = explain_of(*m, text, k, fewfit::evidence_kind::automatic, other);
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
        const tiny_parts p = of_kind(kind, o);
        check_shares(p, tiny_loaded(p), p, nullptr);
      }
  for (const std::uint32_t width : {64u, 5u}) {
    tiny_options o;
    o.normalize = 1, o.D = width, o.H = width == 64 ? 4 : 5;
    const tiny_parts p = support::tiny_model(o);
    check_shares(p, tiny_loaded(p), p, nullptr);
  }
}

/// A text's parts, its logit and its answer agree, for each label of the model's own head or another.
void check_sums(const tiny_parts& p, const tiny_loaded& m, std::string_view text, bool exact,
                const fewfit::head* other = nullptr) {
  const auto automatic = fewfit::evidence_kind::automatic;
  const std::vector<float> sentence = m->encode(text).value();
  std::vector<double> probabilities(other != nullptr ? other->probabilities_size() : m->probabilities_size());
  fewfit::prediction answer = m->predict(text);
  if (other != nullptr) {
    REQUIRE(other->predict_proba(sentence, probabilities) == errc::none);
    answer.index = other->predict(sentence).index;
  } else {
    probabilities = m->predict_proba(text).value();
  }
  CHECK(explain_of(*m, text, fewfit::predicted_label, automatic, other).index == answer.index);
  for (std::uint32_t k = 0; k < p.labels.size(); ++k) {
    const explanation e = explain_of(*m, text, k, automatic, other);
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

/// Occlusion of a label of a head beside texts with a word taken out by hand.
void check_occlusion(const tiny_loaded& m, const tiny_parts& head, std::uint32_t label,
                     const fewfit::head* other = nullptr) {
  const std::string longest = long_text();
  std::vector<std::string_view> texts(many_texts().begin(), many_texts().begin() + 40);
  texts.push_back(longest);  // cut: without a word, one more of the next moves up
  for (const std::string_view text : texts) {
    const explanation e = explain_of(*m, text, label, fewfit::evidence_kind::occlusion, other);
    REQUIRE(e.status == errc::none);
    CHECK(!e.exact);
    CHECK(e.truncated == (text == longest));
    const explanation unasked = explain_of(*m, text, label, fewfit::evidence_kind::automatic, other);
    CHECK((unasked.exact || same_parts(e, unasked)));
    double left = e.logit - e.intercept;
    for (const word_evidence& w : e.words) {
      CHECK(w.contribution == e.logit - logit_of(head, label, m->encode(without(text, w.bytes)).value()));
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
        const tiny_parts p = longer_model(o);
        check_occlusion(tiny_loaded(p), p, label);
      }
}

TEST_CASE("a taught head's shares are what an evaluation in double says, and sum to its own logit") {
  for (const std::uint32_t pooling : {1u, 4u, 5u})
    for (const bool two_labels : {false, true}) {
      tiny_options o;
      o.pooling = pooling, o.normalize = two_labels ? 1 : 0;
      const tiny_parts p = support::tiny_model(o);
      const tiny_loaded m(p);
      const taught_head taught = teach_good_and_bad(*m, two_labels);
      check_shares(p, m, taught.parts, &taught.head);
      for (const std::string_view text : many_texts()) check_sums(taught.parts, m, text, true, &taught.head);
    }
}

TEST_CASE("another head than the model's own: of any kind, with more labels than that, behind any body") {
  for (std::uint32_t kind = 1; kind <= 5; ++kind)
    for (const std::uint32_t pooling : {1u, 3u, 0x14u})
      for (const std::size_t labels : {2u, 20u, 64u, 65u, 100u}) {
        tiny_options o;
        o.pooling = pooling, o.normalize = kind % 2;
        const tiny_parts p = support::tiny_model(o), q = head_of(kind, kind == 2 ? 2 : labels, p);
        const tiny_loaded m(p);
        const head_file other(q, p, *m);
        CAPTURE(kind);
        CAPTURE(pooling);
        CAPTURE(labels);
        for (std::size_t i = labels % 10; i < many_texts().size(); i += 30)
          check_sums(q, m, many_texts()[i], pooling == 1 && kind != 5, other.get());
      }
}

TEST_CASE("another head by occlusion: the difference to its own answer about the text without the word, to the bit") {
  for (const std::uint32_t pooling : {1u, 3u})
    for (std::uint32_t kind = 1; kind <= 5; ++kind) {
      tiny_options o;
      o.pooling = pooling, o.added_tokens = false;
      const tiny_parts p = longer_model(o), q = head_of(kind, kind == 2 ? 2 : 70, p);
      const tiny_loaded m(p);
      const head_file other(q, p, *m);
      check_occlusion(m, q, kind == 2 ? 0 : 69, other.get());
      check_occlusion(m, q, 1, other.get());
    }
}

TEST_CASE("another head with the model's own coefficients: the same bits, and a label of that head's own") {
  for (std::uint32_t kind = 1; kind <= 5; ++kind)
    for (const std::uint32_t pooling : {1u, 3u, 4u}) {
      tiny_options o;
      o.pooling = pooling, o.normalize = kind % 2;
      tiny_parts p = of_kind(kind, o), alone = p;
      alone.has_head = false;
      const tiny_loaded m(p), body(alone);
      const head_file same(p, p, *m);
      for (std::size_t i = 0; i < many_texts().size(); i += 3)
        for (const auto how : {fewfit::evidence_kind::automatic, fewfit::evidence_kind::occlusion})
          for (std::uint32_t k = 0; k <= p.labels.size(); ++k) {
            const std::uint32_t label = k < p.labels.size() ? k : fewfit::predicted_label;
            const explanation own = m->explain(many_texts()[i], label, how);
            const explanation other = explain_of(*m, many_texts()[i], label, how, same.get());
            REQUIRE(own.status == errc::none);
            CHECK(same_parts(own, other));
            CHECK(own.exact == other.exact);
            CHECK(other.label == own.label);
            CHECK(other.label.data() == same.get()->labels()[other.index].data());
            CHECK(same_parts(own, explain_of(*body, many_texts()[i], label, how, same.get())));
          }
    }
}

TEST_CASE("another head in the caller's memory, which has no room for it: nothing is written behind, all is right") {
  for (const std::uint32_t pooling : {1u, 3u})
    for (const std::size_t labels : {64u, 5000u}) {
      tiny_options o;
      o.pooling = pooling;
      tiny_parts p = support::tiny_model(o);
      const tiny_parts q = head_of(1, labels, p);
      p.labels = q.labels, p.intercept = q.intercept, p.coefficients = q.coefficients;
      const tiny_loaded whole(p);
      p.has_head = false;
      const tiny_loaded m(p);
      const head_file other(q, p, *m);
      const std::size_t bytes = m->workspace_bytes(12);
      const support::aligned_bytes memory(std::string(bytes + 65536, '\x5A'));
      fewfit::workspace scratch(memory.data(), bytes);
      std::vector<word_evidence> out(10);
      const auto automatic = fewfit::evidence_kind::automatic;
      const evidence e = m->explain("good bad day", scratch, out, fewfit::predicted_label, automatic, other.get());
      CHECK(e.status == errc::none);
      const explanation expected = whole->explain("good bad day");
      REQUIRE(expected.words.size() == 3);
      CHECK(std::memcmp(out.data(), expected.words.data(), 3 * sizeof out[0]) == 0);
      CHECK(e.logit == expected.logit);
      CHECK(e.label == expected.label);
      for (std::size_t i = bytes; i < memory.size(); ++i) REQUIRE(memory.data()[i] == 0x5A);
    }
}

TEST_CASE("another head that cannot be asked: said, and nothing is written") {
  const word_evidence mark = {{7, 9}, 0.5};
  const auto automatic = fewfit::evidence_kind::automatic;
  const tiny_parts p = support::tiny_model();
  tiny_parts alone = p, moved = p;
  alone.has_head = false, moved.layers[0].output.bias[0] += 1;
  const tiny_loaded m(p), body(alone), another(moved);
  const head_file two(head_of(2, 2, p), p, *m), five(head_of(1, 5, p), p, *m);
  std::vector<word_evidence> out(10, mark);
  fewfit::workspace scratch;
  const auto asked = [&](const tiny_loaded& of, std::uint32_t label, const fewfit::head* other) {
    const evidence e = of->explain("good day", scratch, out, label, automatic, other);
    CHECK(explain_of(*of, "good day", label, automatic, other).status == e.status);
    for (const word_evidence& w : out) CHECK((e.status == errc::none || std::memcmp(&w, &mark, sizeof w) == 0));
    CHECK(e.label.empty() == (e.status != errc::none));
    out.assign(10, mark);
    return e.status;
  };
  CHECK(asked(m, 2, two.get()) == errc::bad_argument);  // the model has such a label, the head has none
  CHECK(asked(m, 2, nullptr) == errc::none);
  CHECK(asked(m, 4, five.get()) == errc::none);
  CHECK(asked(m, 5, five.get()) == errc::bad_argument);
  CHECK(asked(m, 0xFFFFFFFEu, five.get()) == errc::bad_argument);
  CHECK(asked(m, 4, nullptr) == errc::bad_argument);
  for (const std::uint32_t label : {0u, fewfit::predicted_label}) {
    CHECK(asked(another, label, two.get()) == errc::wrong_body);
    CHECK(asked(body, label, two.get()) == errc::none);  // its file has no head, and is the same body
    CHECK(asked(body, label, nullptr) == errc::no_head);
  }
  alone.layers[0].output.bias[0] += 1;
  CHECK(asked(tiny_loaded(alone), 0, two.get()) == errc::wrong_body);
  tiny_parts loud = head_of(1, 5, p);
  for (double& c : loud.coefficients) c *= 1e308;
  const head_file overflows(loud, p, *m);
  CHECK(asked(m, 0, overflows.get()) == errc::non_finite_output);
  CHECK(asked(m, 0, five.get()) == errc::none);
}

TEST_CASE(
    "memory for another head's decisions: none up to 64 labels, then its own allocator's; the model's own none") {
  support::counting_memory memory, of_head;
  fewfit::load_options options, head_options;
  options.allocator = memory.allocator(), head_options.allocator = of_head.allocator();
  tiny_parts p = support::tiny_model();
  const tiny_parts many = head_of(1, 100, p);
  p.labels = many.labels, p.intercept = many.intercept, p.coefficients = many.coefficients;
  const tiny_loaded m(p, options);
  const head_file few(head_of(4, 64, p), p, *m, head_options), other(head_of(4, 65, p), p, *m, head_options);
  fewfit::workspace scratch(1, memory.allocator());
  std::vector<word_evidence> out(10);
  const auto ask = [&](const fewfit::head* of) {
    return m->explain("good day", scratch, out, 64 * (of != few.get()), fewfit::evidence_kind::occlusion, of).status;
  };
  REQUIRE(ask(nullptr) == errc::none);
  const std::size_t live = of_head.live;
  memory.fail(1, true), of_head.fail(1, true);
  CHECK(ask(nullptr) == errc::none);
  CHECK(ask(few.get()) == errc::none);
  CHECK(of_head.calls == 0);
  out.assign(10, {{7, 9}, 0.5});
  CHECK(ask(other.get()) == errc::out_of_memory);
  CHECK(out[0].contribution == 0.5);
  of_head.fail(0, false);
  CHECK(ask(other.get()) == errc::none);  // and the arena is free, as it was
  CHECK(of_head.calls == 1);
  CHECK(memory.calls == 0);
  CHECK(of_head.live == live);
  CHECK(memory.mistakes + of_head.mistakes == 0);
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
  const support::tiny_loaded m(support::equal_sigmoids());
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
