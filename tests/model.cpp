// SPDX-License-Identifier: MIT
// A model as its users see it: three ways to load it, what it tells about itself, its answers, and what it does when
// memory or numbers run out.

#include <cfenv>
#include <cstring>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "support/call_faults.hpp"
#include "support/check_damage.hpp"
#include "support/many_texts.hpp"
#include "support/reference.hpp"
#include "support/temporary.hpp"

using fewfit::errc;
using fewfit::prediction;
using support::same;
using support::tiny_loaded;
using texts_view = fewfit::span<const std::string_view>;

namespace {

const tiny_loaded& tiny_model() {
  static const tiny_loaded m(support::tiny());
  return m;
}

const std::vector<std::string_view>& texts() { return support::many_texts(); }

double distance(const std::vector<float>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::fabs(static_cast<double>(a[i]) - b[i]));
  return worst;
}

}  // namespace

TEST_SUITE_BEGIN("model");

TEST_CASE("mapped, copied or in memory: the same answers, bit for bit") {
  const support::temporary_folder folder;
  const std::string path = folder.file("tiny", support::tiny_bytes());
  const auto vectors = tiny_model()->encode(texts_view(texts())).value();
  const auto probabilities = tiny_model()->predict_proba(texts_view(texts())).value();
  const auto answers = tiny_model()->predict(texts_view(texts()));
  for (const fewfit::verify how : {fewfit::verify::full, fewfit::verify::structure})
    for (const bool copy : {false, true}) {
      const auto m = copy ? fewfit::model::load_copy(path, support::options(how))
                          : fewfit::model::load(path, support::options(how));
      REQUIRE(m);
      CHECK(m->encode(texts_view(texts())).value() == vectors);
      CHECK(m->predict_proba(texts_view(texts())).value() == probabilities);
      const std::vector<prediction> ours = m->predict(texts_view(texts()));
      CHECK(same(ours, answers));
      CHECK(m->footprint().mapped == (copy ? 0 : support::tiny_bytes().size()));
      CHECK((m->footprint().private_bytes > support::tiny_bytes().size()) == copy);
    }
  CHECK(tiny_model()->footprint().mapped == 0);
  CHECK(tiny_model()->footprint().private_bytes < 8192);
  CHECK(tiny_model()->footprint().workspace == tiny_model()->workspace_bytes(12));
}

TEST_CASE("what a model tells about itself") {
  const fewfit::model& m = *tiny_model();
  const fewfit::model_config& c = m.config();
  CHECK(c.hidden_size == 20);
  CHECK(c.num_attention_heads == 5);
  CHECK(c.intermediate_size == 36);
  CHECK(c.num_hidden_layers == 2);
  CHECK(c.vocab_size == 44);
  CHECK(c.max_position_embeddings == 16);
  CHECK(c.max_length == 12);
  CHECK(c.hidden_act == 1);
  CHECK(c.pooling == 1);
  CHECK(c.normalize == 0);
  CHECK(c.linear_type == 1);
  CHECK(c.embedding_type == 1);
  CHECK(c.layer_norm_eps == 1e-12);
  REQUIRE(m.labels().size == 3);
  CHECK(m.labels()[0] == "minus");
  CHECK(m.labels()[1] == "\xD0\xBD\xD0\xBE\xD0\xBB\xD1\x8C");
  CHECK(m.labels()[2] == "plus");
  CHECK(!m.labels_are_integers());
  CHECK(m.target() == fewfit::target::single);
  CHECK(m.about("license") == "MIT");
  CHECK(m.about("source") == "nobody");
  CHECK(m.about("licens").empty());
  CHECK(m.about("").empty());
}

TEST_CASE("kernels are chosen at load, can be asked for by name, and give the same bits") {
  const std::string_view texts[] = {"good bad", "a \xD0\xB0 good", "bad bad bad bad"};
  const auto chosen = support::tiny_loaded(support::tiny_model());
  const std::vector<fewfit::kernel_table> sets = support::all_kernels();
  fewfit::kernel_table automatic{};
  CHECK(fewfit::select_kernels(fewfit::kernels::automatic, automatic));
  CHECK(chosen->kernels() == automatic.name);
  for (const fewfit::kernel_table& k : sets)  // the widest but for the one that is slow on some makers' processors
    if (k.name != fewfit::kernels::avx512_bf16)
      CHECK(static_cast<int>(chosen->kernels()) >= static_cast<int>(k.name));
  const std::vector<float> expected = chosen->encode(texts).value();
  for (const fewfit::kernel_table& k : sets) {
    fewfit::load_options options;
    options.kernels = k.name;
    const support::tiny_loaded m(support::tiny_model(), options);
    CHECK(m->kernels() == k.name);
    CHECK(std::string(fewfit::name(k.name)) != "automatic");
    const std::vector<float> found = m->encode(texts).value();
    REQUIRE(found.size() == expected.size());
    if (support::kernels_are_fused(k))
      CHECK(std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)) == 0);
  }
}

TEST_CASE(
    "halves: the same bits as the f32 file of the same numbers, with every set of kernels, for odd widths, too") {
  const std::string_view texts[] = {"good bad", "a \xD0\xB0 good", "bad bad bad bad", ""};
  for (const auto& [d, h, f] : {std::tuple(20u, 5u, 36u), {15u, 5u, 33u}, {16u, 2u, 48u}}) {
    support::tiny_options shape;
    shape.D = d, shape.H = h, shape.F = f;
    support::tiny_parts parts = support::tiny_model(shape);
    parts.linear_type = parts.embedding_type = fewfit::number_type::f16;
    for (const fewfit::kernel_table& k : support::all_kernels()) {
      fewfit::load_options options;
      options.kernels = k.name;
      const support::tiny_loaded whole(support::widened(parts), options), halves(parts, options);
      CHECK(halves->config().linear_type == 2);
      CHECK(halves->config().embedding_type == 2);
      const std::vector<float> expected = whole->encode(texts).value(), found = halves->encode(texts).value();
      CHECK(std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)) == 0);
    }
  }
}

TEST_CASE("bf16 and bytes: vectors near those of the same weights in f32, the same bits from every set of kernels") {
  using fewfit::number_type;
  const std::string_view texts[] = {"good bad", "a \xD0\xB0 good", "bad bad bad bad", "1 a b ab [MASK] !"};
  for (const auto& [type, least] : {std::pair(number_type::bf16, 0.9999), std::pair(number_type::i8, 0.999)})
    for (const auto& [d, h, f] : {std::tuple(20u, 5u, 36u), {15u, 5u, 133u}, {130u, 13u, 385u}}) {
      support::tiny_options shape;
      shape.D = d, shape.H = h, shape.F = f;
      support::tiny_parts parts = support::tiny_model(shape);
      parts.linear_type = type, parts.embedding_type = type == number_type::i8 ? type : number_type::f32;
      const support::tiny_loaded whole(support::widened(parts));
      const std::vector<float> expected = whole->encode(texts).value();
      std::vector<float> first;
      for (const fewfit::kernel_table& k : support::all_kernels()) {
        fewfit::load_options options;
        options.kernels = k.name;
        const std::vector<float> found = support::tiny_loaded(parts, options)->encode(texts).value();
        for (std::size_t i = 0; i < expected.size(); i += d) {
          double product = 0, ours = 0, theirs = 0;
          for (std::size_t j = i; j < i + d; ++j) {
            const auto a = static_cast<double>(found[j]), b = static_cast<double>(expected[j]);
            product += a * b, ours += a * a, theirs += b * b;
          }
          CHECK(product / std::sqrt(ours * theirs) >= least);
        }
        if (!support::kernels_are_fused(k)) continue;
        if (first.empty()) first = found;
        CHECK(std::memcmp(found.data(), first.data(), found.size() * sizeof(float)) == 0);
      }
    }
}

#if defined(__x86_64__) && defined(__linux__)
TEST_CASE("the processor is asked right: the compiler's own question gives the same answer") {
  const fewfit::detail::cpu_features cpu = fewfit::detail::ask_cpu();
  const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  const bool avx512 = __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
                      __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
  CHECK(cpu.avx2 == avx2);
  CHECK(cpu.avx512 == (avx2 && avx512));
}
#endif

TEST_CASE("files of every pair of types load, checked in full or in structure alone, and say what they hold") {
  using fewfit::number_type;
  for (const auto& [d, h, f] :
       {std::tuple(20u, 5u, 36u), {15u, 5u, 33u}, {16u, 2u, 48u}, {1u, 1u, 1u}, {130u, 13u, 385u}, {4u, 2u, 128u}})
    for (const number_type linear : {number_type::f32, number_type::f16, number_type::bf16, number_type::i8})
      for (const number_type words : {number_type::f32, number_type::f16, number_type::i8}) {
        support::tiny_options shape;
        shape.D = d, shape.H = h, shape.F = f;
        support::tiny_parts parts = support::tiny_model(shape);
        parts.linear_type = linear, parts.embedding_type = words;
        for (const fewfit::verify how : {fewfit::verify::full, fewfit::verify::structure}) {
          const tiny_loaded m(parts, support::options(how));
          CHECK(m->config().linear_type == static_cast<std::uint32_t>(linear));
          CHECK(m->config().embedding_type == static_cast<std::uint32_t>(words));
        }
      }
}

TEST_CASE("halves that are not finite, and padding that is not zero, are refused") {
  support::tiny_options shape;
  shape.D = 15, shape.H = 5, shape.F = 33;
  support::tiny_parts parts = support::tiny_model(shape);
  parts.linear_type = parts.embedding_type = fewfit::number_type::f16;
  const auto code = [&](const std::string& field, std::uint16_t value, std::size_t index) {
    support::tiny_file f(parts);
    f.set(field, value, index);
    return support::load_error(f.bytes(), fewfit::verify::full).code;
  };
  CHECK(code("layer0.intermediate", 0x3C00u, 32 + 5) == fewfit::errc::none);
  for (const int pattern : {0x7C00, 0xFC00, 0x7E00}) {
    const auto bad = static_cast<std::uint16_t>(pattern);
    CHECK(code("layer0.intermediate", bad, 32 + 5) == fewfit::errc::non_finite_weight);
    CHECK(code("layer1.output", bad, 32 + 16 * 32 + 3) == fewfit::errc::non_finite_weight);
    CHECK(code("word_embeddings.rows", bad, 7) == fewfit::errc::non_finite_weight);
  }
  CHECK(code("layer0.intermediate", 0x7F80u, 1) == fewfit::errc::non_finite_weight);          // the bias is f32
  CHECK(code("layer0.intermediate", 1, 32 + 15 * 16 + 2) == fewfit::errc::padding_not_zero);  // input 15 of 15
  CHECK(code("layer0.attention output", 1, 32 + 15) == fewfit::errc::padding_not_zero);       // output 15 of 15
  CHECK(code("layer0.attention output", 1, 31) == fewfit::errc::padding_not_zero);            // its bias
  CHECK(code("word_embeddings.rows", 1, 15) == fewfit::errc::padding_not_zero);
}

TEST_CASE("tokens by id: pieces, added ones, and ids that have none") {
  const fewfit::model& m = *tiny_model();
  for (std::uint32_t id = 0; id < 42; ++id) CHECK(m.token(id) == support::tiny_vocabulary()[id]);
  CHECK(m.token(5).empty());
  CHECK(m.token(42) == "[USER]");
  CHECK(m.token(43) == "new york");
  CHECK(m.token(44).empty());
  CHECK(m.token(0xFFFFFFFFu).empty());
}

TEST_CASE("labels that are integers, two classes, no added tokens, nothing about it") {
  support::tiny_options o;
  o.integer_labels = o.binary = true;
  o.added_tokens = o.about = false;
  const tiny_loaded m(support::tiny_model(o));
  CHECK(m->labels_are_integers());
  REQUIRE(m->labels().size == 2);
  CHECK(m->labels()[0] == "-1");
  CHECK(m->labels()[1] == "12");
  CHECK(m->about("license").empty());
  const auto p = m->predict_proba("good").value();
  REQUIRE(p.size() == 2);
  CHECK(p[0] + p[1] == doctest::Approx(1));
  const prediction answer = m->predict("good");
  CHECK(answer.index == (p[1] > p[0] ? 1u : 0u));
  CHECK(answer.probability == p[answer.index]);
  // Without added tokens the text's [MASK] is three words.
  CHECK(m->tokenize("[MASK]").ids.size() == 5);
  CHECK(tiny_model()->tokenize("[MASK]").ids.size() == 3);
}

TEST_CASE("labels and tokens stay where they are when the model moves") {
  fewfit::model first =
      std::move(*fewfit::model::load_copy(support::temporary_folder().file("m", support::tiny_bytes())));
  const std::string_view label = first.labels()[2], token = first.token(6);
  const prediction before = first.predict("good");
  fewfit::model second = std::move(first);
  CHECK(label.data() == second.labels()[2].data());
  CHECK(token.data() == second.token(6).data());
  fewfit::model third =
      std::move(*fewfit::model::load_copy(support::temporary_folder().file("m", support::tiny_bytes())));
  third = std::move(second);
  CHECK(label == "plus");
  CHECK(before.label.data() == third.predict("good").label.data());
  static_assert(std::is_nothrow_move_constructible_v<fewfit::model> &&
                std::is_nothrow_move_assignable_v<fewfit::model>);
  static_assert(!std::is_copy_constructible_v<fewfit::model>);
}

TEST_CASE("the whole path equals an evaluation in double, for every pooling, with and without unit length") {
  for (std::uint32_t pooling = 1; pooling <= 3; ++pooling)
    for (std::uint32_t unit = 0; unit <= 1; ++unit)
      for (const std::uint32_t width : {20u, 64u, 5u}) {
        support::tiny_options o;
        o.pooling = pooling, o.normalize = unit, o.seed = 7 + pooling, o.D = width, o.H = width == 64 ? 4 : 5,
        o.F = width + 16;
        const support::tiny_parts p = support::tiny_model(o);
        const tiny_loaded m(p);
        for (const std::string_view text : texts()) {
          const auto reference = support::reference_vector(p, m->tokenize(text).ids);
          CHECK(distance(m->encode(text).value(), reference) < 3e-6);
          const auto expected = support::reference_probabilities(p, reference);
          const auto probabilities = m->predict_proba(text).value();
          for (std::size_t k = 0; k < expected.size(); ++k) CHECK(std::fabs(probabilities[k] - expected[k]) < 2e-6);
        }
      }
}

TEST_CASE("probabilities are the head's of the sentence vector") {
  const support::tiny_parts& p = support::tiny();
  for (const std::string_view text : texts()) {
    const auto vector = tiny_model()->encode(text).value();
    const auto expected = support::reference_probabilities(p, {vector.begin(), vector.end()});
    const auto probabilities = tiny_model()->predict_proba(text).value();
    double sum = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      CHECK(std::fabs(probabilities[k] - expected[k]) < 1e-12);
      sum += probabilities[k];
    }
    CHECK(std::fabs(sum - 1) < 1e-15 * 8);
    const prediction answer = tiny_model()->predict(text);
    for (std::size_t k = 0; k < 3; ++k) CHECK(probabilities[k] <= answer.probability);
    CHECK(answer.probability == probabilities[answer.index]);
    CHECK(answer.label == tiny_model()->labels()[answer.index]);
  }
}

TEST_CASE("a text's answer does not depend on its neighbours") {
  const auto all = tiny_model()->encode(texts_view(texts())).value();
  const auto probabilities = tiny_model()->predict_proba(texts_view(texts())).value();
  const auto answers = tiny_model()->predict(texts_view(texts()));
  for (std::size_t i = 0; i < texts().size(); ++i) {
    const auto one = tiny_model()->encode(texts()[i]).value();
    CHECK(std::memcmp(one.data(), &all[i * 20], 20 * sizeof(float)) == 0);
    const auto p = tiny_model()->predict_proba(texts()[i]).value();
    CHECK(std::memcmp(p.data(), &probabilities[i * 3], 3 * sizeof(double)) == 0);
    CHECK(same(tiny_model()->predict(texts()[i]), answers[i]));
  }
  for (const std::size_t size : {2u, 7u, 16u, 17u, 33u})
    for (std::size_t begin = 0; begin + size <= texts().size(); begin += size) {
      const auto part = tiny_model()->encode(texts_view(&texts()[begin], size)).value();
      CHECK(std::memcmp(part.data(), &all[begin * 20], size * 20 * sizeof(float)) == 0);
    }
  std::vector<std::string_view> reversed(texts().rbegin(), texts().rend());
  const auto backwards = tiny_model()->encode(texts_view(reversed)).value();
  for (std::size_t i = 0; i < texts().size(); ++i)
    CHECK(std::memcmp(&backwards[(texts().size() - 1 - i) * 20], &all[i * 20], 20 * sizeof(float)) == 0);
}

TEST_CASE("token counts and truncation are told, the same in every form") {
  fewfit::workspace scratch;
  std::vector<fewfit::text_info> info(texts().size()), info_too(texts().size());
  std::vector<float> vectors(texts().size() * 20);
  std::vector<double> probabilities(texts().size() * 3);
  REQUIRE(tiny_model()->encode(texts_view(texts()), scratch, vectors, info) == errc::none);
  REQUIRE(tiny_model()->predict_proba(texts_view(texts()), scratch, probabilities, info_too) == errc::none);
  std::size_t truncated = 0;
  for (std::size_t i = 0; i < texts().size(); ++i) {
    const fewfit::token_ids cut = tiny_model()->tokenize(texts()[i]),
                            whole = tiny_model()->tokenize(texts()[i], {true, false});
    CHECK(info[i].tokens == cut.ids.size());
    CHECK(info[i].tokens <= 12);
    CHECK(info[i].truncated == (whole.ids.size() > 12));
    CHECK(cut.truncated == info[i].truncated);
    CHECK(!whole.truncated);
    CHECK(info_too[i].tokens == info[i].tokens);
    CHECK(info_too[i].truncated == info[i].truncated);
    const prediction p = tiny_model()->predict(texts()[i], scratch);
    CHECK(p.tokens == info[i].tokens);
    CHECK(p.truncated == info[i].truncated);
    truncated += p.truncated ? 1 : 0;
    CHECK(tiny_model()->tokenize(texts()[i], {false, true}).ids.size() ==
          std::min<std::size_t>(12, whole.ids.size() - 2));
    CHECK(tiny_model()->tokenize(texts()[i], {false, false}).ids.size() + 2 == whole.ids.size());
  }
  CHECK(truncated > 3);
}

TEST_CASE("offsets: the bytes that each id came from, the same in every form, cut where the ids are") {
  fewfit::workspace scratch;
  for (const std::string_view text : texts()) {
    const fewfit::token_ids cut = tiny_model()->tokenize(text, {true, true, true}),
                            bare = tiny_model()->tokenize(text, {false, false, true});
    REQUIRE(cut.offsets.size() == cut.ids.size());
    REQUIRE(bare.offsets.size() == bare.ids.size());
    CHECK(cut.ids == tiny_model()->tokenize(text).ids);
    CHECK(cut.offsets.front().end == 0);
    CHECK(cut.offsets.back().end == 0);
    for (std::size_t i = 0; i < bare.ids.size(); ++i) {
      CHECK((bare.offsets[i].begin < bare.offsets[i].end && bare.offsets[i].end <= text.size()));
      if (i + 2 >= cut.ids.size()) continue;
      CHECK(cut.offsets[i + 1].begin == bare.offsets[i].begin);
      CHECK(cut.offsets[i + 1].end == bare.offsets[i].end);
    }
    std::uint32_t ids[12];
    fewfit::byte_range offsets[12];
    fewfit::text_info info;
    REQUIRE(tiny_model()->tokenize(text, scratch, {ids, 12}, info, {offsets, 12}) == errc::none);
    REQUIRE(info.tokens == cut.ids.size());
    for (std::size_t i = 0; i < info.tokens; ++i) {
      CHECK(ids[i] == cut.ids[i]);
      CHECK(offsets[i].begin == cut.offsets[i].begin);
      CHECK(offsets[i].end == cut.offsets[i].end);
    }
    CHECK(tiny_model()->tokenize(text, scratch, {ids, 12}, info, {offsets, 11}) == errc::bad_argument);
  }
}

TEST_CASE("special tokens are text if the file or the caller says so") {
  const std::string_view text = "good [SEP] day";
  fewfit::load_options as_text;
  as_text.special_tokens_are_text = true;
  support::tiny_parts parts = support::tiny_model();
  parts.special_tokens_are_text = 1;
  const support::tiny_loaded by_file(parts), by_caller(support::tiny_model(), as_text);
  const auto with = tiny_model()->tokenize(text).ids, without = by_file->tokenize(text).ids;
  CHECK(std::count(with.begin(), with.end(), 3u) == 2);
  CHECK(std::count(without.begin(), without.end(), 3u) == 1);
  CHECK(by_caller->tokenize(text).ids == without);
}

TEST_CASE("no text at all, and texts without tokens") {
  CHECK(tiny_model()->predict(texts_view()).empty());
  CHECK(tiny_model()->predict_proba(texts_view()).value().empty());
  CHECK(tiny_model()->encode(texts_view()).value().empty());
  fewfit::workspace scratch;
  CHECK(tiny_model()->encode(texts_view(), scratch, {}) == errc::none);
  CHECK(tiny_model()->predict(texts_view(), scratch, {}) == errc::none);
  for (const std::string_view text :
       {std::string_view(), std::string_view(""), std::string_view(" \t\n"), std::string_view("\0", 1)}) {
    const prediction p = tiny_model()->predict(text);
    CHECK(p.tokens == 2);
    CHECK(p.status == errc::none);
    CHECK(!p.label.empty());
  }
  CHECK(same(tiny_model()->predict(""), tiny_model()->predict({"", "good"})[0]));
}

TEST_CASE("the self-test compares with the answers in the file") {
  const auto report = tiny_model()->self_test();
  REQUIRE(report);
  CHECK(report->texts == 4);
  CHECK(report->different_labels == 0);
  CHECK(report->largest_difference < 1e-6);
  support::tiny_parts p = support::tiny();
  std::uint32_t digest = 0;
  for (const std::string& text : p.test_texts) {
    const auto vector = tiny_model()->encode(text).value();
    digest = fewfit::crc32c(vector.data(), vector.size() * sizeof(float), digest);
  }
  CHECK(report->digest == digest);
  p.test_probabilities = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0.25, 0.25, 0.5};
  const auto other = tiny_loaded(p)->self_test();
  REQUIRE(other);
  CHECK(other->different_labels > 0);
  CHECK(other->largest_difference > 0.1);
  CHECK(other->digest == digest);
  CHECK(tiny_loaded(support::tiny_model())->self_test().error().code == errc::no_self_test);
}

TEST_CASE("the self-test counts apart the labels of which the original was sure") {
  for (const bool binary : {false, true}) {
    support::tiny_options o;
    o.binary = binary;
    support::tiny_parts p = support::with_self_test(support::tiny_model(o));
    const std::size_t classes = p.labels.size();
    const auto told = [&](double first, double second) {
      for (std::size_t i = 0; i < p.test_texts.size(); ++i) {
        const std::size_t ours = tiny_loaded(p)->predict(p.test_texts[i]).index;
        for (std::size_t k = 0; k < classes; ++k)
          p.test_probabilities[i * classes + k] = k == ours                   ? second
                                                  : k == (ours + 1) % classes ? first
                                                                              : 1 - first - second;
      }
      return tiny_loaded(p)->self_test().value();
    };
    for (const auto& [first, second, clear] : {std::tuple(0.52, 0.48, 0u), {0.53, 0.47, 4u}, {1.0, 0.0, 4u}}) {
      CHECK(told(first, second).different_labels == 4);
      CHECK(told(first, second).different_clear_labels == clear);
    }
    CHECK(told(0.1, 0.9).different_clear_labels == 0);
  }
}

TEST_CASE("numbers that overflow give an error, never a label") {
  const tiny_loaded m(support::overflowing_model());
  const prediction p = m->predict("good");
  CHECK(p.status == errc::non_finite_output);
  CHECK(p.label.empty());
  CHECK(p.index == 0xFFFFFFFFu);
  CHECK(p.probability == 0);
  CHECK(p.tokens == 3);
  for (const prediction& each : m->predict({"good", "", "bad day"})) CHECK(each.status == errc::non_finite_output);
  CHECK(m->encode("good").error().code == errc::non_finite_output);
  CHECK(m->predict_proba("good").error().code == errc::non_finite_output);
  support::tiny_parts tested = support::overflowing_model();
  tested.test_texts = {"good"}, tested.test_probabilities = {1, 0, 0};
  CHECK(tiny_loaded(tested)->self_test().error().code == errc::non_finite_output);
}

TEST_CASE("a head that overflows gives an error, the vector is all right") {
  for (const bool binary : {false, true}) {
    support::tiny_options o;
    o.binary = binary;
    support::tiny_parts p = support::tiny_model(o);
    for (double& c : p.coefficients) c = 1e308;
    p.intercept.assign(p.intercept.size(), 1e308);
    const tiny_loaded m(p);
    for (const char* text : {"good", "bad day"}) {
      const prediction answer = m->predict(text);
      CHECK((answer.status == errc::none || answer.status == errc::non_finite_output));
      CHECK((answer.status == errc::none) == !answer.label.empty());
      CHECK(m->encode(text));
    }
    p.coefficients.assign(p.coefficients.size(), 0);
    p.intercept.assign(p.intercept.size(), 1e38);  // no overflow: the largest is taken off first
    const auto even = tiny_loaded(p)->predict_proba("good");
    REQUIRE(even);
    CHECK((*even)[0] == doctest::Approx(binary ? 0 : 1.0 / 3));
    CHECK(tiny_loaded(p)->predict("good").index == (binary ? 1 : 0));  // of equals the first
  }
}

TEST_CASE(
    "one text among many that overflows: predict says which, encode and predict_proba say so and write nothing") {
  support::tiny_parts parts = support::tiny_model();
  const std::uint32_t bad = parts.id("bad");
  for (std::size_t i = 0; i < parts.D; ++i) parts.words[bad * parts.D + i] = i % 2 == 0 ? 3e38f : -3e38f;
  const tiny_loaded m(parts);
  const std::vector<std::string_view> some = {"good", "bad", "good day", "not bad", "day"};
  const auto answers = m->predict(texts_view(some));
  for (std::size_t i = 0; i < some.size(); ++i)
    CHECK((answers[i].status == errc::none) == (some[i].find("bad") == some[i].npos));
  fewfit::workspace scratch;
  const std::vector<float> pattern(some.size() * 20, 12345.0f);
  const std::vector<double> pattern_too(some.size() * 3, 12345.0);
  std::vector<float> vectors = pattern;
  std::vector<double> probabilities = pattern_too;
  std::vector<fewfit::text_info> info(some.size(), fewfit::text_info{77, true});
  CHECK(m->encode(texts_view(some), scratch, vectors, info) == errc::non_finite_output);
  CHECK(m->predict_proba(texts_view(some), scratch, probabilities, info) == errc::non_finite_output);
  CHECK(vectors == pattern);
  CHECK(probabilities == pattern_too);
  for (const fewfit::text_info& t : info) CHECK(t.tokens == 77);
  const std::vector<std::string_view> good = {"good"};
  vectors.resize(20);
  CHECK(m->encode(texts_view(good), scratch, vectors) == errc::none);  // the workspace is as good as new
  CHECK(vectors == m->encode("good").value());
}

TEST_CASE("a text of more than 2 GiB is refused unread") {
  const fewfit::model& m = *tiny_model();
  const std::vector<std::string_view> some = {"good", support::endless_text(), "bad"};
  const auto answers = m.predict(texts_view(some));
  CHECK(answers[0].status == errc::none);
  CHECK(answers[1].status == errc::text_too_long);
  CHECK(answers[1].label.empty());
  CHECK(answers[1].index == 0xFFFFFFFFu);
  CHECK(answers[2].status == errc::none);
  CHECK(same(answers[2], m.predict("bad")));
  CHECK(m.tokenize(some[1]).status == errc::text_too_long);
  CHECK(m.tokenize(some[1]).ids.empty());
  fewfit::workspace scratch;
  std::vector<float> vectors(60, 5.0f);
  std::vector<double> probabilities(9, 5.0);
  CHECK(m.encode(texts_view(some), scratch, vectors) == errc::text_too_long);
  CHECK(m.predict_proba(texts_view(some), scratch, probabilities) == errc::text_too_long);
  CHECK(vectors == std::vector<float>(60, 5.0f));
  CHECK(probabilities == std::vector<double>(9, 5.0));
}

TEST_CASE("memory of the wrong size is refused and left alone") {
  const fewfit::model& m = *tiny_model();
  fewfit::workspace scratch;
  const std::vector<std::string_view> some = {"good", "bad"};
  for (const std::size_t wrong : {0u, 39u, 41u, 20u}) {
    std::vector<float> out(wrong, 5.0f);
    CHECK(m.encode(texts_view(some), scratch, out) == errc::bad_argument);
    CHECK(out == std::vector<float>(wrong, 5.0f));
  }
  for (const std::size_t wrong : {0u, 5u, 7u}) {
    std::vector<double> out(wrong, 5.0);
    CHECK(m.predict_proba(texts_view(some), scratch, out) == errc::bad_argument);
  }
  std::vector<prediction> out(3);
  CHECK(m.predict(texts_view(some), scratch, out) == errc::bad_argument);
  std::vector<float> vectors(40, 5.0f);
  std::vector<fewfit::text_info> info(1);
  CHECK(m.encode(texts_view(some), scratch, vectors, info) == errc::bad_argument);
  CHECK(vectors == std::vector<float>(40, 5.0f));
  std::vector<double> probabilities(6, 5.0);
  CHECK(m.predict_proba(texts_view(some), scratch, probabilities, info) == errc::bad_argument);
}

TEST_CASE("weights that are no numbers load when only the structure is asked for, and give no label") {
  support::tiny_file f = support::tiny_sections();
  f.set("layer0.query, key, value", support::get<float>(std::string("\0\0\xC0\x7F", 4), 0), 17);
  const support::aligned_bytes bytes(f.bytes());
  CHECK(!fewfit::model::from_memory(bytes.data(), bytes.size()));
  const auto m = fewfit::model::from_memory(bytes.data(), bytes.size(), support::options(fewfit::verify::structure));
  REQUIRE(m);
  CHECK(m->predict("good").status == errc::non_finite_output);
}

TEST_CASE("the caller's rounding and flushing change no bit, and stay as they were") {
  const auto vector = tiny_model()->encode("good day").value();
  for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    std::fesetround(mode);
    const auto other = tiny_model()->encode("good day").value();
    const int after = std::fegetround();
    std::fesetround(FE_TONEAREST);
    CHECK(after == mode);
    CHECK(other == vector);
  }
}

TEST_SUITE_END();
TEST_SUITE_BEGIN("model, the caller's allocator");

TEST_CASE("all memory comes from it and goes back to it") {
  support::counting_memory memory;
  const support::temporary_folder folder;
  const std::string path = folder.file("tiny", support::tiny_bytes());
  {
    const auto m = fewfit::model::load_copy(path, support::options(fewfit::verify::full, &memory));
    REQUIRE(m);
    CHECK(memory.calls >= 4);  // the copy, the state, layers, labels
    CHECK(memory.live_bytes == m->footprint().private_bytes);
    const std::size_t before = memory.calls;
    CHECK(same(m->predict("good"), tiny_model()->predict("good")));
    (void)m->tokenize("good"), (void)m->self_test(), (void)m->encode("good");
    CHECK(memory.calls > before);
    CHECK(memory.live_bytes == m->footprint().private_bytes);
  }
  CHECK(memory.live == 0);
  CHECK(memory.mistakes == 0);
}

TEST_CASE("whichever allocation fails while loading: an error, nothing lost") {
  const support::temporary_folder folder;
  support::tiny_options options;
  options.dense = std::vector<std::uint32_t>{20};
  const std::string content = support::tiny_file(support::tiny_model(options)).bytes();
  const std::string path = folder.file("tiny", content);
  const support::aligned_bytes bytes(content);
  for (const bool for_ever : {false, true})
    for (int way = 0; way < 3; ++way) {
      support::counting_memory memory;
      const fewfit::load_options o = support::options(fewfit::verify::full, &memory);
      std::size_t failures = 0;
      for (std::size_t k = 1;; ++k) {
        memory.fail(k, for_ever);
        const auto m = way == 0   ? fewfit::model::load(path, o)
                       : way == 1 ? fewfit::model::load_copy(path, o)
                                  : fewfit::model::from_memory(bytes.data(), bytes.size(), o);
        if (m) break;
        CHECK(m.error().code == errc::out_of_memory);
        CHECK(memory.live == 0);
        ++failures;
      }
      CHECK(failures == (way == 1 ? 5 : 4));  // the copy, the state, layers, dense layers, labels
      CHECK(memory.mistakes == 0);
    }
}

TEST_CASE("whichever allocation fails in a call: an error, nothing written, and the next call is right") {
  support::counting_memory of_model, of_workspace;
  const tiny_loaded m(support::tiny(), support::options(fewfit::verify::full, &of_model));
  const auto expected = m->encode(texts_view(texts())).value();
  const std::size_t live = of_model.live;
  for (const bool for_ever : {false, true}) {
    std::size_t failures = 0;
    for (std::size_t k = 1;; ++k) {
      of_workspace.fail(k, for_ever);
      std::vector<float> out(expected.size(), 5.0f);
      fewfit::workspace scratch(1, of_workspace.allocator());
      const errc e = m->encode(texts_view(texts()), scratch, out);
      if (e == errc::none) break;
      ++failures;
      CHECK(e == errc::out_of_memory);
      CHECK(out == std::vector<float>(expected.size(), 5.0f));
      CHECK(m->predict("good", scratch).status == (for_ever || k == 1 ? errc::out_of_memory : errc::none));
      of_workspace.fail(0, false);
      // A workspace that got no memory at first gets it later, unless it was born without its head.
      CHECK(m->encode(texts_view(texts()), scratch, out) == (k == 1 ? errc::out_of_memory : errc::none));
      if (k > 1) CHECK(out == expected);
    }
    CHECK(failures == 2);
    CHECK(of_workspace.live == 0);
    CHECK(of_workspace.mistakes == 0);
  }
  CHECK(of_model.live == live);
}

TEST_CASE("whichever allocation fails in an easy form: an error, and the model is as good as before") {
  support::counting_memory memory;
  const tiny_loaded m(support::tiny(), support::options(fewfit::verify::full, &memory));
  const auto expected = m->encode("good").value();
  const std::size_t live = memory.live;
  const auto calls = {+[](const fewfit::model& x) { return x.predict("good").status; },
                      +[](const fewfit::model& x) {
                        return x.predict({"good", "bad"})[1].status;
                      },
                      +[](const fewfit::model& x) { return x.predict_proba("good").error().code; },
                      +[](const fewfit::model& x) { return x.encode("good").error().code; },
                      +[](const fewfit::model& x) { return x.tokenize("good").status; },
                      +[](const fewfit::model& x) { return x.self_test().error().code; }};
  for (const auto call : calls)
    for (const bool for_ever : {false, true}) {
      std::size_t failures = 0;
      for (std::size_t k = 1;; ++k) {
        memory.fail(k, for_ever);
        const errc e = call(*m);
        memory.fail(0, false);
        CHECK(memory.live == live);
        if (e == errc::none) break;
        CHECK(e == errc::out_of_memory);
        CHECK(m->encode("good").value() == expected);
        ++failures;
      }
      CHECK(failures >= 1);
    }
  CHECK(memory.mistakes == 0);
}

TEST_SUITE_END();
