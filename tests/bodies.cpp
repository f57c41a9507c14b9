// SPDX-License-Identifier: MIT
// Every activation, pooling and dense layer, beside an evaluation in double; and files of both versions.

#include <cmath>
#include <string>
#include <vector>

#include "support/call_faults.hpp"
#include "support/check_damage.hpp"
#include "support/many_texts.hpp"
#include "support/reference.hpp"

using fewfit::errc;
using support::tiny_loaded;
using support::tiny_options;
using support::tiny_parts;
using texts_view = fewfit::span<const std::string_view>;

namespace {

/// The distance of a vector from the reference, over the size of the largest number in it or 1.
double relative_distance(const std::vector<float>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0, largest = 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    worst = std::max(worst, std::fabs(static_cast<double>(a[i]) - b[i]));
    largest = std::max(largest, std::fabs(b[i]));
  }
  return worst / largest;
}

void check_whole_path(const tiny_parts& p) {
  const tiny_loaded m(p);
  CHECK(m->config().sentence_size == p.S());
  for (const std::string_view text : support::many_texts()) {
    const auto reference = support::reference_vector(p, m->tokenize(text).ids);
    CHECK(relative_distance(m->encode(text).value(), reference) < 3e-6);
    const auto expected = support::reference_probabilities(p, reference);
    const auto ours = m->predict_proba(text).value();
    for (std::size_t k = 0; k < expected.size(); ++k) CHECK(std::fabs(ours[k] - expected[k]) < 1e-5);
  }
}

/// By texts, by rows and with Eigen's packets alone: the same bits.
void check_bits(const tiny_parts& p) {
  const tiny_loaded m(p);
  const auto& texts = support::many_texts();
  const auto vectors = m->encode(texts_view(texts)).value();
  fewfit::workspace scratch(3);
  std::vector<float> out(vectors.size());
  REQUIRE(fewfit::plan::encode(*m, texts, scratch, out, {}, fewfit::cut::rows).run_all() == errc::none);
  CHECK(out == vectors);
  fewfit::load_options portable;
  portable.kernels = fewfit::kernels::portable;
  if (FEWFIT_PORTABLE_FMA) CHECK(tiny_loaded(p, portable)->encode(texts_view(texts)).value() == vectors);
}

}  // namespace

TEST_SUITE_BEGIN("bodies");

TEST_CASE("every activation, in odd widths") {
  for (std::uint32_t act = 1; act <= 4; ++act)
    for (const std::uint32_t width : {20u, 5u, 48u}) {
      CAPTURE(act);
      tiny_options o;
      o.hidden_act = act, o.D = width, o.H = width == 48 ? 3 : 5, o.F = width + 17, o.seed = 20 + act;
      check_whole_path(support::tiny_model(o)), check_bits(support::tiny_model(o));
    }
}

TEST_CASE("every activation with every type of weights: rows do not depend on how they are cut") {
  for (std::uint32_t act = 1; act <= 4; ++act)
    for (const auto type : {fewfit::number_type::f16, fewfit::number_type::bf16, fewfit::number_type::i8}) {
      tiny_options o;
      o.hidden_act = act;
      tiny_parts p = support::tiny_model(o);
      p.linear_type = type;
      check_bits(p);
    }
}

TEST_CASE("every pooling alone, two and six of them side by side, with and without unit length") {
  for (const std::uint32_t modes : {1u, 2u, 3u, 4u, 5u, 6u, 0x32u, 0x13u, 0x61u, 0x654132u})
    for (std::uint32_t unit = 0; unit <= 1; ++unit) {
      CAPTURE(modes);
      tiny_options o;
      o.pooling = modes < 0x1000 ? modes : 0x132, o.normalize = unit, o.seed = 40 + modes;
      tiny_parts p = support::tiny_model(o);
      if (modes >= 0x1000) {
        p.pooling = modes;
        p.coefficients.assign(3 * p.S(), 0.01), p.coefficients[7] = 0.5;
      }
      check_whole_path(p), check_bits(p);
    }
}

TEST_CASE("dense layers: every activation, one to three of them, wider and narrower, normalised before and after") {
  for (std::uint32_t seed = 0; seed < 6; ++seed)
    for (const std::vector<std::uint32_t>& sizes :
         {std::vector<std::uint32_t>{20}, {7}, {33, 1}, {130, 16, 48}, {1, 1, 1}}) {
      tiny_options o;
      o.dense = sizes, o.seed = seed, o.normalize = seed % 2, o.pooling = seed % 3 == 0 ? 0x31 : 1;
      check_whole_path(support::tiny_model(o)), check_bits(support::tiny_model(o));
    }
}

TEST_CASE("dense: its functions are those of the standard library") {
  using fewfit::dense_activation;
  for (double x = -750; x<750; x += x> - 2 && x < 2 ? 0.000737 : 0.3711) {
    const auto value = [x](dense_activation how) { return fewfit::detail::activated(how, x); };
    CHECK(std::fabs(value(dense_activation::tanh) - std::tanh(x)) <= 1e-15);
    CHECK(std::fabs(value(dense_activation::sigmoid) - 1 / (1 + std::exp(-x))) <= 1e-15);
    CHECK(value(dense_activation::relu) == std::max(x, 0.0));
    CHECK(value(dense_activation::identity) == x);
    CHECK(std::fabs(value(dense_activation::silu) - x / (1 + std::exp(-x))) <= 1e-14 * std::max(1.0, std::fabs(x)));
    if (x < 0) CHECK(std::fabs(fewfit::detail::exact_exp(x) - std::exp(x)) <= 1e-15 * std::exp(x) + 1e-300);
  }
  for (double x = 1e-30; x < 1e-2; x *= 3)  // near 0 what counts is the ratio
    CHECK(std::fabs(fewfit::detail::exact_tanh(-x) / std::tanh(-x) - 1) < 1e-11);
  for (const auto how : {dense_activation::identity, dense_activation::tanh, dense_activation::relu,
                         dense_activation::sigmoid, dense_activation::silu})
    CHECK(std::isnan(fewfit::detail::activated(how, std::nan(""))));
}

TEST_CASE("numbers that overflow in a dense layer give an error, never a label") {
  tiny_options o;
  o.dense = std::vector<std::uint32_t>{20};
  tiny_parts p = support::tiny_model(o);
  p.dense[0].activation = 1;
  for (float& b : p.dense[0].linear.bias) b = 3e38f;
  for (float& w : p.dense[0].linear.weight) w = 3e38f;
  CHECK(tiny_loaded(p)->predict("good").status == errc::non_finite_output);
  CHECK(tiny_loaded(p)->encode("good").error().code == errc::non_finite_output);
}

TEST_CASE("a length that overflows gives an error, never a label: at the end, or before a dense layer") {
  for (const bool before : {false, true}) {
    tiny_options o;
    if (before) o.dense = std::vector<std::uint32_t>{20, 20};  // the second is normalised first
    o.normalize = before ? 0 : 1;
    tiny_parts p = support::tiny_model(o);
    for (support::tiny_dense& d : p.dense) d.activation = 1;
    for (float& w : before ? p.dense[0].linear.weight : p.layers.back().output_norm.weight) w *= 1e25f;
    CHECK(tiny_loaded(p)->predict("good").status == errc::non_finite_output);
    CHECK(tiny_loaded(p)->encode("good").error().code == errc::non_finite_output);
    std::vector<fewfit::word_evidence> words(8);
    fewfit::workspace scratch;
    CHECK(tiny_loaded(p)->explain("good", scratch, words).status == errc::non_finite_output);
  }
}

TEST_CASE("a file of version 1: the same answers, and nothing in it that came with version 2") {
  tiny_parts old = support::tiny();
  old.version = 1;
  const tiny_loaded first(old), second(support::tiny());
  const auto& texts = support::many_texts();
  CHECK(first->encode(texts_view(texts)).value() == second->encode(texts_view(texts)).value());
  CHECK(first->predict_proba(texts_view(texts)).value() == second->predict_proba(texts_view(texts)).value());
  CHECK(first->self_test()->digest == second->self_test()->digest);
  const auto refused = [&](errc code, const std::function<void(support::tiny_file&)>& edit) {
    support::tiny_file f(old);
    edit(f);
    CHECK(support::load_error(f.bytes(), fewfit::verify::full).code == code);
  };
  refused(errc::unknown_activation, [](support::tiny_file& f) { f.set("config.hidden_act", 2u); });
  refused(errc::unknown_pooling, [](support::tiny_file& f) { f.set("config.pooling", 4u); });
  refused(errc::reserved_not_zero, [](support::tiny_file& f) { f.set("config.reserved", char{1}); });
  refused(errc::unknown_head_kind, [](support::tiny_file& f) { f.set("head.kind", 3u); });
  for (const char* const later : {"head.abstain_below", "head.expected_error", "head.unknown"})
    refused(errc::reserved_not_zero, [later](support::tiny_file& f) { f.set(later, char{1}); });
  refused(errc::unsupported_kind, [](support::tiny_file& f) { f.kind = 2; });
  refused(errc::missing_section, [](support::tiny_file& f) { f.remove("head"), f.remove("self_test"); });
  refused(errc::unknown_section, [](support::tiny_file& f) { f.sections.push_back({13, "x", "x"}); });
  for (const std::uint32_t type : {7u, 8u}) {  // what would be dense and body: in version 1 head and about
    support::tiny_file f(old);
    std::string bytes = f.bytes();
    const std::size_t head = 64 + 16 * 7;
    support::put(bytes, head, type), support::repair(bytes);
    CHECK(support::load_error(bytes, fewfit::verify::full).code == (type == 7 ? errc::none : errc::missing_section));
  }
}

TEST_CASE("a file that each version's converter wrote answers as its original did") {
  std::uint32_t digests[2] = {};
  for (const int version : {1, 2}) {
    const std::string path = FEWFIT_SOURCE_DIR "/tests/data/version_" + std::to_string(version) + ".fewfit";
    const auto m = fewfit::model::load(path);
    REQUIRE(m);
    const fewfit::self_test_report report = m->self_test().value();
    CHECK(report.texts >= 5);
    CHECK(report.different_labels == 0);
    CHECK(report.largest_difference < 1e-6);
    digests[version - 1] = report.digest;
  }
  CHECK(digests[0] == digests[1]);
}

TEST_SUITE_END();
