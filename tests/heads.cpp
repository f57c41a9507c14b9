// SPDX-License-Identifier: MIT
// Every kind of head, inside a model and in a file of its own, beside an evaluation in double; and what is said of
// head files that are wrong.

#include <cmath>
#include <string>
#include <vector>

#include "support/call_faults.hpp"
#include "support/head_damages.hpp"
#include "support/many_texts.hpp"
#include "support/temporary.hpp"
#include "support/tiny_head.hpp"

using fewfit::errc;
using fewfit::prediction;
using support::tiny_loaded;
using texts_view = fewfit::span<const std::string_view>;

namespace {

support::tiny_parts headed(std::uint32_t kind, bool pairs = false, std::uint32_t seed = 1) {
  support::tiny_options o;
  o.head_kind = kind, o.binary = kind == 2, o.seed = seed;
  support::tiny_parts p = support::tiny_model(o);
  p.pairs = pairs ? 1 : 0;
  return p;
}

/// The model's probabilities and decisions of all texts are those of the reference over the model's own vectors.
void check_answers(const support::tiny_parts& p, const fewfit::model& m) {
  const std::size_t classes = p.labels.size();
  for (const std::string_view text : support::many_texts()) {
    const auto vector = m.encode(text).value();
    const std::vector<double> wide(vector.begin(), vector.end());
    const auto expected = support::reference_probabilities(p, wide);
    const auto ours = m.predict_proba(text).value();
    REQUIRE(ours.size() == expected.size());
    for (std::size_t k = 0; k < expected.size(); ++k) CHECK(std::fabs(ours[k] - expected[k]) < 1e-12);
    const prediction answer = m.predict(text);
    CHECK(answer.label == p.labels[answer.index]);
    for (std::size_t k = 0; k < classes; ++k) CHECK(answer.probability >= ours[p.pairs != 0 ? 2 * k + 1 : k]);
    CHECK(answer.probability == ours[p.pairs != 0 ? 2 * answer.index + 1 : answer.index]);
    if (p.head_kind < 4) continue;
    const auto decisions = support::reference_decisions(p, wide);
    const auto rows = m.predict_multi(text).value();
    for (std::size_t k = 0; k < classes; ++k) CHECK(rows[k] == (decisions[k] > 0 ? 1 : 0));
  }
}

}  // namespace

TEST_SUITE_BEGIN("heads");

TEST_CASE("every kind of head answers as its original does") {
  for (std::uint32_t kind = 1; kind <= 5; ++kind)
    for (const bool pairs : {false, true}) {
      if (pairs && kind != 4) continue;
      CAPTURE(kind);
      const support::tiny_parts p = headed(kind, pairs, 3 + kind);
      const tiny_loaded m(p);
      CHECK(m->target() == (kind > 3 ? fewfit::target::multi : fewfit::target::single));
      CHECK(m->probabilities_size() == p.labels.size() * (pairs ? 2 : 1));
      check_answers(p, *m);
    }
}

TEST_CASE("a chain: what a link decides counts for those behind it, in the chain's own order") {
  support::tiny_parts p = headed(5);
  p.order = std::vector<std::uint32_t>{1, 2, 0};
  p.intercept = {1, 1, 1};
  p.coefficients.assign(3 * p.D + 3, 0);
  p.coefficients[2 * p.D] = -5;      // the second link's share of the first one's decision
  p.coefficients[3 * p.D + 1] = -5;  // the third's of the first's
  p.coefficients[3 * p.D + 2] = -3;  // and of the second's, which is no
  const auto probabilities = tiny_loaded(p)->predict_proba("good").value();
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  CHECK(probabilities[1] == doctest::Approx(sigmoid(1)));
  CHECK(probabilities[2] == doctest::Approx(sigmoid(-4)));
  CHECK(probabilities[0] == doctest::Approx(sigmoid(-4)));
  const auto decisions = tiny_loaded(p)->predict_multi("good").value();
  CHECK(decisions == std::vector<std::uint8_t>{0, 1, 0});
}

TEST_CASE("a probability of exactly a half is what the head says it is; a constant target is certain") {
  for (const std::uint32_t half : {0u, 1u}) {
    support::tiny_parts p = headed(4);
    p.half_is_yes = half;
    p.coefficients.assign(p.coefficients.size(), 0);
    p.intercept = {0, 1000, -1000};
    const tiny_loaded m(p);
    CHECK(m->predict_proba("good").value() == std::vector<double>{0.5, 1, 0});
    CHECK(m->predict_multi("good").value() == std::vector<std::uint8_t>{static_cast<std::uint8_t>(half), 1, 0});
  }
}

TEST_CASE("one-versus-rest: shares of the sum, and nothing divided where the sum is nothing") {
  support::tiny_parts p = headed(3);
  p.coefficients.assign(p.coefficients.size(), 0);
  p.intercept = {0, std::log(3.0), -1000};
  const auto some = tiny_loaded(p)->predict_proba("good").value();
  CHECK(some[0] == doctest::Approx(0.4));
  CHECK(some[1] == doctest::Approx(0.6));
  CHECK(some[2] == 0);
  p.intercept = {-1000, -1000, -1000};
  CHECK(tiny_loaded(p)->predict_proba("good").value() == std::vector<double>(3, 0));
}

TEST_CASE("one-versus-rest: of two that are all but certain, the label is the one with the larger decision") {
  support::tiny_parts p = headed(3);
  p.coefficients.assign(p.coefficients.size(), 0);
  p.intercept = {40, 50, 45};
  const tiny_loaded m(p);
  CHECK(m->predict("good").index == 1);
  prediction answer;
  CHECK(m->predict_of(m->encode("good").value(), {&answer, 1}) == errc::none);
  CHECK(answer.label == p.labels[1]);
}

TEST_CASE("several labels a text: many texts at once, spread over tasks, with infos; wrong calls") {
  const support::tiny_parts p = headed(4);
  const tiny_loaded m(p), single(headed(1));
  const auto& texts = support::many_texts();
  const auto all = m->predict_multi(texts_view(texts)).value();
  fewfit::workspace scratch(3);
  std::vector<std::uint8_t> out(texts.size() * 3, 7);
  std::vector<fewfit::text_info> info(texts.size());
  REQUIRE(m->predict_multi(texts, scratch, out, info) == errc::none);
  CHECK(out == all);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    CHECK(m->predict_multi(texts[i]).value() == std::vector<std::uint8_t>(&all[3 * i], &all[3 * i] + 3));
    CHECK(info[i].tokens == m->predict(texts[i]).tokens);
  }
  out.assign(out.size(), 7);
  CHECK(single->predict_multi(texts, scratch, out, info) == errc::unsupported_target);
  CHECK(single->predict_multi("good").error().code == errc::unsupported_target);
  out.pop_back();
  CHECK(m->predict_multi(texts, scratch, out, info) == errc::bad_argument);
  for (const std::uint8_t untouched : out) CHECK(untouched == 7);
}

TEST_CASE("the model's own head asked about vectors: the same bits as asked about texts") {
  for (std::uint32_t kind = 1; kind <= 5; ++kind) {
    const tiny_loaded m(headed(kind, kind == 4));
    const auto& texts = support::many_texts();
    const auto vectors = m->encode(texts_view(texts)).value();
    std::vector<double> out(texts.size() * m->probabilities_size());
    REQUIRE(m->predict_proba_of(vectors, out) == errc::none);
    CHECK(out == m->predict_proba(texts_view(texts)).value());
    out.pop_back();
    CHECK(m->predict_proba_of(vectors, out) == errc::bad_argument);
    std::vector<prediction> answers(texts.size());
    REQUIRE(m->predict_of(vectors, answers) == errc::none);
    for (std::size_t i = 0; i < texts.size(); ++i) CHECK(answers[i].label == m->predict(texts[i]).label);
    answers.pop_back();
    CHECK(m->predict_of(vectors, answers) == errc::bad_argument);
    std::vector<std::uint8_t> rows(texts.size() * m->labels().size);
    CHECK(m->predict_multi_of(vectors, rows) == (kind > 3 ? errc::none : errc::unsupported_target));
    if (kind > 3) CHECK(rows == m->predict_multi(texts_view(texts)).value());
  }
  const tiny_loaded m(support::tiny());
  std::vector<float> vector(20, 1);
  std::vector<double> out(3);
  CHECK(m->predict_proba_of({vector.data(), 19}, out) == errc::bad_argument);
  vector[7] = INFINITY;
  CHECK(m->predict_proba_of(vector, out) == errc::non_finite_output);
}

TEST_CASE("a body without a head: encodes, and says that it has none") {
  support::tiny_parts p = support::tiny_model();
  p.has_head = false;
  const tiny_loaded m(p), whole(support::tiny_model());
  CHECK(m->labels().size == 0);
  CHECK(m->probabilities_size() == 0);
  CHECK(m->encode("good day").value() == whole->encode("good day").value());
  CHECK(m->predict("good").status == errc::no_head);
  CHECK(m->predict("good").label.empty());
  CHECK(m->predict_proba("good").error().code == errc::no_head);
  CHECK(m->predict_multi("good").error().code == errc::no_head);
  for (const prediction& each : m->predict({"good", "bad"})) CHECK(each.status == errc::no_head);
  CHECK(m->predict_proba_of(m->encode("good").value(), {}) == errc::no_head);
  CHECK(m->predict_multi_of(m->encode("good").value(), {}) == errc::no_head);
  CHECK(m->predict_of(m->encode("good").value(), {}) == errc::no_head);
  CHECK(m->self_test().error().code == errc::no_self_test);
  // With a workspace that cannot be used either: still an error, and no division by the labels that there are not.
  fewfit::workspace useless(nullptr, 0);
  const std::string_view text = "good";
  double number = 7;
  std::uint8_t byte = 7;
  CHECK(m->predict_proba({&text, 1}, useless, {&number, 1}) == errc::no_head);
  CHECK(m->predict_multi({&text, 1}, useless, {&byte, 1}) == errc::no_head);
  CHECK(m->predict(text, useless).status == errc::no_head);
  CHECK(number == 7);
  CHECK(byte == 7);
}

TEST_CASE("a head's own file: the answers of the same head inside a model") {
  const tiny_loaded body(support::tiny());
  const auto& texts = support::many_texts();
  const auto vectors = body->encode(texts_view(texts)).value();
  const support::temporary_folder folder;
  for (std::uint32_t kind = 1; kind <= 5; ++kind) {
    support::tiny_parts p = support::other_head(kind);
    const auto head = fewfit::head::load(folder.file("head", support::tiny_head(p).bytes()), *body);
    REQUIRE(head);
    support::tiny_parts together = support::tiny();
    together.head_kind = kind, together.labels = p.labels, together.order = p.order;
    together.intercept = p.intercept, together.coefficients = p.coefficients, together.test_texts.clear();
    const tiny_loaded inside(together);
    CHECK(head->sentence_size() == 20);
    CHECK(head->name() == "head");
    CHECK(head->about("name") == "mood");
    CHECK(head->about("license").empty());
    CHECK(head->target() == inside->target());
    CHECK(head->bytes() < 8192);
    REQUIRE(head->labels().size == p.labels.size());
    std::vector<double> out(texts.size() * head->probabilities_size());
    REQUIRE(head->predict_proba(vectors, out) == errc::none);
    CHECK(out == inside->predict_proba(texts_view(texts)).value());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const prediction a = head->predict({&vectors[i * 20], 20}), b = inside->predict(texts[i]);
      CHECK(a.label == b.label);
      CHECK(a.probability == b.probability);
      CHECK(a.index == b.index);
    }
    std::vector<std::uint8_t> rows(texts.size() * p.labels.size());
    const errc e = head->predict_multi(vectors, rows);
    CHECK(e == (kind > 3 ? errc::none : errc::unsupported_target));
    if (kind > 3) CHECK(rows == inside->predict_multi(texts_view(texts)).value());
  }
}

TEST_CASE("heads come and go while the body stays, and may outlive it; their files may be replaced") {
  const support::temporary_folder folder;
  auto body = std::make_unique<tiny_loaded>(support::tiny());
  const auto vector = (*body)->encode("good day").value();
  const std::string path = folder.file("head", support::tiny_head(support::other_head(1)).bytes());
  fewfit::head now = std::move(*fewfit::head::load(path, **body));
  const prediction before = now.predict(vector);
  folder.file("head", support::tiny_head(support::other_head(2)).bytes());  // in place
  CHECK(support::same(now.predict(vector), before));
  fewfit::head next = std::move(*fewfit::head::load(path, **body));
  CHECK(next.labels().size == 2);
  now = std::move(next);
  const std::string_view label = now.predict(vector).label;
  body.reset();
  CHECK(now.predict(vector).label == label);
  CHECK(now.predict(vector).label.data() == label.data());
}

TEST_CASE("a head for another body is refused, whatever differs") {
  const std::string head = support::tiny_head(support::other_head()).bytes();
  const tiny_loaded body(support::tiny());
  CHECK(support::head_error(head, *body).code == errc::none);
  support::tiny_parts p = support::tiny();
  p.layers[1].output.bias[0] += 1;
  CHECK(support::head_error(head, *tiny_loaded(p)).code == errc::wrong_body);
  CHECK(std::string(support::head_error(head, *tiny_loaded(p)).where) == "body");
  p = support::tiny();
  p.vocabulary[9] = "nut";
  CHECK(support::head_error(head, *tiny_loaded(p)).code == errc::wrong_body);
  p = support::tiny();
  p.pooling = 2;
  CHECK(support::head_error(head, *tiny_loaded(p)).code == errc::wrong_body);
  p = support::tiny();
  p.L = 1, p.layers.resize(1);
  CHECK(support::head_error(head, *tiny_loaded(support::with_self_test(p))).code == errc::wrong_body);
  p = support::tiny();  // what is no body may differ
  p.labels[0] = "another", p.about.clear();
  CHECK(support::head_error(head, *tiny_loaded(p)).code == errc::none);
}

TEST_CASE("each damage to a head's file is refused by its name, and the nearest right file loads") {
  for (const support::damage& row : support::head_damages()) support::check_head(row);
  CHECK(support::load_error(support::tiny_head(support::other_head()).bytes(), fewfit::verify::full).code ==
        errc::unsupported_kind);
  CHECK(fewfit::head::load("absent", *support::taught_body()).error().code == errc::file_not_found);
}

TEST_CASE("every single-byte change of a head's file is refused, and every length but its own") {
  const fewfit::model& body = *support::taught_body();
  for (const std::string& file : {support::tiny_head(support::other_head()).bytes(), support::taught_file()}) {
    const support::aligned_bytes bytes(file);
    const auto code = [&] { return fewfit::head::from_memory(bytes.data(), bytes.size(), body).error().code; };
    std::size_t missed = 0;
    for (std::size_t at = 0; at < file.size(); ++at)
      for (const int pattern : {0x01, 0x80, 0xFF}) {
        bytes.data()[at] = static_cast<unsigned char>(file[at] ^ pattern);
        missed += code() == errc::none ? 1 : 0;
        bytes.data()[at] = static_cast<unsigned char>(file[at]);
      }
    CHECK(missed == 0);
    CHECK(code() == errc::none);
    for (std::size_t size = 0; size < file.size(); ++size)
      CHECK(support::head_error(file.substr(0, size), body).code ==
            (size < 64 ? errc::file_too_short : errc::wrong_file_size));
    for (std::size_t n = 1; n <= 64; ++n)
      for (const char c : {'\0', 'x'}) {
        std::string longer = file + std::string(n, c);
        CHECK(support::head_error(longer, body).code == errc::wrong_file_size);
        support::put(longer, 16, std::uint64_t{longer.size()});
        support::repair(longer);
        CHECK(support::head_error(longer, body).code == errc::trailing_bytes);
      }
  }
}

TEST_CASE("a head without memory, and asked wrongly") {
  const tiny_loaded body(support::tiny());
  const support::aligned_bytes bytes(support::tiny_head(support::other_head(4)).bytes());
  for (std::size_t allowed = 0;; ++allowed) {
    support::counting_memory memory;
    memory.fail(allowed + 1, true);
    const auto head =
        fewfit::head::from_memory(bytes.data(), bytes.size(), *body, support::options(fewfit::verify::full, &memory));
    if (!head) {
      CHECK(head.error().code == errc::out_of_memory);
      CHECK(memory.live == 0);
      REQUIRE(allowed < 10);
      continue;
    }
    memory.fail(1, true);  // few labels take no memory
    const std::vector<float> vector(20, 0.5f);
    std::vector<std::uint8_t> rows(3);
    CHECK(head->predict_multi(vector, rows) == errc::none);
    CHECK(head->predict(vector).status == errc::none);
    CHECK(head->predict({vector.data(), 19}).status == errc::bad_argument);
    CHECK(head->predict({vector.data(), 0}).status == errc::bad_argument);
    break;
  }
}

TEST_CASE("many labels: the answers need memory, and say when there is none") {
  support::tiny_parts p = support::other_head(4);
  p.labels.clear();
  for (int k = 0; k < 100; ++k) p.labels.push_back("label " + std::to_string(k));
  p.intercept.assign(100, -1), p.coefficients.assign(100 * 20, 0), p.intercept[70] = 2;
  const support::aligned_bytes bytes(support::tiny_head(p).bytes());
  const tiny_loaded body(support::tiny());
  support::counting_memory memory;
  const auto head =
      fewfit::head::from_memory(bytes.data(), bytes.size(), *body, support::options(fewfit::verify::full, &memory));
  REQUIRE(head);
  const std::vector<float> vector(20, 0.5f);
  std::vector<std::uint8_t> rows(100);
  CHECK(head->predict(vector).label == "label 70");
  CHECK(head->predict_multi(vector, rows) == errc::none);
  CHECK(rows[70] == 1);
  memory.fail(1, true);
  CHECK(head->predict(vector).status == errc::out_of_memory);
  CHECK(head->predict_multi(vector, rows) == errc::out_of_memory);
}

TEST_SUITE_END();
